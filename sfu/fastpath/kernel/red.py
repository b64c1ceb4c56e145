"""Redundant sound (RFC 2198): a packet repeats earlier ones, so that a lost one need not be asked for.

    1 PT ts-offset(14) length(10) | ... | 0 PT | earlier sounds, oldest first | the packet's own sound

The repeats are chosen against bursts. A radio link loses several packets in a row, and a sound is lost only
when every packet that holds it is: with repeats 1 and 3 packets back no burst of up to three loses a sound,
with 1, 2 and 4 none of up to four, while 1 and 2 would survive only two. Going farther back is of no use: a
repeat must arrive before the receiver's jitter buffer (60 to 200 ms) has played past it, and four packets of
20 ms are 80 ms."""

from sfu.fastpath.kernel.native import Bytes, Row, bytes_at, compiled, copy, rows_at
from sfu.fastpath.kernel.rtp import M32, put16, u8, u16
from sfu.fastpath.kernel.tables import KEPT, LAYER, MAX_BLOCKS

MAX_BACK = 14_400
"""300 ms of the RTP clock: older sounds come from before a silence (DTX), and would be too late."""
MAX_SIZE = 1200
"""Bytes of a packet with redundancy before protection: every path takes this, as libwebrtc assumes too."""


@compiled
def read_blocks(b: Bytes, start: int, end: int) -> tuple[int, int]:
    """How many earlier sounds the payload [start, end) holds, and where the first begins; -1 when it is cut
    short or has more than MAX_BLOCKS."""
    at = start
    total = 0
    for blocks in range(MAX_BLOCKS + 1):
        if at >= end:
            return -1, 0
        if u8(b, at) & 128 == 0:
            return (blocks, at + 1) if at + 1 + total <= end else (-1, 0)
        if at + 4 > end:
            return -1, 0
        total += u16(b, at + 2) & 1023
        at += 4
    return -1, 0


@compiled
def distance(redundancy: int, i: int) -> int:
    """How many packets back the i-th repeat is, of 1, 2 or 3; the oldest comes first."""
    if i == redundancy - 1:
        return 1
    if i == redundancy - 2:
        return 2 if redundancy == 3 else 3
    return 4


@compiled
def find_sound(layer: Row, slot: Row, e: Row, back: int) -> int:
    """The history's row with the sound `back` packets before e; -1 if the slot may not repeat it: one from
    before it got this layer, or from before a silence."""
    seq = e.seq - back
    place = seq & (layer.depth - 1)
    kept = rows_at(layer.kept, layer.depth, KEPT)[place]
    usable = kept.seq == seq and seq >= slot.floor and 0 < kept.length <= layer.room
    return int(place) if usable and 0 < (e.ts - kept.ts) & M32 <= MAX_BACK else -1


@compiled
def measure(ctx: Row, slot: Row, e: Row) -> int:
    """How many bytes redundancy adds to entry e; 0: nothing to repeat, or no room."""
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[e.layer]
    extra = 0
    for i in range(slot.redundancy):
        place = find_sound(layer, slot, e, distance(slot.redundancy, i))
        if place >= 0:
            extra += 4 + rows_at(layer.kept, layer.depth, KEPT)[place].length
    if extra == 0 or e.length == 0 or slot.header + 1 + extra + e.length > MAX_SIZE:
        return 0
    return int(extra + 1)


@compiled
def write_blocks(ctx: Row, slot: Row, e: Row, at: int, extra: int) -> None:
    """Write what measure() counted to address `at`: headers, then earlier sounds."""
    layer = rows_at(ctx.layers, ctx.n_layers, LAYER)[e.layer]
    b = bytes_at(at, extra)
    head, data = 0, 1
    for i in range(slot.redundancy):
        if find_sound(layer, slot, e, distance(slot.redundancy, i)) >= 0:
            data += 4
    for i in range(slot.redundancy):
        place = find_sound(layer, slot, e, distance(slot.redundancy, i))
        if place < 0:
            continue
        kept = rows_at(layer.kept, layer.depth, KEPT)[place]
        back = (e.ts - kept.ts) & M32
        b[head] = 0x80 | slot.pt
        put16(b, head + 1, back << 2 | kept.length >> 8)
        b[head + 3] = kept.length & 255
        head += 4
        copy(at + data, layer.history + place * layer.room, kept.length)
        data += kept.length
    b[head] = slot.pt


__all__ = ["measure", "read_blocks", "write_blocks"]
