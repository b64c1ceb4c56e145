"""The floor as everyone inside is shown it: the rules, who has it, who waits, in what order. Pure."""

from msgspec.structs import replace as changed

from signaling import protocol as m
from signaling.model.run import Turn, Wish
from signaling.model.words import Role
from signaling.room.rules import ranking
from signaling.room.state.state import State


def view(state: State) -> m.Floor:
    """Version 0, so that the same floor always gives the same view."""
    run, rules = state.run, state.run.rules
    following = ranking.following(state)
    return m.Floor(
        version=0,
        mode=rules.mode,
        order=rules.order,
        turn_s=rules.turn_s,
        hard_mute=rules.hard_mute,
        screen_by_permission=rules.screen_by_permission,
        locked=rules.locked,
        go_round=run.go_round,
        chairs=tuple(sorted(seat.id for seat in state.admitted() if seat.role is Role.CHAIR)),
        turns=tuple(_turn(state, turn) for turn in run.turns),
        queue=tuple(_wish(wish) for wish in ranking.queue(state)),
        next=None if following is None else following.participant,
        progress=_progress(state),
    )


def numbered(floor: m.Floor, version: int) -> m.Floor:
    return changed(floor, version=version)


def with_progress(floor: m.Floor, progress: tuple[m.Progress, ...]) -> m.Floor:
    return changed(floor, progress=progress)


def _turn(state: State, turn: Turn) -> m.TurnView:
    silent = turn.participant in state.hearing.silent
    return m.TurnView(turn.participant, turn.since_ms, turn.until_ms, turn.dialogue, silent)


def _wish(wish: Wish) -> m.WishView:
    return m.WishView(wish.participant, wish.topic, wish.registered, wish.round, wish.skipped, wish.since_ms)


def _progress(state: State) -> tuple[m.Progress, ...]:
    """Only the kinds of unit that have a point inside."""
    points = ranking.points(state)
    spoken = set(state.run.spoken)
    counted = []
    for kind in state.run.rules.order:
        ids = [seat.id for seat in points if ranking.kind_of(state, seat) is kind]
        if ids:
            counted.append(m.Progress(kind, sum(one in spoken for one in ids), len(ids)))
    return tuple(counted)
