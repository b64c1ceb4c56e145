"""A mute's way through the rules: who shuts and opens which Gate.

SELF is the person's own button. HOST is set and lifted by chair and operator alone. A host's mute sets
both: when it is lifted the source stays shut until its own person opens it, since nobody may open
another's microphone.
"""

from dataclasses import replace

import sfu
from sfu import GateReason, Source
from signaling.effects import Effect, Keep, Media, Note, Outcome, Refused
from signaling.messages import Mute, MuteAll, Role, SetSource, Unmute, Why
from signaling.records import Instant
from signaling.seat import Gates, Seat
from signaling.state import State


def set_source(state: State, seat: Seat, message: SetSource, _: Instant) -> Outcome:
    """One's own button."""
    gate = seat.gates.of(message.source)
    if not message.on:
        return _regate(state, seat, message.source, seat.gates.shut(message.source, GateReason.SELF))
    if GateReason.HOST in gate:
        return Refused(Why.MUTED_BY_HOST)
    freed: tuple[Effect, ...] = ()
    if message.source is Source.SCREEN and GateReason.SELF in gate:
        holder = _screen_holder(state, seat)
        if holder is not None and holder.online:
            return Refused(Why.SCREEN_TAKEN)
        if holder is not None:
            freed = _regate(state, holder, Source.SCREEN, holder.gates.shut(Source.SCREEN, GateReason.SELF))
    return (*freed, *_regate(state, seat, message.source, seat.gates.lift(message.source, GateReason.SELF)))


def _screen_holder(state: State, seat: Seat) -> Seat | None:
    """Who else has the one screen. A holder whose line is gone gives it up to whoever asks."""
    others = (other for other in state.admitted() if other.id != seat.id)
    return next((other for other in others if GateReason.SELF not in other.gates.screen), None)


def mute(state: State, seat: Seat, message: Mute, _: Instant) -> Outcome:
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    effects = _host_shut(state, target, message.source)
    return (*effects, _note("muted", seat, target, message.source))


def unmute(state: State, seat: Seat, message: Unmute, _: Instant) -> Outcome:
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    effects = _regate(state, target, message.source, target.gates.lift(message.source, GateReason.HOST))
    return (*effects, _note("unmuted", seat, target, message.source))


def mute_all(state: State, seat: Seat, _: MuteAll, __: Instant) -> Outcome:
    """Every microphone but a chair's, of those who are away for a moment too."""
    effects: list[Effect] = []
    for target in state.admitted():
        if target.account.role is not Role.CHAIR:
            effects += _host_shut(state, target, Source.MICROPHONE)
    return (*effects, Note("muted-all", (("by", seat.account.id),)))


def _host_shut(state: State, target: Seat, source: Source) -> tuple[Effect, ...]:
    return _regate(state, target, source, target.gates.shut(source, GateReason.HOST | GateReason.SELF))


def _regate(state: State, seat: Seat, source: Source, gates: Gates) -> tuple[Effect, ...]:
    """Give the seat these gates. Nothing is done when they are what they were."""
    if gates == seat.gates:
        return ()
    state.put(replace(seat, gates=gates))
    effects: list[Effect] = [Keep((seat.account.id,))]
    if seat.offered:
        effects.append(Media(sfu.SetGates(sfu.EndpointId(seat.id), {source: gates.of(source)})))
    return tuple(effects)


def _note(event: str, by: Seat, target: Seat, source: Source) -> Note:
    fields = (("by", by.account.id), ("participant", target.id), ("source", source.value))
    return Note(event, fields)
