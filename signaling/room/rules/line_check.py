"""Line checks: measuring a line before admission.

A check is a media transport in a room of its own, called `check-<session>`. No meeting has such a name, no
message names a room, and the endpoint's gates are shut: what it sends reaches nobody, and nobody's media
reaches it. It ends when its session is admitted or gone, or when its time is up.
"""

from dataclasses import replace
from typing import assert_never

import sfu
from sfu import EndpointId, GateReason, RoomId, Source
from signaling.model.ids import Instant, SessionId
from signaling.model.words import Why
from signaling.protocol import Answer, CheckLine, CheckOver, EndCheck, OwnLine, Refusal
from signaling.room.rules import quality
from signaling.room.state.effects import Effect, Media, Negotiate, Note, Outcome, Refused, Tell
from signaling.room.state.inputs import Answered
from signaling.room.state.line import CHECK, Check, settled
from signaling.room.state.roles import BEFORE_THE_DOOR
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

_SHUT = dict.fromkeys(Source, GateReason.LOBBY)
_REFUSED = {
    sfu.Failure.BAD_OFFER: Why.BAD_OFFER,
    sfu.Failure.FULL: Why.CHECKS_FULL,
    sfu.Failure.UNKNOWN_ENDPOINT: Why.MEDIA_UNAVAILABLE,
}


def begin(state: State, seat: Seat, message: CheckLine, now: Instant) -> Outcome:
    """Open a transport that leads nowhere. It replaces a check that is running."""
    assert seat.session is not None
    # Counted by account, not by session, so connecting again does not get around it.
    recent = {who: at for who, at in state.facts.checked_s.items() if now.s - at < state.limits.check_every_s}
    if seat.account.id in recent:
        return Refused(Why.TOO_FAST)
    running = len(state.checks.keys() - {seat.session}) + state.checks_elsewhere()
    if running >= state.limits.checks:
        return Refused(Why.CHECKS_FULL)
    state.facts = replace(state.facts, checked_s={**recent, seat.account.id: now.s})
    state.put_check(seat.session, Check(seat.account.id, now.s + state.limits.check_s, message.id))
    name = _endpoint(seat.session)
    command = sfu.OpenEndpoint(RoomId(name), name, message.sdp, dict(_SHUT), seat.local, check=True)
    return (Negotiate(seat.session, seat.id, command, message.id), _note("check-begun", seat.session))


def answered(state: State, answer: Answered) -> Outcome:
    """The worker's answer to a check's offer."""
    check = state.checks.get(answer.session)
    if check is None or not check.negotiating or check.offer != answer.offer:
        return ()
    to = (answer.session,)
    if isinstance(answer.result, sfu.Opened):
        state.put_check(answer.session, replace(check, negotiating=False))
        return (Tell(to, Answer(answer.result.answer, to=answer.offer)),)
    failed = isinstance(answer.result, sfu.Failed)
    why = _REFUSED[answer.result.code] if isinstance(answer.result, sfu.Failed) else Why.MEDIA_UNAVAILABLE
    refusal = Tell(to, Refusal("check-line", why, answer.offer))
    note = _note("check-failed", answer.session, answered=int(failed))
    return (_close(state, answer.session), refusal, note)


def end(state: State, seat: Seat, _: EndCheck, __: Instant) -> Outcome:
    """The page knows enough."""
    if seat.session is None or seat.session not in state.checks:
        return ()
    return (_close(state, seat.session),)


def noticed(state: State, session: SessionId, event: sfu.AnyEvent) -> tuple[Effect, ...]:
    """The media worker reports on a check's endpoint: the line, or that it is closed."""
    check = state.checks[session]
    match event:
        case sfu.LineReport():
            leaning = quality.word(event)
            word = settled(check.leaning, check.quality, leaning)
            state.put_check(session, replace(check, leaning=leaning, quality=word))
            return (Tell((session,), OwnLine(quality.view(event, word))),)
        case sfu.EndpointChanged(state=sfu.EndpointState.CLOSED) if not check.negotiating:
            return _over(state, session, Why.MEDIA_UNAVAILABLE)
        case sfu.EndpointChanged() | sfu.FlowChanged() | sfu.SlotsChanged() | sfu.SendPlan():
            return ()  # nothing is carried, so nobody needs to know
        case sfu.SpeakersChanged() | sfu.VoicesChanged():
            return ()  # of a room, not of an endpoint
        case _:
            assert_never(event)


def worker_back(state: State) -> tuple[Effect, ...]:
    """The measured transport is gone with the worker, or was measured across a break."""
    return tuple(
        effect for session in list(state.checks) for effect in _over(state, session, Why.MEDIA_UNAVAILABLE)
    )


def sweep(state: State, now: Instant) -> tuple[Effect, ...]:
    """End checks whose time is up, and checks whose session is gone or has been let in. Runs after each
    input, so that no rule that moves a seat has to think of it."""
    effects: list[Effect] = []
    for session, check in list(state.checks.items()):
        seat = state.seats.get(check.account)
        here = seat is not None and seat.online and seat.session == session
        if here and seat is not None and seat.state in BEFORE_THE_DOOR and now.s < check.until_s:
            continue
        effects += _over(state, session, Why.CHECK_ENDED)
        if seat is not None and seat.online and seat.resumed == session and seat.session is not None:
            effects.append(Tell((seat.session,), CheckOver(Why.CHECK_ENDED)))
    return tuple(effects)


def next_deadline(state: State) -> float | None:
    return min((check.until_s for check in state.checks.values()), default=None)


def _over(state: State, session: SessionId, why: Why) -> tuple[Effect, ...]:
    return (_close(state, session), Tell((session,), CheckOver(why)), _note("check-over", session))


def _close(state: State, session: SessionId) -> Media:
    state.drop_check(session)
    return Media(sfu.CloseEndpoint(_endpoint(session)))


def _endpoint(session: SessionId) -> EndpointId:
    return EndpointId(f"{CHECK}{session}")


def _note(event: str, session: SessionId, **fields: int) -> Note:
    return Note(event, (("session", session), *fields.items()))
