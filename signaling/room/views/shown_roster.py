"""The roster, as it was shown last, and when it is to be shown again. Pure.

A change is shown to everybody at once, and the next ones together, `roster_every_s` after it: when a hundred
people come in within seconds, nobody needs a hundred lists of all. Somebody who has just come in is shown
it at once, whatever is due.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import is_

from signaling import protocol as m
from signaling.model.ids import Instant, SessionId
from signaling.room.state.effects import Effect, Tell
from signaling.room.state.state import State
from signaling.room.views import roster


@dataclass(frozen=True, slots=True)
class ShownRoster:
    people: tuple[m.ParticipantView, ...] = ()
    version: int = 0
    told_version: int = 0
    """Everybody has been shown this one."""
    told_s: float = float("-inf")
    """When that was."""
    seats: tuple[object, ...] = ()
    lines: tuple[object, ...] = ()
    """What `people` was made from."""
    is_stale: bool = False
    """Something of that has changed."""

    def due_s(self, every_s: float) -> float | None:
        """When it is to be shown; None: everybody has seen it as it is."""
        return self.told_s + every_s if self.is_stale or self.version != self.told_version else None

    def now(self, state: State, now: Instant, *, needed: bool) -> "ShownRoster":
        """After an input; the same object while nothing can have changed. needed: somebody is to be shown it
        now. Otherwise it is not made before it is due."""
        seats, lines = tuple(state.seats.values()), roster.basis(state)
        same = len(seats) == len(self.seats) and all(map(is_, seats, self.seats)) and lines == self.lines
        if same and not self.is_stale:
            return self
        stale = replace(self, seats=seats, lines=lines, is_stale=True)
        due_s = stale.due_s(state.limits.roster_every_s)
        if not needed and due_s is not None and now.s < due_s:
            return stale
        people = roster.participants(state)
        if people == self.people:
            return replace(stale, is_stale=False)
        return replace(stale, people=people, version=self.version + 1, is_stale=False)

    def tell(
        self, state: State, audience: Iterable[SessionId], come: tuple[SessionId, ...], now: Instant
    ) -> tuple["ShownRoster", tuple[Effect, ...]]:
        """What is to be sent, and what has been shown after that. come: those who see it since this input."""
        due_s = self.due_s(state.limits.roster_every_s)
        is_due = due_s is not None and now.s >= due_s
        to = tuple(audience) if is_due else come
        shown = replace(self, told_version=self.version, told_s=now.s) if is_due else self
        told = (Tell(to, m.Roster(self.version, self.people)),) if to else ()
        return shown, told
