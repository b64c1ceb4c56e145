"""What a point receives: counted by what stands in the clear (SSRC, number, timestamp, extensions). A sample
is decrypted to read the stamp; so is all that a slot gets until its first whole picture. Compiled.

Times are those at which the system put a datagram into the point's socket, so what the generator itself is
late by is no part of them."""

from sfu.fastpath.kernel.native import Row, Rows, recvmmsg, unprotect
from sfu.fastpath.kernel.rtp import extension, payload_start, u8, u16, u32
from tests.briefing.reaching import (
    arrivals_of,
    missing_of,
    point_at,
    received,
    rx_messages,
    slot_at,
    ssrcs_of,
    state,
    told,
)
from tests.briefing.reports import (
    find,
    found,
    keyframe_please,
    note_arrival,
    note_missing,
    take_report,
)
from tests.briefing.sending import DESCRIPTOR, MAGIC, STAMP, STAMP_AT, sample
from tests.briefing.system import compiled
from tests.briefing.tables import BATCH, CONTROL, PAUSE, PICTURE, RECEIVED, ROW, SLOTS, VOICE

SAMPLED = 16
STILL_US = 80_000
"""A picture that comes later than that after the last is looked at: a pause, or another person's picture."""


@compiled
def receive(w: Row, p: int, now: int) -> None:
    """Everything that waits in a point's socket."""
    while True:
        for i in range(BATCH):
            rx_messages(w)[i, 5] = CONTROL
        got = recvmmsg(point_at(w, p).fd, w.rx_messages, BATCH)
        for i in range(got):
            size = rx_messages(w)[i, 7] & 0xFFFF_FFFF
            if 12 <= size <= ROW:
                take(w, p, i, size, arrived_us(told(w, i), now))
        state(w)[RECEIVED] += max(got, 0)
        if got < BATCH:
            return


@compiled
def arrived_us(control: Rows, now: int) -> int:
    """From struct cmsghdr and the timespec behind it."""
    if control[12] != 35:
        return now
    seconds = nanoseconds = 0
    for i in range(8):
        seconds |= u8(control, 16 + i) << 8 * i
        nanoseconds |= u8(control, 24 + i) << 8 * i
    return seconds * 1_000_000 + nanoseconds // 1000


@compiled
def take(w: Row, p: int, i: int, size: int, now: int) -> None:
    b = received(w, i)
    first = u8(b, 0)
    if 128 <= first < 192:
        if 192 <= u8(b, 1) <= 223:
            take_report(w, p, i, size, now)
        else:
            take_media(w, p, i, size, now)
    elif first < 4:
        point_at(w, p).stun += 1
    else:
        point_at(w, p).dtls += 1


@compiled
def take_media(w: Row, p: int, i: int, size: int, now: int) -> None:
    b = received(w, i)
    point = point_at(w, p)
    start = payload_start(b, size)
    row = ssrcs_of(w, p)[find(ssrcs_of(w, p), u32(b, 8))]
    if start < 0 or row[0] < 0:
        point.bad += 1
        return
    at = extension(b, start, point.twcc_ext)
    if at >= 0:
        note_arrival(point, arrivals_of(w, p), u16(b, at), now)
    s = p * SLOTS + (row[1] >> 1)
    if row[1] & 1:
        take_again(w, p, s, i, size, start)
        return
    slot = slot_at(w, s)
    gap = now - slot.last_us
    count_packet(w, p, s, u16(b, 2), u32(b, 4), now)
    fresh = slot.kind == PICTURE and slot.picture_us == 0
    still = slot.kind == PICTURE and gap > STILL_US
    if fresh or still or point.watched or u16(b, 2) % SAMPLED == slot.ssrc % SAMPLED:
        look(w, p, s, i, size, start, now, gap if still else 0)
    elif fresh:
        slot.key_packets += 1


@compiled
def count_packet(w: Row, p: int, s: int, wire: int, ts: int, now: int) -> None:
    """RFC 3550 A.3 and A.8; and what is missing is to be asked for."""
    slot = slot_at(w, s)
    if slot.packets == 0:
        slot.first = slot.newest = wire + 0x1_0000
    number = slot.newest + ((wire - slot.newest + 0x8000) & 0xFFFF) - 0x8000
    khz = 48 if slot.kind == VOICE else 90
    transit = (now * khz // 1000 - ts) & 0xFFFF_FFFF
    if slot.packets:
        d = ((transit - slot.transit + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
        slot.jitter16 += abs(d) - (slot.jitter16 + 8 >> 4)
    slot.transit = transit
    slot.packets += 1
    slot.last_us = now
    if number <= slot.newest:
        found(slot, missing_of(w, s), number)
    elif slot.kind == PICTURE and not note_missing(slot, missing_of(w, s), slot.newest + 1, number - 1, now):
        keyframe_please(w, p, s, now)
    slot.newest = max(slot.newest, number)


@compiled
def take_again(w: Row, p: int, s: int, i: int, size: int, start: int) -> None:
    """A retransmission, or padding: a packet whose header says that it has some."""
    b = received(w, i)
    slot = slot_at(w, s)
    if u8(b, 0) & 0x20:
        slot.padding += 1
        return
    slot.rtx += 1
    w.length = size
    if unprotect(point_at(w, p).rx, w.rx + i * ROW, w.length_at) != 0:
        point_at(w, p).bad += 1
    elif w.length >= start + 2 and found(slot, missing_of(w, s), u16(b, start)):
        slot.repaired += 1


@compiled
def look(w: Row, p: int, s: int, i: int, size: int, start: int, now: int, gap: int) -> None:
    """Decrypt it and read its stamp. gap: since the slot's last picture, if that is long."""
    b = received(w, i)
    slot = slot_at(w, s)
    w.length = size
    if unprotect(point_at(w, p).rx, w.rx + i * ROW, w.length_at) != 0:
        point_at(w, p).bad += 1
        return
    end = w.length
    if u8(b, 0) & 0x20:
        end -= u8(b, end - 1)  # a byte by which the packets of a run become equally long
    at = end - STAMP if slot.kind == VOICE else start + STAMP_AT
    if at < start or at + STAMP > end or u16(b, at) != MAGIC:
        return
    publisher = u16(b, at + 2)
    left = u32(b, at + 8) << 32 | u32(b, at + 12)
    sample(w, now, slot.kind, now - left)
    if gap and publisher == slot.publisher:
        sample(w, now, PAUSE, gap)
    slot.publisher = publisher
    if slot.kind == PICTURE and slot.picture_us == 0:
        note_picture(w, p, s, b, start, now)


@compiled
def note_picture(w: Row, p: int, s: int, b: Rows, start: int, now: int) -> None:
    """A slot's first whole picture: a keyframe from its first to its last packet, without a hole."""
    slot = slot_at(w, s)
    ts = u32(b, 4)
    if u8(b, start) & 0x17 == 0x10 and u8(b, start + DESCRIPTOR) & 1 == 0:
        slot.key_ts = ts
        slot.key_packets = slot.n_missing
    if slot.key_ts < 0:
        keyframe_please(w, p, s, now)
    elif ts == slot.key_ts and u8(b, 1) & 0x80 and slot.n_missing <= slot.key_packets:
        slot.picture_us = now
        if point_at(w, p).first_picture_us == 0:
            point_at(w, p).first_picture_us = now


__all__ = ["receive"]
