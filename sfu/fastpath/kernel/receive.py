"""The way in: a datagram becomes a plain packet that is accepted (accept.py), a hand-up, or only a count.

A packet of a known transport is always unprotected, even when its gate is shut or nobody watches: libsrtp
counts roll-overs by seeing packets, and after 2^15 unseen ones (11 minutes of a muted microphone) the sound
would stay dead."""

from sfu.fastpath.kernel.accept import accept
from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled, rows_at, unprotect, words_at
from sfu.fastpath.kernel.rtp import M32, extension, is_binding_request, payload_start, u8, u16, u32, unwrap
from sfu.fastpath.kernel.tables import (
    ARRIVALS,
    BATCH,
    COUNTERS,
    MAX_DATAGRAM,
    MAX_STRANGERS,
    NAME_ROW,
    RX_ROW,
    STRANGERS_PER_S,
    TOKEN,
    TRANSPORT,
    UNKNOWN_PER_BATCH,
    UP,
)

STUN, DTLS, RTCP, STRANGER = 0, 1, 2, 3
AF_INET6 = 10
MSG_TRUNC = 0x20
REPLAYED, TOO_OLD = 9, 10
"""libsrtp's srtp_err_status_replay_fail and _old: authentic, but seen before."""
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
def hand_up(ctx: Row, kind: int, transport: int, m: int, size: int) -> None:
    up = rows_at(ctx.ups, BATCH, UP)[ctx.n_ups]
    up.kind = kind
    up.transport = transport
    up.row = m
    up.length = size
    ctx.n_ups += 1
    rows_at(ctx.counters, 1, COUNTERS)[0].handed_up += 1


@compiled
def admit(ctx: Row, m: int, transport: int, port: int) -> None:
    """Sort datagram m of the batch by its first byte (RFC 7983). transport: UNKNOWN to find it by address."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    counters.datagrams += 1
    message = words_at(ctx.msgs, BATCH, 8)[m]
    size = message[7] & M32
    if size == 0 or size > MAX_DATAGRAM or message[6] & MSG_TRUNC:
        counters.malformed += 1
        return
    b = bytes_at(ctx.rx + m * RX_ROW, size)
    first = u8(b, 0)
    if transport < 0:
        transport = find_transport(ctx, port, bytes_at(ctx.names + m * NAME_ROW, NAME_ROW))
    if 127 < first < 192 and size >= 12 and transport >= 0:
        if 192 <= u8(b, 1) <= 223:
            hand_up(ctx, RTCP, transport, m, size)
        else:
            receive_rtp(ctx, m, b, size, transport)
    elif first < 4 and is_binding_request(b, size):
        if transport < 0:
            if ctx.unknown_ups >= UNKNOWN_PER_BATCH:
                counters.unknown_address += 1
                return
            ctx.unknown_ups += 1
        hand_up(ctx, STUN, transport, m, size)
    elif transport < 0:
        counters.unknown_address += 1
    elif 19 < first < 64:
        hand_up(ctx, DTLS, transport, m, size)
    else:
        counters.malformed += 1


@compiled
def receive_rtp(ctx: Row, m: int, b: Bytes, size: int, transport: int) -> None:
    """Authenticate an RTP packet, then accept it, or hand it up as a stranger."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[transport]
    if row.rx == 0:
        counters.no_keys += 1
        return
    if payload_start(b, size) < 0:
        counters.malformed += 1
        row.bad += 1
        return
    ssrc = u32(b, 8)
    bound = find_ssrc(ctx, transport, ssrc)
    if bound < 0 and not may_be_strange(ctx, row, transport, ssrc):
        counters.strangers_dropped += 1
        return
    base = ctx.rx + m * RX_ROW
    ctx.length = size
    status = unprotect(row.rx, base, ctx.length_at)
    if status != 0:
        if status in (REPLAYED, TOO_OLD):
            row.replayed += 1
            counters.replayed += 1
        else:
            row.bad += 1
            counters.bad_auth += 1
        return
    plain = int(ctx.length)
    row.last_us = ctx.now
    row.rx_packets += 1
    row.rx_bytes += size
    note_arrival(ctx, row, transport, b)
    if bound >= 0:
        accept(ctx, base, plain, bound)
    else:
        remember_stranger(ctx, row, transport, ssrc)
        counters.strangers += 1
        hand_up(ctx, STRANGER, transport, m, plain)


@compiled
def may_be_strange(ctx: Row, row: Row, transport: int, ssrc: int) -> bool:
    """Whether a packet of an unbound SSRC is worth an unprotect: 64 a second are, of 256 SSRCs in all.

    libsrtp keeps state for every SSRC that authenticates, in a list that it searches from the start: a
    hostile but admitted peer must not make it grow."""
    tokens = row.tokens + (ctx.now - row.tokens_us) * STRANGERS_PER_S
    row.tokens_us = ctx.now
    row.tokens = min(tokens, STRANGERS_PER_S * TOKEN)
    if row.tokens < TOKEN:
        return False
    row.tokens -= TOKEN
    return bool(row.strangers < MAX_STRANGERS or is_remembered(ctx, row, transport, ssrc))


@compiled
def is_remembered(ctx: Row, row: Row, transport: int, ssrc: int) -> bool:
    known = words_at(ctx.strangers, ctx.n_transports, MAX_STRANGERS)[transport]
    for i in range(row.strangers):  # noqa: SIM110 # numba has no generators here
        if known[i] == ssrc:
            return True
    return False


@compiled
def remember_stranger(ctx: Row, row: Row, transport: int, ssrc: int) -> None:
    if row.strangers < MAX_STRANGERS and not is_remembered(ctx, row, transport, ssrc):
        words_at(ctx.strangers, ctx.n_transports, MAX_STRANGERS)[transport, row.strangers] = ssrc
        row.strangers += 1


@compiled
def note_arrival(ctx: Row, row: Row, transport: int, b: Bytes) -> None:
    """Note when a transport-wide number came, for the feedback to the publisher."""
    if row.twcc_ext == 0:
        return
    start = payload_start(b, len(b))
    at = extension(b, start, row.twcc_ext)
    if at < 0 or at + 2 > start:
        return
    wire = u16(b, at)
    number = unwrap(wire, row.twcc_in) if row.twcc_in else wire + 0x1_0000
    row.twcc_in = max(row.twcc_in, number)
    ring = words_at(ctx.arrivals, ctx.n_transports * ARRIVALS, 2)
    ring[transport * ARRIVALS + row.arrivals % ARRIVALS, 0] = number
    ring[transport * ARRIVALS + row.arrivals % ARRIVALS, 1] = ctx.now
    row.arrivals += 1


__all__ = ["DTLS", "RTCP", "STRANGER", "STUN", "admit", "find_ssrc"]
