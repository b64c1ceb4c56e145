"""Retransmission: an outgoing number back to its packet in the layer's history, and out again as RTX (RFC
4588)."""

from sfu.fastpath.kernel_out import OVERHEAD, bend, extend
from sfu.fastpath.kernel_rtp import put16, put32, u8, u16, unwrap, vp8
from sfu.fastpath.kernel_send import queue, reserve, stream
from sfu.fastpath.native import Row, bytes_at, compiled, copy, protect, rows_at, words_at
from sfu.fastpath.tables import (
    BATCH,
    COUNTERS,
    ENTRY,
    HISTORY,
    HISTORY_ROW,
    KEPT,
    LAYER,
    MAX_DATAGRAM,
    NOWHERE,
    PRODUCER,
    RESENDS,
    SLOT,
    STREAM,
    SWITCH,
    SWITCHES,
    TRANSPORT,
)


@compiled
def resend_all(ctx: Row, s: int, now: int, min_interval_us: int) -> int:
    """Resend the n_asked numbers of the `asked` list. Returns how many were."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    count = 0
    if row.tx != 0 and slot.rtx_ssrc != 0 and row.port != NOWHERE:
        asked = words_at(ctx.asked, 1, RESENDS)[0]
        for i in range(ctx.n_asked):
            seq = unwrap(asked[i], slot.out_seq)
            if seq <= slot.out_seq and is_due(ctx, s, seq, now, min_interval_us):
                count += resend(ctx, s, slot, row, seq, now)
    slot.resent += count
    counters.resent += count
    counters.resend_refused += ctx.n_asked - count
    return count


@compiled
def is_due(ctx: Row, s: int, seq: int, now: int, min_interval_us: int) -> bool:
    """Each packet at most once in the interval: resending faster than the answer can come makes congestion
    worse."""
    last = words_at(ctx.resends, ctx.n_slots, RESENDS)[s]
    kept = last[seq % RESENDS]
    return bool(kept == 0 or kept & 0xFFFF != seq & 0xFFFF or now - (kept >> 16) >= min_interval_us)


@compiled
def resend(ctx: Row, s: int, slot: Row, row: Row, seq: int, now: int) -> int:
    """1 if the packet was found and sent."""
    switches = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    for back in range(min(slot.switches, SWITCHES)):
        record = switches[s * SWITCHES + (slot.switches - 1 - back) % SWITCHES]
        if record.out_first <= seq:
            layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[record.layer]
            if layer.generation != record.generation or layer.history == 0:
                return 0
            if rows_at(ctx.producers, ctx.n_producers, PRODUCER)[layer.producer].gate:
                return 0
            kept = rows_at(layer.kept, HISTORY, KEPT)[(seq - record.seq_off) % HISTORY]
            if kept.seq != seq - record.seq_off:
                return 0
            words_at(ctx.resends, ctx.n_slots, RESENDS)[s, seq % RESENDS] = now << 16 | seq & 0xFFFF
            return send_rtx(ctx, slot, row, record, kept, layer.history, seq, now)
    return 0


@compiled
def send_rtx(ctx: Row, slot: Row, row: Row, record: Row, kept: Row, history: int, seq: int, now: int) -> int:
    head = slot.header
    start = reserve(ctx, MAX_DATAGRAM + OVERHEAD)
    size = head + 2 + kept.length
    b = bytes_at(ctx.arena + start, size)
    b[0] = 0x90 if head > 12 else 0x80
    b[1] = kept.marker | slot.rtx_pt
    put16(b, 2, slot.rtx_seq)
    put32(b, 4, kept.ts + record.ts_off)
    put32(b, 8, slot.rtx_ssrc)
    slot.rtx_seq += 1
    if head > 12:
        extend(ctx, slot, row, b, size, -1, now)
    put16(b, head, seq)
    copy(ctx.arena + start + head + 2, history + kept.seq % HISTORY * HISTORY_ROW, kept.length)
    if kept.length:
        _, pid_at, bits, tl0_at, _ = vp8(b, head + 2, size)
        e = rows_at(ctx.entries, BATCH, ENTRY)[0]
        e.pid_at = pid_at
        e.pid_bits = bits
        e.tl0_at = tl0_at
        at = head + 2
        e.pid = (u16(b, at + pid_at) & 0x7FFF if bits == 15 else u8(b, at + pid_at)) if bits else 0
        e.tl0 = u8(b, at + tl0_at) if tl0_at >= 0 else 0
        bend(b, at, e, record.pid_off, record.tl0_off)
    ctx.length = size
    if protect(row.tx, ctx.arena + start, ctx.length_at) != 0:
        rows_at(ctx.counters, 1, COUNTERS)[0].protect_errors += 1
        return 0
    row.tx_packets += 1
    row.tx_bytes += ctx.length
    if row.port == STREAM:
        stream(ctx, slot.transport, start, ctx.length)
    else:
        queue(ctx, slot.transport, row, start, ctx.length, 1, ctx.length)
    return 1
