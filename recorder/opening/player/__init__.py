"""A recording watched on the machine that holds its key."""
