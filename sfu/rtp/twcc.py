"""Transport-wide congestion control feedback: which packets arrived, and when.

It is read from subscribers (for the downlink estimator) and written to publishers (their encoder follows it).
Shapes: numbers are per transport, one for each packet of any SSRC; arrival times in steps of 250 us, counted
from a reference time in steps of 64 ms that wraps after 2**24 of them. Source:
draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from sfu.errors import BadPacket

MAX_STATUSES = 8192
"""Packets that one feedback may report: 15 s of a busy downlink."""
MAX_FEEDBACK_BYTES = 1200
MAX_LATE_RUNS = 16
"""Late packets are reported separately, run by run; a sender that shuffles everything gets no more than
this."""
MAX_SEGMENTS = 16
"""The same for numbers or times that leap."""
MAX_REPORTED_LOST = 4096
"""In all that is written at a time: beyond that, a publisher's numbers leap. Otherwise a hundred packets
could declare hundreds of thousands lost."""

_FIXED = struct.Struct("!HHI")
_HEAD = struct.Struct("!BBHIIHHI")
_DELTA_US = 250
_REFERENCE_US = 64_000
_LOST, _SMALL, _LARGE, _RESERVED = 0, 1, 2, 3
_ONE_BIT_SYMBOLS, _TWO_BIT_SYMBOLS = 14, 7
_MAX_RUN = 0x1FFF
_MAX_DELTA = 0x7FFF


@dataclass(frozen=True, slots=True)
class TwccFeedback:
    """What arrived is listed; what did not is only counted, because two bytes may declare thousands of it."""

    sender_ssrc: int
    media_ssrc: int
    count: int
    """Number of this feedback, 8 bits."""
    base: int
    """The first number reported, 16 bits."""
    reported: int
    """How many numbers in a row are reported."""
    arrivals: tuple[tuple[int, int], ...]
    """(how far behind `base`, arrival in us on the receiver's clock), in order of the numbers."""


def parse_feedback_untrusted(sender_ssrc: int, media_ssrc: int, fci: bytes) -> TwccFeedback:
    """Read the feedback control information, which follows the two SSRCs. Raises BadPacket. The work is that
    of its bytes, whatever they declare."""
    if len(fci) < _FIXED.size:
        raise BadPacket("TWCC: short")
    base, count, last = _FIXED.unpack_from(fci)
    if not 0 < count <= MAX_STATUSES:
        raise BadPacket("TWCC: status count")
    symbols, at = _symbols_untrusted(fci, count)
    arrival = (last >> 8) * _REFERENCE_US
    arrivals: list[tuple[int, int]] = []
    for place, symbol in symbols:
        size = 1 if symbol == _SMALL else 2
        if at + size > len(fci):
            raise BadPacket("TWCC: deltas")
        arrival += int.from_bytes(fci[at : at + size], "big", signed=size == 2) * _DELTA_US
        at += size
        arrivals.append((place, arrival))
    return TwccFeedback(sender_ssrc, media_ssrc, last & 0xFF, base, count, tuple(arrivals))


def _symbols_untrusted(fci: bytes, count: int) -> tuple[list[tuple[int, int]], int]:
    """(place, symbol) of each of the `count` packets that arrived, and where the deltas begin. There are no
    more of them than bytes for their deltas."""
    symbols: list[tuple[int, int]] = []
    place, at = 0, _FIXED.size
    while place < count:
        if at + 2 > len(fci):
            raise BadPacket("TWCC: chunks")
        chunk = fci[at] << 8 | fci[at + 1]
        at += 2
        if not chunk & 0x8000:
            symbol, run = chunk >> 13, chunk & _MAX_RUN
            if not run:
                raise BadPacket("TWCC: empty run")
            run = min(run, count - place)
            if symbol != _LOST and run > len(fci):
                raise BadPacket("TWCC: deltas")
            found = [symbol] * run if symbol != _LOST else []
        elif chunk & 0x4000:
            found, run = [chunk >> shift & 3 for shift in range(12, -1, -2)], _TWO_BIT_SYMBOLS
        else:
            found, run = [chunk >> shift & 1 for shift in range(13, -1, -1)], _ONE_BIT_SYMBOLS
        if len(symbols) > len(fci):
            raise BadPacket("TWCC: deltas")
        symbols += [(place + i, symbol) for i, symbol in enumerate(found[: count - place]) if symbol != _LOST]
        place += run
    if any(symbol == _RESERVED for _, symbol in symbols):
        raise BadPacket("TWCC: reserved symbol")
    return symbols, at


class FeedbackWriter:
    """Writes a publisher's feedback. It remembers only where the last one ended, so that packets lost between
    two are reported as lost."""

    __slots__ = ("_count", "_next", "_sender_ssrc")

    def __init__(self, sender_ssrc: int) -> None:
        self._sender_ssrc = sender_ssrc
        self._count = 0
        self._next: int | None = None

    def write(self, media_ssrc: int, arrivals: Sequence[tuple[int, int]]) -> list[bytes]:
        """RTCP packets that report `arrivals`, pairs of (unwrapped number, arrival in us), in any order.

        A packet that arrives after its number was reported lost is reported again separately: senders keep
        lost packets for that case. Errors: cannot fail; no arrivals, no packets.
        """
        seen = sorted(dict(reversed(arrivals)).items())
        first = self._next
        late = [pair for pair in seen if first is not None and pair[0] < first]
        fresh = seen[len(late) :]
        segments = _runs(late)[-MAX_LATE_RUNS:]
        if fresh:
            begin = fresh[0][0] if first is None else first
            segments += [part for start, run in _segments(begin, fresh) for part in _fitting(start, run)]
            self._next = fresh[-1][0] + 1
        return [self._packet(media_ssrc, begin, segment) for begin, segment in segments]

    def _packet(self, media_ssrc: int, begin: int, segment: Sequence[tuple[int, int]]) -> bytes:
        chunks, deltas = _encode(begin, segment)
        reference = segment[0][1] // _REFERENCE_US & 0xFFFFFF
        padding = -(len(chunks) + len(deltas)) % 4
        length = (_HEAD.size + len(chunks) + len(deltas) + padding) // 4 - 1
        head = _HEAD.pack(
            0x80 | (0x20 if padding else 0) | 15,
            205,
            length,
            self._sender_ssrc,
            media_ssrc,
            begin & 0xFFFF,
            segment[-1][0] - begin + 1,
            reference << 8 | self._count,
        )
        self._count = (self._count + 1) & 0xFF
        tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
        return head + chunks + deltas + tail


_Segment = list[tuple[int, int]]


def _runs(pairs: _Segment) -> list[tuple[int, _Segment]]:
    """Runs without a hole, each with its first number."""
    runs: list[tuple[int, _Segment]] = []
    for number, arrival in pairs:
        if runs and number == runs[-1][1][-1][0] + 1:
            runs[-1][1].append((number, arrival))
        else:
            runs.append((number, [(number, arrival)]))
    return [
        part for begin, run in runs for start, some in _segments(begin, run) for part in _fitting(start, some)
    ]


def _segments(begin: int, pairs: _Segment) -> list[tuple[int, _Segment]]:
    """Numbers from `begin` on, split where numbers or times jump further than one feedback can say; each part
    with the first number that it reports. The newest MAX_SEGMENTS."""
    segments: list[tuple[int, _Segment]] = []
    following, previous, left = begin, pairs[0][1], MAX_REPORTED_LOST
    for number, arrival in pairs:
        lost = number - following
        is_leap = lost > left or lost >= MAX_STATUSES // 2
        left -= 0 if is_leap else lost
        far = abs(arrival - previous) // _DELTA_US >= _MAX_DELTA - 1
        if not segments or is_leap or far or number - segments[-1][0] >= MAX_STATUSES // 2:
            segments.append((number if is_leap else following, []))
        segments[-1][1].append((number, arrival))
        following, previous = number + 1, arrival
    return segments[-MAX_SEGMENTS:]


def _fitting(begin: int, segment: _Segment) -> list[tuple[int, _Segment]]:
    """Halve a segment until each part fits into MAX_FEEDBACK_BYTES."""
    chunks, deltas = _encode(begin, segment)
    if len(segment) == 1 or _HEAD.size + len(chunks) + len(deltas) + 3 <= MAX_FEEDBACK_BYTES:
        return [(begin, segment)]
    half = len(segment) // 2
    return _fitting(begin, segment[:half]) + _fitting(segment[half - 1][0] + 1, segment[half:])


def _encode(begin: int, segment: Sequence[tuple[int, int]]) -> tuple[bytes, bytes]:
    """Status chunks and receive deltas."""
    symbols: list[int] = []
    deltas = bytearray()
    clock = segment[0][1] // _REFERENCE_US * _REFERENCE_US
    following = begin
    for number, arrival in segment:
        symbols += [_LOST] * (number - following)
        following = number + 1
        delta = (arrival - clock + _DELTA_US // 2) // _DELTA_US
        clock += delta * _DELTA_US
        if 0 <= delta <= 0xFF:
            symbols.append(_SMALL)
            deltas.append(delta)
        else:
            symbols.append(_LARGE)
            deltas += delta.to_bytes(2, "big", signed=True)
    return _chunks(symbols), bytes(deltas)


def _chunks(symbols: list[int]) -> bytes:
    """Greedy: a run where it saves something, else 14 one-bit or 7 two-bit symbols."""
    out = bytearray()
    at = 0
    while at < len(symbols):
        symbol = symbols[at]
        run = 1
        while run < _MAX_RUN and at + run < len(symbols) and symbols[at + run] == symbol:
            run += 1
        window = symbols[at : at + _ONE_BIT_SYMBOLS]
        one_bit = _LARGE not in window
        if run >= (_ONE_BIT_SYMBOLS if one_bit else _TWO_BIT_SYMBOLS) or run == len(window):
            chunk, taken = symbol << 13 | run, run
        elif one_bit:
            taken = _ONE_BIT_SYMBOLS
            chunk = 0x8000 | sum(bit << (13 - place) for place, bit in enumerate(window))
        else:
            taken = _TWO_BIT_SYMBOLS
            chunk = 0xC000 | sum(two << (12 - 2 * place) for place, two in enumerate(window[:7]))
        out += chunk.to_bytes(2, "big")
        at += taken
    return bytes(out)
