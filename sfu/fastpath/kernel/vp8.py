"""VP8 inside the kernel: reading a payload's descriptor (RFC 7741) and rewriting its picture ids."""

from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled
from sfu.fastpath.kernel.rtp import put16, u8, u16


@compiled
def read_descriptor(e: Row) -> int:
    """Note in entry e what its payload's descriptor says. Returns the descriptor's length; -1: cut short."""
    b = bytes_at(e.at, e.length)
    length, pid_at, bits, tl0_at, key, tid, sync, opens = parse_descriptor(b)
    if length < 0:
        return -1
    e.pid_at = pid_at
    e.pid_bits = bits
    e.pid = (u16(b, pid_at) & 0x7FFF if bits == 15 else u8(b, pid_at)) if bits else 0
    e.tl0_at = tl0_at
    e.tl0 = u8(b, tl0_at) if tl0_at >= 0 else 0
    e.key = key
    e.tid = tid
    e.sync = sync
    e.start = opens
    return length


@compiled
def parse_descriptor(b: Bytes) -> tuple[int, int, int, int, int, int, int, int]:
    """The VP8 payload descriptor (RFC 7741 section 4.2) of payload b.

    Returns (length, picture id's offset, its bits: 7 or 15, TL0PICIDX's offset, whether it is a key frame's
    first packet, temporal layer: 0 to 2, its layer sync bit, whether it is its frame's first packet). Offset
    -1: absent; length -1: cut short. The fourth temporal layer counts as the third.
    """
    size = len(b)
    if size < 1:
        return -1, -1, 0, -1, 0, -1, 0, 0
    first = u8(b, 0)
    at = 1
    pid_at = tl0_at = tid_at = tid = -1
    bits = sync = 0
    if first & 0x80:
        if size < 2:
            return -1, -1, 0, -1, 0, -1, 0, 0
        flags = u8(b, 1)
        at = 2
        if flags & 0x80:
            if size < 3:
                return -1, -1, 0, -1, 0, -1, 0, 0
            pid_at = at
            bits = 15 if u8(b, at) & 0x80 else 7
            at += 2 if bits == 15 else 1
        if flags & 0x40:
            tl0_at = at
            at += 1
        if flags & 0x20:
            tid_at = at
        if flags & 0x30:
            at += 1
    if at >= size:
        return -1, -1, 0, -1, 0, -1, 0, 0
    if tid_at >= 0:
        tid = min(u8(b, tid_at) >> 6, 2)
        sync = u8(b, tid_at) >> 5 & 1
    opens = 1 if first & 0x17 == 0x10 else 0
    key = opens if u8(b, at) & 1 == 0 else 0
    return at, pid_at, bits, tl0_at, key, tid, sync, opens


@compiled
def rewrite_descriptor(b: Bytes, head: int, e: Row, pid_off: int, tl0_off: int) -> None:
    """Make the descriptor at b[head] continue the slot's own picture ids."""
    if e.pid_bits == 15:
        put16(b, head + e.pid_at, 0x8000 | (e.pid + pid_off) & 0x7FFF)
    elif e.pid_bits == 7:
        b[head + e.pid_at] = (e.pid + pid_off) & 0x7F
    if e.tl0_at >= 0:
        b[head + e.tl0_at] = (e.tl0 + tl0_off) & 255


@compiled
def note_keyframe(layer: Row, e: Row, at: int) -> None:
    """Count the key frame that begins at offset `at` of the payload, and note the picture's size (RFC 6386
    section 9.1) when the packet holds that much."""
    layer.keyframes += 1
    b = bytes_at(e.at, e.length)
    if at + 10 <= e.length and u8(b, at + 3) == 0x9D and u8(b, at + 4) == 0x01 and u8(b, at + 5) == 0x2A:
        layer.width = (u8(b, at + 6) | u8(b, at + 7) << 8) & 0x3FFF
        layer.height = (u8(b, at + 8) | u8(b, at + 9) << 8) & 0x3FFF


__all__ = ["note_keyframe", "parse_descriptor", "read_descriptor", "rewrite_descriptor"]
