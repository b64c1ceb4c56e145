"""What happens to recordings once they are made: how long they are kept, and how they are deleted."""
