"""What happens to recordings once they are made: how long they are kept, and who deletes them."""
