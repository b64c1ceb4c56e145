"""The audit log: a chain of entries, its table, its way to the database, and its forms for export."""
