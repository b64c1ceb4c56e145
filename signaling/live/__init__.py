"""Live rooms: inputs are taken one at a time, effects are carried out."""
