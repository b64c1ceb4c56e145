"""A recording in progress: the tap line, the sealer, the disk, and the guards of memory and space."""
