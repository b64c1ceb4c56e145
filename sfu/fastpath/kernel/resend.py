"""Retransmission: an outgoing number back to its packet in the layer's history, and out again as RTX (RFC
4588). And padding, which travels as RTX too."""

from sfu.fastpath.kernel.forward import OVERHEAD, bend, extend
from sfu.fastpath.kernel.native import Row, bytes_at, compiled, copy, protect, rows_at, words_at
from sfu.fastpath.kernel.rtp import M32, put16, put32, u8, u16, unwrap, vp8
from sfu.fastpath.kernel.send import queue, reserve, stream
from sfu.fastpath.kernel.tables import (
    COUNTERS,
    ENTRIES,
    ENTRY,
    KEPT,
    LAYER,
    MAX_DATAGRAM,
    MAX_RUN,
    NOWHERE,
    PRODUCER,
    RESENDS,
    SLOT,
    STREAM,
    SWITCH,
    SWITCHES,
    TRANSPORT,
)
from sfu.fastpath.kernel.temporal import is_cut

TAG = 16
"""Bytes that AES-GCM adds; the older profile adds fewer."""
PADDING = 255
"""Most that one packet can hold: the count is its last byte (RFC 3550 section 5.1)."""
STALE_MS = 1000
"""Behind the newest packet by the slot's own clock. After a cut a browser asks for all that it missed; what
comes seconds late spoils its idea of the delay, and it stands still for as long again (libwebrtc: 3 s)."""


@compiled
def resend_all(ctx: Row, s: int, now: int, min_interval_us: int, max_octets: int) -> int:
    """Resend those of the n_asked numbers of the `asked` list for which there is room. Returns octets."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    count = octets = 0
    if row.tx != 0 and slot.rtx_ssrc != 0 and row.port != NOWHERE:
        asked = words_at(ctx.asked, 1, RESENDS)[0]
        for i in range(ctx.n_asked):
            seq = unwrap(asked[i], slot.out_seq)
            if seq <= slot.out_seq and is_due(ctx, s, seq, now, min_interval_us):
                sent = resend(ctx, s, slot, row, seq, now, max_octets - octets)
                octets += sent
                if sent:
                    count += 1
    slot.resent += count
    counters.resent += count
    counters.resent_octets += octets
    counters.resend_refused += ctx.n_asked - count
    return octets


@compiled
def is_due(ctx: Row, s: int, seq: int, now: int, min_interval_us: int) -> bool:
    """Each packet at most once in the interval: resending faster than the answer can come makes congestion
    worse."""
    last = words_at(ctx.resends, ctx.n_slots, RESENDS)[s]
    kept = last[seq % RESENDS]
    return bool(kept == 0 or kept & 0xFFFF != seq & 0xFFFF or now - (kept >> 16) >= min_interval_us)


@compiled
def resend(ctx: Row, s: int, slot: Row, row: Row, seq: int, now: int, room: int) -> int:
    """Octets sent; 0 if the packet was not found or there is no room for it.

    What is older than the slot's last switch or the layer's last keyframe is not found: the keyframe has made
    it needless, and after a switch to a smaller picture it would fill the line that was just found too
    narrow. What is stale is counted: only a keyframe helps there."""
    switches = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    for back in range(min(slot.switches, SWITCHES)):
        count = slot.switches - 1 - back
        record = switches[s * SWITCHES + count % SWITCHES]
        if record.out_first <= seq:
            layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[record.layer]
            if layer.generation != record.generation or layer.kind == 0:
                return 0
            if rows_at(ctx.producers, ctx.n_producers, PRODUCER)[layer.producer].gate:
                return 0
            number = seq - record.seq_off
            kept = rows_at(layer.kept, layer.depth, KEPT)[number & (layer.depth - 1)]
            if kept.seq != number or number < layer.key_seq:
                return 0
            behind = (slot.out_ts - following(layer, number) - record.ts_off) & M32
            if (
                STALE_MS * slot.khz < behind < 0x8000_0000
            ):  # the newest may have been left out: then it is ahead
                slot.stale += 1
                return 0
            length = 0 if is_cut(ctx, s, slot, count, kept.ts) else kept.length
            if slot.header + 2 + length + TAG > room:
                return 0
            words_at(ctx.resends, ctx.n_slots, RESENDS)[s, seq % RESENDS] = now << 16 | seq & 0xFFFF
            return send_rtx(ctx, slot, row, record, kept, layer, length, seq, now)
        if count == slot.origin:
            return 0
    return 0


@compiled
def following(layer: Row, number: int) -> int:
    """The timestamp of the packet that let its loss be noticed: a slide may follow another after seconds."""
    table = rows_at(layer.kept, layer.depth, KEPT)
    after = table[(number + 1) & (layer.depth - 1)]
    return int(after.ts if after.seq == number + 1 else table[number & (layer.depth - 1)].ts)


@compiled
def send_rtx(
    ctx: Row, slot: Row, row: Row, record: Row, kept: Row, layer: Row, length: int, seq: int, now: int
) -> int:
    """Octets sent, protected."""
    start = reserve(ctx, MAX_DATAGRAM + OVERHEAD)
    head = slot.header
    size = head + 2 + length
    marker = kept.marker if length or kept.length == 0 else 0
    write_header(ctx, slot, row, start, size, marker, kept.ts + record.ts_off, now)
    b = bytes_at(ctx.arena + start, size)
    put16(b, head, seq)
    place = kept.seq & (layer.depth - 1)
    copy(ctx.arena + start + head + 2, layer.history + place * layer.room, length)
    if length:
        _, pid_at, bits, tl0_at, _, _, _, _ = vp8(b, head + 2, size)
        e = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[ENTRIES]
        e.pid_at = pid_at
        e.pid_bits = bits
        e.tl0_at = tl0_at
        at = head + 2
        e.pid = (u16(b, at + pid_at) & 0x7FFF if bits == 15 else u8(b, at + pid_at)) if bits else 0
        e.tl0 = u8(b, at + tl0_at) if tl0_at >= 0 else 0
        bend(b, at, e, record.pid_off, record.tl0_off)
    sent = seal(ctx, row, start, size)
    if sent:
        dispatch(ctx, slot, row, start, sent, 1, sent)
    return sent


@compiled
def write_header(
    ctx: Row, slot: Row, row: Row, start: int, size: int, marker: int, ts: int, now: int
) -> None:
    """The header of the slot's next RTX packet at arena offset `start`."""
    b = bytes_at(ctx.arena + start, size)
    b[0] = 0x90 if slot.header > 12 else 0x80
    b[1] = marker | slot.rtx_pt
    put16(b, 2, slot.rtx_seq)
    put32(b, 4, ts)
    put32(b, 8, slot.rtx_ssrc)
    slot.rtx_seq += 1
    if slot.header > 12:
        extend(ctx, slot, row, b, size, -1, now)


@compiled
def seal(ctx: Row, row: Row, start: int, size: int) -> int:
    """Protect a packet in the arena and count it. Returns its length now; 0: not possible."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    ctx.length = size
    if protect(row.tx, ctx.arena + start, ctx.length_at) != 0:
        counters.protect_errors += 1
        return 0
    counters.sent_octets += ctx.length
    row.tx_packets += 1
    row.tx_bytes += ctx.length
    return int(ctx.length)


@compiled
def dispatch(ctx: Row, slot: Row, row: Row, start: int, size: int, segments: int, segment: int) -> None:
    if row.port == STREAM:
        stream(ctx, slot.transport, start, size)
    else:
        queue(ctx, slot.transport, row, start, size, segments, segment)


@compiled
def pad(ctx: Row, s: int, octets: int, now: int) -> int:
    """Send RTX packets of padding, about so many octets in all. Returns how many it were.

    Nothing but padding, though repeating kept packets would make larger ones: it goes past every receiver's
    jitter buffer, its statistics do not call it a retransmission, and a slot need not carry anything. All are
    of one size, so many go to the system as one message."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    if row.tx == 0 or row.port == NOWHERE or slot.rtx_ssrc == 0 or slot.rtx_pt == 0:
        return 0
    size = slot.header + PADDING
    total = 0
    while total < octets:
        start = at = reserve(ctx, MAX_RUN * (MAX_DATAGRAM + OVERHEAD))
        at_once = MAX_RUN if row.port >= 0 and row.gso else 1
        segments = segment = 0
        while segments < at_once and total < octets:
            write_header(ctx, slot, row, at, size, 0, slot.out_ts, now)
            b = bytes_at(ctx.arena + at, size)
            b[0] |= 0x20
            b[slot.header : size - 1] = 0
            b[size - 1] = PADDING
            length = seal(ctx, row, at, size)
            if length == 0:
                break
            segment = length
            segments += 1
            at += length
            total += length
            counters.padding += 1
        if segments == 0:
            break
        dispatch(ctx, slot, row, start, at - start, segments, segment)
    counters.padding_octets += total
    return total


__all__ = ["pad", "resend_all"]
