"""A recording that is being made: the tap's line, the sealer, the disk, and what watches over them."""
