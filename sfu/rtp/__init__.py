"""RTP and RTCP as bytes and values: pure, no socket, no clock."""
