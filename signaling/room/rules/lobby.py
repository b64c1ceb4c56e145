"""Knocking and being let in. A person decides who is admitted; staff need nobody to admit them."""

from dataclasses import replace

from msgspec.structs import replace as changed

from sfu import GateReason
from signaling.model.ids import Instant
from signaling.model.seat import ban_holds
from signaling.model.text import one_line
from signaling.model.words import DepartureKind, Presence, Role, SeatState, Why
from signaling.protocol import (
    Admit,
    AdmitAll,
    Knock,
    Lock,
    Refuse,
    SeatChanged,
    SendBack,
    Withdraw,
)
from signaling.room.rules import departures, entering, gating
from signaling.room.rules.admission import caller
from signaling.room.state.effects import Effect, Keep, Outcome, Refused, Tell
from signaling.room.state.notes import note
from signaling.room.state.seat import STAFF, Seat
from signaling.room.state.seat_states import SeatEvent, moved
from signaling.room.state.state import State


def knock(state: State, seat: Seat, message: Knock, now: Instant) -> Outcome:
    """Ask to enter. Knocking again while waiting corrects what was said and keeps the place."""
    if ban_holds(seat, now.unix_ms):
        return Refused(Why.BANNED)
    who = caller(message, seat.account, state.units)
    if isinstance(who, Why):
        return Refused(who)
    said = replace(seat, unit=who.unit, name=who.name, present=who.present, total=who.total)
    if seat.waiting:
        return settle(state, said, first=True)
    if said.account.role in STAFF and not said.kicked:
        if _free(state, state.limits.staff_extra) <= 0:
            return Refused(Why.ROOM_FULL)
        return _admit(state, _placed(state, said), SeatEvent.WALK_IN, now, by=seat)
    why = _shut(state, now)
    if why is not None:
        return Refused(why)
    said = moved(_placed(state, said), SeatEvent.KNOCK, now)
    if not said.kicked:
        said = replace(said, reason="")
    return (*settle(state, said, first=True), note("knocked", said, said))


def _shut(state: State, now: Instant) -> Why | None:
    """Why only staff may knock now."""
    if now.unix_ms < state.meeting.opens_ms:
        return Why.LOBBY_CLOSED
    if state.run.rules.locked:
        return Why.MEETING_LOCKED
    return Why.LOBBY_FULL if len(state.waiting()) >= state.limits.lobby else None


def withdraw(state: State, seat: Seat, _: Withdraw, now: Instant) -> Outcome:
    gone = moved(seat, SeatEvent.GIVE_UP if seat.kicked else SeatEvent.WITHDRAW, now)
    return (*settle(state, gone, first=False), note("withdrew", gone, gone))


def admit(state: State, seat: Seat, message: Admit, now: Instant) -> Outcome:
    """Let one person in. Only the chair may let in somebody from outside the meeting's composition."""
    target = state.by_id(message.knock)
    if target is None or not target.waiting:
        return Refused(Why.UNKNOWN_KNOCK)
    if state.is_outsider(target) and seat.role is not Role.CHAIR:
        return Refused(Why.NEEDS_CHAIR)
    if state.run.rules.locked and target.account.role not in STAFF:
        return Refused(Why.MEETING_LOCKED)
    extra = state.limits.staff_extra if target.account.role in STAFF else 0
    if _free(state, extra) <= 0:
        return Refused(Why.ROOM_FULL)
    return _admit(state, target, SeatEvent.ADMIT, now, by=seat)


def admit_all(state: State, seat: Seat, _: AdmitAll, now: Instant) -> Outcome:
    """Let in everyone expected, in the order of knocking, as far as there is room. Somebody who was removed
    or sent back has to be admitted alone, so that nobody does it by accident."""
    expected = [waiting for waiting in state.waiting() if state.is_expected(waiting) and not waiting.kicked]
    if expected and state.run.rules.locked:
        return Refused(Why.MEETING_LOCKED)
    free = _free(state, 0)
    if expected and free <= 0:
        return Refused(Why.ROOM_FULL)
    effects: list[Effect] = []
    for target in expected[:free]:
        effects += _admit(state, target, SeatEvent.ADMIT, now, by=seat)
    return tuple(effects)


def refuse(state: State, seat: Seat, message: Refuse, now: Instant) -> Outcome:
    target = state.by_id(message.knock)
    if target is None or not target.waiting:
        return Refused(Why.UNKNOWN_KNOCK)
    reason = one_line(message.reason)
    if not reason:
        return Refused(Why.REASON_MISSING)
    refused = replace(moved(target, SeatEvent.REFUSE, now), reason=reason)
    return (*settle(state, refused, first=False), note("refused", seat, refused, ("reason", reason)))


def send_back(state: State, seat: Seat, message: SendBack, now: Instant) -> Outcome:
    """From the room to the end of the lobby: the session stays, the media ends."""
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    reason = one_line(message.reason)
    why = entering.unremovable(seat, target, reason)
    if why is not None:
        return Refused(why)
    if len(state.waiting()) >= state.limits.lobby:
        return Refused(Why.LOBBY_FULL)
    marked = _placed(state, replace(target, kicked=True, reason=reason))
    effects = entering.give_up(state, marked, SeatEvent.SEND_BACK, now, GateReason.LOBBY)
    recorded = departures.record(state, target, DepartureKind.SENT_BACK, now, reason, by=seat)
    told = _told(state.seats[target.account.id], reason)
    return (*effects, *told, note("sent-back", seat, target, ("reason", reason)), *recorded)


def lock(state: State, seat: Seat, message: Lock, _: Instant) -> Outcome:
    """Nobody else can come in. A person who has a seat can come back to it; staff are never locked out."""
    rules = state.run.rules
    if rules.locked is message.on:
        return ()
    state.run = changed(state.run, rules=changed(rules, locked=message.on))
    return (note("locked", seat, on=int(message.on)),)


def _admit(state: State, target: Seat, event: SeatEvent, now: Instant, by: Seat) -> tuple[Effect, ...]:
    inside = replace(
        moved(target, event, now),
        reason="",
        kicked=False,
        talk=(),
        gates=gating.admitted(state, target),
    )
    if not target.online:
        # Somebody who is away gets the time of a lost connection: only people who came can have left.
        inside = replace(inside, away_s=now.s, away_ms=now.unix_ms, presence=Presence.LOST)
    outsider = int(state.is_outsider(target))
    return (*settle(state, inside, first=True), note("admitted", by, inside, outsider=outsider))


def settle(state: State, seat: Seat, first: bool) -> tuple[Effect, ...]:
    """Put the seat into the state, have it stored, and tell its person."""
    state.put(seat)
    reason = seat.reason if seat.state is SeatState.REFUSED else ""
    return (Keep((seat.account.id,), first=first), *_told(seat, reason))


def _told(seat: Seat, reason: str) -> tuple[Tell, ...]:
    if not seat.online or seat.session is None:
        return ()
    return (Tell((seat.session,), SeatChanged(seat.state, reason, seat.since_ms)),)


def _placed(state: State, seat: Seat) -> Seat:
    """The seat at the end of the lobby."""
    return replace(seat, place=state.take_place())


def _free(state: State, extra: int) -> int:
    return state.limits.room + extra - len(state.admitted())
