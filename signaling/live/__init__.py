"""Rooms that are going on: inputs taken one at a time, effects carried out."""
