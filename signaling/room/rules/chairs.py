"""The chair handed over, taken back and lent, and the rules that it sets.

Everybody whose role is chair has the chair's rights. A chair by account is without them only after giving the
chair away, and can take it back at any time.
"""

from dataclasses import replace

from msgspec.structs import replace as changed

from sfu import GateReason, Source
from signaling.model.ids import Instant
from signaling.model.words import Role, Why
from signaling.protocol import HandChair, LendChair, SetRules, TakeChair
from signaling.room.rules import gating, ranking
from signaling.room.state.effects import Effect, Keep, Outcome, Refused
from signaling.room.state.notes import note
from signaling.room.state.seat import Seat
from signaling.room.state.state import State


def hand(state: State, seat: Seat, message: HandChair, _: Instant) -> Outcome:
    """Somebody else presides instead."""
    target = _successor(state, message.participant)
    if isinstance(target, Refused):
        return target
    given = _act(state, target, Role.CHAIR)
    left = _act(state, seat, Role.DELEGATE if seat.account.role is Role.CHAIR else None)
    return (*given, *left, note("chair-handed", seat, target))


def take(state: State, seat: Seat, _: TakeChair, __: Instant) -> Outcome:
    """The account's own chair takes it back. Everybody it was handed or lent to loses it."""
    effects = [*_act(state, seat, None)]
    for other in list(state.seats.values()):
        if other.account.id != seat.account.id and other.acting is Role.CHAIR:
            effects += _act(state, other, None)
    return (*effects, note("chair-taken", seat)) if effects else ()


def lend(state: State, seat: Seat, message: LendChair, _: Instant) -> Outcome:
    """A lost connection does not leave a meeting without a chair for long."""
    if state.has_chair():
        return Refused(Why.CHAIR_PRESENT)
    target = _successor(state, message.participant)
    if isinstance(target, Refused):
        return target
    return (*_act(state, target, Role.CHAIR), note("chair-lent", seat, target))


def _successor(state: State, participant: str) -> Seat | Refused:
    """Somebody who can preside: here, neither a technician nor chair already."""
    target = state.by_id(participant)
    if target is None or not target.admitted or not target.online:
        return Refused(Why.UNKNOWN_PARTICIPANT)
    if target.role in (Role.CHAIR, Role.TECHNICIAN):
        return Refused(Why.NOT_ALLOWED)
    return target


def _act(state: State, seat: Seat, role: Role | None) -> tuple[Effect, ...]:
    """Give a seat this role for now (None: its account's). Its need of a screen permission follows."""
    acting = None if role is seat.account.role else role
    if acting is seat.acting:
        return ()
    changed = replace(seat, acting=acting)
    state.put(changed)
    return (Keep((seat.account.id,)), *gating.resettle_screen(state, changed))


def set_rules(state: State, seat: Seat, message: SetRules, _: Instant) -> Outcome:
    """A field that is left out stays as it is. Turning hard mutes off also lifts those there are."""
    old = state.run.rules
    rules = changed(
        old,
        mode=old.mode if message.mode is None else message.mode,
        hard_mute=old.hard_mute if message.hard_mute is None else message.hard_mute,
        screen_by_permission=(
            old.screen_by_permission if message.screen_by_permission is None else message.screen_by_permission
        ),
        turn_s=old.turn_s if message.turn_s is None else message.turn_s,
        order=old.order if message.order is None else ranking.full_order(message.order),
    )
    if rules == old:
        return ()
    state.run = changed(state.run, rules=rules)
    effects: list[Effect] = []
    if rules.screen_by_permission is not old.screen_by_permission:
        effects += gating.resettle_screens(state)
    if old.hard_mute and not rules.hard_mute:
        effects += _lift_all(state)
    what = note(
        "rules-set",
        seat,
        mode=rules.mode.value,
        hard_mute=int(rules.hard_mute),
        screen_by_permission=int(rules.screen_by_permission),
        turn_s=rules.turn_s,
        order=" ".join(rules.order),
    )
    return (*effects, what)


def _lift_all(state: State) -> list[Effect]:
    effects: list[Effect] = []
    for account in list(state.seats):
        for source in (Source.MICROPHONE, Source.CAMERA):
            held = state.seats[account]
            if GateReason.HOST in held.gates.of(source):
                effects += gating.lift_host(state, held, source)
    return effects
