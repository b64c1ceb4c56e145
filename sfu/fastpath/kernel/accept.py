"""The way in, second part: from a plain packet to an entry of the batch.

Order matters. Statistics come before the gate, so that receiver reports stay true while it is shut.
Everything else comes after it: a packet that arrives while the gate is shut gets into no history, no
redundancy and no count of what could be forwarded, and a retransmission does not bring it in once the gate is
open again."""

from sfu.fastpath.kernel.budgets import spend
from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled, copy, rows_at, words_at
from sfu.fastpath.kernel.red import read_blocks
from sfu.fastpath.kernel.rtp import M32, extension, payload_end, payload_start, u8, u16, u32, unwrap
from sfu.fastpath.kernel.tables import (
    BATCH,
    COUNTERS,
    ENTRIES,
    ENTRY,
    GAPS,
    KEPT,
    LAYER,
    MAX_GAP,
    PICTURE_BYTES,
    PICTURES,
    PRODUCER,
    VOICES,
)
from sfu.fastpath.kernel.vp8 import note_keyframe, read_descriptor


@compiled
def accept(ctx: Row, base: int, size: int, bound: int) -> None:
    """A plain, authenticated packet of a bound SSRC: count it and, unless its gate is shut, enter it."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    b = bytes_at(base, size)
    start = payload_start(b, size)
    end = payload_end(b, start, size) if start >= 0 else -1
    if end < 0:
        counters.malformed += 1
        return
    at = bound >> 1
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    producer = rows_at(ctx.producers, ctx.n_producers, PRODUCER)[layer.producer]
    if is_foreign(producer, u8(b, 1) & 127, bound & 1):
        counters.foreign += 1
    elif bound & 1:
        accept_rtx(ctx, at, producer, base, start, end)
    else:
        accept_original(ctx, at, producer, base, start, end)


@compiled
def is_foreign(producer: Row, pt: int, rtx: int) -> bool:
    """Whether a packet has another codec than its line: a voice must not travel on an open camera's line."""
    if producer.pt == 0:
        return False
    if rtx:
        return bool(pt != producer.rtx_pt)
    return bool(pt != producer.pt and (producer.red_pt == 0 or pt != producer.red_pt))


@compiled
def accept_original(ctx: Row, at: int, producer: Row, base: int, start: int, end: int) -> None:
    """A packet that was sent for the first time, with payload [start, end)."""
    b = bytes_at(base, end)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    wire = u16(b, 2)
    seq = unwrap(wire, layer.max_seq) if layer.packets else wire + 0x1_0000
    expected = layer.max_seq + 1 if layer.packets else seq
    ts = u32(b, 4)
    count_packet(layer, seq, ts, end - start, ctx.now)
    producer.last_us = ctx.now
    level = note_level(producer, b, start)
    if is_gated(ctx, producer) or is_too_much(ctx, producer, end - start):
        return
    first = layer.since < 0
    if first:
        layer.since = seq
    if layer.kind == 0:
        if producer.red_pt and u8(b, 1) & 127 == producer.red_pt:
            start = enter_redundancy(ctx, at, base, start, end, seq, ts)
            if start < 0:
                rows_at(ctx.counters, 1, COUNTERS)[0].malformed += 1
                return
    elif seq > expected and not first:
        note_gap(ctx, at, layer, expected, seq - 1)
    e = draft(ctx, at, base + start, end - start)
    e.seq = seq
    e.ts = ts
    e.marker = u8(b, 1) & 128
    e.level = level
    enter(ctx, layer, e, 0)


@compiled
def accept_rtx(ctx: Row, at: int, producer: Row, base: int, start: int, end: int) -> None:
    """A packet that was sent again (RFC 4588): the payload [start, end) begins with its number."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    b = bytes_at(base, end)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    counters.rtx_in += 1
    if end - start < 2 or layer.packets == 0:
        counters.rtx_padding += 1  # browsers fill the line with these when a picture costs little
        return
    if is_gated(ctx, producer) or is_too_much(ctx, producer, end - start):
        return
    seq = unwrap(u16(b, start), layer.max_seq)
    if layer.since < 0 or seq < layer.since:
        counters.late += 1
        return
    e = draft(ctx, at, base + start + 2, end - start - 2)
    e.seq = seq
    e.ts = u32(b, 4)
    e.marker = u8(b, 1) & 128
    e.level = -1
    enter(ctx, layer, e, 1)


@compiled
def is_gated(ctx: Row, producer: Row) -> bool:
    """Whether the producer's gate is shut; if so, the packet is counted as dropped."""
    if producer.gate == 0:
        return False
    producer.gated += 1
    rows_at(ctx.counters, 1, COUNTERS)[0].gated += 1
    return True


@compiled
def is_too_much(ctx: Row, producer: Row, payload: int) -> bool:
    """Whether its publisher sends more than anybody's microphone, or camera and screen, ever do: each packet
    may have fifty copies."""
    if producer.kind == 0:
        return not spend(ctx, producer.transport, VOICES, 1)
    return not spend(ctx, producer.transport, PICTURES, payload + PICTURE_BYTES)


@compiled
def count_packet(layer: Row, seq: int, ts: int, payload: int, now: int) -> None:
    """Statistics of RFC 3550 A.3 and A.8."""
    transit = (now * layer.khz // 1000 - ts) & M32
    if layer.packets == 0:
        layer.first_seq = layer.max_seq = seq
    else:
        d = ((transit - layer.transit + 0x8000_0000) & M32) - 0x8000_0000
        layer.jitter16 += abs(d) - ((layer.jitter16 + 8) >> 4)
        layer.jitter = layer.jitter16 >> 4
        layer.max_seq = max(layer.max_seq, seq)
    layer.transit = transit
    layer.packets += 1
    layer.bytes += payload
    layer.last_us = now


@compiled
def note_level(producer: Row, b: Bytes, start: int) -> int:
    """The client's own audio level (RFC 6464); -1 when the packet does not give it."""
    at = extension(b, start, producer.level_ext)
    if at < 0:
        return -1
    level = u8(b, at)
    producer.has_level = 1
    if producer.gate:
        producer.shut_level = level & 127
    else:
        producer.level = level & 127
        producer.level_sum += level & 127
        producer.level_count += 1
    return level


@compiled
def note_gap(ctx: Row, at: int, layer: Row, first: int, last: int) -> None:
    """Numbers of a picture that somebody gets or waits for have not come: they may be asked for again."""
    if last - first >= MAX_GAP or (layer.first < 0 and layer.waiting < 0):
        return
    if layer.gaps >= GAPS:
        layer.gaps_lost += 1
        return
    row = words_at(ctx.gaps, ctx.n_layers * GAPS, 2)[at * GAPS + layer.gaps]
    row[0] = first
    row[1] = last
    layer.gaps += 1
    ctx.n_gaps += 1


@compiled
def enter_redundancy(ctx: Row, at: int, base: int, start: int, end: int, seq: int, ts: int) -> int:
    """Enter the earlier sounds of a packet with redundancy that have never come. Returns where its own sound
    begins; -1 when the payload is cut short or has too many blocks.

    Their numbers follow from the order of the blocks, as libwebrtc's encoder writes them. Sounds from before
    the gate opened are left out."""
    b = bytes_at(base, end)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    blocks, data = read_blocks(b, start, end)
    if blocks < 0:
        return -1
    own = u8(b, start + 4 * blocks) & 127
    for i in range(blocks):
        header = start + 4 * i
        back = u16(b, header + 1) >> 2
        length = u16(b, header + 2) & 1023
        number = seq - blocks + i
        then = (ts - back) & M32
        fits = length > 0 and u8(b, header) & 127 == own and number >= layer.since and ctx.n_found < BATCH
        if fits and is_missing(layer, number, ts, then):
            e = draft(ctx, at, base + data, length)
            e.seq = number
            e.ts = then
            e.marker = 0
            e.level = -1
            found = enter(ctx, layer, e, 0)
            ctx.n_found += found
            rows_at(ctx.counters, 1, COUNTERS)[0].red_recovered += found
        data += length
    return data


@compiled
def is_missing(layer: Row, seq: int, newest_ts: int, ts: int) -> bool:
    """Whether a sound of this number has never come, and its neighbours do not contradict its timestamp: a
    sender that counts blocks differently must not bring the sounds out of order."""
    table = rows_at(layer.kept, layer.depth, KEPT)
    mask = layer.depth - 1
    if table[seq & mask].seq == seq or not is_later(newest_ts, ts):
        return False
    before = table[(seq - 1) & mask]
    after = table[(seq + 1) & mask]
    if before.seq == seq - 1 and not is_later(ts, before.ts):
        return False
    return bool(after.seq != seq + 1 or is_later(after.ts, ts))


@compiled
def is_later(ts: int, other: int) -> bool:
    return bool(0 < (ts - other) & M32 < 0x8000_0000)


@compiled
def draft(ctx: Row, at: int, address: int, length: int) -> Row:
    """The batch's next entry, which counts only after `enter`. The caller sets seq, ts, marker and level."""
    e = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[ctx.n_entries]
    e.layer = at
    e.next = -1
    e.at = address
    e.length = length
    e.pid_at = e.tl0_at = e.tid = -1
    e.pid_bits = e.pid = e.tl0 = e.key = e.sync = e.start = 0
    return e


@compiled
def enter(ctx: Row, layer: Row, e: Row, rtx: int) -> int:
    """Put a drafted packet into the history, and into the batch when somebody gets its layer. Returns 0 when
    it is dropped because its number was there before, or may have been: two packets of one number with
    different bytes would break AES-GCM."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    place = e.seq & (layer.depth - 1)
    kept = rows_at(layer.kept, layer.depth, KEPT)[place]
    if kept.seq == e.seq:
        layer.duplicates += 1
        counters.rtx_duplicates += rtx
        return 0
    if e.seq <= layer.max_seq - layer.depth or e.seq > layer.max_seq:
        counters.late += 1
        return 0
    if e.length > 0 and layer.kind:
        length = read_descriptor(e)
        if length < 0:
            counters.malformed += 1
            return 0
        if e.key:
            note_keyframe(layer, e, length)
    kept.seq = e.seq
    kept.ts = e.ts
    kept.length = e.length
    kept.marker = e.marker
    if e.length <= layer.room:
        copy(layer.history + place * layer.room, e.at, e.length)
    layer.recovered += rtx
    count_frame(layer, e.tid, e.length, e.marker)
    if e.key:
        layer.key_seq = max(layer.key_seq, e.seq)
    if layer.first >= 0 or layer.waiting >= 0:
        ctx.n_entries += 1
    return 1


@compiled
def count_frame(layer: Row, tid: int, payload: int, marker: int) -> None:
    """Count what could be forwarded, by temporal layer. Every packet of a sound is a frame."""
    ends = 1 if marker or layer.kind == 0 else 0
    if tid <= 0:
        layer.bytes0 += payload
        layer.frames0 += ends
    elif tid == 1:
        layer.bytes1 += payload
        layer.frames1 += ends
    else:
        layer.bytes2 += payload
        layer.frames2 += ends


__all__ = ["accept"]
