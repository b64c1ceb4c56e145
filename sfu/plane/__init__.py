"""The objects that decide what is forwarded to whom. Without I/O."""
