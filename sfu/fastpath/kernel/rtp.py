"""Reading RTP inside the kernel. Every byte here is untrusted: offsets are checked before they are used,
loops end because they advance, and nonsense gives a negative result, never an exception.

The slow path has ordinary Python readers in sfu.rtp; these differ in that they make no objects.
"""

import numpy as np

from sfu.fastpath.kernel.native import Bytes, compiled

M16 = 0xFFFF
M32 = 0xFFFF_FFFF


@compiled
def u8(b: Bytes, at: int) -> int:
    """A byte as int64: numba makes a float of an unsigned and a signed integer."""
    return np.int64(b[at])  # type: ignore[return-value] # to the kernel both are the same


@compiled
def u16(b: Bytes, at: int) -> int:
    return u8(b, at) << 8 | u8(b, at + 1)


@compiled
def u32(b: Bytes, at: int) -> int:
    return u8(b, at) << 24 | u8(b, at + 1) << 16 | u8(b, at + 2) << 8 | u8(b, at + 3)


@compiled
def put16(b: Bytes, at: int, value: int) -> None:
    b[at] = value >> 8 & 255
    b[at + 1] = value & 255


@compiled
def put32(b: Bytes, at: int, value: int) -> None:
    b[at] = value >> 24 & 255
    b[at + 1] = value >> 16 & 255
    b[at + 2] = value >> 8 & 255
    b[at + 3] = value & 255


@compiled
def unwrap(wire: int, newest: int) -> int:
    """Extend a 16-bit number to the congruent one nearest to `newest` (RFC 3550 A.1)."""
    return newest + ((wire - newest + 0x8000) & M16) - 0x8000


@compiled
def is_binding_request(b: Bytes, size: int) -> bool:
    """Whether it may be a STUN Binding request (RFC 8489 section 5): worth handing up."""
    return bool(size >= 20 and u16(b, 0) == 1 and u16(b, 2) + 20 == size and u32(b, 4) == 0x2112_A442)


@compiled
def payload_start(b: Bytes, size: int) -> int:
    """Offset behind header, CSRCs and extension; -1 when the packet is shorter than it says (RFC 3550
    5.1)."""
    if size < 12 or u8(b, 0) >> 6 != 2:
        return -1
    at = 12 + 4 * (u8(b, 0) & 15)
    if u8(b, 0) & 16:
        if at + 4 > size:
            return -1
        at += 4 + 4 * u16(b, at + 2)
    return at if at <= size else -1


@compiled
def payload_end(b: Bytes, start: int, size: int) -> int:
    """Offset where the padding begins; -1 when its length is impossible."""
    if u8(b, 0) & 32 == 0:
        return size
    if size == start:
        return -1
    padding = u8(b, size - 1)
    return size - padding if 0 < padding <= size - start else -1


@compiled
def extension(b: Bytes, start: int, wanted: int) -> int:
    """Offset of the data of header extension `wanted` in a packet whose payload begins at start; -1: not
    there.

    Both forms of RFC 8285. Data that does not fit counts as not there; an empty one as well.
    """
    if u8(b, 0) & 16 == 0 or wanted <= 0:
        return -1
    at = 12 + 4 * (u8(b, 0) & 15)
    form = u16(b, at)
    at += 4
    if form == 0xBEDE:
        head = 1
    elif form & 0xFFF0 == 0x1000:
        head = 2
    else:
        return -1
    while at + head <= start:
        first = u8(b, at)
        if first == 0:
            at += 1
            continue
        if head == 1:
            name = first >> 4
            length = (first & 15) + 1
            if name == 15:
                return -1
        else:
            name = first
            length = u8(b, at + 1)
        at += head
        if at + length > start:
            return -1
        if name == wanted and length > 0:
            return at
        at += length
    return -1
