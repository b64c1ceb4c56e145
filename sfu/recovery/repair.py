"""Which packets of a layer are missing on the way up, and when the publisher is asked for them again.

The fast path sees the holes and passes on their unwrapped numbers; the plane asks fifty times a second what
is due. Source: RFC 4585 section 6.2.1 (generic NACK).
"""

from dataclasses import dataclass, field

from sfu.recovery.reports import GUESSED_RTT_S

MAX_MISSING = 128
"""Numbers to look for at a time. More are missing only after an interruption, and then a keyframe is the
better request: the oldest are given up."""
MAX_TRIES = 8
MAX_AGE_S = 1.0
"""Nobody waits longer for a picture: the receivers have asked for a keyframe long before."""
MIN_INTERVAL_S = 0.02
MARGIN = 1.1
"""Times the round trip: the answer takes that long, and the publisher needs a moment."""


@dataclass(slots=True)
class _Hole:
    seen_at: float
    asked_at: float = float("-inf")
    tries: int = 0


@dataclass(slots=True)
class Missing:
    """The missing numbers of one layer. `asked` and `given_up` count."""

    asked: int = 0
    given_up: int = 0
    _holes: dict[int, _Hole] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._holes)

    def add(self, first: int, last: int, now: float) -> None:
        """Some numbers in a row were skipped."""
        for number in range(max(first, last - MAX_MISSING + 1), last + 1):
            self._holes.setdefault(number, _Hole(now))
        for number in sorted(self._holes)[: max(0, len(self._holes) - MAX_MISSING)]:
            self._give_up(number)

    def numbers(self) -> list[int]:
        return list(self._holes)

    def keep(self, still: list[int]) -> None:
        """Only these have not come yet."""
        self._holes = {number: self._holes[number] for number in still if number in self._holes}

    def clear(self) -> None:
        """A keyframe has come, or the layer has begun anew: earlier packets are of no use."""
        self._holes.clear()

    def due(self, now: float, rtt_s: float | None) -> list[int]:
        """What to ask for now; each number at most once per round trip."""
        interval = max(MIN_INTERVAL_S, MARGIN * (GUESSED_RTT_S if rtt_s is None else rtt_s))
        wanted: list[int] = []
        for number, hole in list(self._holes.items()):
            if hole.tries >= MAX_TRIES or now - hole.seen_at > MAX_AGE_S:
                self._give_up(number)
            elif now - hole.asked_at >= interval:
                hole.asked_at = now
                hole.tries += 1
                wanted.append(number)
        self.asked += len(wanted)
        return wanted

    def _give_up(self, number: int) -> None:
        del self._holes[number]
        self.given_up += 1
