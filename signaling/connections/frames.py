"""How much a client may send over a WebSocket: every frame counts, whatever its kind. Without I/O.

The frames are counted where bytes come in, before anything is made of them: pings, pongs and empty parts of a
message cost the server as much as messages, and never reach the session.
"""

from signaling.connections.bucket import Bucket

FRAMES_PER_S = 40.0
"""Twice what a session may say (`Limits.messages_per_s`), so that its own bound speaks first."""
MAX_FRAMES_AT_ONCE = 300
BYTES_PER_S = 64 * 1024.0
MAX_BYTES_AT_ONCE = 1024 * 1024
"""Room for one message of the size that is still answered, and its neighbours; an offer has 20 kB."""


class FrameMeter:
    """RFC 6455, section 5.2: reads the headers of frames and skips what they carry."""

    def __init__(self, now_s: float) -> None:
        self._frames = Bucket(FRAMES_PER_S, MAX_FRAMES_AT_ONCE, now_s)
        self._bytes = Bucket(BYTES_PER_S, MAX_BYTES_AT_ONCE, now_s)
        self._header = b""
        self._skip = 0

    def within_bounds(self, data: bytes, now_s: float) -> bool:
        """Count what has come in. False: that was too much."""
        if not self._bytes.take(now_s, len(data)):
            return False
        position = 0
        while position < len(data):
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
                continue
            missing = _header_length(self._header) - len(self._header)
            part = data[position : position + missing]
            self._header += part
            position += len(part)
            if len(self._header) >= 2 and len(self._header) == _header_length(self._header):
                if not self._frames.take(now_s):
                    return False
                self._skip = _payload_length(self._header)
                self._header = b""
        return True


def _header_length(header: bytes) -> int:
    """Of a frame whose header begins so; 2 until that is known."""
    if len(header) < 2:
        return 2
    length = header[1] & 0x7F
    extended = {126: 2, 127: 8}.get(length, 0)
    return 2 + extended + (4 if header[1] & 0x80 else 0)


def _payload_length(header: bytes) -> int:
    length = header[1] & 0x7F
    if length < 126:
        return length
    return int.from_bytes(header[2 : 4 if length == 126 else 10], "big")
