"""While the store takes its time, only what it has to know first waits for it."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, cast

import pytest

import sfu
from signaling.audit.log import AuditLog
from signaling.links.media import Result
from signaling.links.recorder import NoRecorder
from signaling.live.live_room import LiveRoom
from signaling.model.ids import SessionId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat
from signaling.model.words import Permission, SeatState, Why
from signaling.protocol import (
    Admit,
    AdmitAll,
    Ask,
    Ban,
    Bye,
    ClientMessage,
    Decide,
    EndMeeting,
    Frame,
    Kick,
    Knock,
    Leave,
    Lock,
    Mute,
    MuteAll,
    PauseRecording,
    RaiseHand,
    Refuse,
    SendBack,
    ServerMessage,
    SetSource,
    StartRecording,
    StopRecording,
    Unmute,
    Withdraw,
)
from signaling.room.state.effects import Refused
from signaling.room.state.inputs import Elapsed, Said
from signaling.room.state.shutting import GRANTS, may_pass
from signaling.store import StorageUnavailable
from tests.support.control_room import Scene, account

NHI, NOI = account("nhi", unit="nhi"), account("noi", unit="noi")


class SlowStore:
    """Answers each write only when the test says so. `rows` is what a restart would find."""

    def __init__(self) -> None:
        self.rows: dict[str, KeptSeat] = {}
        self.writes: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def keep_seats(self, of: Meeting, seats: Iterable[KeptSeat]) -> None:
        every = tuple(seats)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.writes.put_nowait(answer)
        await answer
        self.rows.update({seat.account.id: seat for seat in every})

    async def keep_run(self, of: Meeting, record: RunRecord) -> None:
        await self.keep_seats(of, ())

    async def end_run(self, which: Meeting, now_ms: int) -> None:
        """Nothing is kept of it here."""

    async def next(self) -> "asyncio.Future[None]":
        """The next write, which waits for its answer."""
        async with asyncio.timeout(5):
            return await self.writes.get()


class Around:
    """Media worker, audit log and mailboxes of a live room; all of them answer at once."""

    def __init__(self) -> None:
        self.gates: list[sfu.SetGates] = []

    def request(self, command: sfu.AnyCommand) -> Result:
        if isinstance(command, sfu.SetGates):
            self.gates.append(command)
        done: Result = asyncio.get_running_loop().create_future()
        done.set_result(sfu.Done())
        return done

    def note(self, event: str, **_: object) -> None:
        """The audit log is not looked at here."""


class Box:
    def __init__(self) -> None:
        self.told: list[ServerMessage] = []

    def post(self, message: ServerMessage, frame: Frame) -> None:
        self.told.append(message)

    def dismiss(self, bye: Bye) -> None:
        self.told.append(bye)

    def missed(self, seen: int) -> tuple[()]:
        return ()


class Stage:
    """An operator and one delegate inside, another one who wants to come in, and a store that is slow."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.operator = self.scene.operator()
        self.inside = self.scene.inside(NHI, "nhi")
        self.scene.offer(self.inside)
        self.outside = self.scene.enter(NOI)
        self.store, self.around = SlowStore(), Around()
        self.boxes = {one: Box() for one in (self.operator, self.inside, self.outside)}
        self.live = LiveRoom(
            self.scene.room,
            self.store,
            cast("Any", self.around),
            NoRecorder(),
            self.boxes,
            lambda: self.scene.now,
            cast("AuditLog", self.around),
        )

    def say(self, session: SessionId, message: ClientMessage) -> Awaitable[Refused | None]:
        return self.live.handle(Said(session, message))

    def asks(self, session: SessionId, message: ClientMessage) -> "asyncio.Task[Refused | None]":
        """Somebody asks for what has to be stored first."""
        return asyncio.create_task(self.live.handle(Said(session, message)))

    def state(self, session: SessionId) -> SeatState:
        return self.scene.seat(session).state


async def test_mute_kick_leave_and_end_do_not_wait_behind_a_knock_that_waits_for_the_store() -> None:
    stage = Stage()
    knocking = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    write = await stage.store.next()
    inside = stage.scene.id(stage.inside)
    async with asyncio.timeout(5):
        assert await stage.say(stage.operator, Mute(inside, sfu.Source.MICROPHONE)) is None
        assert stage.around.gates[-1].gates[sfu.Source.MICROPHONE] & sfu.GateReason.HOST
        assert await stage.say(stage.inside, SetSource(sfu.Source.CAMERA, False)) is None
        await stage.live.handle(Elapsed())
        assert await stage.say(stage.operator, Kick(inside, "ồn")) is None
        assert await stage.say(stage.operator, EndMeeting()) is None
    assert not knocking.done()
    write.set_result(None)
    assert await knocking == Refused(Why.MEETING_ENDED)


async def test_nobody_sees_anything_of_a_grant_before_it_is_stored() -> None:
    stage = Stage()
    knocking = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    write = await stage.store.next()
    await stage.live.handle(Elapsed())
    assert not any(box.told for box in stage.boxes.values())
    assert stage.state(stage.outside) is SeatState.OUTSIDE
    write.set_result(None)
    assert await knocking is None
    assert stage.store.rows[NOI.id] == stage.scene.seat(stage.outside).kept()
    assert not stage.live.behind, "what was stored is what is so"
    assert all(stage.boxes[who].told for who in (stage.operator, stage.outside))


async def test_a_ban_that_comes_meanwhile_holds_and_the_store_follows() -> None:
    stage = Stage()
    knocking = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    (await stage.store.next()).set_result(None)
    await knocking
    admitting = stage.asks(stage.operator, Admit(stage.scene.id(stage.outside)))
    write = await stage.store.next()
    assert await stage.say(stage.operator, Ban(stage.scene.id(stage.outside), "không thuộc đơn vị")) is None
    write.set_result(None)
    assert await admitting == Refused(Why.UNKNOWN_KNOCK)
    assert stage.store.rows[NOI.id].state is SeatState.ADMITTED, "a restart now would let the person in"
    assert stage.live.behind
    following = asyncio.create_task(stage.live.flush())
    (await stage.store.next()).set_result(None)
    await following
    assert stage.store.rows[NOI.id].banned


async def test_what_changed_meanwhile_is_stored_before_it_is_granted() -> None:
    stage = Stage()
    inside = stage.scene.id(stage.inside)
    stage.scene.say(stage.inside, Ask(Permission.LEAVE, "họp ở huyện"))
    granting = stage.asks(stage.operator, Decide(inside, Permission.LEAVE, granted=True))
    first = await stage.store.next()
    assert await stage.say(stage.operator, Mute(inside, sfu.Source.MICROPHONE)) is None
    stage.scene.now_s += 3
    first.set_result(None)
    second = await stage.store.next()
    assert not stage.scene.seat(stage.inside).may_leave
    second.set_result(None)
    assert await granting is None
    assert stage.store.rows[NHI.id] == stage.scene.seat(stage.inside).kept()
    assert stage.store.rows[NHI.id].may_leave


async def test_what_could_not_be_stored_is_refused_and_may_have_been_written() -> None:
    stage = Stage()
    knocking = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    (await stage.store.next()).set_exception(StorageUnavailable("gone"))
    assert await knocking == Refused(Why.STORAGE_UNAVAILABLE)
    assert stage.state(stage.outside) is SeatState.OUTSIDE
    assert stage.live.behind, "the store hears what is so"


async def test_those_who_knock_while_the_store_is_busy_share_its_next_write() -> None:
    stage = Stage()
    doors = [stage.scene.enter(account(f"d{n}", unit="noi")) for n in range(20)]
    stage.boxes |= {door: Box() for door in doors}
    first = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    write = await stage.store.next()
    knocking = [stage.asks(door, Knock("noi", f"BS. {n}")) for n, door in enumerate(doors)]
    await asyncio.sleep(0)
    write.set_result(None)
    assert await first is None
    together = await stage.store.next()
    assert all(stage.state(door) is SeatState.OUTSIDE for door in doors)
    together.set_result(None)
    assert [await one for one in knocking] == [None] * len(doors)
    assert stage.store.writes.empty()
    waiting = stage.scene.room.state.waiting()
    assert [seat.session for seat in waiting] == [stage.outside, *doors], "each has the place it came in"
    assert all(stage.store.rows[seat.account.id] == seat.kept() for seat in waiting)
    assert not stage.live.behind


async def test_two_grants_for_one_seat_are_written_one_after_the_other() -> None:
    stage = Stage()
    asked = [stage.asks(stage.outside, Knock("noi", name)) for name in ("BS. Hoa", "BS. Mai", "BS. Lan")]
    writes = 0
    while not all(one.done() for one in asked):
        await asyncio.sleep(0)
        if not stage.store.writes.empty():
            writes += 1
            (await stage.store.next()).set_result(None)
    assert writes == len(asked)
    assert stage.store.rows[NOI.id].name == "BS. Lan"
    assert stage.store.rows[NOI.id] == stage.scene.seat(stage.outside).kept()


async def test_what_is_written_later_never_overtakes_a_grant() -> None:
    """Otherwise the older row would stand in the store after the newer one."""
    stage = Stage()
    assert await stage.say(stage.operator, Mute(stage.scene.id(stage.inside), sfu.Source.MICROPHONE)) is None
    admitting = stage.asks(stage.outside, Knock("noi", "Khoa Nội"))
    write = await stage.store.next()
    following = asyncio.create_task(stage.live.flush())
    await stage.live.handle(Elapsed())
    assert stage.store.writes.empty()
    write.set_result(None)
    assert await admitting is None
    (await stage.store.next()).set_result(None)
    await following


PASSING: tuple[ClientMessage, ...] = (
    Mute("p1", sfu.Source.MICROPHONE),
    MuteAll(),
    Kick("p1", "x"),
    Ban("p1", "x"),
    SendBack("p1", "x"),
    Refuse("p1", "x"),
    EndMeeting(),
    Leave(),
    Lock(True),
    StopRecording(),
    PauseRecording(True),
    SetSource(sfu.Source.CAMERA, False),
)
STAYING: tuple[ClientMessage, ...] = (
    Unmute("p1", sfu.Source.MICROPHONE),
    SetSource(sfu.Source.CAMERA, True),
    Lock(False),
    PauseRecording(False),
    RaiseHand(),
    Admit("p2"),
)


@pytest.mark.parametrize("message", PASSING, ids=lambda one: type(one).__name__)
def test_what_only_shuts_passes_what_its_own_session_waits_for(message: ClientMessage) -> None:
    assert may_pass(message, [AdmitAll()])


@pytest.mark.parametrize("message", STAYING, ids=lambda one: type(one).__name__)
def test_what_opens_something_keeps_its_turn(message: ClientMessage) -> None:
    assert not may_pass(message, [AdmitAll()])


@pytest.mark.parametrize(
    ("message", "earlier"),
    [
        (Withdraw(), Knock("noi", "N")),
        (Leave(), Knock("noi", "N")),
        (StopRecording(), StartRecording()),
        (PauseRecording(True), StartRecording()),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_takes_something_back_comes_after_it(message: ClientMessage, earlier: ClientMessage) -> None:
    assert isinstance(earlier, GRANTS)
    assert not may_pass(message, [earlier])
