"""The media of a seat: offers and their answers, slots, speakers, what flows, how good the line is."""

from dataclasses import replace
from typing import assert_never

import sfu
from sfu import EndpointId, EndpointState
from signaling.model.ids import Instant, ParticipantId, SessionId
from signaling.model.words import Presence, Why
from signaling.protocol import (
    Answer,
    MediaLost,
    Offer,
    OwnLine,
    Refusal,
    SendPlan,
    ServerMessage,
    Show,
    Slots,
    SlotView,
    Speakers,
)
from signaling.protocol.line_views import LineView
from signaling.room.rules import quality, voices
from signaling.room.state.effects import Effect, Media, Negotiate, Note, Outcome, Refused, Tell
from signaling.room.state.inputs import Answered, WorkerBack
from signaling.room.state.line import Line, empty_slot, settled
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

_OFFER_REFUSED = {
    sfu.Failure.BAD_OFFER: Why.BAD_OFFER,
    sfu.Failure.FULL: Why.ROOM_FULL,
    sfu.Failure.UNKNOWN_ENDPOINT: Why.MEDIA_UNAVAILABLE,
}


FIGURES_S = 10.0
"""How old the figures of their own line that people see may be while its word stays the same."""


def offer(state: State, seat: Seat, message: Offer, now: Instant) -> Outcome:
    """Bring an offer to the media worker, with the gates as they are. A technician has media of the meeting
    only while the chair permits it. Each offer costs the worker a handshake and some milliseconds, so an
    account has a rate of them, which goes on when it connects again."""
    assert seat.session is not None
    if not seat.takes_part:
        return Refused(Why.NEEDS_PERMISSION)
    if message.restart and not seat.offered:
        return (Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)),)
    charged_s = max(seat.offers_charged_s, now.s) + state.limits.offer_every_s
    if charged_s - now.s > state.limits.offer_every_s * state.limits.offers_at_once:
        return Refused(Why.TOO_FAST)
    command: sfu.OpenEndpoint | sfu.RestartEndpoint
    if message.restart:
        command = sfu.RestartEndpoint(EndpointId(seat.id), message.sdp)
    else:
        gates = seat.gates.every()
        command = sfu.OpenEndpoint(state.room_id, EndpointId(seat.id), message.sdp, gates, seat.local)
    line = state.line(seat.id)
    had = line.had_endpoint if line.negotiating else seat.offered
    line = replace(line, negotiating=(seat.session, message.id), had_endpoint=had)
    state.put_line(seat.id, line if message.restart else replace(line, slots=None, plan=None))
    state.put(replace(seat, offered=True, wanted=True, offers_charged_s=charged_s))
    effects: list[Effect] = [Negotiate(seat.session, seat.id, command, message.id)]
    if seat.show is not None and not message.restart:
        effects.append(_show(seat, seat.show))
    return tuple(effects)


def answered(state: State, answer: Answered) -> Outcome:
    """The worker's answer to an offer. One that comes when its seat has gone, or has no endpoint any more, is
    undone; one to an offer that was replaced meanwhile tells nothing."""
    seat = state.by_id(answer.participant)
    line = state.line(answer.participant)
    if seat is None or not seat.offered:
        opened = isinstance(answer.result, sfu.Opened)
        return (Media(sfu.CloseEndpoint(EndpointId(answer.participant))),) if opened else ()
    if line.negotiating != (answer.session, answer.offer):
        return ()
    if not isinstance(answer.result, sfu.Opened):
        return _unanswered(state, seat, line, answer)
    slots = line.slots
    if slots is None:
        slots = tuple(empty_slot(slot.mid, slot.kind) for slot in answer.result.slots)
    kept = replace(line, negotiating=None) if answer.restart else Line()
    state.put_line(seat.id, replace(kept, slots=slots, plan=line.plan))
    plan = () if line.plan is None else (line.plan,)
    reply = Answer(answer.result.answer, answer.restart, answer.offer)
    told = (reply, Slots(slots), *plan, Speakers(state.heard, state.stage))
    return tuple(Tell(_whose(seat, answer), message) for message in told)


def _whose(seat: Seat, answer: Answered) -> tuple[SessionId]:
    """The present session of the page that made the offer: its connection may have broken in between."""
    return (seat.session or answer.session,)


def _unanswered(state: State, seat: Seat, line: Line, answer: Answered) -> Outcome:
    """A refused offer leaves what was there, unless the worker has lost it."""
    message: ServerMessage = Refusal("offer", Why.MEDIA_UNAVAILABLE, answer.offer)
    still = False
    if isinstance(answer.result, sfu.Failed):
        message = Refusal("offer", _OFFER_REFUSED[answer.result.code], answer.offer)
        still = line.had_endpoint
        if answer.result.code is sfu.Failure.UNKNOWN_ENDPOINT:
            message, still = MediaLost(Why.MEDIA_UNAVAILABLE), False
    state.put_line(seat.id, replace(line, negotiating=None) if still else Line())
    state.put(replace(seat, offered=still))
    # An offer before it, which it was to replace, may have been answered meanwhile.
    closed = () if still else (Media(sfu.CloseEndpoint(EndpointId(seat.id))),)
    return (*closed, Tell(_whose(seat, answer), message), Note("offer-failed", (("participant", seat.id),)))


def show(state: State, seat: Seat, message: Show, _: Instant) -> Outcome:
    """What a page shows, and how large. A tile of somebody who has just left is skipped, not an error."""
    inside = {other.id for other in state.admitted()}
    wished = {tile.participant: tile for tile in reversed(message.tiles)}
    tiles = tuple(
        wished[name] for name in dict.fromkeys(tile.participant for tile in message.tiles) if name in inside
    )
    message = Show(tiles, message.stage, message.screen)
    state.put(replace(seat, show=message))
    return (_show(seat, message),) if seat.offered else ()


def _show(seat: Seat, wish: Show) -> Media:
    tiles = tuple(sfu.TileWish(EndpointId(tile.participant), tile.height) for tile in wish.tiles)
    return Media(sfu.Show(EndpointId(seat.id), tiles, wish.stage, wish.screen))


def noticed(state: State, event: sfu.AnyEvent, now: Instant) -> tuple[Effect, ...]:
    match event:
        case sfu.SpeakersChanged():
            return _speakers(state, event)
        case sfu.VoicesChanged():
            return voices.noticed(state, event, now)
        case sfu.SlotsChanged():
            return _slots(state, event)
        case sfu.EndpointChanged():
            return _endpoint(state, event, now)
        case sfu.FlowChanged():
            _flow(state, event)
        case sfu.SendPlan():
            return _plan(state, event)
        case sfu.LineReport():
            return _report(state, event, now)
        case _:
            assert_never(event)
    return ()


def _flow(state: State, event: sfu.FlowChanged) -> None:
    line, source = state.line(ParticipantId(event.endpoint)), {event.source}
    if event.flowing:
        line = replace(line, flowing=line.flowing | source, stopped=line.stopped - source)
    else:
        ceased = line.flowing & source
        line = replace(line, flowing=line.flowing - source, stopped=line.stopped | ceased)
    _put_line(state, event.endpoint, line)


def _put_line(state: State, endpoint: EndpointId, line: Line) -> None:
    """Nobody needs facts about an endpoint that no longer has a seat inside."""
    seat = state.by_id(endpoint)
    if seat is not None and seat.offered:
        state.put_line(seat.id, line)


def _speakers(state: State, event: sfu.SpeakersChanged) -> tuple[Effect, ...]:
    inside: set[str] = {seat.id for seat in state.admitted()}
    heard = tuple(ParticipantId(name) for name in event.heard if name in inside)
    stage = ParticipantId(event.stage) if event.stage is not None and event.stage in inside else None
    state.facts = replace(state.facts, heard=heard, stage=stage)
    return (Tell(state.audience(), Speakers(state.heard, state.stage)),)


def _slots(state: State, event: sfu.SlotsChanged) -> tuple[Effect, ...]:
    slots = tuple(
        SlotView(slot.mid, slot.kind, slot.endpoint, slot.source, slot.held) for slot in event.slots
    )
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    line = replace(state.line(seat.id), slots=slots)
    state.put_line(seat.id, line)
    if line.negotiating or not seat.online or seat.session is None:
        return ()
    return (Tell((seat.session,), Slots(slots)),)


def _endpoint(state: State, event: sfu.EndpointChanged, now: Instant) -> tuple[Effect, ...]:
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    line = state.line(seat.id)
    if event.state is not EndpointState.CLOSED:
        lost = event.state is EndpointState.LOST
        since_ms = line.lost_ms if line.lost else now.unix_ms - int(event.silent_s * 1000)
        state.put_line(seat.id, replace(line, lost=lost, lost_ms=since_ms if lost else 0))
        closed = not seat.online and seat.presence is Presence.CLOSED
        if lost and closed and now.s - seat.away_s < state.limits.silence_share * event.silent_s:
            state.put(replace(seat, presence=Presence.LOST))  # silent before the page was closed
        return (_note(event),)
    if line.negotiating:
        return ()  # this is the association that the offer replaces
    _lose_endpoint(state, seat)
    if not seat.online or seat.session is None:
        return (_note(event),)
    return Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)), _note(event)


def _lose_endpoint(state: State, seat: Seat) -> None:
    """The worker no longer has the seat's endpoint."""
    state.drop_line(seat.id)
    state.put(replace(seat, offered=False))


def _plan(state: State, event: sfu.SendPlan) -> tuple[Effect, ...]:
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    plan = SendPlan(event.camera, event.screen, event.red)
    line = replace(state.line(seat.id), plan=plan)
    state.put_line(seat.id, line)
    if line.negotiating or not seat.online or seat.session is None:
        return ()  # it is sent with the answer, or when the page is back
    return (Tell((seat.session,), plan),)


def _report(state: State, event: sfu.LineReport, now: Instant) -> tuple[Effect, ...]:
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    line = state.line(seat.id)
    leaning = quality.word(event)
    view = quality.view(event, settled(line.leaning, line.quality, leaning))
    point = quality.point(view, now.unix_ms)
    state.put_line(seat.id, replace(line, leaning=leaning, quality=view.quality, point=point))
    if not seat.online or seat.session is None or not _is_news(line, view, seat.session, now):
        return ()
    line = state.line(seat.id)
    state.put_line(seat.id, replace(line, shown=view, shown_to=seat.session, shown_s=now.s))
    return (Tell((seat.session,), OwnLine(view)),)


def _is_news(line: Line, view: LineView, session: SessionId, now: Instant) -> bool:
    """Words and marks are shown at once when they change; figures, which nobody watches all the time, now and
    then."""
    if line.shown is None or line.shown_to != session or now.s >= line.shown_s + FIGURES_S:
        return True
    before = line.shown
    return (view.quality, view.pictures, view.path) != (before.quality, before.pictures, before.path)


def worker_back(state: State, back: WorkerBack) -> tuple[Effect, ...]:
    """Ask everybody who had media, or was refused it meanwhile, for a new offer. Seats stay as they are."""
    effects: list[Effect] = []
    for seat in state.admitted():
        if seat.id in back.missing and not state.line(seat.id).negotiating:  # otherwise its answer tells
            _lose_endpoint(state, seat)
        seat = state.seats[seat.account.id]
        if seat.wanted and not seat.offered and seat.online and seat.session is not None:
            effects.append(Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)))
    return tuple(effects)


def _note(event: sfu.EndpointChanged) -> Note:
    fields = (("participant", event.endpoint), ("state", event.state.value), ("path", event.path))
    return Note("endpoint", fields)
