"""What transport-wide feedback says about the packets we sent. It is untrusted: a client may report anything.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01. libwebrtc reports a late packet by going back to
it and reporting everything after it once more, so repetition is normal and must not count twice; and a packet
that is missing in one feedback may only be late.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sfu.rtp.twcc import TwccFeedback

MAX_READ = 1024
"""Packets read from one feedback, the newest ones. An honest feedback reports so many only after an
interruption, and what was sent into that teaches nothing."""
WINDOW = 4096
"""How many packets back are told apart; the fast path remembers as many."""
MAX_GAP, MAX_GAP_US = 256, 1_000_000
"""A lost feedback reported no more packets and time than this; beyond it nothing is guessed."""
_CLOCK_US = (1 << 24) * 64_000
"""The receiver's clock starts again after this: 12.4 days."""
_MISSING, _ARRIVED = 1, 2


_Packets = list[tuple[int, int | None]]
"""(16-bit number, arrival on the receiver's clock or None), in order."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One packet of ours, as the receiver reports it."""

    sent_us: int
    size: int
    """Bytes of the RTP packet before protection."""
    arrived_us: int | None
    """On the receiver's clock, unwrapped; None: it did not arrive."""


class FeedbackReader:
    """Turns feedback into deliveries, each packet at most once as lost and once as arrived. One for each
    transport."""

    __slots__ = ("_clock", "_delay_us", "_missing", "_newest", "_state", "ignored")

    def __init__(self) -> None:
        self.ignored = 0
        """Reports that said nothing new, or named a packet that was never sent, or too long ago."""
        self._newest: int | None = None
        self._state = bytearray(WINDOW)
        self._missing: dict[int, Delivery] = {}
        self._clock = 0
        self._delay_us = 0
        """Arrival minus departure of the last packet that arrived"""

    def read(
        self,
        feedback: TwccFeedback,
        sent: Callable[[int], tuple[int, int] | None],
        most: int = MAX_READ,
    ) -> list[Delivery]:
        """What is new in this feedback, oldest losses first; `most`: how many packets of it to read, the
        newest ones.

        Shapes: sent(16-bit number) -> (sent us, bytes), or None for one that was not sent recently. It is the
        truth: what it does not know is not believed. A missing packet is reported lost only when the next
        feedback does not bring it either. Errors: cannot fail.
        """
        packets = _newest(feedback, min(most, MAX_READ))
        self.ignored += feedback.reported - len(packets)
        if not packets:
            return []
        clock = self._unwrap_clock(packets)
        doubtful, self._missing = self._missing, {}
        arrived = self._bridge(packets, clock, sent)
        for wire, arrival in packets:
            known = sent(wire)
            if known is None:
                self.ignored += 1
                continue
            number = self._unwrap(wire)
            state = self._state
            at = number % WINDOW
            if arrival is None:
                if state[at]:
                    self.ignored += 1
                else:
                    state[at] = _MISSING
                    self._missing[number] = Delivery(known[0], known[1], None)
            elif state[at] == _ARRIVED:
                self.ignored += 1
            else:
                state[at] = _ARRIVED
                doubtful.pop(number, None)
                arrived.append(Delivery(known[0], known[1], arrival + clock))
        self._spare_overtaken(max((delivery.sent_us for delivery in arrived), default=0))
        if arrived:
            last = arrived[-1]
            self._clock = last.arrived_us or 0
            self._delay_us = self._clock - last.sent_us
        return [*doubtful.values(), *arrived] if doubtful else arrived

    def _spare_overtaken(self, horizon_us: int) -> None:
        """Pictures that were paced left after the voices that overtook them: a packet that left later than
        everything in this feedback cannot be missing in it yet."""
        for number in [n for n, missing in self._missing.items() if missing.sent_us > horizon_us]:
            del self._missing[number]
            self._state[number % WINDOW] = 0

    def _bridge(
        self,
        packets: _Packets,
        clock: int,
        sent: Callable[[int], tuple[int, int] | None],
    ) -> list[Delivery]:
        """Packets between the last feedback and this one: a feedback in between was lost, and its packets
        will never be reported. They are assumed to have arrived, as late as the later of their neighbours;
        otherwise the line would seem to have stood still."""
        wire, first = next(((wire, arrival) for wire, arrival in packets if arrival is not None), (0, None))
        if first is None or self._newest is None:
            return []
        gap = (packets[0][0] - self._newest - 1) & 0xFFFF
        known = sent(wire)
        if not 0 < gap <= MAX_GAP or known is None or not 0 <= first + clock - self._clock <= MAX_GAP_US:
            return []
        delay = max(self._delay_us, first + clock - known[0])
        bridged = []
        for between in range(self._newest + 1, self._newest + 1 + gap):
            passed = sent(between & 0xFFFF)
            if passed is not None:
                self._state[self._unwrap(between & 0xFFFF) % WINDOW] = _ARRIVED
                bridged.append(Delivery(passed[0], passed[1], min(passed[0] + delay, first + clock)))
        return bridged

    def _unwrap_clock(self, packets: _Packets) -> int:
        """What to add to this feedback's times."""
        first = next((arrival for _, arrival in packets if arrival is not None), None)
        if first is None:
            return 0
        half = _CLOCK_US // 2
        return self._clock + (first - self._clock + half) % _CLOCK_US - half - first

    def _unwrap(self, wire: int) -> int:
        """The number without wrapping; makes room in the window for a newer one."""
        newest = self._newest
        if newest is None:
            self._newest = wire
            return wire
        number = newest + ((wire - newest + 0x8000) & 0xFFFF) - 0x8000
        if number > newest:
            if number - newest >= WINDOW:
                self._state = bytearray(WINDOW)
            else:
                for between in range(newest + 1, number + 1):
                    self._state[between % WINDOW] = 0
            self._newest = number
        elif newest - number >= WINDOW:
            # It was sent recently, so it cannot be that old: half a cycle of numbers went without feedback.
            number += 0x10000
            self._state = bytearray(WINDOW)
            self._missing.clear()
            self._newest = number
        return number


def _newest(feedback: TwccFeedback, most: int) -> _Packets:
    """The last numbers that a feedback reports, with their arrivals."""
    arrivals = dict(feedback.arrivals)
    first = max(0, feedback.reported - most)
    return [
        ((feedback.base + place) & 0xFFFF, arrivals.get(place)) for place in range(first, feedback.reported)
    ]


__all__ = ["MAX_READ", "WINDOW", "Delivery", "FeedbackReader"]
