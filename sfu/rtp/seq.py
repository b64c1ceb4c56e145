"""Numbers that never wrap. 16-bit and 32-bit numbers exist only on the wire."""


def unwrap_u16(wire: int, newest: int) -> int:
    """Extend a 16-bit number to one that never wraps.

    Shapes: wire in [0, 65535]; newest is the largest value returned so far. Returns the value congruent
    to wire (mod 2**16) nearest to newest; it may be smaller (late packet) and, near the start, negative.
    Errors: cannot fail.
    Source: RFC 3550 appendix A.1, without its probation rules.
    """
    return newest + ((wire - newest + 0x8000) & 0xFFFF) - 0x8000


def unwrap_u32(wire: int, newest: int) -> int:
    """Like unwrap_u16, for 32-bit RTP timestamps and extended sequence numbers."""
    return newest + ((wire - newest + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
