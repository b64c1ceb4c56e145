"""Every effect belongs to exactly one phase, and a live room carries the phases out in order."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import cast, get_args

import pytest

import sfu
from recorder import AnyOrder, Pause, RecordingId, Stop
from signaling.audit.chain import Head
from signaling.audit.log import AuditLog
from signaling.links.media import MediaUnavailable, Result
from signaling.links.recorder import NoRecorder
from signaling.live.live_room import LiveRoom
from signaling.live.phases import Phases, in_phases
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat
from signaling.model.words import Why
from signaling.protocol import Bye, Frame, Pong, ServerMessage
from signaling.room.room import Room
from signaling.room.state.effects import (
    Dismiss,
    Effect,
    EndRun,
    Keep,
    KeepRun,
    Media,
    Negotiate,
    Note,
    Outcome,
    Record,
    Replay,
    Tell,
)
from signaling.room.state.inputs import Elapsed, Input
from tests.support.control_room import Scene

PAGE = SessionId("s1")
ROOM = sfu.RoomId("m1.1")
OFFER = sfu.RestartEndpoint(sfu.EndpointId("p1"), "v=0")
RECORDING = RecordingId("r1")

PHASE_OF: tuple[tuple[Effect, str], ...] = (
    (Keep((AccountId("a1"),), first=True), "kept_first"),
    (KeepRun(first=True), "kept_first"),
    (Record(Stop(RECORDING), at_once=True), "at_once"),
    (Media(sfu.CloseRoom(ROOM)), "media"),
    (Negotiate(PAGE, ParticipantId("p1"), OFFER, 1), "media"),
    (Tell((PAGE,), Pong(1)), "people"),
    (Replay(PAGE, PAGE, 0), "people"),
    (Dismiss(PAGE, Bye(Why.SHUTTING_DOWN)), "people"),
    (Keep((AccountId("a1"),)), "kept_later"),
    (KeepRun(), "kept_later"),
    (EndRun(), "kept_later"),
    (Note("entered"), "kept_later"),
    (Record(Pause(RECORDING, on=False)), "recording"),
)
ORDER = ("kept_first", "at_once", "media", "people", "kept_later", "recording")


def test_every_kind_of_effect_is_tried_here() -> None:
    assert {type(effect) for effect, _ in PHASE_OF} == set(get_args(Effect))
    assert tuple(each.name for each in fields(Phases)) == ORDER


@pytest.mark.parametrize(("effect", "phase"), PHASE_OF, ids=str)
def test_an_effect_is_in_its_phase_and_in_no_other(effect: Effect, phase: str) -> None:
    phases = in_phases([effect])
    for name in ORDER:
        assert getattr(phases, name) == ([effect] if name == phase else [])


def test_an_effect_of_an_unknown_kind_does_not_vanish() -> None:
    with pytest.raises(AssertionError):
        in_phases([cast("Effect", "something new")])


@pytest.mark.parametrize("seed", range(20))
async def test_a_live_room_does_one_phase_after_the_other(seed: int) -> None:
    effects = [effect for effect, _ in PHASE_OF]
    random.Random(seed).shuffle(effects)
    world = World()
    live = LiveRoom(Fixed(effects), world, world, world.orders, {PAGE: world}, lambda: NOW, world.audit)
    assert await live.handle(Elapsed()) is None
    assert sorted(world.done, key=ORDER.index) == world.done
    assert set(world.done) == set(ORDER)
    assert live.behind


NOW = Instant(1000.0, 1_000_000)


class Fixed(Room):
    """A Room that answers its first input with these effects, and the others with none."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        super().__init__(Scene().room.state)
        self._effects = tuple(effects)

    def apply(self, happened: Input, now: Instant) -> Outcome:
        return self._effects if happened == Elapsed() else ()


class World:
    """The store, the media worker and one client of a live room. Remembers in which order they were used."""

    up = True

    def __init__(self) -> None:
        self.done: list[str] = []
        self.orders = Orders(self.done)
        self.audit = Audit(self.done)

    async def keep_seats(self, of: Meeting, rows: Iterable[KeptSeat]) -> None:
        self.done.append("kept_first")

    async def keep_run(self, of: Meeting, record: RunRecord) -> None:
        self.done.append("kept_first")

    async def end_run(self, which: Meeting, now_ms: int) -> None:
        raise AssertionError("stored later, by flush")

    def request(self, command: sfu.AnyCommand) -> Result:
        self.done.append("media")
        return asyncio.get_running_loop().create_task(self._answer(command))

    async def _answer(self, command: sfu.AnyCommand) -> sfu.AnyResult:
        if command == OFFER:
            raise MediaUnavailable
        self.done.append("media")  # people are told only after the answer
        return sfu.Done()

    async def next_events(self) -> Sequence[sfu.AnyEvent]:
        raise AssertionError("not asked for")

    def post(self, message: ServerMessage, frame: Frame) -> None:
        self.done.append("people")

    def dismiss(self, bye: Bye) -> None:
        self.done.append("people")

    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, Frame]]:
        self.done.append("people")
        return ()


class Orders(NoRecorder):
    def __init__(self, done: list[str]) -> None:
        self._done = done

    def send(self, order: AnyOrder) -> None:
        self._done.append("at_once" if isinstance(order, Stop) else "recording")


class Audit(AuditLog):
    def __init__(self, done: list[str]) -> None:
        self._done = done
        self.head = Head()

    def note(self, event: str, **_: object) -> None:
        self._done.append("kept_later")
