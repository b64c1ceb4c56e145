"""A room does not wait for the media worker before it decides the next thing. What people are told leaves in
the order of the decisions, and never before the worker has shut what they are told is shut."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

import recorder
import sfu
from recorder import AnyOrder
from sfu import EndpointId, GateReason, Source
from signaling.audit.log import AuditLog
from signaling.links.media import MediaEvent, MediaUnavailable
from signaling.links.recorder import NoRecorder
from signaling.live.leaving import Leaving, LeavingInOrder
from signaling.live.live_room import LiveRoom
from signaling.live.phases import Phases
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import FloorMode
from signaling.protocol import (
    Answer,
    ClientMessage,
    Kick,
    MediaLost,
    Mute,
    Offer,
    Roster,
    SendBack,
    ServerMessage,
    SetRules,
    SetSource,
    Show,
    TakeChair,
    Unmute,
)
from signaling.room.state.effects import Record, Refused
from signaling.room.state.inputs import Dropped, Elapsed, Said
from tests.support.control_room import SLOTS, Scene, account
from tests.unit.signaling.test_grants import Around, Box, SlowStore

LIMITS = replace(DEFAULT, roster_every_s=0.0)


class SlowWorker:
    """A MediaPort whose worker carries out the next command when the test says so."""

    def __init__(self) -> None:
        self.up = True
        self.endpoints: dict[str, dict[Source, GateReason]] = {}
        self.asked: deque[tuple[sfu.AnyCommand, asyncio.Future[sfu.AnyResult]]] = deque()

    def request(self, command: sfu.AnyCommand) -> asyncio.Future[sfu.AnyResult]:
        result: asyncio.Future[sfu.AnyResult] = asyncio.get_running_loop().create_future()
        if self.up:
            self.asked.append((command, result))
        else:
            result.set_exception(MediaUnavailable("down"))
        return result

    async def next_events(self) -> Sequence[MediaEvent]:
        raise AssertionError("not asked for")

    async def work(self, commands: int = 1) -> None:
        """Carry out so many, and let those who wait for them go on."""
        for _ in range(min(commands, len(self.asked))):
            command, result = self.asked.popleft()
            result.set_result(self._apply(command))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def die(self) -> None:
        self.endpoints.clear()
        while self.asked:
            self.asked.popleft()[1].set_exception(MediaUnavailable("died"))
        await self.settle()

    def _apply(self, command: sfu.AnyCommand) -> sfu.AnyResult:
        match command:
            case sfu.OpenEndpoint():
                self.endpoints[command.endpoint] = dict(command.gates)
                return sfu.Opened("v=0 answer", SLOTS)
            case sfu.SetGates() if command.endpoint in self.endpoints:
                self.endpoints[command.endpoint].update(command.gates)
            case sfu.SetGates() | sfu.RestartEndpoint() if command.endpoint not in self.endpoints:
                return sfu.Failed(sfu.Failure.UNKNOWN_ENDPOINT)
            case sfu.CloseEndpoint():
                self.endpoints.pop(command.endpoint, None)
            case sfu.CloseRoom():
                self.endpoints.clear()
            case _:
                pass
        return sfu.Done()


class Orders(NoRecorder):
    def __init__(self) -> None:
        self.sent: list[AnyOrder] = []

    def send(self, order: AnyOrder) -> None:
        self.sent.append(order)


class Stage:
    """An operator and two delegates inside, with media, and a worker that takes its time."""

    def __init__(self) -> None:
        self.scene = Scene(limits=LIMITS)
        self.worker = SlowWorker()
        self.operator = self.scene.operator()
        self.people = [self.scene.inside(account(f"d{n}"), "nhi") for n in range(2)]
        for session in self.people:
            self.scene.offer(session)
        self.worker.endpoints = self.scene.endpoints
        self.boxes = {session: Box() for session in (self.operator, *self.people)}
        self.orders = Orders()
        self.live = LiveRoom(
            self.scene.room,
            SlowStore(),
            self.worker,
            self.orders,
            self.boxes,
            lambda: self.scene.now,
            cast("AuditLog", Around()),
        )
        self.waiting: list[asyncio.Task[Refused | None]] = []

    async def say(self, session: SessionId, message: ClientMessage) -> None:
        """Until it is decided."""
        self.waiting.append(await self.begin(session, message))

    async def begin(self, session: SessionId, message: ClientMessage) -> "asyncio.Task[Refused | None]":
        """The same; what is returned is over when everything of it has been told."""
        task = asyncio.create_task(self.live.handle(Said(session, message)))
        await asyncio.sleep(0)
        return task

    def told(self, session: SessionId, kind: type[ServerMessage]) -> list[ServerMessage]:
        return [message for message in self.boxes[session].told if isinstance(message, kind)]

    def gate(self, session: SessionId) -> GateReason:
        return self.worker.endpoints[self.scene.id(session)][Source.MICROPHONE]


async def test_the_second_order_reaches_the_worker_before_the_first_is_answered() -> None:
    stage = Stage()
    first, second = stage.people
    muting = await stage.begin(stage.operator, Mute(stage.scene.id(first), Source.MICROPHONE))
    await stage.say(second, SetSource(Source.CAMERA, False))
    await stage.say(stage.operator, Mute(stage.scene.id(second), Source.MICROPHONE))
    shut = [command for command, _ in stage.worker.asked if isinstance(command, sfu.SetGates)]
    assert {command.endpoint for command in shut} == {stage.scene.id(first), stage.scene.id(second)}
    assert not muting.done()


async def test_a_mute_is_told_to_nobody_before_the_worker_has_answered() -> None:
    stage = Stage()
    victim = stage.people[0]
    await stage.say(stage.operator, Mute(stage.scene.id(victim), Source.MICROPHONE))
    stage.live.notice(Elapsed())
    assert not any(box.told for box in stage.boxes.values())
    await stage.worker.work()
    assert stage.gate(victim) & GateReason.HOST
    assert all(stage.told(session, Roster) for session in stage.boxes)


async def test_what_was_decided_later_is_told_later_although_nothing_of_it_waits() -> None:
    stage = Stage()
    first, second = stage.people
    await stage.say(stage.operator, Mute(stage.scene.id(first), Source.MICROPHONE))
    stage.live.notice(Dropped(second))
    assert not stage.told(stage.operator, Roster)
    await stage.worker.work(5)
    rosters = cast("list[Roster]", stage.told(stage.operator, Roster))
    assert [one.version for one in rosters] == sorted({one.version for one in rosters})
    assert len(rosters) == 2


async def test_others_are_told_while_an_offer_is_with_the_worker() -> None:
    stage = Stage()
    first, second = stage.people
    await stage.say(first, Offer("v=0", id=7))
    await stage.say(second, Show((), 480, 0))  # nobody waits for a wish either
    stage.live.notice(Dropped(second))
    assert stage.told(stage.operator, Roster)
    assert not stage.told(first, Answer)
    await stage.worker.work(5)
    assert [cast("Answer", one).to for one in stage.told(first, Answer)] == [7]


async def test_somebody_who_is_removed_while_the_offer_is_with_the_worker_has_no_endpoint_afterwards() -> (
    None
):
    stage = Stage()
    victim = stage.people[0]
    offering = await stage.begin(victim, Offer("v=0", id=7))
    participant = stage.scene.id(victim)
    await stage.say(stage.operator, SendBack(participant, "chờ"))
    await stage.worker.work(9)
    assert participant not in stage.worker.endpoints
    assert not stage.told(victim, Answer)
    assert await offering is None


async def test_an_endpoint_that_was_opened_for_a_seat_that_has_gone_is_closed() -> None:
    """Whatever order the worker did it in."""
    stage = Stage()
    victim = stage.people[0]
    participant = stage.scene.id(victim)
    await stage.say(victim, Offer("v=0", id=7))
    await stage.say(stage.operator, Kick(participant, "ồn"))
    stage.worker.asked.rotate(-1)  # the offer comes last
    await stage.worker.work(9)
    assert participant in stage.worker.endpoints
    await stage.worker.work(9)
    assert participant not in stage.worker.endpoints


async def test_when_the_worker_dies_everything_decided_leaves_in_order_and_offers_are_refused() -> None:
    stage = Stage()
    first, second = stage.people
    offering = await stage.begin(first, Offer("v=0", id=7))
    muting = await stage.begin(stage.operator, Mute(stage.scene.id(second), Source.MICROPHONE))
    await stage.worker.die()
    assert await offering is None
    assert await muting is None
    assert stage.told(stage.operator, Roster)
    assert not stage.told(first, Answer)
    await stage.say(first, Offer("v=0", id=8))
    await stage.worker.work(9)
    assert [cast("Answer", one).to for one in stage.told(first, Answer)] == [8]


async def test_an_offer_made_while_the_new_worker_is_asked_what_it_knows_is_not_taken_for_lost() -> None:
    stage = Stage()
    first, second = stage.people
    stage.worker.endpoints = {}
    back = asyncio.create_task(stage.live.resync())
    await asyncio.sleep(0)
    await stage.say(first, Offer("v=0", id=7))
    await stage.worker.work(9)
    await back
    await stage.worker.work(9)
    assert not stage.told(first, MediaLost)
    assert stage.told(second, MediaLost)
    assert stage.scene.seat(first).offered
    assert stage.scene.id(first) in stage.worker.endpoints


async def test_an_answer_to_an_offer_that_was_replaced_tells_nothing() -> None:
    stage = Stage()
    page = stage.people[0]
    await stage.say(page, Offer("v=0", id=7))
    await stage.say(page, Offer("v=0", id=8))
    await stage.worker.work(9)
    assert [cast("Answer", one).to for one in stage.told(page, Answer)] == [8]


# --- the recorder ---

RECORDING = recorder.RecordingId("r1")
PEOPLE = recorder.People(RECORDING, ())
START = recorder.Start(RECORDING, sfu.RoomId("giao-ban"), "giao-ban", "Giao ban", ())


@pytest.mark.parametrize(
    ("ends", "earlier", "left"),
    [
        (recorder.Stop(RECORDING), START, []),
        (recorder.Stop(RECORDING), recorder.Pause(RECORDING, on=False), []),
        (recorder.Pause(RECORDING, on=True), recorder.Pause(RECORDING, on=False), []),
        (
            recorder.Pause(RECORDING, on=True),
            START,
            [recorder.Start(RECORDING, START.room, START.meeting, START.title, (), paused=True)],
        ),
        (recorder.Pause(RECORDING, on=True), PEOPLE, [PEOPLE]),
        (recorder.Stop(recorder.RecordingId("r0")), START, [START]),
    ],
)
def test_what_ends_a_recording_is_not_undone_by_what_was_decided_before_it(
    ends: AnyOrder, earlier: AnyOrder, left: list[AnyOrder]
) -> None:
    sent: list[AnyOrder] = []
    leaving = LeavingInOrder(lambda phases: sent.extend(record.order for record in phases.recording))
    waits = Leaving(Phases(recording=[Record(earlier)]), unanswered=1)
    leaving.add(waits)
    leaving.overtaken_by([Record(ends, at_once=True)])
    leaving.answered(waits)
    assert sent == left


# --- many people at once ---


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_happens_meanwhile_the_worker_and_all_pages_end_with_what_is_so(seed: int) -> None:
    chance = random.Random(seed)
    stage = Stage()
    everybody = [stage.operator, *stage.people]
    for number in range(60):
        await _something(stage, chance, everybody, number)
        if chance.random() < 0.5:
            await stage.worker.work(chance.randrange(4))
        _nothing_is_told_too_early(stage)
        if chance.random() < 0.03:
            await stage.worker.die()
            await _restarted(stage)
    while stage.worker.asked:
        await stage.worker.work(20)
    await asyncio.wait_for(asyncio.gather(*stage.waiting), 5)
    _all_is_as_decided(stage)


async def _something(stage: Stage, chance: random.Random, people: list[SessionId], number: int) -> None:
    state = stage.scene.room.state
    actor = chance.choice(people)
    whom = chance.choice([seat.id for seat in state.admitted()])
    which = chance.choice(list(Source))
    modes = (FloorMode.OPEN, FloorMode.MODERATED)
    said: tuple[ClientMessage, ...] = (
        *(Mute(whom, which), Unmute(whom, which), SetSource(which, True), SetSource(which, False)),
        *(Offer("v=0", id=number), Offer("v=0", id=number), Offer("v=0", restart=True, id=number)),
        *(SetRules(chance.choice(modes)), TakeChair()),
    )
    await stage.say(actor, chance.choice(said))
    stage.scene.now_s += 1.0


async def _restarted(stage: Stage) -> None:
    back = asyncio.create_task(stage.live.resync())
    await asyncio.sleep(0)
    while not back.done():
        await stage.worker.work(20)


def _nothing_is_told_too_early(stage: Stage) -> None:
    """A roster that shows a microphone shut by a host: the worker lets nothing of it through."""
    rosters = stage.told(stage.operator, Roster)
    newest = cast("Roster", rosters[-1]) if rosters else None
    unanswered = {command.endpoint for command, _ in stage.worker.asked if isinstance(command, sfu.SetGates)}
    for row in newest.participants if newest is not None else ():
        gates = stage.worker.endpoints.get(row.id)
        if gates is not None and row.microphone.gate and EndpointId(row.id) not in unanswered:
            assert gates[Source.MICROPHONE]


def _all_is_as_decided(stage: Stage) -> None:
    state = stage.scene.room.state
    offered = {str(seat.id): seat.gates.every() for seat in state.admitted() if seat.offered}
    assert stage.worker.endpoints == offered
    for session, box in stage.boxes.items():
        versions = [message.version for message in box.told if isinstance(message, Roster)]
        assert versions == sorted(set(versions)), f"{session} was told in the order of the decisions"
    seen = cast("Roster", stage.told(stage.operator, Roster)[-1])
    for row in seen.participants:
        seat = state.by_id(row.id)
        assert seat is not None
        assert bool(row.microphone.gate) is bool(seat.gates.microphone)
