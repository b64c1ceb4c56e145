"""VP8 in RTP, as far as a forwarder reads it: descriptor, keyframe, size.

The plain Python twin of what the fast path does in its kernel; tests compare the two.
Source: RFC 7741 sections 4.2 and 4.3, RFC 6386 section 9.1.
"""

from dataclasses import dataclass

from sfu.errors import BadPacket

_START_CODE = b"\x9d\x01\x2a"
_HEADER_BYTES = 10


@dataclass(frozen=True, slots=True)
class Descriptor:
    starts_partition: bool
    partition: int
    picture_id: int | None
    picture_id_at: int
    """Offset of the picture id in the payload, -1 without one."""
    picture_id_bits: int
    """0, 7 or 15."""
    tl0_picture_index: int | None
    tl0_at: int
    temporal_layer: int | None
    layer_sync: bool
    length: int
    """Bytes of the descriptor: the VP8 payload proper starts here."""

    @property
    def starts_frame(self) -> bool:
        return self.starts_partition and self.partition == 0


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Of a keyframe, in pixels, without the scaling bits."""

    width: int
    height: int


def parse_untrusted(payload: bytes) -> Descriptor:
    """Read the payload descriptor at the start of an RTP payload. Raises BadPacket."""
    try:
        return _descriptor(payload)
    except IndexError:
        raise BadPacket("VP8: short descriptor") from None


def _descriptor(payload: bytes) -> Descriptor:
    first, at = payload[0], 1
    flags = 0
    if first & 0x80:
        flags, at = payload[1], 2
    picture_id, picture_id_at, bits = None, -1, 0
    if flags & 0x80:
        picture_id_at = at
        if payload[at] & 0x80:
            picture_id, bits, at = (payload[at] & 0x7F) << 8 | payload[at + 1], 15, at + 2
        else:
            picture_id, bits, at = payload[at], 7, at + 1
    tl0, tl0_at = None, -1
    if flags & 0x40:
        tl0, tl0_at, at = payload[at], at, at + 1
    temporal_layer, sync = None, False
    if flags & 0x30:
        if flags & 0x20:
            temporal_layer, sync = payload[at] >> 6, bool(payload[at] & 0x20)
        else:
            payload[at]  # the byte is there even if only K is set
        at += 1
    return Descriptor(
        starts_partition=bool(first & 0x10),
        partition=first & 0x07,
        picture_id=picture_id,
        picture_id_at=picture_id_at,
        picture_id_bits=bits,
        tl0_picture_index=tl0,
        tl0_at=tl0_at,
        temporal_layer=temporal_layer,
        layer_sync=sync,
        length=at,
    )


def starts_keyframe(payload: bytes, descriptor: Descriptor) -> bool:
    """Is this the first packet of a keyframe? Errors: cannot fail."""
    at = descriptor.length
    return descriptor.starts_frame and len(payload) > at and not payload[at] & 1


def keyframe_size(payload: bytes, descriptor: Descriptor) -> PictureSize | None:
    """Picture size from the first packet of a keyframe, else None. Errors: cannot fail."""
    at = descriptor.length
    return frame_size(payload[at : at + _HEADER_BYTES]) if starts_keyframe(payload, descriptor) else None


def frame_size(frame: bytes) -> PictureSize | None:
    """Picture size from the first bytes of a keyframe (RFC 6386 section 9.1), else None.
    Errors: cannot fail."""
    if len(frame) < _HEADER_BYTES or frame[0] & 1 or frame[3:6] != _START_CODE:
        return None
    width = int.from_bytes(frame[6:8], "little") & 0x3FFF
    height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    return PictureSize(width, height)
