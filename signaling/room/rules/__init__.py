"""What a Room does about each thing that happens, one file a subject. Without I/O."""
