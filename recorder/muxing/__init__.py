"""From a tap's messages to Matroska: clocks, whole frames, reordering, timeline, clusters. Without I/O."""
