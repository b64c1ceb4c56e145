"""What a recording consists of: blocks, entries, Matroska, age chunks, the manifest. Without I/O."""
