"""Which slot gets which layer: two linked lists through the slots' rows (one of those that get it, one of
those that wait for it), and the moment of a switch, when a slot's numbers are shifted so that the receiver
sees one unbroken stream.

With lists, the slots that a copy does not go to cost nothing, and nothing is ever moved.

A slot keeps a record of each shift of its numbers since its layer began (tables.SWITCH): a late packet, and
one that is asked for again, gets the number that it had."""

from sfu.fastpath.kernel.native import Row, compiled, context_at, rows_at
from sfu.fastpath.kernel.rtp import M32
from sfu.fastpath.kernel.tables import LAYER, NOWHERE, SLOT, SWITCH, SWITCHES, THIN, TRANSPORT

AUDIO_STEP, VIDEO_STEP = 960, 900
"""Least advance of the timestamp at a switch: one packet of 20 ms; 10 ms."""


@compiled
def join(ctx: Row, s: int, at: int) -> None:
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    slots[s].layer = at
    slots[s].prev = -1
    slots[s].next = layer.first
    if layer.first >= 0:
        slots[layer.first].prev = s
    layer.first = s


@compiled
def leave(ctx: Row, s: int) -> None:
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    slot = slots[s]
    if slot.layer < 0:
        return
    if slot.prev >= 0:
        slots[slot.prev].next = slot.next
    else:
        rows_at(ctx.layers, ctx.n_layers, LAYER)[slot.layer].first = slot.next
    if slot.next >= 0:
        slots[slot.next].prev = slot.prev
    slot.layer = slot.next = slot.prev = -1


@compiled
def wait(ctx: Row, s: int, at: int) -> None:
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    slots[s].target = at
    slots[s].wait_prev = -1
    slots[s].wait_next = layer.waiting
    if layer.waiting >= 0:
        slots[layer.waiting].wait_prev = s
    layer.waiting = s


@compiled
def unwait(ctx: Row, s: int) -> None:
    """A slot waits exactly while its target differs from its layer."""
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    slot = slots[s]
    if slot.target < 0 or slot.target == slot.layer:
        return
    if slot.wait_prev >= 0:
        slots[slot.wait_prev].wait_next = slot.wait_next
    else:
        rows_at(ctx.layers, ctx.n_layers, LAYER)[slot.target].waiting = slot.wait_next
    if slot.wait_next >= 0:
        slots[slot.wait_next].wait_prev = slot.wait_prev
    slot.wait_next = slot.wait_prev = -1


@compiled
def switch(here: int, s: int, at: int) -> None:
    """Ask a slot to carry another layer (-1: nothing, at once)."""
    ctx = context_at(here)
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    unwait(ctx, s)
    if at < 0:
        leave(ctx, s)
        slot.target = -1
    elif at == slot.layer:
        slot.target = at
    else:
        wait(ctx, s, at)


@compiled
def interrupt(here: int, at: int) -> None:
    """The layer's numbers break here (its gate is shut, or its encoder is a new one): slots that get it wait
    to begin anew, so that no receiver ever sees a gap of thousands of numbers."""
    ctx = context_at(here)
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    for _ in range(ctx.n_slots):
        s = layer.first
        if s < 0:
            break
        staying = slots[s].target == at
        leave(ctx, s)
        if staying:
            wait(ctx, s, at)


@compiled
def end_layer(here: int, at: int) -> None:
    """The layer ends: slots that get it or wait for it have nothing."""
    ctx = context_at(here)
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[at]
    interrupt(here, at)
    for _ in range(ctx.n_slots):
        s = layer.waiting
        if s < 0:
            break
        unwait(ctx, s)
        slots[s].target = slots[s].layer


@compiled
def take_over(ctx: Row, s: int, at: int, e: Row) -> None:
    """The packet that the slot waited for is here: it leaves its old layer and begins the new one with it."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    unwait(ctx, s)
    leave(ctx, s)
    join(ctx, s, at)
    slot.target = at
    slot.temporal = slot.highest
    begin(ctx, s, e)


@compiled
def begin(ctx: Row, s: int, e: Row) -> None:
    """Shift the slot's numbers so that packet e follows the last one sent."""
    slot = rows_at(ctx.slots, ctx.n_slots, SLOT)[s]
    if slot.sent == 0:
        slot.out_ts = slot.anchor_ts = e.ts
        slot.anchor_us = ctx.now
        slot.ts_off = 0
    else:
        step = VIDEO_STEP if slot.khz == 90 else AUDIO_STEP
        due = slot.anchor_ts + (ctx.now - slot.anchor_us) * slot.khz // 1000
        ahead = ((due - slot.out_ts + 0x8000_0000) & M32) - 0x8000_0000
        slot.ts_off = (slot.out_ts + max(ahead, step) - e.ts) & M32
    slot.seq_off = slot.out_seq + 1 - e.seq
    slot.pid_off = slot.out_pid + 1 - e.pid
    slot.tl0_off = slot.out_tl0 + 1 - e.tl0
    slot.floor = e.seq
    slot.cutting = 0
    if slot.highest == 2 and slot.temporal == 2:
        slot.care &= ~THIN
    else:
        slot.care |= THIN
    slot.origin = slot.switches
    write_record(ctx, s, slot, -1)


@compiled
def write_record(ctx: Row, s: int, slot: Row, cut_first: int) -> None:
    """Record the slot's present offsets for its numbers from the next one on."""
    record = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)[s * SWITCHES + slot.switches % SWITCHES]
    record.out_first = slot.out_seq + 1
    record.layer = slot.layer
    record.generation = rows_at(ctx.layers, ctx.n_layers, LAYER)[slot.layer].generation
    record.seq_off = slot.seq_off
    record.ts_off = slot.ts_off
    record.pid_off = slot.pid_off
    record.tl0_off = slot.tl0_off
    record.cut_first = record.cut_last = cut_first
    slot.switches += 1


@compiled
def serve_waiting(ctx: Row, at: int, e: Row) -> None:
    """Slots that wait for the layer begin with e; those that cannot be sent to yet wait for a later
    packet."""
    slots = rows_at(ctx.slots, ctx.n_slots, SLOT)
    transports = rows_at(ctx.transports, ctx.n_transports, TRANSPORT)
    s = rows_at(ctx.layers, ctx.n_layers, LAYER)[at].waiting
    for _ in range(ctx.n_slots):
        if s < 0:
            break
        following = slots[s].wait_next
        row = transports[slots[s].transport]
        if row.tx != 0 and row.port != NOWHERE:
            take_over(ctx, s, at, e)
        s = following


__all__ = ["begin", "end_layer", "interrupt", "serve_waiting", "switch", "write_record"]
