"""RTCP of a point, as libwebrtc writes it: transport-wide feedback 20 times a second, one receiver report
for each stream and second, sender reports, requests for packets and keyframes. And what the server asks.
Compiled."""

from sfu.fastpath.kernel.native import Row, Rows, sendmmsg, unprotect_rtcp, words_at
from sfu.fastpath.kernel.rtp import put16, put32, u8, u16, u32
from tests.briefing.reaching import (
    arrivals_of,
    missing_of,
    point_at,
    received,
    report,
    slot_at,
    ssrcs_of,
    state,
    stream_at,
)
from tests.briefing.sending import send_again
from tests.briefing.system import compiled, protect_rtcp
from tests.briefing.tables import ARRIVALS, MISSING, REFUSED, ROW, SENT, SLOTS, STREAMS, place

NTP_UNIX = 2_208_988_800
REPORT_US = 1_000_000
FEEDBACK_US = 50_000
"""What libwebrtc chooses on any line that carries more than 220 kbit/s."""
PLI_US = 200_000
FIRST_ASK_US, ASK_US = 5_000, 50_000
TRIES = 10
SMALL, LARGE = 1, 2
SYMBOLS = 7
MAX_NUMBERS = 490
"""Of one feedback: it has to fit into a datagram."""


find = compiled(place)


@compiled
def head(b: Rows, at: int, count: int, kind: int, size: int, ssrc: int) -> None:
    b[at] = 0x80 | count
    b[at + 1] = kind
    put16(b, at + 2, size // 4 - 1)
    put32(b, at + 4, ssrc)


@compiled
def leave(w: Row, p: int, size: int) -> None:
    """Protect the report and send it."""
    w.length = size
    if protect_rtcp(point_at(w, p).tx, w.report, w.length_at) != 0:
        state(w)[REFUSED] += 1
        return
    words_at(w.report_iov, 1, 2)[0, 1] = w.length
    sent = sendmmsg(point_at(w, p).fd, w.report_message, 1)
    state(w)[SENT if sent == 1 else REFUSED] += 1


@compiled
def put_ntp(b: Rows, at: int, now: int) -> None:
    put32(b, at, now // 1_000_000 + NTP_UNIX & 0xFFFF_FFFF)
    put32(b, at + 4, (now % 1_000_000 << 32) // 1_000_000)


@compiled
def sender_report(w: Row, s: int, now: int) -> None:
    """With the name of the clock (RFC 3550 6.4.1, 6.5)."""
    stream = stream_at(w, s)
    b = report(w)
    head(b, 0, 0, 200, 28, stream.ssrc)
    put_ntp(b, 8, now)
    put32(b, 16, stream.ts + max(0, now - stream.frame_us) * stream.khz // 1000)
    put32(b, 20, stream.packets)
    put32(b, 24, stream.bytes)
    head(b, 28, 1, 202, 20, stream.ssrc)
    b[36] = 1
    b[37] = 8
    put32(b, 38, stream.cname)
    put32(b, 42, stream.cname)
    b[46:48] = 0
    leave(w, stream.point, 48)


@compiled
def receiver_report(w: Row, p: int, s: int, now: int) -> None:
    """One block (RFC 3550 6.4.2)."""
    slot = slot_at(w, s)
    b = report(w)
    expected = slot.newest - slot.first + 1
    recent = expected - slot.expected_before
    lost = max(0, recent - (slot.packets - slot.received_before))
    fraction = min(255, lost * 256 // recent) if recent > 0 else 0
    slot.expected_before = expected
    slot.received_before = slot.packets
    head(b, 0, 1, 201, 32, point_at(w, p).feedback_ssrc)
    put32(b, 8, slot.ssrc)
    put32(b, 12, fraction << 24 | max(0, expected - slot.packets) & 0x7F_FFFF)
    put32(b, 16, slot.newest)
    put32(b, 20, slot.jitter16 >> 4)
    put32(b, 24, slot.lsr)
    put32(b, 28, (now - slot.lsr_us) * 65_536 // 1_000_000 if slot.lsr else 0)
    leave(w, p, 32)


@compiled
def keyframe_please(w: Row, p: int, s: int, now: int) -> None:
    slot = slot_at(w, s)
    if now - slot.ask_us < PLI_US:
        return
    slot.ask_us = now
    head(report(w), 0, 1, 206, 12, point_at(w, p).feedback_ssrc)
    put32(report(w), 8, slot.ssrc)
    leave(w, p, 12)


@compiled
def ask_missing(w: Row, p: int, s: int, now: int) -> None:
    """NACK what is missing (RFC 4585 6.2.1), each number ten times; then ask for a keyframe."""
    slot = slot_at(w, s)
    b = report(w)
    asked = kept = 0
    for i in range(slot.n_missing):
        row = missing_of(w, s)[i]
        if row[2] <= now:
            if row[1] >= TRIES:
                slot.given_up += 1
                continue
            row[1] += 1
            row[2] = now + ASK_US
            put16(b, 12 + 4 * asked, row[0])
            put16(b, 14 + 4 * asked, 0)
            asked += 1
        missing_of(w, s)[kept] = row
        kept += 1
    gave_up = kept < slot.n_missing
    slot.n_missing = kept
    if asked:
        head(b, 0, 1, 205, 12 + 4 * asked, point_at(w, p).feedback_ssrc)
        put32(b, 8, slot.ssrc)
        leave(w, p, 12 + 4 * asked)
    if gave_up:
        keyframe_please(w, p, s, now)


@compiled
def note_missing(slot: Row, missing: Rows, first: int, last: int, now: int) -> bool:
    """False when there is no room: a keyframe is cheaper."""
    for number in range(first, last + 1):
        if slot.n_missing >= MISSING:
            return False
        row = missing[slot.n_missing]
        row[0] = number
        row[1] = 0
        row[2] = now + FIRST_ASK_US
        slot.n_missing += 1
    return True


@compiled
def found(slot: Row, missing: Rows, number: int) -> bool:
    """A number that was missing has come."""
    for i in range(slot.n_missing):
        if missing[i, 0] & 0xFFFF == number & 0xFFFF:
            slot.n_missing -= 1
            missing[i] = missing[slot.n_missing]
            return True
    return False


@compiled
def feedback(w: Row, p: int, now: int) -> None:
    """Transport-wide feedback about what came since the last (draft-holmer-rmcat-transport-wide-cc-01)."""
    point = point_at(w, p)
    put_in_order(arrivals_of(w, p), point.arrivals)
    while point.arrivals:
        size = write_feedback(point, arrivals_of(w, p), report(w))
        if size:
            leave(w, p, size)


@compiled
def write_feedback(point: Row, arrivals: Rows, b: Rows) -> int:
    """As much as fits into one packet; the arrivals are in order, and those that it tells are taken out.
    Returns its size; 0 when it tells nothing."""
    count = point.arrivals
    start = 0
    while start < count and arrivals[start, 0] < point.seen:
        start += 1  # reported as lost already
    if start == count:
        point.arrivals = 0
        return 0
    base = max(point.seen, arrivals[start, 0] - MAX_NUMBERS // 2)
    last = base
    told = start
    while told < count and arrivals[told, 0] < base + MAX_NUMBERS:
        last = arrivals[told, 0]
        told += 1
    point.seen = last + 1
    head(b, 0, 15, 205, 20, point.feedback_ssrc)
    put32(b, 8, point.feedback_ssrc)
    put16(b, 12, base)
    put16(b, 14, last - base + 1)
    clock = arrivals[start, 1] // 64_000 * 64_000
    put32(b, 16, (clock // 64_000 & 0xFF_FFFF) << 8 | point.feedbacks & 255)
    point.feedbacks += 1
    chunks = (last - base + SYMBOLS) // SYMBOLS
    at = 20 + 2 * chunks
    i = start
    for c in range(chunks):
        chunk = 0xC000
        for turn in range(SYMBOLS):
            number = base + c * SYMBOLS + turn
            if number > last or arrivals[i, 0] != number:
                continue
            delta = (arrivals[i, 1] - clock + 125) // 250
            clock += delta * 250
            if 0 <= delta <= 255:
                chunk |= SMALL << 12 - 2 * turn
                b[at] = delta
                at += 1
            else:
                chunk |= LARGE << 12 - 2 * turn
                put16(b, at, max(-0x8000, min(0x7FFF, delta)))
                at += 2
            while i < told - 1 and arrivals[i, 0] <= number:
                i += 1
        put16(b, 20 + 2 * c, chunk)
    point.arrivals = count - told
    for k in range(count - told):
        arrivals[k, 0] = arrivals[told + k, 0]
        arrivals[k, 1] = arrivals[told + k, 1]
    padding = -at & 3
    if padding:
        b[at : at + padding] = 0
        b[at + padding - 1] = padding
        b[0] |= 0x20
        at += padding
    put16(b, 2, at // 4 - 1)
    return int(at)


@compiled
def put_in_order(arrivals: Rows, count: int) -> None:
    """They nearly are."""
    for i in range(1, count):
        j = i
        while j > 0 and arrivals[j - 1, 0] > arrivals[j, 0]:
            for k in range(2):
                other = arrivals[j, k]
                arrivals[j, k] = arrivals[j - 1, k]
                arrivals[j - 1, k] = other
            j -= 1


@compiled
def note_arrival(point: Row, arrivals: Rows, wire: int, now: int) -> None:
    if point.newest < 0:
        point.newest = point.seen = wire
    number = point.newest + ((wire - point.newest + 0x8000) & 0xFFFF) - 0x8000
    point.newest = max(point.newest, number)
    if point.arrivals < ARRIVALS:
        arrivals[point.arrivals, 0] = number
        arrivals[point.arrivals, 1] = now
        point.arrivals += 1


@compiled
def take_report(w: Row, p: int, i: int, size: int, now: int) -> None:
    """A compound packet of the server's."""
    b = received(w, i)
    w.length = size
    if unprotect_rtcp(point_at(w, p).rx, w.rx + i * ROW, w.length_at) != 0:
        point_at(w, p).bad += 1
        return
    end = w.length
    at = 0
    while at + 8 <= end:
        kind = u8(b, at + 1)
        form = u8(b, at) & 31
        size = 4 * (u16(b, at + 2) + 1)
        if at + size > end:
            return
        if kind == 200 and size >= 28:
            note_sender(w, p, b, at, now)
        elif size >= 12 and kind in (205, 206):
            asked(w, p, b, at, size, kind, form)
        at += size


@compiled
def note_sender(w: Row, p: int, b: Rows, at: int, now: int) -> None:
    row = ssrcs_of(w, p)[find(ssrcs_of(w, p), u32(b, at + 4))]
    if row[0] >= 0:
        slot = slot_at(w, p * SLOTS + (row[1] >> 1))
        slot.lsr = u32(b, at + 8) << 16 & 0xFFFF_0000 | u32(b, at + 12) >> 16
        slot.lsr_us = now


@compiled
def asked(w: Row, p: int, b: Rows, at: int, size: int, kind: int, form: int) -> None:
    """A keyframe, or packets again."""
    media = u32(b, at + 8)
    for s in range(p * STREAMS + 1, (p + 1) * STREAMS):
        if stream_at(w, s).ssrc != media:
            continue
        if kind == 206 and form == 1:
            stream_at(w, s).key = 1
        elif kind == 205 and form == 1:
            for item in range(at + 12, at + size, 4):
                first = u16(b, item)
                mask = u16(b, item + 2)
                send_again(w, s, first)
                for bit in range(16):
                    if mask >> bit & 1:
                        send_again(w, s, first + bit + 1 & 0xFFFF)


__all__ = [
    "FEEDBACK_US",
    "REPORT_US",
    "ask_missing",
    "feedback",
    "find",
    "found",
    "keyframe_please",
    "note_arrival",
    "note_missing",
    "receiver_report",
    "sender_report",
    "take_report",
]
