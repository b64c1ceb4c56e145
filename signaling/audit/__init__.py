"""The audit log: the chain of entries, its table, its way to the database, and its export formats."""
