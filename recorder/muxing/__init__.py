"""From what a tap brings to what is written: clocks, whole frames, order, timeline, Matroska. Without I/O."""
