"""A Room: the live rules and people of one run of a Meeting. Pure: no socket, no clock, no chance.

    input ──> roles (may this one, here?) ──> one small rule ──> effects, or Refused(code)

Fed by `signaling.house`, one input at a time. Laws, held by a stateful test:
- Refused leaves the state as it was.
- Nobody who is not admitted has an endpoint in the media plane.
- HOST on a gate is lifted by an operator's or chair's unmute only; leaving, dropping, taking over and
  being admitted again do not lift it.
- Versions of roster and lobby only grow, and whoever may see them has seen the newest.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, assert_never

from signaling import gating, lines, lobby, roster, seats, state
from signaling import messages as m
from signaling.effects import Effect, Outcome, Refused, Tell
from signaling.inputs import Answered, Dropped, Elapsed, Enter, Input, Noticed, Said, WorkerBack
from signaling.messages import ClientMessage, Why
from signaling.records import Instant
from signaling.roles import RULES, refusal
from signaling.seat import Seat
from signaling.state import State

Rule = Callable[[State, Seat, Any, Instant], Outcome]

HANDLERS: dict[type[ClientMessage], Rule] = {
    m.Knock: lobby.knock,
    m.Withdraw: lobby.withdraw,
    m.Admit: lobby.admit,
    m.AdmitAll: lobby.admit_all,
    m.Refuse: lobby.refuse,
    m.Offer: lines.offer,
    m.ShowTiles: lines.show_tiles,
    m.SetSource: gating.set_source,
    m.Mute: gating.mute,
    m.Unmute: gating.unmute,
    m.MuteAll: gating.mute_all,
    m.Leave: seats.leave,
    m.Kick: seats.kick,
    m.EndMeeting: seats.end,
}
assert HANDLERS.keys() == RULES.keys()


class Checkpoint(NamedTuple):
    """All of a Room as a value: to go back to, and to compare."""

    state: state.Checkpoint
    shown: tuple[tuple[m.ParticipantView, ...], int, tuple[m.KnockView, ...], int]


class Room:
    def __init__(self, start: State) -> None:
        self.state = start
        self._roster: tuple[m.ParticipantView, ...] = ()
        self._lobby: tuple[m.KnockView, ...] = ()
        self._roster_version = 0
        self._lobby_version = 0

    def apply(self, happened: Input, now: Instant) -> Outcome:
        """Carry out one input. Returns what is to be done about it, or why it is refused."""
        if self.state.ended:
            return () if not isinstance(happened, Enter | Said) else Refused(Why.MEETING_ENDED)
        audience, staff = set(self.state.audience()), set(self.state.staff())
        outcome = self._decide(happened, now)
        if isinstance(outcome, Refused):
            return outcome
        return (*outcome, *self._show_roster(audience), *self._show_lobby(staff))

    def _decide(self, happened: Input, now: Instant) -> Outcome:
        match happened:
            case Said():
                return self._said(happened, now)
            case Enter():
                return seats.enter(self.state, happened, now)
            case Dropped():
                return seats.drop(self.state, happened, now)
            case Answered():
                return lines.answered(self.state, happened)
            case Noticed():
                return lines.noticed(self.state, happened.event)
            case WorkerBack():
                return lines.worker_back(self.state, happened)
            case Elapsed():
                return seats.elapse(self.state, now)
            case _:
                assert_never(happened)

    def _said(self, said: Said, now: Instant) -> Outcome:
        seat = self.state.by_session(said.session)
        if seat is None:
            return Refused(Why.OUT_OF_ORDER)
        why = refusal(type(said.message), seat.account.role, seat.state)
        if why is not None:
            return Refused(why)
        return HANDLERS[type(said.message)](self.state, seat, said.message, now)

    def _show_roster(self, had: set[Any]) -> tuple[Effect, ...]:
        """To everyone inside when it changed, else to those who may see it since this input."""
        views = roster.participants(self.state)
        changed = views != self._roster
        if changed:
            self._roster = views
            self._roster_version += 1
        to = tuple(s for s in self.state.audience() if changed or s not in had)
        return (Tell(to, m.Roster(self._roster_version, views)),) if to else ()

    def _show_lobby(self, had: set[Any]) -> tuple[Effect, ...]:
        views = roster.knocks(self.state)
        changed = views != self._lobby
        if changed:
            self._lobby = views
            self._lobby_version += 1
        to = tuple(s for s in self.state.staff() if changed or s not in had)
        return (Tell(to, m.Lobby(self._lobby_version, views)),) if to else ()

    def checkpoint(self) -> Checkpoint:
        shown = (self._roster, self._roster_version, self._lobby, self._lobby_version)
        return Checkpoint(self.state.checkpoint(), shown)

    def restore(self, to: Checkpoint) -> None:
        """Take back an input whose effects nobody has seen."""
        self.state.restore(to.state)
        self._roster, self._roster_version, self._lobby, self._lobby_version = to.shown

    def next_deadline(self) -> float | None:
        """Monotonic seconds at which `Elapsed` has something to do."""
        return seats.next_deadline(self.state)
