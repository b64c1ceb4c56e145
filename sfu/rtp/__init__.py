"""RTP and RTCP: from bytes to values and back. Without I/O."""
