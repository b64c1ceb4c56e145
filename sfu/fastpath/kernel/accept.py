"""The way in, second part: from a plain packet to an entry of the batch.

Order matters. Statistics come before the gate, so that receiver reports stay true while it is shut; all else
comes behind it: what a publisher says while it is shut is in no history, no redundancy and no statistics of
what could be forwarded. Nor does it come in by repair when the gate is open again."""

from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled, copy, rows_at, words_at
from sfu.fastpath.kernel.red import read_blocks
from sfu.fastpath.kernel.rtp import M32, extension, payload_end, payload_start, u8, u16, u32, unwrap, vp8
from sfu.fastpath.kernel.tables import BATCH, COUNTERS, ENTRIES, ENTRY, GAPS, KEPT, LAYER, MAX_GAP, PRODUCER


@compiled
def accept(ctx: Row, base: int, size: int, bound: int, now: int) -> None:
    """A plain, authenticated packet of a bound SSRC: count it, and unless its gate is shut, enter it."""
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
    wire = u16(b, 2)
    rtx = bound & 1
    if is_foreign(producer, u8(b, 1) & 127, rtx):
        counters.foreign += 1
        return
    if rtx:
        counters.rtx_in += 1
        if end - start < 2 or layer.packets == 0:
            counters.rtx_padding += 1  # browsers fill the line with these when a picture is cheap
            return
        wire = u16(b, start)
        start += 2
    seq = unwrap(wire, layer.max_seq) if layer.packets else wire + 0x1_0000
    expected = layer.max_seq + 1 if layer.packets else seq
    ts = u32(b, 4)
    level = -1
    if not rtx:
        count_packet(layer, seq, ts, end - start, now)
        producer.last_us = now
        level = note_level(producer, b, start)
    if producer.gate:
        producer.gated += 1
        counters.gated += 1
        return
    if rtx:
        if layer.since < 0 or seq < layer.since:
            counters.late += 1
            return
    else:
        first = layer.since < 0
        if first:
            layer.since = seq
        if layer.kind == 0:
            if producer.red_pt and u8(b, 1) & 127 == producer.red_pt:
                start = take_apart(ctx, at, layer, base, start, end, seq, ts)
                if start < 0:
                    counters.malformed += 1
                    return
        elif seq > expected and not first:
            note_gap(ctx, at, layer, expected, seq - 1)
    enter(ctx, at, layer, base, start, end, seq, ts, u8(b, 1) & 128, level, rtx)


@compiled
def is_foreign(producer: Row, pt: int, rtx: int) -> bool:
    """Whether a packet is of another codec than its line: a voice must not travel on an open camera's."""
    if producer.pt == 0:
        return False
    if rtx:
        return bool(pt != producer.rtx_pt)
    return bool(pt != producer.pt and (producer.red_pt == 0 or pt != producer.red_pt))


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
    """The client's own audio level (RFC 6464); -1 when the packet does not say."""
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
def take_apart(ctx: Row, at: int, layer: Row, base: int, start: int, end: int, seq: int, ts: int) -> int:
    """Enter those earlier sounds of a packet with redundancy that have never come. Returns where its own
    sound begins; -1 when it is cut short or has too many blocks.

    The numbers are counted back by the order of the blocks, as libwebrtc's encoder writes them. What was
    said before the gate opened stays unsaid."""
    b = bytes_at(base, end)
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
            found = enter(ctx, at, layer, base, data, data + length, number, then, 0, -1, 0)
            ctx.n_found += found
            rows_at(ctx.counters, 1, COUNTERS)[0].red_recovered += found
        data += length
    return data


@compiled
def is_missing(layer: Row, seq: int, newest_ts: int, ts: int) -> bool:
    """Whether a sound of this number has never come, and its neighbours do not contradict its timestamp: who
    counts blocks in another way than we must not bring the sounds out of order."""
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
def enter(
    ctx: Row,
    at: int,
    layer: Row,
    base: int,
    start: int,
    end: int,
    seq: int,
    ts: int,
    marker: int,
    level: int,
    rtx: int,
) -> int:
    """Put a packet into the history and the batch. A number that was there before, or may have been, is
    dropped (0): what leaves twice under one number with different bytes would break AES-GCM."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    b = bytes_at(base, end)
    place = seq & (layer.depth - 1)
    kept = rows_at(layer.kept, layer.depth, KEPT)[place]
    if kept.seq == seq:
        layer.duplicates += 1
        counters.rtx_duplicates += rtx
        return 0
    if seq <= layer.max_seq - layer.depth or seq > layer.max_seq:
        counters.late += 1
        return 0
    pid_at = tl0_at = tid = -1
    bits = key = sync = opens = 0
    if end > start and layer.kind:
        length, pid_at, bits, tl0_at, key, tid, sync, opens = vp8(b, start, end)
        if length < 0:
            counters.malformed += 1
            return 0
        if key:
            note_keyframe(layer, b, start + length, end)
    kept.seq = seq
    kept.ts = ts
    kept.length = end - start
    kept.marker = marker
    if end - start <= layer.room:
        copy(layer.history + place * layer.room, base + start, end - start)
    layer.recovered += rtx
    count_frame(layer, tid, end - start, marker)
    if key:
        layer.key_seq = max(layer.key_seq, seq)
    if layer.first >= 0 or layer.waiting >= 0:
        e = new_entry(ctx, at, base + start, end - start, seq, ts, marker)
        e.level = level
        e.key = key
        e.pid_at = pid_at
        e.pid_bits = bits
        e.tl0_at = tl0_at
        e.pid = (u16(b, start + pid_at) & 0x7FFF if bits == 15 else u8(b, start + pid_at)) if bits else 0
        e.tl0 = u8(b, start + tl0_at) if tl0_at >= 0 else 0
        e.tid = tid
        e.sync = sync
        e.start = opens
    return 1


@compiled
def new_entry(ctx: Row, at: int, address: int, length: int, seq: int, ts: int, marker: int) -> Row:
    e = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[ctx.n_entries]
    e.layer = at
    e.next = -1
    e.at = address
    e.length = length
    e.seq = seq
    e.ts = ts
    e.marker = marker
    ctx.n_entries += 1
    return e


@compiled
def count_frame(layer: Row, tid: int, payload: int, marker: int) -> None:
    """What could be forwarded, by temporal layer. Every packet of a sound is a frame."""
    ends = 1 if marker or layer.kind == 0 else 0
    if tid <= 0:
        layer.octets0 += payload
        layer.frames0 += ends
    elif tid == 1:
        layer.octets1 += payload
        layer.frames1 += ends
    else:
        layer.octets2 += payload
        layer.frames2 += ends


@compiled
def note_keyframe(layer: Row, b: Bytes, at: int, end: int) -> None:
    """Size of the picture (RFC 6386 section 9.1), when the packet holds that much."""
    layer.keyframes += 1
    if at + 10 <= end and u8(b, at + 3) == 0x9D and u8(b, at + 4) == 0x01 and u8(b, at + 5) == 0x2A:
        layer.width = (u8(b, at + 6) | u8(b, at + 7) << 8) & 0x3FFF
        layer.height = (u8(b, at + 8) | u8(b, at + 9) << 8) & 0x3FFF


__all__ = ["accept"]
