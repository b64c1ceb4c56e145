"""Watching a recording on the machine that holds its key."""
