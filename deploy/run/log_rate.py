"""How often one event may stand in the log. Without I/O.

Each event has an allowance of its own: a burst, then a steady trickle. What is left out is counted, and the
count goes with the next line of that event, or into a line of its own when no more come.
"""

from collections import OrderedDict
from dataclasses import dataclass

BURST = 60.0
"""Lines of one event at once: more than an operator who admits a whole district one after the other."""
PER_S = 1.0
TRACEBACK_LINES = 20.0
"""What a line with a traceback costs."""
MAX_EVENTS = 512
"""Events remembered; the one that was silent for longest is dropped first."""


@dataclass(slots=True)
class _Allowance:
    lines: float
    at_s: float
    left_out: int = 0

    def refill(self, now_s: float) -> None:
        self.lines = min(BURST, self.lines + max(0.0, now_s - self.at_s) * PER_S)
        self.at_s = now_s


class LogRate:
    """An event is named by a text: where it is logged, and which kind of fault it reports."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, _Allowance] = OrderedDict()
        self._owed: dict[str, int] = {}
        """What was left out of events that are no longer remembered."""

    def take(self, event: str, lines: float, now_s: float) -> int | None:
        """None: leave it out. Otherwise write it; the number says how many before it were left out."""
        allowance = self._events.get(event)
        if allowance is None:
            allowance = self._events[event] = _Allowance(BURST, now_s)
            self._forget()
        self._events.move_to_end(event)
        allowance.refill(now_s)
        if allowance.lines < lines:
            allowance.left_out += 1
            return None
        allowance.lines -= lines
        before, allowance.left_out = allowance.left_out, 0
        return before

    def settle(self, now_s: float, *, all_of_them: bool = False) -> list[tuple[str, int]]:
        """Events of which lines were left out and that have been silent since, with the count of each; after
        that they owe nothing."""
        owed = list(self._owed.items())
        self._owed.clear()
        for event, allowance in self._events.items():
            silent = now_s - allowance.at_s >= BURST / PER_S
            if allowance.left_out and (silent or all_of_them):
                owed.append((event, allowance.left_out))
                allowance.left_out = 0
        return owed

    def _forget(self) -> None:
        while len(self._events) > MAX_EVENTS:
            event, allowance = self._events.popitem(last=False)
            if allowance.left_out and len(self._owed) < MAX_EVENTS:
                self._owed[event] = self._owed.get(event, 0) + allowance.left_out
