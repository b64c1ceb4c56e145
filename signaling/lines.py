"""The media side of a seat: offers and their answers, slots, speakers, what flows, how the line does."""

from dataclasses import replace
from typing import assert_never

import sfu
from sfu import EndpointId, EndpointState
from signaling import roster
from signaling.effects import Effect, Media, Negotiate, Note, Outcome, Tell
from signaling.inputs import Answered, WorkerBack
from signaling.messages import (
    Answer,
    MediaLost,
    Offer,
    Refusal,
    ServerMessage,
    ShowTiles,
    Slots,
    SlotView,
    Speakers,
    Why,
)
from signaling.records import Instant, ParticipantId
from signaling.seat import Line, Seat, empty_slot
from signaling.state import State

_OFFER_REFUSED = {
    sfu.Failure.BAD_OFFER: Why.BAD_OFFER,
    sfu.Failure.FULL: Why.ROOM_FULL,
    sfu.Failure.UNKNOWN_ENDPOINT: Why.MEDIA_UNAVAILABLE,
}


def offer(state: State, seat: Seat, message: Offer, _: Instant) -> Outcome:
    """Bring an offer to the media worker, with the gates as they are."""
    assert seat.session is not None
    if message.restart and not seat.offered:
        return (Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)),)
    command: sfu.OpenEndpoint | sfu.RestartEndpoint
    if message.restart:
        command = sfu.RestartEndpoint(EndpointId(seat.id), message.sdp)
    else:
        gates = seat.gates.every()
        command = sfu.OpenEndpoint(state.room_id, EndpointId(seat.id), message.sdp, gates, seat.local)
    line = replace(state.line(seat.id), negotiating=True, had_endpoint=seat.offered)
    state.lines[seat.id] = line if message.restart else replace(line, slots=None)
    state.put(replace(seat, offered=True, wanted=True))
    effects: list[Effect] = [Negotiate(seat.session, seat.id, command, message.id)]
    if seat.tiles and not message.restart:
        effects.append(_show(seat, seat.tiles))
    return tuple(effects)


def answered(state: State, answer: Answered) -> Outcome:
    """What the worker made of an offer."""
    seat = state.by_id(answer.participant)
    line = state.line(answer.participant)
    if seat is None or not seat.admitted or not line.negotiating:
        return ()
    if not isinstance(answer.result, sfu.Opened):
        return _unanswered(state, seat, line, answer)
    slots = line.slots
    if slots is None:
        slots = tuple(empty_slot(slot.mid, slot.kind) for slot in answer.result.slots)
    kept = replace(line, negotiating=False) if answer.restart else Line()
    state.lines[seat.id] = replace(kept, slots=slots)
    to = (answer.session,)
    reply = Answer(answer.result.answer, answer.restart, answer.offer)
    return tuple(Tell(to, told) for told in (reply, Slots(slots), Speakers(state.heard, state.stage)))


def _unanswered(state: State, seat: Seat, line: Line, answer: Answered) -> Outcome:
    """An offer that is refused leaves what was there, unless the worker is gone with it."""
    message: ServerMessage = Refusal("offer", Why.MEDIA_UNAVAILABLE, answer.offer)
    still = False
    if isinstance(answer.result, sfu.Failed):
        message = Refusal("offer", _OFFER_REFUSED[answer.result.code], answer.offer)
        still = line.had_endpoint
        if answer.result.code is sfu.Failure.UNKNOWN_ENDPOINT:
            message, still = MediaLost(Why.MEDIA_UNAVAILABLE), False
    state.lines[seat.id] = replace(line, negotiating=False) if still else Line()
    state.put(replace(seat, offered=still))
    return (Tell((answer.session,), message), Note("offer-failed", (("participant", seat.id),)))


def show_tiles(state: State, seat: Seat, message: ShowTiles, _: Instant) -> Outcome:
    """Whose cameras one wants to see. Someone who has just left is passed over, not reproached."""
    inside = {other.id for other in state.admitted()}
    wanted = (ParticipantId(name) for name in dict.fromkeys(message.participants))
    tiles = tuple(name for name in wanted if name in inside)
    state.put(replace(seat, tiles=tiles))
    return (_show(seat, tiles),) if seat.offered else ()


def _show(seat: Seat, tiles: tuple[ParticipantId, ...]) -> Media:
    return Media(sfu.ShowTiles(EndpointId(seat.id), tuple(EndpointId(name) for name in tiles)))


def noticed(state: State, event: sfu.AnyEvent) -> Outcome:
    match event:
        case sfu.SpeakersChanged():
            return _speakers(state, event)
        case sfu.SlotsChanged():
            return _slots(state, event)
        case sfu.EndpointChanged():
            return _endpoint(state, event)
        case sfu.FlowChanged():
            line = state.line(ParticipantId(event.endpoint))
            flowing = line.flowing | {event.source} if event.flowing else line.flowing - {event.source}
            _put_line(state, event.endpoint, replace(line, flowing=flowing))
        case sfu.LineReport():
            _report(state, event)
        case _:
            assert_never(event)
    return ()


def _put_line(state: State, endpoint: EndpointId, line: Line) -> None:
    """Facts about an endpoint that has no seat inside any more are nobody's business."""
    seat = state.by_id(endpoint)
    if seat is not None and seat.offered:
        state.lines[seat.id] = line


def _speakers(state: State, event: sfu.SpeakersChanged) -> Outcome:
    inside: set[str] = {seat.id for seat in state.admitted()}
    state.heard = tuple(ParticipantId(name) for name in event.heard if name in inside)
    state.stage = ParticipantId(event.stage) if event.stage is not None and event.stage in inside else None
    return (Tell(state.audience(), Speakers(state.heard, state.stage)),)


def _slots(state: State, event: sfu.SlotsChanged) -> Outcome:
    slots = tuple(SlotView(slot.mid, slot.kind, slot.endpoint, slot.source) for slot in event.slots)
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    line = replace(state.line(seat.id), slots=slots)
    state.lines[seat.id] = line
    if line.negotiating or not seat.online or seat.session is None:
        return ()
    return (Tell((seat.session,), Slots(slots)),)


def _endpoint(state: State, event: sfu.EndpointChanged) -> Outcome:
    seat = state.by_id(event.endpoint)
    if seat is None or not seat.offered:
        return ()
    line = state.line(seat.id)
    if event.state is not EndpointState.CLOSED:
        state.lines[seat.id] = replace(line, lost=event.state is EndpointState.LOST)
        return (_note(event),)
    if line.negotiating:
        return ()  # the association that the offer replaces
    del_line(state, seat)
    if not seat.online or seat.session is None:
        return (_note(event),)
    return Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)), _note(event)


def del_line(state: State, seat: Seat) -> None:
    state.lines.pop(seat.id, None)
    state.put(replace(seat, offered=False))


def _report(state: State, event: sfu.LineReport) -> None:
    """The word for a line changes when two reports in a row say so; one lost packet is no weather."""
    line = state.line(ParticipantId(event.endpoint))
    word = roster.quality(event.rtt_ms, event.loss_up_permille, event.loss_down_permille)
    settled = word if word is line.leaning else line.quality
    _put_line(state, event.endpoint, replace(line, leaning=word, quality=settled))


def worker_back(state: State, back: WorkerBack) -> Outcome:
    """Whoever had media, or was refused it meanwhile, offers again; the seat is as it was."""
    effects: list[Effect] = []
    for seat in state.admitted():
        if seat.id in back.missing:
            del_line(state, seat)
        seat = state.seats[seat.account.id]
        if seat.wanted and not seat.offered and seat.online and seat.session is not None:
            effects.append(Tell((seat.session,), MediaLost(Why.MEDIA_UNAVAILABLE)))
    return tuple(effects)


def _note(event: sfu.EndpointChanged) -> Note:
    fields = (("participant", event.endpoint), ("state", event.state.value), ("path", event.path))
    return Note("endpoint", fields)
