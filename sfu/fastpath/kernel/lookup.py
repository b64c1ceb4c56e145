"""Whose is it: from an address, an SSRC or the name in a check to a row. HashTable writes the tables."""

from sfu.fastpath.kernel.native import Bytes, Row, compiled, words_at
from sfu.fastpath.kernel.rtp import M32, u8, u16, u32
from sfu.fastpath.kernel.tables import MAX_ATTRIBUTES, UFRAG_CHARACTERS

AF_INET6 = 10
USERNAME = 6
UNKNOWN = -1


@compiled
def mix(h: int, word: int) -> int:
    """One step of the hash of HashTable; hash_table.bucket is its twin."""
    h = ((h ^ word) & M32) * 0x3C6E_F35F
    return h ^ (h >> 29)


@compiled
def find_transport(ctx: Row, port: int, name: Bytes) -> int:
    """Which transport a source address belongs to; addresses are compared in full, not by hash."""
    family = u8(name, 0) | u8(name, 1) << 8
    k0 = port << 24 | family << 16 | u16(name, 2)
    if family == AF_INET6:
        k1, k2, k3, k4 = u32(name, 8), u32(name, 12), u32(name, 16), u32(name, 20)
    else:
        k1, k2, k3, k4 = u32(name, 4), 0, 0, 0
    n = ctx.n_addresses
    table = words_at(ctx.addresses, n, 6)
    at = mix(mix(mix(mix(mix(0, k0), k1), k2), k3), k4) >> 7 & (n - 1)
    for _ in range(n):
        row = table[at]
        if row[5] < 0:
            return UNKNOWN
        if row[0] == k0 and row[1] == k1 and row[2] == k2 and row[3] == k3 and row[4] == k4:
            return int(row[5])
        at = (at + 1) & (n - 1)
    return UNKNOWN


@compiled
def find_ssrc(ctx: Row, transport: int, ssrc: int) -> int:
    """layer * 2 + (1 if RTX), or UNKNOWN."""
    n = ctx.n_ssrcs
    table = words_at(ctx.ssrcs, n, 3)
    at = mix(mix(0, transport), ssrc) >> 7 & (n - 1)
    for _ in range(n):
        if table[at, 2] < 0:
            return UNKNOWN
        if table[at, 0] == transport and table[at, 1] == ssrc:
            return int(table[at, 2])
        at = (at + 1) & (n - 1)
    return UNKNOWN


@compiled
def find_ufrag(ctx: Row, b: Bytes, size: int) -> int:
    """Which transport a STUN message names: the first part of its USERNAME (RFC 8445 section 7.2.2)."""
    at = 20
    for _ in range(MAX_ATTRIBUTES):
        if at + 4 > size:
            return UNKNOWN
        length = u16(b, at + 2)
        if u16(b, at) == USERNAME:
            end = at + 4 + UFRAG_CHARACTERS
            if length <= UFRAG_CHARACTERS or end >= size or u8(b, end) != 58:  # a colon
                return UNKNOWN
            return find_name(ctx, u32(b, at + 4), u32(b, at + 8))
        at += 4 + (length + 3 & ~3)
    return UNKNOWN


@compiled
def find_name(ctx: Row, first: int, second: int) -> int:
    n = ctx.n_ufrags
    table = words_at(ctx.ufrags, n, 3)
    at = mix(mix(0, first), second) >> 7 & (n - 1)
    for _ in range(n):
        if table[at, 2] < 0:
            return UNKNOWN
        if table[at, 0] == first and table[at, 1] == second:
            return int(table[at, 2])
        at = (at + 1) & (n - 1)
    return UNKNOWN


__all__ = ["UNKNOWN", "find_ssrc", "find_transport", "find_ufrag"]
