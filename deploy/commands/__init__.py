"""What is typed at the terminal, one file a subject."""
