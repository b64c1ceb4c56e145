"""Knocking and being let in. Who is admitted is decided by a person; staff need no one to admit them."""

from dataclasses import replace

from signaling import gating
from signaling.admission import caller, one_line
from signaling.effects import Effect, Keep, Note, Outcome, Refused, Tell
from signaling.messages import (
    Admit,
    AdmitAll,
    Ban,
    Knock,
    Lift,
    Lock,
    Refuse,
    SeatState,
    SendBack,
    Why,
    Withdraw,
)
from signaling.messages import Seat as SeatMessage
from signaling.records import Instant
from signaling.seat import STAFF, Seat
from signaling.state import State


def knock(state: State, seat: Seat, message: Knock, now: Instant) -> Outcome:
    """Ask to enter. Knocking again while waiting corrects what was said and keeps the place."""
    who = caller(message, seat.account, state.units)
    if isinstance(who, Why):
        return Refused(who)
    said = replace(seat, unit=who.unit, name=who.name, present=who.present, total=who.total)
    if seat.waiting:
        return _settle(state, said, first=True)
    if said.account.role in STAFF and not said.kicked:
        if _free(state, state.limits.staff_extra) <= 0:
            return Refused(Why.ROOM_FULL)
        return _admit(state, _placed(state, said), now, by=seat)
    if len(state.waiting()) >= state.limits.lobby:
        return Refused(Why.LOBBY_FULL)
    said = replace(_placed(state, said), state=SeatState.WAITING, since_ms=now.unix_ms)
    if not said.kicked:
        said = replace(said, reason="")
    return (*_settle(state, said, first=True), _note("knocked", said))


def withdraw(state: State, seat: Seat, _: Withdraw, now: Instant) -> Outcome:
    back = SeatState.REFUSED if seat.kicked else SeatState.OUTSIDE
    gone = replace(seat, state=back, since_ms=now.unix_ms)
    return (*_settle(state, gone, first=False), _note("withdrew", gone))


def admit(state: State, seat: Seat, message: Admit, now: Instant) -> Outcome:
    target = state.by_id(message.knock)
    if target is None or not target.waiting:
        return Refused(Why.UNKNOWN_KNOCK)
    extra = state.limits.staff_extra if target.account.role in STAFF else 0
    if _free(state, extra) <= 0:
        return Refused(Why.ROOM_FULL)
    return _admit(state, target, now, by=seat)


def admit_all(state: State, seat: Seat, _: AdmitAll, now: Instant) -> Outcome:
    """Everyone expected, in the order of knocking, as far as the room goes. One who was removed is let in
    alone or not at all, so that nobody does it unawares."""
    expected = [waiting for waiting in state.waiting() if state.is_expected(waiting) and not waiting.kicked]
    free = _free(state, 0)
    if expected and free <= 0:
        return Refused(Why.ROOM_FULL)
    effects: list[Effect] = []
    for target in expected[:free]:
        effects += _admit(state, target, now, by=seat)
    return tuple(effects)


def refuse(state: State, seat: Seat, message: Refuse, now: Instant) -> Outcome:
    target = state.by_id(message.knock)
    if target is None or not target.waiting:
        return Refused(Why.UNKNOWN_KNOCK)
    reason = one_line(message.reason)
    if not reason:
        return Refused(Why.REASON_MISSING)
    refused = replace(target, state=SeatState.REFUSED, reason=reason, since_ms=now.unix_ms)
    return (*_settle(state, refused, first=False), _note("refused", refused, by=seat.account.id))


def _admit(state: State, target: Seat, now: Instant, by: Seat) -> tuple[Effect, ...]:
    away_s = target.away_s if target.online else now.s
    inside = replace(
        target,
        state=SeatState.ADMITTED,
        since_ms=now.unix_ms,
        reason="",
        kicked=False,
        away_s=away_s,
        gates=gating.admitted(state, target),
    )
    return (*_settle(state, inside, first=True), _note("admitted", inside, by=by.account.id))


def _settle(state: State, seat: Seat, first: bool) -> tuple[Effect, ...]:
    """Put the seat, keep it, and tell its person."""
    state.put(seat)
    effects: list[Effect] = [Keep((seat.account.id,), first=first)]
    if seat.online and seat.session is not None:
        reason = seat.reason if seat.state is SeatState.REFUSED else ""
        effects.append(Tell((seat.session,), SeatMessage(seat.state, reason, seat.since_ms)))
    return tuple(effects)


def _placed(state: State, seat: Seat) -> Seat:
    """The seat at the end of the lobby."""
    seat = replace(seat, place=state.next_place)
    state.next_place += 1
    return seat


def _free(state: State, extra: int) -> int:
    return state.limits.room + extra - len(state.admitted())


def _note(event: str, seat: Seat, **fields: str | int) -> Note:
    return Note(event, (("account", seat.account.id), ("participant", seat.id), *fields.items()))


def ban(state: State, seat: Seat, message: Ban, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def lift(state: State, seat: Seat, message: Lift, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def send_back(state: State, seat: Seat, message: SendBack, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def lock(state: State, seat: Seat, message: Lock, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)
