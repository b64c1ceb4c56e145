"""How much sound an Opus packet holds, from its first two bytes (RFC 6716 section 3). Pure."""

from sfu.voice.ears import BadSound

MAX_MS = 120
_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)


def duration_ms(payload: bytes) -> float:
    """Milliseconds of sound. Raises BadSound when it is empty or claims more than a packet may hold."""
    if not payload:
        raise BadSound("empty")
    config = payload[0] >> 3
    if config < 12:
        frame_ms = _SILK_MS[config & 3]
    elif config < 16:
        frame_ms = _HYBRID_MS[config & 1]
    else:
        frame_ms = _CELT_MS[config & 3]
    code = payload[0] & 3
    if code == 3:
        if len(payload) < 2:
            raise BadSound("the number of frames is missing")
        frames = payload[1] & 63
    else:
        frames = 1 if code == 0 else 2
    if not 0 < frames * frame_ms <= MAX_MS:
        raise BadSound(f"{frames} frames of {frame_ms} ms")
    return frames * frame_ms
