"""Who shuts and opens which Gate; a mute's way through the rules.

SELF is the person's own button. HOST is set by chair and operator; on a screen it also means that a
permission is missing. A host's mute sets both, so after it is lifted the source stays shut until its own
person opens it: nobody may open another's microphone. FLOOR is on the microphone of everybody who has neither
the floor nor the chair while the meeting's mode is not open; `sweep` sees to that after each input. LOBBY and
LEFT are on all sources of people who are not inside.
"""

from dataclasses import replace

import sfu
from sfu import GateReason, Source
from signaling.model.ids import Instant
from signaling.model.seat import Gates
from signaling.model.words import FloorMode, Role, Why
from signaling.protocol import Mute, MuteAll, SetSource, Unmute
from signaling.room.state.effects import Effect, Keep, Media, Outcome, Refused
from signaling.room.state.notes import note
from signaling.room.state.seat import STAFF, Seat
from signaling.room.state.state import State


def set_source(state: State, seat: Seat, message: SetSource, _: Instant) -> Outcome:
    """The person's own button."""
    if not message.on:
        return regate(state, seat, message.source, seat.gates.shut(message.source, GateReason.SELF))
    why = _kept_shut(state, seat, message.source)
    if why is not None:
        return Refused(why)
    freed: tuple[Effect, ...] = ()
    if message.source is Source.SCREEN and GateReason.SELF in seat.gates.screen:
        holder = _screen_holder(state, seat)
        if holder is not None and holder.online:
            return Refused(Why.SCREEN_TAKEN)
        if holder is not None:
            freed = regate(state, holder, Source.SCREEN, holder.gates.shut(Source.SCREEN, GateReason.SELF))
    own = GateReason.SELF | GateReason.HOST if seat.role is Role.CHAIR else GateReason.SELF
    return (*freed, *regate(state, seat, message.source, seat.gates.lift(message.source, own)))


def _kept_shut(state: State, seat: Seat, source: Source) -> Why | None:
    """Why its person may not open a source."""
    gate = seat.gates.of(source)
    if not seat.takes_part:
        return Why.NEEDS_PERMISSION
    if GateReason.HOST in gate and seat.role is not Role.CHAIR:
        missing = source is Source.SCREEN and needs_permission(state, seat)
        return Why.NEEDS_PERMISSION if missing else Why.MUTED_BY_HOST
    return Why.NO_FLOOR if GateReason.FLOOR in gate else None


def _screen_holder(state: State, seat: Seat) -> Seat | None:
    """The other person who shares the one screen. If they are offline, the next person to ask gets it."""
    others = (other for other in state.admitted() if other.id != seat.id)
    return next((other for other in others if GateReason.SELF not in other.gates.screen), None)


def mute(state: State, seat: Seat, message: Mute, _: Instant) -> Outcome:
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    effects = _mute(state, target, message.source)
    return (*effects, note("muted", seat, target, source=message.source.value))


def unmute(state: State, seat: Seat, message: Unmute, _: Instant) -> Outcome:
    """Lift HOST: a right of the chair, and of an operator only while no chair is there."""
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    if seat.role is not Role.CHAIR and state.has_chair():
        return Refused(Why.NEEDS_CHAIR)
    effects = lift_host(state, target, message.source)
    return (*effects, note("unmuted", seat, target, source=message.source.value))


def mute_all(state: State, seat: Seat, _: MuteAll, __: Instant) -> Outcome:
    """Mute every microphone except a chair's, including those of people who are away for a moment."""
    effects: list[Effect] = []
    for target in state.admitted():
        if target.role is not Role.CHAIR:
            effects += _mute(state, target, Source.MICROPHONE)
    return (*effects, note("muted-all", seat))


def _mute(state: State, target: Seat, source: Source) -> tuple[Effect, ...]:
    """Mute as the meeting's rules say: either only the chair can lift it, or the person can."""
    hard = GateReason.HOST if state.run.rules.hard_mute else GateReason.OPEN
    return regate(state, target, source, target.gates.shut(source, hard | GateReason.SELF))


def shut_by_host(state: State, target: Seat, source: Source) -> tuple[Effect, ...]:
    """Mute whatever the rules say: for a permission that is taken back."""
    return regate(state, target, source, target.gates.shut(source, GateReason.HOST | GateReason.SELF))


def lift_host(state: State, target: Seat, source: Source) -> tuple[Effect, ...]:
    """Grant the right to open a source. The person still has to press the button."""
    return regate(state, target, source, target.gates.lift(source, GateReason.HOST))


def regate(state: State, seat: Seat, source: Source, gates: Gates) -> tuple[Effect, ...]:
    """Give the seat these gates of one source. Nothing happens if they are as before."""
    if source is Source.SCREEN and _share_ends(state, seat, gates):
        gates = gates.shut(Source.SCREEN, GateReason.HOST)
    if gates == seat.gates:
        return ()
    state.put(replace(seat, gates=gates))
    effects: list[Effect] = [Keep((seat.account.id,))]
    if seat.offered:
        effects.append(Media(sfu.SetGates(sfu.EndpointId(seat.id), {source: gates.of(source)})))
    return tuple(effects)


# --- screens by permission ---


def needs_permission(state: State, seat: Seat) -> bool:
    """Whether sharing the screen needs permission. Staff need none."""
    return state.run.rules.screen_by_permission and seat.role not in STAFF


def _share_ends(state: State, seat: Seat, gates: Gates) -> bool:
    """A share ends, and the permission with it: one permission is for one share."""
    ends = GateReason.SELF not in seat.gates.screen and GateReason.SELF in gates.screen
    return ends and needs_permission(state, seat)


def resettle_screens(state: State) -> list[Effect]:
    """The rule has changed. People who need a permission now and are not sharing have none; people who need
    none are not kept waiting for one."""
    effects: list[Effect] = []
    for seat in list(state.seats.values()):
        effects += resettle_screen(state, seat)
    return effects


def resettle_screen(state: State, seat: Seat) -> tuple[Effect, ...]:
    """The same for one seat. People who are not inside get what the rule says when they are admitted."""
    if not needs_permission(state, seat):
        return lift_host(state, seat, Source.SCREEN)
    if seat.admitted and GateReason.SELF in seat.gates.screen:
        return shut_by_host(state, seat, Source.SCREEN)
    return ()


# --- coming, going, and the floor ---


def at_rest(state: State, seat: Seat) -> Gates:
    """All sources shut by SELF: nothing is open on a device where its person has not opened it."""
    gates = seat.gates.shut_all(GateReason.SELF)
    return gates.shut(Source.SCREEN, GateReason.HOST) if _share_ends(state, seat, gates) else gates


def admitted(state: State, seat: Seat) -> Gates:
    """The gates of somebody who is let in. What a host had shut stays shut."""
    gates = seat.gates.lift_all(GateReason.LOBBY | GateReason.LEFT).shut_all(GateReason.SELF)
    return gates.shut(Source.SCREEN, GateReason.HOST) if needs_permission(state, seat) else gates


def outside(state: State, seat: Seat, why: GateReason) -> Gates:
    """The gates of somebody who is no longer inside. why: LEFT, or LOBBY when sent back there."""
    return at_rest(state, seat).shut_all(why)


def sweep(state: State) -> tuple[Effect, ...]:
    """Set FLOOR as mode and turns require. A person who lost the floor has to press again when it is back."""
    holders = {turn.participant for turn in state.run.turns}
    shut: list[Effect] = []
    lifted: list[Effect] = []
    for seat in state.admitted():
        waits = state.run.rules.mode is not FloorMode.OPEN and seat.role is not Role.CHAIR
        waits = waits and seat.id not in holders
        if waits and GateReason.FLOOR not in seat.gates.microphone:
            gates = seat.gates.shut(Source.MICROPHONE, GateReason.FLOOR | GateReason.SELF)
            shut += regate(state, seat, Source.MICROPHONE, gates)
        elif not waits and GateReason.FLOOR in seat.gates.microphone:
            gates = seat.gates.lift(Source.MICROPHONE, GateReason.FLOOR)
            lifted += regate(state, seat, Source.MICROPHONE, gates)
    return (*shut, *lifted)
