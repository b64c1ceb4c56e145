"""Permissions to leave, to share a screen, and for a technician to listen: asking and deciding.

A request waits in the run's record until it is decided, taken back, or its person is gone. The result is part
of the seat: `may_leave`, HOST lifted from the screen's gate, `listens_until_s`.
"""

from dataclasses import replace

from msgspec.structs import replace as changed

from sfu import GateReason, Source
from signaling.model.ids import Instant
from signaling.model.run import Request
from signaling.model.text import one_line
from signaling.model.words import Permission, Role, Why
from signaling.protocol import Ask, Decide, Decision, MediaLost, Unask
from signaling.room.rules import gating
from signaling.room.state.effects import Effect, Keep, Media, Outcome, Refused, Tell
from signaling.room.state.notes import note
from signaling.room.state.seat import STAFF, Seat
from signaling.room.state.state import State


def ask(state: State, seat: Seat, message: Ask, now: Instant) -> Outcome:
    """Ask, or correct the reason. A person who has the permission already is told so at once."""
    if message.permission is Permission.LISTEN and seat.role is not Role.TECHNICIAN:
        return Refused(Why.NOT_ALLOWED)
    if _has(state, seat, message.permission):
        return _tell(seat, Decision(message.permission, True))
    reason = one_line(message.reason)
    if not reason and message.permission is Permission.LEAVE:
        return Refused(Why.REASON_MISSING)
    before = _asked(state, seat, message.permission)
    if before is None and len(state.run.requests) >= state.limits.requests:
        return Refused(Why.QUEUE_FULL)
    if before is None:
        request = Request(seat.id, message.permission, reason, now.unix_ms)
        state.run = changed(state.run, requests=(*state.run.requests, request))
    elif before.reason != reason:
        corrected = changed(before, reason=reason)
        requests = tuple(corrected if one is before else one for one in state.run.requests)
        state.run = changed(state.run, requests=requests)
    else:
        return ()
    return (note("asked", seat, seat, ("reason", reason), permission=message.permission.value),)


def _has(state: State, seat: Seat, permission: Permission) -> bool:
    """A technician who listens may ask to listen longer, so never has that permission."""
    match permission:
        case Permission.LEAVE:
            return seat.may_leave or seat.role in STAFF
        case Permission.SCREEN:
            return GateReason.HOST not in seat.gates.screen or seat.role is Role.CHAIR
        case Permission.LISTEN:
            return False


def unask(state: State, seat: Seat, message: Unask, _: Instant) -> Outcome:
    """Take back a request, or give back the permission to leave. The message may cross the decision, so it
    is no mistake when there is nothing to take back."""
    effects: list[Effect] = []
    if _asked(state, seat, message.permission) is not None:
        _forget(state, seat, message.permission)
        effects.append(note("unasked", seat, seat, permission=message.permission.value))
    if message.permission is Permission.LEAVE and seat.may_leave:
        state.put(replace(seat, may_leave=False, reason=""))
        effects += [Keep((seat.account.id,)), note("unasked", seat, seat, permission="leave", had=1)]
    return tuple(effects)


def decide(state: State, seat: Seat, message: Decide, now: Instant) -> Outcome:
    """Staff answer a request; the chair also grants without one, and takes back. Only the chair decides
    whether a technician listens."""
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    chair = seat.role is Role.CHAIR
    listens = message.permission is Permission.LISTEN
    if listens and not chair:
        return Refused(Why.NEEDS_CHAIR)
    if listens and target.role is not Role.TECHNICIAN:
        return Refused(Why.NOT_ALLOWED)
    request = _asked(state, target, message.permission)
    holds = _given(state, target, message.permission)
    if request is None and not (chair and (message.granted or holds)):
        return Refused(Why.NOT_ASKED)
    _forget(state, target, message.permission)
    reason = one_line(message.reason)
    until = now.unix_ms + message.minutes * 60_000 if listens and message.granted else 0
    if message.granted:
        why = request.reason if request is not None else reason
        effects = _give(state, target, message, why, until, now)
    elif holds and request is None:
        effects = _take_back(state, target, message.permission)
    else:
        effects = []
    told = _tell(target, Decision(message.permission, message.granted, reason, until))
    figures = {"permission": message.permission.value, "granted": int(message.granted), "until": until}
    return (*effects, *told, note("decided", seat, target, ("reason", reason), **figures))


def _given(state: State, seat: Seat, permission: Permission) -> bool:
    """There is something to take back."""
    match permission:
        case Permission.LEAVE:
            return seat.may_leave
        case Permission.SCREEN:
            return gating.needs_permission(state, seat) and GateReason.HOST not in seat.gates.screen
        case Permission.LISTEN:
            return seat.listens_until_ms > 0


def _give(
    state: State, target: Seat, message: Decide, reason: str, until_ms: int, now: Instant
) -> list[Effect]:
    """What must outlive a restart is kept before anybody hears of it."""
    match message.permission:
        case Permission.LEAVE:
            state.put(replace(target, may_leave=True, reason=reason))
        case Permission.SCREEN:
            return list(gating.lift_host(state, target, Source.SCREEN))
        case Permission.LISTEN:
            until_s = now.s + message.minutes * 60
            state.put(replace(target, listens_until_s=until_s, listens_until_ms=until_ms))
    return [Keep((target.account.id,), first=True)]


def _take_back(state: State, target: Seat, permission: Permission) -> list[Effect]:
    match permission:
        case Permission.LEAVE:
            state.put(replace(target, may_leave=False, reason=""))
        case Permission.SCREEN:
            return list(gating.shut_by_host(state, target, Source.SCREEN))
        case Permission.LISTEN:
            state.put(_deaf(state, target))  # `sweep` closes the transport
    return [Keep((target.account.id,))]


def _deaf(state: State, seat: Seat) -> Seat:
    return replace(seat, listens_until_s=0.0, listens_until_ms=0, gates=gating.at_rest(state, seat))


def sweep(state: State, now: Instant) -> tuple[Effect, ...]:
    """End permissions whose time is up, and the transports of people inside who do not take part. Runs after
    each input, so it also covers a technician who is no longer chair."""
    effects: list[Effect] = []
    for seat in state.admitted():
        if seat.listens_until_ms and now.s >= seat.listens_until_s:
            state.put(_deaf(state, seat))
            effects += [Keep((seat.account.id,)), note("listen-ended", None, seat)]
        seat = state.seats[seat.account.id]
        if seat.offered and not seat.takes_part:
            shut, close = state.close_media(seat)
            # The page of somebody who is away is told when it is back.
            state.put(replace(shut, wanted=seat.wanted and not seat.online))
            effects += [Media(command) for command in close]
            effects += _tell(seat, MediaLost(Why.NEEDS_PERMISSION))
    return tuple(effects)


def next_deadline(state: State) -> float | None:
    ends = (seat.listens_until_s for seat in state.admitted() if seat.listens_until_ms)
    return min(ends, default=None)


def forget(state: State, seat: Seat) -> None:
    """The person is no longer inside: their requests need no decision."""
    for permission in Permission:
        _forget(state, seat, permission)


def _forget(state: State, seat: Seat, permission: Permission) -> None:
    request = _asked(state, seat, permission)
    if request is not None:
        requests = tuple(one for one in state.run.requests if one is not request)
        state.run = changed(state.run, requests=requests)


def _asked(state: State, seat: Seat, permission: Permission) -> Request | None:
    return next(
        (r for r in state.run.requests if r.participant == seat.id and r.permission is permission), None
    )


def _tell(seat: Seat, message: Decision | MediaLost) -> tuple[Tell, ...]:
    return (Tell((seat.session,), message),) if seat.online and seat.session is not None else ()
