"""What people are shown of a Room. Without I/O."""
