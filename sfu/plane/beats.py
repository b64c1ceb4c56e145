"""How punctual the worker's loop is: how long its last hundred ticks took, and how late it woke for its last
five hundred beats: ten seconds of each. Without I/O."""

from collections import deque
from collections.abc import Iterable

from sfu import Spread

TICKS, WAKES = 100, 500


class Beats:
    __slots__ = ("_late_us", "_tick_us")

    def __init__(self) -> None:
        self._tick_us: deque[int] = deque(maxlen=TICKS)
        self._late_us: deque[int] = deque(maxlen=WAKES)

    def ticked(self, took_s: float) -> None:
        self._tick_us.append(int(took_s * 1e6))

    def woke(self, late_s: float) -> None:
        """The loop came to a beat so long after its time."""
        self._late_us.append(max(0, int(late_s * 1e6)))

    @property
    def tick(self) -> Spread:
        return _spread(self._tick_us)

    @property
    def late(self) -> Spread:
        return _spread(self._late_us)


def _spread(values: Iterable[int]) -> Spread:
    found = sorted(values)
    if not found:
        return Spread()
    last = len(found) - 1
    return Spread(found[round(0.5 * last)], found[round(0.99 * last)], found[last])
