"""What the server hears in the room: talk time, a silent speaker, noise, talking with a shut microphone."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec.structs import replace as changed

import sfu
from signaling import protocol as m
from signaling.model.ids import Instant, ParticipantId
from signaling.room.state.effects import Effect, Tell
from signaling.room.state.facts import Hearing
from signaling.room.state.state import State

SILENT_S = 20.0
"""A speaker who has not been heard for this long may have finished."""
COUNT_S = 10.0
"""How often talk time is added to the run's record, and sent."""


def noticed(state: State, event: sfu.VoicesChanged, now: Instant) -> tuple[Effect, ...]:
    """The worker reports a change in what it hears."""
    inside = {seat.id: seat for seat in state.admitted()}
    before = state.hearing
    heard, noisy, unheard = (frozenset[str](who) for who in (event.speaking, event.noisy, event.shut))
    speaking = {seat.id: before.speaking.get(seat.id, now.s) for seat in inside.values() if seat.id in heard}
    shut = frozenset(participant for participant in inside if participant in unheard)
    state.hearing = replace(
        _stopped(before, frozenset(before.speaking) - frozenset(speaking), now),
        speaking=speaking,
        noisy=tuple(participant for participant in inside if participant in noisy),
        hinted=shut,
        count_s=now.s + COUNT_S if speaking and before.count_s is None else before.count_s,
    )
    hints: list[Effect] = []
    for participant in sorted(shut ^ before.hinted):
        seat = inside.get(participant)
        if seat is not None and seat.online and seat.session is not None:
            hints.append(Tell((seat.session,), m.Hint(participant in shut)))
    return tuple(hints)


def sweep(state: State, now: Instant) -> None:
    """Runs after each input: forget people who are gone, watch those who have the floor, count talk time."""
    heard = {seat.id for seat in state.admitted() if seat.offered}
    hearing = _stopped(state.hearing, frozenset(state.hearing.speaking) - heard, now)
    quiet = {turn.participant: hearing.quiet_s.get(turn.participant, now.s) for turn in state.run.turns}
    silent = (
        one for one, since in quiet.items() if one not in hearing.speaking and now.s - since >= SILENT_S
    )
    hearing = replace(
        hearing,
        noisy=tuple(one for one in hearing.noisy if one in heard),
        hinted=hearing.hinted & heard,
        quiet_s=quiet,
        silent=frozenset(silent),
    )
    if hearing.count_s is not None and now.s >= hearing.count_s:
        hearing = _count(state, hearing, now)
    if hearing != state.hearing:
        state.hearing = hearing


def worker_back(state: State, now: Instant) -> None:
    """A new worker starts listening afresh; what the old one heard last would never end."""
    stopped = _stopped(state.hearing, frozenset(state.hearing.speaking), now)
    state.hearing = replace(stopped, noisy=(), hinted=frozenset())


def _stopped(hearing: Hearing, who: frozenset[ParticipantId], now: Instant) -> Hearing:
    """The same, after these people have stopped speaking."""
    if not who:
        return hearing
    return replace(
        hearing,
        speaking={one: since for one, since in hearing.speaking.items() if one not in who},
        quiet_s={one: now.s if one in who else since for one, since in hearing.quiet_s.items()},
        talked_ms=_added(hearing.talked_ms, {one: hearing.speaking[one] for one in who}, now),
    )


def _count(state: State, hearing: Hearing, now: Instant) -> Hearing:
    talked = _added(hearing.talked_ms, hearing.speaking, now)
    total = dict(state.run.talked_ms)
    for one, ms in talked.items():
        total[one] = total.get(one, 0) + ms
    state.run = changed(state.run, talked_ms=total)
    speaking = dict.fromkeys(hearing.speaking, now.s)
    return replace(hearing, speaking=speaking, talked_ms={}, count_s=now.s + COUNT_S if speaking else None)


def _added(
    talked_ms: Mapping[ParticipantId, int], since: Mapping[ParticipantId, float], now: Instant
) -> dict[ParticipantId, int]:
    added = dict(talked_ms)
    for one, begun in since.items():
        added[one] = added.get(one, 0) + round((now.s - begun) * 1000)
    return added


def next_deadline(state: State) -> float | None:
    hearing = state.hearing
    watched = [
        since + SILENT_S
        for one, since in hearing.quiet_s.items()
        if one not in hearing.speaking and one not in hearing.silent
    ]
    if hearing.count_s is not None:
        watched.append(hearing.count_s)
    return min(watched, default=None)
