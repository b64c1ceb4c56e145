"""Taking a seat and losing it: entering, dropping, leaving, being removed, the end of the meeting."""

from dataclasses import replace

import sfu
from sfu import GateReason
from signaling.model.ids import Instant, SessionId
from signaling.model.text import one_line
from signaling.model.words import DepartureKind, Presence, Role, Why
from signaling.protocol import Bye, EndMeeting, Kick, Leave, MediaLost, ServerMessage, Slots, Speakers
from signaling.room.rules import departures, gating, permissions, talk
from signaling.room.rules.departures import Way
from signaling.room.state.effects import (
    Dismiss,
    Effect,
    EndRun,
    Greet,
    Keep,
    Media,
    Outcome,
    Refused,
    Replay,
    Tell,
)
from signaling.room.state.inputs import Dropped, Enter, SignedOut
from signaling.room.state.notes import note
from signaling.room.state.roles import ATTENDING
from signaling.room.state.seat import Seat
from signaling.room.state.seat_states import SeatEvent, moved
from signaling.room.state.state import State


def enter(state: State, arrival: Enter) -> tuple[Effect | Greet, ...] | Refused:
    """A session of an account joins. If the account has a seat already, the session gets it as it is."""
    account = arrival.account
    if account.role not in ATTENDING:
        return Refused(Why.NOT_ALLOWED)
    seat = state.seats.get(account.id) or Seat(arrival.fresh, account)
    seat = replace(seat, account=account, local=arrival.local, address=arrival.address)
    # Nobody has come to this seat since the control plane restarted. A page that says it goes on is believed;
    # otherwise everybody's media, which has lived on, would be cut.
    untouched = seat.session is None and seat.offered
    same_page = arrival.resume is not None and (untouched or arrival.resume in (seat.session, seat.resumed))
    if arrival.resume is not None and not same_page and seat.online:
        # A page that lost its connection comes back by itself while its person is using another device.
        return Refused(Why.TAKEN_OVER)
    effects: list[Effect | Greet] = []
    if seat.online and seat.session is not None:
        effects.append(Dismiss(seat.session, Bye(Why.TAKEN_OVER)))
    if seat.online and not same_page:
        # Another device. What the old one sends must end, and no microphone may be open on a device where its
        # person has not opened it.
        seat, close = state.close_media(seat)
        effects += [Media(command) for command in close]
        seat = replace(seat, gates=gating.at_rest(state, seat))
        effects.append(Keep((account.id,)))
    before = seat.session if same_page else None
    lost = _has_no_media(state, seat, arrival, same_page)
    resumed = SessionId(arrival.resume) if same_page and arrival.resume is not None else None
    wanted = same_page and (seat.wanted or untouched)
    seat = replace(seat, session=arrival.session, resumed=resumed, online=True, wanted=wanted)
    seat = replace(seat, presence=Presence.HERE, away_ms=0)
    state.put(seat)
    effects.append(Greet(arrival.session))
    if before is not None and arrival.seen is not None:
        # A page that did not get the last welcome has got nothing of that session.
        seen = arrival.seen if arrival.resume == before else 0
        effects.append(Replay(arrival.session, before, seen))
    if seat.admitted:
        told = _media_told(state, seat, lost, same_page)
        effects += [Tell((arrival.session,), message) for message in told]
    effects += [Tell((arrival.session,), message) for message in talk.own(seat)]
    effects.append(note("entered", seat, seat, session=arrival.session, state=seat.state.value))
    return tuple(effects)


def _has_no_media(state: State, seat: Seat, arrival: Enter, same_page: bool) -> bool:
    """The page believes that it has a transport, but has none. If an offer is still with the worker, only a
    page that counts its messages (`seen`) will be sent the answer and can wait for it."""
    believes = arrival.resume is not None and (seat.wanted or not same_page)
    waits = state.line(seat.id).negotiating is not None and arrival.seen is None
    return believes and (not same_page or not seat.offered or waits)


def _media_told(state: State, seat: Seat, lost: bool, same_page: bool) -> list[ServerMessage]:
    """The state of the media, for someone who comes in or back."""
    line = state.line(seat.id)
    told: list[ServerMessage] = []
    if lost:
        told.append(MediaLost(Why.MEDIA_UNAVAILABLE if seat.takes_part else Why.NEEDS_PERMISSION))
    elif same_page and line.slots is not None:
        told.append(Slots(line.slots))
        if line.plan is not None:
            told.append(line.plan)
    return [*told, Speakers(state.heard, state.stage)]


def drop(state: State, loss: Dropped, now: Instant) -> Outcome:
    """The socket is gone. The seat is kept, and so is the media, which may still be alive and ends by
    itself; when the sign-in is over, it ends now."""
    seat = state.by_session(loss.session)
    if seat is None:
        return ()
    presence = departures.away(seat, state.line(seat.id), loss.presence)
    left = replace(seat, online=False, presence=presence, away_s=now.s, away_ms=now.unix_ms)
    effects: tuple[Effect, ...] = ()
    if loss.signed_out:
        left, effects = _without_media(state, left)
    if left.place == 0:
        state.forget(seat)
    else:
        state.put(left)
    return (
        *effects,
        note("dropped", None, seat, presence=presence.value, signed_out=int(loss.signed_out)),
    )


def signed_out(state: State, ended: SignedOut) -> Outcome:
    """The media of a person whose socket is gone live on for a while, but not longer than the sign-in. A
    session that is there is ended by itself."""
    effects: list[Effect] = []
    for seat in state.live_on():
        if seat.account.id in ended.accounts:
            left, closed = _without_media(state, seat)
            state.put(left)
            effects += [*closed, note("dropped", None, seat, presence=seat.presence.value, signed_out=1)]
    return tuple(effects)


def _without_media(state: State, seat: Seat) -> tuple[Seat, tuple[Effect, ...]]:
    """The seat with its media ended and all its sources shut."""
    seat, close = state.close_media(seat)
    seat = replace(seat, gates=gating.at_rest(state, seat))
    return seat, (*(Media(command) for command in close), Keep((seat.account.id,)))


def elapse(state: State, now: Instant) -> Outcome:
    """Give up the seats and places that nobody came back to in time."""
    effects: list[Effect] = []
    for seat in list(state.seats.values()):
        deadline = _deadline(state, seat)
        if deadline is None or now.s < deadline:
            continue
        event = SeatEvent.GIVE_UP if seat.kicked else SeatEvent.EXPIRE
        effects += give_up(state, seat, event, now, GateReason.LEFT if seat.admitted else GateReason.LOBBY)
        effects.append(note("seat-expired", None, seat, was=seat.state.value))
        if seat.admitted:
            kind = departures.of_absent(seat)
            effects += departures.record(state, seat, kind, now, seat.reason if seat.may_leave else "")
    return tuple(effects)


def next_deadline(state: State) -> float | None:
    deadlines = (_deadline(state, seat) for seat in state.seats.values())
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


def _deadline(state: State, seat: Seat) -> float | None:
    """When an empty seat is given up. After a closed page that is soon, except for staff: a chair who closes
    the page by mistake must not lose the meeting."""
    if seat.online:
        return None
    if seat.admitted and seat.presence is Presence.CLOSED and not seat.staff:
        return seat.away_s + state.limits.closed_s
    if seat.admitted:
        return seat.away_s + state.limits.seat_grace_s
    if seat.waiting:
        return seat.away_s + state.limits.knock_grace_s
    return None


def leave(state: State, seat: Seat, _: Leave, now: Instant) -> Outcome:
    """The person goes. Nobody is held back, but leaving without permission is recorded."""
    permitted = departures.is_permitted(seat)
    kind = departures.judge(Way.SAID, permitted, departures.witness(seat, state.line(seat.id)))
    effects = give_up(state, seat, SeatEvent.LEAVE, now)
    recorded = departures.record(state, seat, kind, now, seat.reason if seat.may_leave else "", by=seat)
    return (*effects, *part(state, seat, Bye(Why.LEFT)), note("left", seat, seat), *recorded)


def kick(state: State, seat: Seat, message: Kick, now: Instant) -> Outcome:
    """Remove someone, who may ask to enter again."""
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    reason = one_line(message.reason)
    why = unremovable(seat, target, reason)
    if why is not None:
        return Refused(why)
    effects = remove(state, target, Bye(Why.KICKED, reason), now, by=seat)
    return (*effects, note("kicked", seat, target, ("reason", reason)))


def unremovable(seat: Seat, target: Seat, reason: str) -> Why | None:
    """Why somebody may not remove another. A chair by account can be removed only by another chair by
    account, not by someone who was lent the chair: nobody is locked out of their own meeting."""
    if target.id == seat.id:
        return Why.NOT_ALLOWED
    if target.account.role is Role.CHAIR and seat.account.role is not Role.CHAIR:
        return Why.NOT_ALLOWED
    return None if reason else Why.REASON_MISSING


def remove(state: State, target: Seat, bye: Bye, now: Instant, by: Seat) -> tuple[Effect, ...]:
    """Take away the seat and the session of someone inside, for the reason in the goodbye."""
    marked = replace(target, kicked=True, reason=bye.reason)
    effects = give_up(state, marked, SeatEvent.REMOVE, now)
    recorded = departures.record(state, target, DepartureKind.REMOVED, now, bye.reason, by)
    return (*effects, *part(state, target, bye), *recorded)


def end(state: State, seat: Seat, _: EndMeeting, now: Instant) -> Outcome:
    """Everyone goes, including those in the lobby. The seats of this run are gone, except that those who are
    banned still have to be stored for the next one."""
    sessions = [other.session for other in state.online() if other.session is not None]
    banned = {
        account: replace(other, online=False, session=None)
        for account, other in state.seats.items()
        if other.banned
    }
    state.facts = replace(state.facts, ended=True, seats=banned, lines={}, heard=(), stage=None)
    effects: list[Effect] = [Media(sfu.CloseRoom(state.room_id))]
    effects += [Dismiss(session, Bye(Why.ENDED)) for session in sessions]
    return (*effects, EndRun(), note("meeting-ended", seat, seat, run=state.meeting.run))


def give_up(
    state: State, seat: Seat, event: SeatEvent, now: Instant, why: GateReason = GateReason.LEFT
) -> list[Effect]:
    """Take the seat away with everything that was granted for as long as it lasted. What the host shut stays
    shut for the account when it is admitted again. why: the reason on its gates from now on."""
    seat, close = state.close_media(seat)
    seat = replace(seat, acting=None, may_leave=False, listens_until_s=0.0, listens_until_ms=0, talk=())
    state.put(moved(replace(seat, gates=gating.outside(state, seat, why)), event, now))
    heard = tuple(speaker for speaker in state.heard if speaker != seat.id)
    state.facts = replace(state.facts, heard=heard, stage=None if state.stage == seat.id else state.stage)
    permissions.forget(state, seat)
    return [*(Media(command) for command in close), Keep((seat.account.id,))]


def part(state: State, seat: Seat, bye: Bye) -> tuple[Effect, ...]:
    """End the seat's session, if it has one."""
    if not seat.online or seat.session is None:
        return ()
    state.put(replace(state.seats[seat.account.id], online=False, session=None))
    return (Dismiss(seat.session, bye),)
