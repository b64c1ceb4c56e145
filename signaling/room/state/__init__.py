"""What a Room knows, what can happen to it, and what it wants done. Without I/O."""
