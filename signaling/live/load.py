"""How much is going on in all live rooms, for the metrics. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signaling.protocol.line_views import Quality
from signaling.room.state.state import State


@dataclass(frozen=True, slots=True)
class Load:
    rooms: int
    sessions: int
    admitted: int
    waiting: int
    checks: int
    lines: Mapping[tuple[str, Quality], int]
    """Lines of those who are connected, by meeting and quality."""


def load_of(states: Sequence[State], sessions: int) -> Load:
    return Load(
        rooms=len(states),
        sessions=sessions,
        admitted=sum(len(state.admitted()) for state in states),
        waiting=sum(len(state.waiting()) for state in states),
        checks=sum(len(state.checks) for state in states),
        lines=Counter(
            (state.meeting.code, state.line(seat.id).quality)
            for state in states
            for seat in state.admitted()
            if seat.online and seat.offered
        ),
    )
