"""Keeping an account out of a meeting: until somebody lifts the ban, or until its end.

A ban belongs to the account and goes on from one run of the meeting to the next, as a seat that is banned.
"""

from dataclasses import replace

from signaling.model.ids import Instant
from signaling.model.seat import ban_holds
from signaling.model.text import one_line
from signaling.model.words import Why
from signaling.protocol import Ban, Bye, Lift
from signaling.room.rules import entering, lobby
from signaling.room.state.effects import Effect, Keep, Outcome, Refused
from signaling.room.state.inputs import Lifted
from signaling.room.state.notes import note
from signaling.room.state.seat import Seat
from signaling.room.state.seat_states import SeatEvent, moved
from signaling.room.state.state import State

DAY_MS = 24 * 3600 * 1000
LOOK_S = 60.0
"""An end is a time by the clock on the wall, which may be set, so it is looked at this often."""


def ban(state: State, seat: Seat, message: Ban, now: Instant) -> Outcome:
    """Keep an account out, whatever browser it uses. The person may be inside, waiting, or gone a moment ago;
    an account that never knocked cannot be named."""
    target = state.by_id(message.participant)
    if target is None or target.place == 0 or target.banned:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    reason = one_line(message.reason)
    why = entering.unremovable(seat, target, reason)
    if why is not None:
        return Refused(why)
    until_ms = now.unix_ms + message.days * DAY_MS if message.days else 0
    target = replace(target, banned=True, banned_until_ms=until_ms)
    if target.admitted:
        effects = entering.remove(state, target, Bye(Why.BANNED, reason), now, by=seat)
    else:
        out = replace(moved(target, SeatEvent.BAN, now), kicked=True, reason=reason)
        effects = lobby.settle(state, out, first=False)
    return (*effects, note("banned", seat, target, ("reason", reason), until_ms=until_ms))


def lift(state: State, seat: Seat, message: Lift, _: Instant) -> Outcome:
    """The account may knock again; a person has to admit it alone. Nobody can lift their own ban."""
    target = state.by_id(message.participant)
    if target is None or not target.banned:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    return (*_lifted(state, target), note("ban-lifted", seat, target))


def lifted_elsewhere(state: State, done: Lifted) -> Outcome:
    """The sysadmin lifted bans at the terminal, which has written it down."""
    effects: list[Effect] = []
    for seat in list(state.seats.values()):
        if seat.banned and seat.account.id in done.accounts:
            effects += _lifted(state, seat)
    return tuple(effects)


def sweep(state: State, now: Instant) -> tuple[Effect, ...]:
    """Lift the bans whose end has come."""
    effects: list[Effect] = []
    for seat in list(state.seats.values()):
        if seat.banned and not ban_holds(seat, now.unix_ms):
            effects += (*_lifted(state, seat), note("ban-lifted", None, seat, ended=1))
    limited = any(seat.banned_until_ms for seat in state.seats.values())
    looked_s = now.s if limited else None
    if looked_s != state.facts.bans_looked_s:
        state.facts = replace(state.facts, bans_looked_s=looked_s)
    return tuple(effects)


def next_deadline(state: State) -> float | None:
    looked_s = state.facts.bans_looked_s
    return None if looked_s is None else looked_s + LOOK_S


def _lifted(state: State, seat: Seat) -> tuple[Effect, ...]:
    state.put(replace(seat, banned=False, banned_until_ms=0))
    return (Keep((seat.account.id,)),)
