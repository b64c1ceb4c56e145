"""What is missing of a layer on its way up, and when the publisher is asked for it again.

Pure. Holes are seen by the fast path and come here with their unwrapped numbers; the plane asks fifty times a
second what is due. Source: RFC 4585 section 6.2.1 (generic NACK).
"""

from dataclasses import dataclass, field

from sfu.recovery.reports import GUESSED_RTT_S

LIMIT = 128
"""Numbers looked for at a time. More are missing only after a cut, and then a keyframe is the better request:
the oldest are given up."""
TRIES = 8
GIVE_UP_S = 1.0
"""Older than this a picture is not waited for: the receivers have asked for a keyframe long before."""
MIN_INTERVAL_S = 0.02
MARGIN = 1.1
"""Of the round trip: the answer takes as long as that, and the publisher a moment."""


@dataclass(slots=True)
class _Hole:
    seen_at: float
    asked_at: float = float("-inf")
    tries: int = 0


@dataclass(slots=True)
class Missing:
    """Of one layer. `asked` and `given_up` count."""

    asked: int = 0
    given_up: int = 0
    _holes: dict[int, _Hole] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._holes)

    def add(self, first: int, last: int, now: float) -> None:
        """A stretch of numbers was jumped over."""
        for number in range(max(first, last - LIMIT + 1), last + 1):
            self._holes.setdefault(number, _Hole(now))
        for number in sorted(self._holes)[: max(0, len(self._holes) - LIMIT)]:
            self._give_up(number)

    def numbers(self) -> list[int]:
        return list(self._holes)

    def keep(self, still: list[int]) -> None:
        """Only these have not come yet."""
        self._holes = {number: self._holes[number] for number in still if number in self._holes}

    def clear(self) -> None:
        """A keyframe has come, or the layer has begun anew: what was missing before it is of no use."""
        self._holes.clear()

    def due(self, now: float, rtt_s: float | None) -> list[int]:
        """What is to be asked for now; each number at most once in a round trip."""
        interval = max(MIN_INTERVAL_S, MARGIN * (GUESSED_RTT_S if rtt_s is None else rtt_s))
        wanted: list[int] = []
        for number, hole in list(self._holes.items()):
            if hole.tries >= TRIES or now - hole.seen_at > GIVE_UP_S:
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
