"""The line board: the last minutes of everyone's line, for staff and technicians.

It is not part of a Room's checkpoint: a measurement is not a decision that could be taken back, and copying
fifty rings at each input would cost more than the input.
"""

from collections import deque
from collections.abc import Iterable

from signaling.model.ids import ParticipantId
from signaling.protocol import Lines
from signaling.protocol.line_views import LinePoint, LineSeries

POINTS = 90
"""Three minutes at one report every two seconds."""
EVERY_S = 2.0


class Board:
    def __init__(self) -> None:
        self._rings: dict[ParticipantId, deque[LinePoint]] = {}
        self._fresh: set[ParticipantId] = set()
        self.due_s: float | None = None
        """When the new points are to be sent; None while there are none."""

    def add(self, participant: ParticipantId, point: LinePoint, now_s: float) -> None:
        self._rings.setdefault(participant, deque(maxlen=POINTS)).append(point)
        self._fresh.add(participant)
        if self.due_s is None:
            self.due_s = now_s + EVERY_S

    def whole(self, inside: Iterable[ParticipantId]) -> Lines:
        """Everything known about the people inside."""
        rings = ((who, self._rings.get(who)) for who in inside)
        return Lines(tuple(LineSeries(who, tuple(ring)) for who, ring in rings if ring), whole=True)

    def take(self, inside: Iterable[ParticipantId]) -> Lines | None:
        """The newest point of everyone who has one that was not taken before. People who have left are
        forgotten."""
        self._rings = {who: self._rings[who] for who in inside if who in self._rings}
        lines = tuple(LineSeries(who, (ring[-1],)) for who, ring in self._rings.items() if who in self._fresh)
        self._fresh.clear()
        self.due_s = None
        return Lines(lines, whole=False) if lines else None
