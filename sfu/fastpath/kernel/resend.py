"""Retransmission: from an outgoing number back to its packet in the layer's history, and out again as RTX
(RFC 4588). Padding travels as RTX too."""

from sfu.fastpath.kernel.forward import OVERHEAD, write_extensions
from sfu.fastpath.kernel.native import Row, bytes_at, compiled, copy, protect, rows_at, words_at
from sfu.fastpath.kernel.rtp import M32, put16, put32, unwrap
from sfu.fastpath.kernel.send import dispatch, reserve
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
    SWITCH,
    SWITCHES,
    TRANSPORT,
)
from sfu.fastpath.kernel.temporal import is_cut
from sfu.fastpath.kernel.vp8 import read_descriptor, rewrite_descriptor

TAG = 16
"""Bytes that AES-GCM adds; the older profile adds fewer."""
PADDING = 255
"""The most that one packet can hold: the count is its last byte (RFC 3550 section 5.1)."""
STALE_MS = 1000
"""How far a packet may be behind the newest one, by the slot's own clock. After an interruption a browser
asks for everything it missed; packets that come seconds late spoil its estimate of the delay, and its picture
stands still for as long again (libwebrtc: 3 s)."""


@compiled
def resend_all(ctx: Row, s: int, min_interval_us: int, max_bytes: int) -> int:
    """Resend those of the first n_asked numbers in the `asked` list for which there is room. Returns how many
    bytes that took."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    count = total = 0
    if row.tx != 0 and slot.rtx_ssrc != 0 and row.port != NOWHERE:
        asked = words_at(ctx.asked, 1, RESENDS)[0]
        for i in range(ctx.n_asked):
            seq = unwrap(asked[i], slot.out_seq)
            if seq <= slot.out_seq and is_due(ctx, s, seq, min_interval_us):
                sent = resend(ctx, s, slot, row, seq, max_bytes - total)
                total += sent
                if sent:
                    count += 1
    slot.resent += count
    counters.resent += count
    counters.resent_bytes += total
    counters.resend_refused += ctx.n_asked - count
    return total


@compiled
def is_due(ctx: Row, s: int, seq: int, min_interval_us: int) -> bool:
    """Each packet goes at most once per interval: resending before the receiver can have answered makes
    congestion worse."""
    last = words_at(ctx.resends, ctx.n_slots, RESENDS)[s]
    kept = last[seq % RESENDS]
    return bool(kept == 0 or kept & 0xFFFF != seq & 0xFFFF or ctx.now - (kept >> 16) >= min_interval_us)


@compiled
def resend(ctx: Row, s: int, slot: Row, row: Row, seq: int, room: int) -> int:
    """Bytes sent; 0 if the packet was not found or there is no room for it.

    What its gate shuts off now goes as an empty packet: it fills the receiver's hole, who then asks no more.

    Packets from before the slot's last switch or the layer's last keyframe are not found: the keyframe makes
    them needless, and after a switch to a smaller picture they would fill the line that was just found too
    narrow. Stale ones are counted: there only a keyframe helps."""
    count = find_sent(ctx, s, slot, seq)
    if count < 0:
        return 0
    record = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)[s * SWITCHES + count % SWITCHES]
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[record.layer]
    if layer.generation != record.generation or layer.kind == 0:
        return 0
    number = seq - record.seq_off
    kept = rows_at(layer.kept, layer.depth, KEPT)[number & (layer.depth - 1)]
    if kept.seq != number or number < layer.key_seq:
        return 0
    behind = (slot.out_ts - following_ts(layer, number) - record.ts_off) & M32
    if STALE_MS * slot.khz < behind < 0x8000_0000:  # the newest may have been left out: then it is ahead
        slot.stale += 1
        return 0
    gated = rows_at(ctx.producers, ctx.n_producers, PRODUCER)[layer.producer].gate
    length = 0 if gated or is_cut(ctx, s, slot, count, kept.ts) else kept.length
    if slot.header + 2 + length + TAG > room:
        return 0
    words_at(ctx.resends, ctx.n_slots, RESENDS)[s, seq % RESENDS] = ctx.now << 16 | seq & 0xFFFF
    return send_rtx(ctx, slot, row, record, kept, length, seq)


@compiled
def find_sent(ctx: Row, s: int, slot: Row, seq: int) -> int:
    """Which of the slot's switch records an outgoing number falls into; -1: it is older than its layer."""
    switches = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    for back in range(min(slot.switches, SWITCHES)):
        count = slot.switches - 1 - back
        if switches[s * SWITCHES + count % SWITCHES].out_first <= seq:
            return int(count)
        if count == slot.origin:
            return -1
    return -1


@compiled
def following_ts(layer: Row, number: int) -> int:
    """The timestamp of the packet that showed its loss: one slide may follow another after seconds."""
    table = rows_at(layer.kept, layer.depth, KEPT)
    after = table[(number + 1) & (layer.depth - 1)]
    return int(after.ts if after.seq == number + 1 else table[number & (layer.depth - 1)].ts)


@compiled
def send_rtx(ctx: Row, slot: Row, row: Row, record: Row, kept: Row, length: int, seq: int) -> int:
    """Bytes sent, protected."""
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[record.layer]
    start = reserve(ctx, MAX_DATAGRAM + OVERHEAD)
    head = slot.header
    size = head + 2 + length
    marker = kept.marker if length or kept.length == 0 else 0
    write_header(ctx, slot, row, start, size, marker, kept.ts + record.ts_off)
    b = bytes_at(ctx.arena + start, size)
    put16(b, head, seq)
    place = kept.seq & (layer.depth - 1)
    copy(ctx.arena + start + head + 2, layer.history + place * layer.room, length)
    if length:
        e = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[ENTRIES]
        e.at = ctx.arena + start + head + 2
        e.length = length
        read_descriptor(e)
        rewrite_descriptor(b, head + 2, e, record.pid_off, record.tl0_off)
    sent = seal(ctx, row, start, size)
    if sent:
        dispatch(ctx, slot.transport, record.layer, start, sent, 1, sent)
    return sent


@compiled
def write_header(ctx: Row, slot: Row, row: Row, start: int, size: int, marker: int, ts: int) -> None:
    """The header of the slot's next RTX packet at arena offset `start`."""
    b = bytes_at(ctx.arena + start, size)
    b[0] = 0x90 if slot.header > 12 else 0x80
    b[1] = marker | slot.rtx_pt
    put16(b, 2, slot.rtx_seq)
    put32(b, 4, ts)
    put32(b, 8, slot.rtx_ssrc)
    slot.rtx_seq += 1
    if slot.header > 12:
        write_extensions(ctx, slot, row, b, size, -1)


@compiled
def seal(ctx: Row, row: Row, start: int, size: int) -> int:
    """Protect a packet in the arena and count it. Returns its length now; 0: not possible."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    ctx.length = size
    if protect(row.tx, ctx.arena + start, ctx.length_at) != 0:
        counters.protect_errors += 1
        return 0
    counters.sent_bytes += ctx.length
    row.tx_packets += 1
    row.tx_bytes += ctx.length
    return int(ctx.length)


@compiled
def pad(ctx: Row, s: int, wanted: int) -> int:
    """Send RTX packets of padding, about `wanted` bytes in all. Returns how many bytes there were.

    Repeating packets from the history would make larger ones, but padding goes past every receiver's jitter
    buffer, its statistics do not call it a retransmission, and the slot need not carry anything. All packets
    have one size, so many go to the system as one message."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    if row.tx == 0 or row.port == NOWHERE or slot.rtx_ssrc == 0 or slot.rtx_pt == 0:
        return 0
    size = slot.header + PADDING
    total = 0
    while total < wanted:
        start = at = reserve(ctx, MAX_RUN * (MAX_DATAGRAM + OVERHEAD))
        at_once = MAX_RUN if row.port >= 0 and row.gso else 1
        segments = segment = 0
        while segments < at_once and total < wanted:
            write_header(ctx, slot, row, at, size, 0, slot.out_ts)
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
        dispatch(ctx, slot.transport, -1, start, at - start, segments, segment)
    counters.padding_bytes += total
    return total


__all__ = ["pad", "resend_all"]
