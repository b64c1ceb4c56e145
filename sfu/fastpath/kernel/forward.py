"""The way out: from the batch's entries to protected datagrams in the sending queues.

The entries of one layer in one batch (a frame's packets) are a run. A run goes to each slot in as few
messages as possible: with UDP_SEGMENT the system walks its UDP path once per message instead of once per
datagram, which is most of a copy's cost. The segments of a message must have one size, only the last may be
shorter; libwebrtc splits a frame into sizes that differ by one byte, the smaller first, so those get one byte
of RTP padding."""

from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled, copy, protect, rows_at, words_at
from sfu.fastpath.kernel.red import measure, write_blocks
from sfu.fastpath.kernel.rtp import M32, put16, put32
from sfu.fastpath.kernel.send import dispatch, reserve
from sfu.fastpath.kernel.switch import begin, serve_waiting
from sfu.fastpath.kernel.tables import (
    COUNTERS,
    ENTRIES,
    ENTRY,
    LAYER,
    MAX_DATAGRAM,
    MAX_PORTS,
    MAX_RUN,
    NOWHERE,
    PORT,
    REDUNDANT,
    SENT_PACKETS,
    SLOT,
    SWITCH,
    SWITCHES,
    THIN,
    TRANSPORT,
)
from sfu.fastpath.kernel.temporal import ONE_BY_ONE, SENT, empty_entry, find_record, is_cut, judge, judge_run
from sfu.fastpath.kernel.vp8 import rewrite_descriptor

OVERHEAD = 64
"""The most that a header, padding and the authentication tag add to a payload."""
MAX_JUMP = 1 << 14
"""Larger jumps of numbers are hidden from the receiver: above 2^15 its SRTP would lose the roll-over
count."""
FRESH = 128
"""A key frame's first packet is a switching point only if it is at most this many packets old."""


@compiled
def forward(ctx: Row) -> None:
    """Send every entry of the batch to the slots of its layer."""
    ctx.stamp += 1
    entries = rows_at(ctx.entries, ENTRIES + 1, ENTRY)
    layers = rows_at(ctx.layers, ctx.n_layers, LAYER)
    for i in range(ctx.n_entries):
        layer = layers[entries[i].layer]
        entries[i].head = 0
        if layer.stamp == ctx.stamp:
            entries[layer.tail].next = i
        else:
            layer.stamp = ctx.stamp
            entries[i].head = 1
        layer.tail = i
    for i in range(ctx.n_entries):
        if entries[i].head:
            forward_run(ctx, i)


@compiled
def forward_run(ctx: Row, head: int) -> None:
    entries = rows_at(ctx.entries, ENTRIES + 1, ENTRY)
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    at = entries[head].layer
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    if layer.waiting >= 0:
        first = switching_point(entries, layer, head)
        if first >= 0:
            serve_waiting(ctx, at, entries[first])
    plan(entries, head)
    summarise(entries, head)
    s = layer.first
    for _ in range(ctx.n_slots):
        if s < 0:
            break
        following = slots[s].next
        send_run(ctx, s, head)
        s = following


@compiled
def switching_point(entries: Row, layer: Row, head: int) -> int:
    """The entry with which waiting slots may begin: any of a sound; of a picture, a key frame's first
    packet."""
    if layer.kind == 0:
        return head
    i = head
    while i >= 0:
        if entries[i].key and entries[i].seq > layer.max_seq - FRESH:
            return i
        i = entries[i].next
    return -1


@compiled
def plan(entries: Row, head: int) -> None:
    """Divide a run into messages: note in the first entry of each where it ends and its segments' size."""
    i = head
    while i >= 0:
        first = entries[i]
        size = least = first.length
        count = 1
        i = first.next
        while i >= 0 and count < MAX_RUN:
            another = entries[i].length
            if another == size + 1 and least == size:
                size = another  # all before it are one byte shorter and get the padding
            elif another > size:
                break
            count += 1
            i = entries[i].next
            if another < size - 1:
                break  # a shorter one must be the last
            least = min(least, another)
        first.plan_end = i
        first.plan_size = size


@compiled
def summarise(entries: Row, head: int) -> None:
    """Note in the head of a run what every slot must know about it."""
    run = entries[head]
    run.oldest = run.newest = run.seq
    run.top = run.tid
    run.even = 1
    i = run.next
    while i >= 0:
        e = entries[i]
        if e.ts != run.ts or e.seq < run.newest:
            run.even = 0
        run.oldest = min(run.oldest, e.seq)
        run.newest = max(run.newest, e.seq)
        run.top = max(run.top, e.tid)
        i = e.next


@compiled
def send_run(ctx: Row, s: int, head: int) -> None:
    """One slot's copies of a run."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    row = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)[slot.transport]
    if row.tx == 0 or row.port == NOWHERE:
        return
    entries = rows_at(ctx.entries, ENTRIES + 1, ENTRY)
    run = entries[head]
    smooth = run.oldest + slot.seq_off > slot.out_seq and run.newest + slot.seq_off - slot.out_seq < MAX_JUMP
    whole = smooth and row.port >= 0 and row.gso and rows_at(ctx.ports, MAX_PORTS, PORT)[row.port].gso
    if slot.care:
        if slot.care & REDUNDANT:
            whole = False  # each packet gets its own length
        elif smooth:
            verdict = judge_run(ctx, s, slot, run)
            if verdict != SENT:
                if verdict != ONE_BY_ONE:
                    return
                smooth = whole = False
    i = head
    while i >= 0:
        e = entries[i]
        end = e.plan_end if whole else e.next
        if smooth:
            send_message(ctx, slot, row, i, end, e.plan_size if whole else e.length)
        else:
            send_one(ctx, s, slot, row, i)
        i = end


@compiled
def send_one(ctx: Row, s: int, slot: Row, row: Row, i: int) -> None:
    """One slot's copy of entry i, which may be late, far ahead, or part of a frame that is left out."""
    e = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[i]
    ahead = e.seq + slot.seq_off - slot.out_seq
    if ahead >= MAX_JUMP:
        begin(ctx, s, e)
    elif ahead <= 0:
        send_late(ctx, s, slot, row, e)
        return
    if not slot.care & THIN or judge(ctx, s, slot, e, e.seq):
        send_message(ctx, slot, row, i, e.next, e.length)


@compiled
def send_late(ctx: Row, s: int, slot: Row, row: Row, e: Row) -> None:
    """An entry whose number the slot has passed already: it gets the offsets it would have had in time."""
    count = find_record(ctx, s, slot, e.seq)
    if count < 0:
        return
    record = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)[s * SWITCHES + count % SWITCHES]
    late = empty_entry(ctx, e) if is_cut(ctx, s, slot, count, e.ts) else e
    at = reserve(ctx, MAX_DATAGRAM + OVERHEAD)
    length = compose(ctx, slot, row, record, late, at, late.length)
    if length > 0:
        dispatch(ctx, slot.transport, e.layer, at, length, 1, length)


@compiled
def send_message(ctx: Row, slot: Row, row: Row, i: int, end: int, size: int) -> None:
    """Entries i up to end as one message (or, with one entry, one datagram)."""
    entries = rows_at(ctx.entries, ENTRIES + 1, ENTRY)
    start = at = reserve(ctx, MAX_RUN * (MAX_DATAGRAM + OVERHEAD))
    segments = segment = 0
    layer = entries[i].layer
    while i != end:
        length = compose(ctx, slot, row, slot, entries[i], at, size)
        i = entries[i].next
        if length > 0:
            segments += 1
            segment = max(segment, length)
            at += length
    if segments > 0:
        dispatch(ctx, slot.transport, layer, start, at - start, segments, segment)


@compiled
def compose(ctx: Row, slot: Row, row: Row, offsets: Row, e: Row, at: int, size: int) -> int:
    """Write entry e into the arena as a packet of the slot, protected. offsets: the slot itself, or the
    switch record whose numbers the packet gets. Returns its length; 0: not possible."""
    counters = rows_at(ctx.counters, 1, COUNTERS)[0]
    head = slot.header
    extra = measure(ctx, slot, e) if slot.care & REDUNDANT else 0
    padding = 1 if size == e.length + 1 else 0
    whole = head + extra + e.length + padding
    b = bytes_at(ctx.arena + at, whole)
    out = e.seq + offsets.seq_off
    b[0] = 0x80 | (0x10 if head > 12 else 0) | (0x20 if padding else 0)
    b[1] = e.marker | (slot.red_pt if extra else slot.pt)
    put16(b, 2, out)
    put32(b, 4, e.ts + offsets.ts_off)
    put32(b, 8, slot.ssrc)
    if head > 12:
        write_extensions(ctx, slot, row, b, whole, e.level)
    if extra:
        write_blocks(ctx, slot, e, ctx.arena + at + head, extra)
    copy(ctx.arena + at + head + extra, e.at, e.length)
    rewrite_descriptor(b, head, e, offsets.pid_off, offsets.tl0_off)
    if padding:
        b[whole - 1] = 1
    ctx.length = whole
    if protect(row.tx, ctx.arena + at, ctx.length_at) != 0:
        counters.protect_errors += 1
        return 0
    if out > slot.out_seq:
        note_newest(slot, e, out, ctx.now)
    slot.sent += 1
    slot.sent_bytes += extra + e.length
    counters.copies += 1
    counters.sent_bytes += ctx.length
    row.tx_packets += 1
    row.tx_bytes += ctx.length
    return int(ctx.length)


@compiled
def note_newest(slot: Row, e: Row, out: int, now: int) -> None:
    """The slot's newest packet is e, as number `out`."""
    slot.out_seq = out
    slot.out_ts = (e.ts + slot.ts_off) & M32
    slot.last_us = now
    if e.pid_at >= 0:
        slot.out_pid = e.pid + slot.pid_off
    if e.tl0_at >= 0:
        slot.out_tl0 = e.tl0 + slot.tl0_off


@compiled
def write_extensions(ctx: Row, slot: Row, row: Row, b: Bytes, size: int, level: int) -> None:
    """Our own header extensions (RFC 8285, one-byte form); the publisher's are not forwarded."""
    put32(b, 12, 0xBEDE_0000 | (slot.header - 16) >> 2)
    at = 16
    if slot.twcc_ext:
        number = row.twcc_out
        row.twcc_out += 1
        b[at] = slot.twcc_ext << 4 | 1
        put16(b, at + 1, number)
        words_at(ctx.sent, ctx.n_transports, SENT_PACKETS)[slot.transport, number % SENT_PACKETS] = (
            ctx.now << 16 | size
        )
        at += 3
    if slot.level_ext and level >= 0:
        b[at] = slot.level_ext << 4
        b[at + 1] = level
        at += 2
    while at < slot.header:
        b[at] = 0
        at += 1


__all__ = ["OVERHEAD", "forward", "write_extensions"]
