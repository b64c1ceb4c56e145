"""What a recording consists of: blocks, entries, Matroska, age chunks, the manifest. Pure."""
