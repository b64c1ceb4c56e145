"""The floor: who asks for it, who has it, and what the chair does about both.

Turns and wishes are part of the run's record. `gating.sweep` makes the gates follow them; `sweep` here
handles people who come, go or change their role. Laws, held by a stateful test: at most two people have the
floor; the queue is in rank order; nobody who has the floor waits for it.
"""

from collections.abc import Mapping
from dataclasses import replace

from msgspec.structs import replace as changed

import sfu
from sfu import GateReason, Source
from signaling.model.ids import Instant, ParticipantId
from signaling.model.run import Turn, Wish
from signaling.model.text import one_line
from signaling.model.words import Role, Why
from signaling.protocol import (
    EndTurn,
    ExtendTurn,
    GoRound,
    Invite,
    InviteNext,
    LowerHand,
    RaiseHand,
    RegisterSpeech,
    Return,
    Skip,
)
from signaling.room.rules import gating, ranking
from signaling.room.state.effects import Effect, Keep, Media, Outcome, Refused
from signaling.room.state.notes import note
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

MAX_TURNS = 2
"""One speaker, and one more for a dialogue."""
MAX_TURN_MS = 4 * 3600 * 1000
"""However often a turn is extended, it ends this long from now at the latest."""


# --- who asks ---


def raise_hand(state: State, seat: Seat, message: RaiseHand, now: Instant) -> Outcome:
    """Ask for the floor. Asking again corrects the topic and keeps the place."""
    if not seat.takes_part:
        return Refused(Why.NEEDS_PERMISSION)
    return _wish(state, seat, one_line(message.topic), now, registered=False)


def register_speech(state: State, seat: Seat, message: RegisterSpeech, now: Instant) -> Outcome:
    """Ask in advance. The wish counts from admission on, at the place of its time."""
    if seat.banned:
        return Refused(Why.BANNED)
    topic = one_line(message.topic)
    if not topic:
        return Refused(Why.REASON_MISSING)
    return _wish(state, seat, topic, now, registered=True)


def _wish(state: State, seat: Seat, topic: str, now: Instant, registered: bool) -> Outcome:
    run = state.run
    if any(turn.participant == seat.id for turn in run.turns):
        return Refused(Why.OUT_OF_ORDER)
    before = _wish_of(state, seat.id)
    effects: list[Effect] = []
    if before is not None:
        wish = changed(
            before,
            topic=topic or before.topic,
            registered=registered or before.registered,
            round=False,
        )
        if wish == before:
            return ()
        state.run = changed(run, queue=tuple(wish if one is before else one for one in run.queue))
    else:
        if len(run.queue) >= state.limits.queue:
            return Refused(Why.QUEUE_FULL)
        wish = Wish(seat.id, topic, now.unix_ms, run.next_number, registered)
        state.run = changed(run, queue=(*run.queue, wish), next_number=run.next_number + 1)
        if seat.place == 0:
            # A seat without a place is forgotten with its session, and the wish would belong to nobody.
            state.put(replace(seat, place=state.take_place()))
            effects.append(Keep((seat.account.id,)))
    event = "speech-registered" if registered else "hand-raised"
    return (*effects, note(event, seat, seat, ("topic", topic)))


def lower_hand(state: State, seat: Seat, _: LowerHand, __: Instant) -> Outcome:
    if _wish_of(state, seat.id) is None:
        return ()
    _drop_wish(state, seat.id)
    return (note("hand-lowered", seat, seat),)


# --- who has it ---


def invite_next(state: State, seat: Seat, _: InviteNext, now: Instant) -> Outcome:
    following = ranking.following(state)
    target = None if following is None else state.by_id(following.participant)
    if target is None:
        return Refused(Why.NOT_IN_QUEUE)
    return (*_end_all(state, seat, now), *_grant(state, seat, target, now))


def invite(state: State, seat: Seat, message: Invite, now: Instant) -> Outcome:
    """Give somebody the floor, whether they asked or not, beside the present speaker or instead."""
    target = state.by_id(message.participant)
    if target is None or not target.admitted:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    if target.role is Role.CHAIR:
        return Refused(Why.NOT_ALLOWED)
    if not target.takes_part:
        return Refused(Why.NEEDS_PERMISSION)
    has_it = any(turn.participant == target.id for turn in state.run.turns)
    if message.dialogue:
        if has_it or len(state.run.turns) >= MAX_TURNS:
            return Refused(Why.FLOOR_TAKEN)
        return _grant(state, seat, target, now)
    ended = _end_all(state, seat, now, but=target.id)
    if not has_it:
        return (*ended, *_grant(state, seat, target, now))
    # A speaker who was muted during the turn and is invited again may speak.
    lifted = gating.lift_host(state, target, Source.MICROPHONE)
    return (*ended, *lifted, note("unmuted", seat, target, source="microphone")) if lifted else ended


def _grant(state: State, by: Seat, target: Seat, now: Instant) -> tuple[Effect, ...]:
    """Grant the right to open the microphone. The person still has to press the button."""
    run, dialogue = state.run, bool(state.run.turns)
    until_ms = now.unix_ms + run.rules.turn_s * 1000 if run.rules.turn_s else 0
    _drop_wish(state, target.id)
    state.run = changed(
        state.run,
        turns=(*run.turns, Turn(target.id, now.unix_ms, until_ms, dialogue)),
        spoken=tuple(dict.fromkeys((*run.spoken, target.id))),
    )
    lifted = gating.lift_host(state, state.seats[target.account.id], Source.MICROPHONE)
    return (*lifted, note("invited", by, target, dialogue=int(dialogue)))


def end_turn(state: State, seat: Seat, message: EndTurn, now: Instant) -> Outcome:
    """The chair ends anybody's turn, or all of them; anyone else only their own."""
    chair = seat.role is Role.CHAIR
    whose = message.participant if chair else (message.participant or seat.id)
    if not chair and whose != seat.id:
        return Refused(Why.NOT_ALLOWED)
    if whose is None:
        return _end_all(state, seat, now) if state.run.turns else Refused(Why.OUT_OF_ORDER)
    turn = next((turn for turn in state.run.turns if turn.participant == whose), None)
    return Refused(Why.OUT_OF_ORDER) if turn is None else _end(state, seat, turn, now)


def _end_all(
    state: State, by: Seat | None, now: Instant, but: ParticipantId | None = None
) -> tuple[Effect, ...]:
    over = [turn for turn in state.run.turns if turn.participant != but]
    return tuple(effect for turn in over for effect in _end(state, by, turn, now))


def _end(state: State, by: Seat | None, turn: Turn, now: Instant) -> tuple[Effect, ...]:
    """The microphone is shut, except a chair's, who always has the floor."""
    state.run = changed(state.run, turns=tuple(other for other in state.run.turns if other is not turn))
    seat = state.by_id(turn.participant)
    lasted = max(0, now.unix_ms - turn.since_ms) // 1000
    if seat is None:
        return (note("turn-ended", by, participant=turn.participant, seconds=lasted),)
    shut: tuple[Effect, ...] = ()
    if seat.role is not Role.CHAIR:
        gates = seat.gates.shut(Source.MICROPHONE, GateReason.SELF)
        shut = gating.regate(state, seat, Source.MICROPHONE, gates)
    return (*shut, note("turn-ended", by, seat, seconds=lasted))


def extend_turn(state: State, seat: Seat, message: ExtendTurn, now: Instant) -> Outcome:
    """The time is added to the turn's end, or to now if that has passed. A turn without a limit cannot be
    extended."""
    turn = next((turn for turn in state.run.turns if turn.participant == message.participant), None)
    if turn is None or turn.until_ms == 0:
        return Refused(Why.OUT_OF_ORDER)
    until_ms = max(turn.until_ms, now.unix_ms) + message.seconds * 1000
    longer = changed(turn, until_ms=min(until_ms, now.unix_ms + MAX_TURN_MS))
    state.run = changed(state.run, turns=tuple(longer if one is turn else one for one in state.run.turns))
    target = state.by_id(turn.participant)
    return (note("turn-extended", seat, target, seconds=message.seconds),)


# --- what the chair does with the queue ---


def skip(state: State, seat: Seat, message: Skip, _: Instant) -> Outcome:
    return _mark(state, seat, message.participant, skipped=True)


def bring_back(state: State, seat: Seat, message: Return, _: Instant) -> Outcome:
    return _mark(state, seat, message.participant, skipped=False)


def _mark(state: State, by: Seat, participant: str, skipped: bool) -> Outcome:
    target, wish = state.by_id(participant), _wish_of(state, participant)
    if target is None or not target.admitted or wish is None:
        return Refused(Why.NOT_IN_QUEUE)
    if wish.skipped is skipped:
        return ()
    marked = changed(wish, skipped=skipped)
    state.run = changed(state.run, queue=tuple(marked if one is wish else one for one in state.run.queue))
    return (note("skipped" if skipped else "returned", by, target),)


def go_round(state: State, seat: Seat, message: GoRound, now: Instant) -> Outcome:
    """Put every point that has not had the floor since the round began into the queue, in unit order."""
    if message.on is state.run.go_round:
        return ()
    if message.on:
        holders = tuple(turn.participant for turn in state.run.turns)
        state.run = changed(state.run, go_round=True, spoken=holders)
        _join_round(state, ranking.points(state), now)
    else:
        asked = tuple(wish for wish in state.run.queue if not wish.round)
        state.run = changed(state.run, go_round=False, queue=asked)
    return (note("go-round", seat, on=int(message.on)),)


def _join_round(state: State, points: list[Seat], now: Instant) -> None:
    run = state.run
    there = {*run.spoken, *(wish.participant for wish in run.queue)}
    new = [seat for seat in points if seat.id not in there][: state.limits.queue - len(run.queue)]
    wishes = (
        Wish(seat.id, "", now.unix_ms, run.next_number + place, round=True) for place, seat in enumerate(new)
    )
    if new:
        state.run = changed(run, queue=(*run.queue, *wishes), next_number=run.next_number + len(new))


# --- what follows by itself ---


def sweep(state: State, inside: frozenset[ParticipantId], now: Instant) -> tuple[Effect, ...]:
    """Runs after each input. People who are gone for good lose turn and place, and a chair needs neither; a
    registered speech waits for its person. A point that comes late joins the round. inside: who was admitted
    before the input."""
    seats = {seat.id: seat for seat in state.seats.values()}
    effects: list[Effect] = []
    for turn in state.run.turns:
        holder = seats.get(turn.participant)
        if holder is None or not holder.takes_part or holder.role is Role.CHAIR:
            effects += _end(state, None, turn, now)
    queue = tuple(wish for wish in state.run.queue if _stands(wish, seats.get(wish.participant)))
    if len(queue) != len(state.run.queue):
        state.run = changed(state.run, queue=queue)
    if state.run.go_round:
        _join_round(state, [seat for seat in ranking.points(state) if seat.id not in inside], now)
    return (*effects, *_stage(state, seats))


def _stage(state: State, seats: Mapping[ParticipantId, Seat]) -> tuple[Effect, ...]:
    """A single speaker is kept on the stage; with two, or none, the stage follows the voices. Only an open
    endpoint can be named, so a media worker that restarted is told when the speaker is back."""
    turns = state.run.turns
    holder = seats.get(turns[0].participant) if len(turns) == 1 else None
    wanted = holder.id if holder is not None and holder.offered else None
    if wanted == state.facts.staged:
        return ()
    state.facts = replace(state.facts, staged=wanted)
    endpoint = None if wanted is None else sfu.EndpointId(wanted)
    return (Media(sfu.SetStage(state.room_id, endpoint)),)


def _stands(wish: Wish, seat: Seat | None) -> bool:
    if seat is None or seat.banned or seat.role is Role.CHAIR:
        return False
    return seat.takes_part or (wish.registered and not seat.kicked)


def _wish_of(state: State, participant: str) -> Wish | None:
    return next((wish for wish in state.run.queue if wish.participant == participant), None)


def _drop_wish(state: State, participant: ParticipantId) -> None:
    queue = tuple(wish for wish in state.run.queue if wish.participant != participant)
    if len(queue) != len(state.run.queue):
        state.run = changed(state.run, queue=queue)
