"""Temporal layers: which frames of a picture a slot leaves out, without the receiver seeing a hole.

A line that is too narrow for 30 frames a second carries 15 or 7 of the same picture (RFC 7741 section 4.2:
TID). A frame that is left out takes its sequence numbers and its picture id with it: later ones move up,
because libwebrtc waits for a missing picture id as for a lost packet. TL0PICIDX stays: only frames of layer 0
count it, and those are always sent.

Numbers that have not come when a frame is left out stay reserved: they may belong to another frame. When they
come, they are sent with the offsets of the record they fall into, whatever their layer; a packet of a frame
that was left out fills its number with an empty one. Numbers are left out unseen only where they can belong
to nothing else: in a gap inside a frame that is left out, and in one between two neighbouring picture ids of
which the first was left out."""

from sfu.fastpath.kernel.native import Row, compiled, rows_at
from sfu.fastpath.kernel.rtp import M32
from sfu.fastpath.kernel.switch import write_record
from sfu.fastpath.kernel.tables import COUNTERS, ENTRIES, ENTRY, SWITCH, SWITCHES, THIN

LEFT_OUT, SENT, ONE_BY_ONE = 0, 1, 2


@compiled
def judge_run(ctx: Row, s: int, slot: Row, run: Row) -> int:
    """What happens to a run that is entirely newer than what the slot has passed: it is LEFT_OUT, SENT as it
    is, or must be judged ONE_BY_ONE."""
    if not slot.cutting:
        if slot.highest == 2 and slot.temporal == 2:
            slot.care &= ~THIN
            return SENT
        if run.top < 0 or (slot.highest == slot.temporal and run.top <= slot.temporal):
            return SENT
    if not run.even:
        return ONE_BY_ONE
    return SENT if judge(ctx, s, slot, run, run.newest) else LEFT_OUT


@compiled
def judge(ctx: Row, s: int, slot: Row, e: Row, last: int) -> bool:
    """Whether e, newer than what the slot has passed, is sent. If not, the numbers up to `last`, which belong
    to the same frame, are left out."""
    same = e.ts == (slot.cut_ts if slot.cutting else (slot.out_ts - slot.ts_off) & M32)
    wanted = not slot.cutting if same else is_wanted(slot, e)
    expected = slot.out_seq - slot.seq_off + 1
    if not wanted:
        first = expected if is_between_cut(slot, e, same, wanted) else e.seq
        if not same:
            slot.pid_off -= 1
            if e.pid_at >= 0:  # this gives away the ids that are reserved for earlier frames, too
                slot.out_pid = e.pid + slot.pid_off
            if e.tl0_at >= 0:
                slot.out_tl0 = e.tl0 + slot.tl0_off
        slot.cutting = 1
        slot.cut_ts = e.ts
        slot.cut_pid = e.pid
        slot.cut_bits = e.pid_bits
        leave_out(ctx, s, slot, first, last, e.ts)
        return False
    if e.seq > expected and is_between_cut(slot, e, same, wanted):
        leave_out(ctx, s, slot, expected, e.seq - 1, -1)
    slot.cutting = 0
    if slot.highest == 2 and slot.temporal == 2:
        slot.care &= ~THIN
    return True


@compiled
def is_wanted(slot: Row, e: Row) -> bool:
    """Whether a new frame is sent. It may lower the slot's temporal layer to what is asked for. A key frame
    may raise it that far, too, and a layer sync to its own layer: the frames it refers to have been sent."""
    if e.tid < 0:
        return True
    if slot.highest < slot.temporal or e.key:
        slot.temporal = slot.highest
    elif e.sync and slot.temporal < e.tid <= slot.highest:
        slot.temporal = e.tid
    return bool(e.tid <= slot.temporal)


@compiled
def is_between_cut(slot: Row, e: Row, same: bool, wanted: bool) -> bool:
    """Whether everything missing just before e belongs to frames that are left out."""
    if not slot.cutting or same:
        return bool(slot.cutting)
    mask = 0x7FFF if e.pid_bits == 15 else 0x7F
    neighbours = e.pid_bits > 0 and e.pid_bits == slot.cut_bits and (e.pid - slot.cut_pid) & mask == 1
    return bool(neighbours and (not wanted or e.start == 1))


@compiled
def leave_out(ctx: Row, s: int, slot: Row, first: int, last: int, ts: int) -> None:
    """Take the publisher's numbers first to last out of the slot's; numbers missing before them stay
    reserved. ts: of the frame, -1: not seen. Neighbours share one record."""
    rows_at(ctx.counters, 1, COUNTERS)[0].temporal_dropped += last - first + 1
    slot.out_seq = first - 1 + slot.seq_off
    slot.seq_off = slot.out_seq - last
    records = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    record = records[s * SWITCHES + (slot.switches - 1) % SWITCHES]
    if record.out_first != slot.out_seq + 1:
        write_record(ctx, s, slot, ts)
        return
    record.seq_off = slot.seq_off
    record.pid_off = slot.pid_off
    if ts >= 0:
        record.cut_last = ts
        if record.cut_first < 0:
            record.cut_first = ts


@compiled
def find_record(ctx: Row, s: int, slot: Row, seq: int) -> int:
    """Which record a late number of the slot's present layer falls into (its count in the ring); -1: none, or
    between two: it was left out, or is older than the layer's beginning."""
    records = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    end = slot.out_seq + 1
    for back in range(min(slot.switches, SWITCHES)):
        count = slot.switches - 1 - back
        record = records[s * SWITCHES + count % SWITCHES]
        if seq + record.seq_off >= record.out_first:
            return int(count) if seq + record.seq_off < end else -1
        if count == slot.origin:
            return -1
        end = record.out_first
    return -1


@compiled
def is_cut(ctx: Row, s: int, slot: Row, count: int, ts: int) -> bool:
    """Whether a packet with this record's numbers belongs to a frame that was left out just before or just
    after the record."""
    records = rows_at(ctx.switches, ctx.n_slots * SWITCHES, SWITCH)
    if records[s * SWITCHES + count % SWITCHES].cut_last == ts:
        return True
    following = records[s * SWITCHES + (count + 1) % SWITCHES]
    return bool(count + 1 < slot.switches and following.cut_first == ts)


@compiled
def empty_entry(ctx: Row, e: Row) -> Row:
    """A packet without payload under e's number, in the spare row: it fills the receiver's hole and belongs
    to no picture."""
    blank = rows_at(ctx.entries, ENTRIES + 1, ENTRY)[ENTRIES]
    blank.layer = e.layer
    blank.next = -1
    blank.at = e.at
    blank.seq = e.seq
    blank.ts = e.ts
    blank.length = blank.marker = blank.pid_bits = blank.pid = blank.tl0 = 0
    blank.level = blank.pid_at = blank.tl0_at = -1
    return blank


__all__ = ["ONE_BY_ONE", "SENT", "empty_entry", "find_record", "is_cut", "judge", "judge_run"]
