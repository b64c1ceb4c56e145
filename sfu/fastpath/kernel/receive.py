"""The way in: a datagram becomes a plain packet that is accepted (accept.py), a hand-up, or only a count.

A packet of a known transport is always unprotected, even when its gate is shut or nobody watches: libsrtp
counts roll-overs by seeing packets, and after 2^15 unseen ones (11 minutes of a muted microphone) the sound
would stay dead."""

from sfu.fastpath.kernel.accept import accept
from sfu.fastpath.kernel.budgets import affords, spend
from sfu.fastpath.kernel.lookup import find_ssrc, find_ufrag
from sfu.fastpath.kernel.native import (
    Bytes,
    Row,
    bytes_at,
    compiled,
    copy,
    rows_at,
    unprotect,
    unprotect_rtcp,
    words_at,
)
from sfu.fastpath.kernel.rtp import M32, extension, is_binding_request, payload_start, u8, u16, u32, unwrap
from sfu.fastpath.kernel.tables import (
    ARRIVALS,
    BATCH,
    CHECKS,
    COUNTERS,
    FIRST_CHECKS,
    MAX_DATAGRAM,
    MAX_STRANGERS,
    NAME_ROW,
    RECORDS,
    REPORT_BYTES,
    REPORTS,
    RX_ROW,
    STRANGERS,
    TRANSPORT,
    UP,
    UPS,
)

STUN, DTLS, RTCP, STRANGER = 0, 1, 2, 3
MSG_TRUNC = 0x20
REPLAYED, TOO_OLD = 9, 10
"""libsrtp's srtp_err_status_replay_fail and _old: authentic, but seen before."""


@compiled
def hand_up(ctx: Row, kind: int, transport: int, m: int, size: int) -> None:
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    if ctx.ups_in - ctx.ups_out >= UPS:
        counters.up_dropped += 1
        return
    at = ctx.ups_in % UPS
    up = rows_at(ctx.ups, UPS, UP)[at]
    up.kind = kind
    up.transport = transport
    up.owner = (
        rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[transport].generation if transport >= 0 else 0
    )
    up.port = ctx.port
    up.length = size
    copy(ctx.up_names + at * NAME_ROW, ctx.names + m * NAME_ROW, NAME_ROW)
    copy(ctx.up_bytes + at * RX_ROW, ctx.rx + m * RX_ROW, size)
    ctx.ups_in += 1
    counters.handed_up += 1


@compiled
def admit(ctx: Row, m: int, transport: int) -> None:
    """Sort datagram m of the batch by its first byte (RFC 7983). transport: whose address it came from, or
    UNKNOWN."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    counters.datagrams += 1
    message = words_at(ctx.msgs, BATCH, 8)[m]
    size = message[7] & M32
    if size == 0 or size > MAX_DATAGRAM or message[6] & MSG_TRUNC:
        counters.malformed += 1
        return
    b = bytes_at(ctx.rx + m * RX_ROW, size)
    first = u8(b, 0)
    if 127 < first < 192 and size >= 12 and transport >= 0:
        if 192 <= u8(b, 1) <= 223:
            receive_rtcp(ctx, m, b, size, transport)
        else:
            receive_rtp(ctx, m, b, size, transport)
    elif first < 4 and is_binding_request(b, size):
        receive_check(ctx, m, b, size, transport)
    elif transport < 0:
        counters.unknown_address += 1
    elif 19 < first < 64:
        if spend(ctx, transport, RECORDS, 1):
            hand_up(ctx, DTLS, transport, m, size)
    else:
        counters.malformed += 1


@compiled
def receive_check(ctx: Row, m: int, b: Bytes, size: int, transport: int) -> None:
    """Hand up a check that names one of our transports, at that one's cost: whoever does not know its name
    costs nobody anything. Those from elsewhere have a budget of their own, or they could use up what keeps
    the transport alive."""
    named = find_ufrag(ctx, b, size)
    if named < 0:
        rows_at(ctx.counters, 1, COUNTERS)[0].unknown_ufrag += 1
    elif spend(ctx, named, CHECKS if named == transport else FIRST_CHECKS, 1):
        hand_up(ctx, STUN, transport, m, size)


@compiled
def receive_rtcp(ctx: Row, m: int, b: Bytes, size: int, transport: int) -> None:
    """Authenticate a compound packet and hand it up, as far as its sender's budget goes."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[transport]
    if row.rx == 0:
        counters.no_keys += 1
        return
    ssrc = u32(b, 4)
    known = find_ssrc(ctx, transport, ssrc) >= 0
    if not known and not has_room(ctx, row, transport, ssrc):
        counters.strangers_dropped += 1
        return
    ctx.length = size
    status = unprotect_rtcp(row.rx, ctx.rx + m * RX_ROW, ctx.length_at)
    if status != 0:
        note_failure(ctx, row, status)
        return
    row.last_us = ctx.now
    if not known:
        remember_stranger(ctx, row, transport, ssrc)
    if spend(ctx, transport, REPORTS, size + REPORT_BYTES):
        hand_up(ctx, RTCP, transport, m, int(ctx.length))


@compiled
def note_failure(ctx: Row, row: Row, status: int) -> None:
    """Count a packet that libsrtp refused."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    if status in (REPLAYED, TOO_OLD):
        row.replayed += 1
        counters.replayed += 1
    else:
        row.bad += 1
        counters.bad_auth += 1


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
        note_failure(ctx, row, status)
        return
    plain = int(ctx.length)
    row.last_us = ctx.now
    row.rx_packets += 1
    row.rx_bytes += size
    note_arrival(ctx, row, transport, b)
    if bound >= 0:
        accept(ctx, base, plain, bound)
    elif spend(ctx, transport, STRANGERS, 1):
        remember_stranger(ctx, row, transport, ssrc)
        counters.strangers += 1
        hand_up(ctx, STRANGER, transport, m, plain)


@compiled
def may_be_strange(ctx: Row, row: Row, transport: int, ssrc: int) -> bool:
    """Whether a packet of an unbound SSRC is worth an unprotect. Its budget is charged once it proves to be
    authentic: a forged one costs its alleged sender nothing."""
    return bool(affords(ctx, transport, STRANGERS, 1) and has_room(ctx, row, transport, ssrc))


@compiled
def has_room(ctx: Row, row: Row, transport: int, ssrc: int) -> bool:
    """Whether libsrtp may see packets of this unbound SSRC: it keeps state for every SSRC that authenticates,
    in a list that it searches from the start. A hostile but admitted peer must not make that grow."""
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


__all__ = ["DTLS", "RTCP", "STRANGER", "STUN", "admit"]
