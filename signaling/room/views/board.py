"""The line board: the last minutes of everyone's line, for staff and technicians.

The measurements are not part of a Room's checkpoint: they are no decision that could be taken back, and
copying fifty rings at each input would cost more than the input. What is still to be sent is.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from signaling.model.ids import ParticipantId
from signaling.protocol import Lines
from signaling.protocol.line_views import LinePoint, LineSeries

POINTS = 90
"""Three minutes at one report every two seconds."""
EVERY_S = 2.0


class Unsent(NamedTuple):
    fresh: frozenset[ParticipantId]
    due_s: float | None


class Board:
    def __init__(self) -> None:
        self._rings: dict[ParticipantId, deque[LinePoint]] = {}
        self._fresh: frozenset[ParticipantId] = frozenset()
        self.due_s: float | None = None
        """When the new points are to be sent; None while there are none."""

    def add(self, participant: ParticipantId, point: LinePoint, now_s: float) -> None:
        self._rings.setdefault(participant, deque(maxlen=POINTS)).append(point)
        self._fresh |= {participant}
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
        self._fresh = frozenset()
        self.due_s = None
        return Lines(lines, whole=False) if lines else None

    def unsent(self) -> Unsent:
        return Unsent(self._fresh, self.due_s)

    def send_again(self, unsent: Unsent) -> None:
        """What was taken after `unsent` was asked for, nobody has been sent."""
        self._fresh, self.due_s = unsent
