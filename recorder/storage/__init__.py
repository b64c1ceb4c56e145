"""A recording on the disk: its folder, its segment files, the signature under its manifest."""
