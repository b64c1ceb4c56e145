"""What people were shown last, and who has to be shown something new. Pure.

A view that has changed is sent to everyone it is meant for. One that has not is sent to people who may see it
since this input, because they came in, came back, or became staff. Versions only grow.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import is_
from typing import Generic, NamedTuple, TypeVar

from signaling import protocol as m
from signaling.model.ids import SessionId
from signaling.model.run import Request
from signaling.room.rules import talk
from signaling.room.state.effects import Effect, Tell
from signaling.room.state.seat import Seat
from signaling.room.state.state import State
from signaling.room.views import floor, recording, staff

V = TypeVar("V")


class Viewers(NamedTuple):
    """The sessions that could see each kind of view before the input."""

    audience: frozenset[SessionId]
    staff: frozenset[SessionId]
    staff_inside: frozenset[SessionId]
    watching: frozenset[SessionId]
    looking: frozenset[SessionId]


def viewers_of(state: State) -> Viewers:
    return Viewers(
        frozenset(state.audience()),
        frozenset(state.staff()),
        frozenset(state.staff_inside()),
        frozenset(state.watching()),
        frozenset(state.looking()),
    )


@dataclass(frozen=True, slots=True)
class View(Generic[V]):
    """One view, as it was shown last."""

    value: V
    version: int = 0

    def now(self, value: V) -> "View[V]":
        """The same object while nothing changed."""
        return self if value == self.value else View(value, self.version + 1)


@dataclass(frozen=True, slots=True)
class Views:
    """All views except the roster, as they were shown last."""

    lobby: View[tuple[tuple[m.KnockView, ...], tuple[m.BannedView, ...]]] = View(((), ()))
    floor: View[m.Floor | None] = View(None)
    requests: View[tuple[Request, ...]] = View(())
    departures: View[tuple[m.DepartureView, ...]] = View(())
    voices: View[m.Voices] = View(m.Voices((), ()))
    recording: View[m.Recording | None] = View(None)
    basis: tuple[object, ...] = ()
    """What they were made from."""

    def now(self, state: State, *, held: bool = False, anew: bool = False) -> "Views":
        """The views after an input; the same object when nothing in them can have changed. Most inputs are
        reports about lines, and most of those change nothing: seats, record and hearing are then the very
        same objects. held: the roster is shown later, and what only follows from who is in it; anew: it was
        held, and is shown now."""
        basis = (
            *(state.run, state.hearing, state.recorder, state.meeting, state.recipients),
            *state.seats.values(),
        )
        if not anew and len(basis) == len(self.basis) and all(map(is_, basis, self.basis)):
            return self
        return replace(
            self,
            basis=basis,
            lobby=self.lobby.now((staff.knocks(state), staff.banned(state))),
            floor=self._floor(state, held),
            requests=self.requests.now(state.run.requests),
            departures=self.departures.now(staff.departures(state)),
            voices=self.voices.now(staff.voices(state)),
            recording=self.recording.now(recording.view(state)),
        )

    def _floor(self, state: State, held: bool) -> View[m.Floor | None]:
        """How many points there are to speak changes with everybody who comes in."""
        shown, before = floor.view(state), self.floor.value
        if held and before is not None and floor.with_progress(shown, before.progress) == before:
            return self.floor
        return self.floor.now(shown)


def tell(before: Views, after: Views, state: State, viewers: Viewers) -> tuple[Effect, ...]:
    """What has to be sent, and to whom."""
    inside, admitting, presiding = state.audience(), state.staff(), state.staff_inside()
    told: list[Effect | None] = [
        _to(
            admitting,
            after.lobby is not before.lobby,
            viewers.staff,
            m.Lobby(after.lobby.version, *after.lobby.value),
        ),
    ]
    if after.floor.value is not None:
        numbered = floor.numbered(after.floor.value, after.floor.version)
        told.append(_to(inside, after.floor is not before.floor, viewers.audience, numbered))
    left = m.Departures(after.departures.version, after.departures.value)
    told.append(_to(presiding, after.departures is not before.departures, viewers.staff_inside, left))
    told.append(_to(presiding, after.voices is not before.voices, viewers.staff_inside, after.voices.value))
    if after.recording.value is not None:
        light = after.recording is not before.recording
        told.append(_to(state.looking(), light, viewers.looking, after.recording.value))
    come = [session for session in admitting if session not in viewers.staff]
    return (
        *(effect for effect in told if effect is not None),
        *talk.told(state, come),
        *_requests(before, after, state, viewers),
    )


def _to(
    sessions: Iterable[SessionId], changed: bool, viewers: frozenset[SessionId], message: m.ServerMessage
) -> Tell | None:
    to = tuple(session for session in sessions if changed or session not in viewers)
    return Tell(to, message) if to else None


def _requests(before: Views, after: Views, state: State, viewers: Viewers) -> list[Effect]:
    """Staff are sent all requests, others their own, so everybody gets a message of their own."""
    changed = after.requests is not before.requests
    concerned = {one.participant for one in (*before.requests.value, *after.requests.value)}
    effects: list[Effect] = []
    for seat in state.admitted():
        session = seat.session
        mine = changed and (seat.staff or seat.id in concerned)
        if seat.online and session is not None and (mine or _sees_now(seat, session, viewers)):
            message = m.Requests(after.requests.version, staff.requests(state, seat))
            effects.append(Tell((session,), message))
    return effects


def _sees_now(seat: Seat, session: SessionId, viewers: Viewers) -> bool:
    """The session has just begun to see requests, or sees others than before: it came in, or is staff now or
    no longer."""
    if seat.staff:
        return session not in viewers.staff_inside
    return session not in viewers.audience or session in viewers.staff_inside
