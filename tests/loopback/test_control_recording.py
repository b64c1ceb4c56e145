"""The control plane and a recorder on a real socket: what is stored and shown before an order goes out,
and what happens when one of the two goes away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from msgspec.structs import replace as changed
from sqlalchemy import select, text

import recorder
from recorder import Recipient, Stage, Start, Stop
from signaling.accounts.bootstrap import FirstAccounts, bootstrap
from signaling.audit.chain import Entry
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.clocks import clock
from signaling.links.recorder import RecorderSocket
from signaling.live.backlog import Backlog
from signaling.live.rooms import Rooms
from signaling.model.ids import Instant, SessionId
from signaling.model.limits import DEFAULT
from signaling.model.meeting import Account, Meeting
from signaling.model.words import Presence, RecordingState, Why
from signaling.protocol import (
    Bye,
    ClientMessage,
    EndMeeting,
    Frame,
    Knock,
    MarkRecording,
    PauseRecording,
    Recording,
    ServerMessage,
    StartRecording,
    StopRecording,
)
from signaling.room.state.effects import Refused
from signaling.store import Store
from signaling.store.meetings import Meetings
from signaling.store.recipients import Recipients
from signaling.store.tables import audit, run_record
from tests.support.control import FakeMedia
from tests.support.scripted_recorder import HEAD, PATIENCE_S, ScriptedRecorder

pytestmark = [pytest.mark.loopback, pytest.mark.record]

CODE = "giao-ban"
UNAVAILABLE = Refused(Why.RECORDER_UNAVAILABLE)
BOARD = Recipient("Ban Giám đốc", "age1board")
Message = TypeVar("Message", bound=ServerMessage)


class Keys(Recipients):
    """What the terminal would have stored."""

    async def all(self) -> tuple[Recipient, ...]:
        return (BOARD,)


class Rules(Meetings):
    """The meetings, with what the terminal would have set."""

    may_record = True

    async def find(self, code: str) -> Meeting | None:
        found = await super().find(code)
        return None if found is None else replace(found, may_record=self.may_record)


class Page:
    """A session that only the rooms know."""

    def __init__(self, account: Account, name: str) -> None:
        self.id = SessionId(name)
        self.account = account
        self.token_hash = ""
        self.local = False
        self.address = "10.0.0.7"
        self.backlog = Backlog()
        self.told: list[ServerMessage] = []
        self._news = asyncio.Event()

    def post(self, message: ServerMessage, frame: Frame) -> None:
        self.told.append(message)
        self._news.set()

    def dismiss(self, bye: Bye) -> None:
        self.told.append(bye)

    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, Frame]]:
        return ()

    async def light(self, state: RecordingState) -> Recording:
        """The newest recording state, as soon as it is this one."""
        async with asyncio.timeout(PATIENCE_S):
            while (light := self.last(Recording)).state is not state:
                self._news.clear()
                await self._news.wait()
        return light

    def last(self, kind: type[Message]) -> Message:
        return next(message for message in reversed(self.told) if isinstance(message, kind))


class Centre:
    """Live rooms over a store and a recorder's socket."""

    def __init__(self, store: Store, path: Path) -> None:
        self.store = store
        store.recipients = Keys(store.database)
        store.meetings = self.rules = Rules(store.database)
        self.port = RecorderSocket(path)
        self.ahead_s = 0.0
        self.log = AuditLog(AuditTable(store.database), self._now, None)
        self.rooms = Rooms(store, [FakeMedia()], DEFAULT, self._now, self.log, recorder=self.port)

    def _now(self) -> Instant:
        now = clock()
        return Instant(now.s + self.ahead_s, now.unix_ms + int(self.ahead_s * 1000))

    async def page(self, login: str, name: str) -> Page:
        found = await self.store.people.find(login)
        assert found is not None
        page = Page(found.account, name)
        assert await self.rooms.enter(page, CODE, None) is None
        return page

    async def chair(self, name: str = "s1") -> Page:
        """Inside."""
        page = await self.page("chu-tri", name)
        assert await self.rooms.say(page.id, Knock(None, "BS. Hoa")) is None
        return page

    async def say(self, page: Page, message: ClientMessage) -> None:
        assert await self.rooms.say(page.id, message) is None

    async def record(self) -> str:
        """What the store holds of the run."""
        query = select(run_record.c.document)
        return await self.store.database.read(lambda db: db.execute(query).scalar_one())

    async def entries(self) -> list[Entry]:
        """What the audit log holds of recordings."""
        assert await self.log.flush()
        query = select(audit.c.document).order_by(audit.c.number)
        documents = await self.store.database.read(lambda db: db.execute(query).scalars().all())
        every = [msgspec.json.decode(document, type=Entry) for document in documents]
        return [entry for entry in every if entry.event.startswith("recording-")]


@asynccontextmanager
async def centre(folder: Path) -> AsyncIterator[Centre]:
    """Runs until the block ends; use the same folder again to see a restart."""
    store = await Store.open(f"sqlite:///{folder / 'giaoban.db'}")
    await bootstrap(store, FirstAccounts("x", "y"), clock())
    here = Centre(store, folder / "r")
    await here.rooms.start()
    tasks = [asyncio.create_task(work) for work in (here.rooms.run(), here.port.run())]
    try:
        yield here
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await here.rooms.keep()
        await store.close()


async def begin(here: Centre, page: Page) -> Refused | None:
    """Start as soon as the recorder is there: nobody is told when the line is up."""
    async with asyncio.timeout(PATIENCE_S):
        while (  # noqa: ASYNC110 - another task connects
            refused := await here.rooms.say(page.id, StartRecording())
        ) == UNAVAILABLE:
            await asyncio.sleep(0.01)
    return refused


async def test_a_recording_from_its_first_order_to_its_last_entry_in_the_log(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        assert await here.log.flush()  # its entries
        assert await begin(here, page) is None
        (start,) = await scripted.ordered(Start)
        assert (start.meeting, start.recipients) == (CODE, (BOARD,))
        assert start.audit is not None, "the log's head goes into the manifest"
        assert await AuditTable(here.store.database).hash_of(start.audit.number) == start.audit.hash
        light = await page.light(RecordingState.ON)
        assert [key.name for key in light.keys] == ["Ban Giám đốc"]
        await here.say(page, MarkRecording("Ca bệnh số 3"))
        (mark,) = await scripted.ordered(recorder.Mark)
        assert (mark.by, mark.text) == ("BS. Hoa", "Ca bệnh số 3")
        await here.say(page, PauseRecording(True))
        await page.light(RecordingState.PAUSED)
        await here.say(page, PauseRecording(False))
        await page.light(RecordingState.ON)
        await here.say(page, StopRecording())
        await page.light(RecordingState.OFF)
        entries = await here.entries()
    told = ["started", "marked", "paused", "resumed", "stopped", "closed"]
    assert [entry.event for entry in entries] == [f"recording-{what}" for what in told]
    assert ("keys", "Ban Giám đốc") in entries[0].words
    assert entries[0].login == entries[4].login == "chu-tri"
    assert {("octets", 4321), ("head", HEAD), ("recording", start.recording)} <= set(entries[5].fields)
    assert entries[5].meeting == CODE


async def test_everybody_is_told_and_the_store_knows_before_the_recorder_does(
    tmp_path: Path,
) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        other = await here.page("thu-ky", "s2")
        assert await begin(here, page) is None
        # The recorder is another task: what it has received now was sent before it could run.
        assert scripted.orders == []
        for each in (page, other):
            assert each.last(Recording).state is RecordingState.STARTING
        kept = await here.record()
        (start,) = await scripted.ordered(Start)
        assert start.recording in kept


async def test_nothing_is_recorded_that_cannot_be_stored_first(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        await here.rooms.keep()
        await here.store.database.write(
            lambda db: db.execute(
                text("CREATE TRIGGER full BEFORE INSERT ON run_record BEGIN SELECT RAISE(ABORT, 'x'); END")
            )
        )
        assert await begin(here, page) == Refused(Why.STORAGE_UNAVAILABLE)
        assert page.last(Recording).state is RecordingState.OFF
        assert scripted.orders == []
        await here.store.database.write(lambda db: db.execute(text("DROP TRIGGER full")))


async def test_a_recorder_that_died_continues_the_same_recording(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        assert await begin(here, page) is None
        await page.light(RecordingState.ON)
        await scripted.crash()
        await scripted.come()
        first, again = await scripted.ordered(Start, 2)
        assert changed(again, audit=first.audit) == first  # the log has gone on
        assert len(await scripted.ordered(recorder.People, 2)) == 2


async def test_a_control_plane_that_died_finds_its_recording_still_in_progress(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted:
        async with centre(tmp_path) as here:
            page = await here.chair()
            assert await begin(here, page) is None
            await page.light(RecordingState.ON)
        async with centre(tmp_path) as here:
            page = await here.page("chu-tri", "s2")
            await page.light(RecordingState.ON)
            await here.say(page, StopRecording())
            await page.light(RecordingState.OFF)
        assert len(await scripted.ordered(Start)) == 1
        assert scripted.writing == {}


async def test_a_recording_that_no_room_knows_is_ended(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted:
        async with centre(tmp_path) as here:
            page = await here.chair()
            assert await begin(here, page) is None
            await page.light(RecordingState.ON)
            scripted.cut()
            await here.say(page, EndMeeting())
        async with centre(tmp_path):
            assert await scripted.ordered(Stop)


async def test_recording_stops_when_it_is_forbidden_at_the_terminal(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        assert await begin(here, page) is None
        here.rules.may_record = False
        await here.rooms.reread()
        await scripted.ordered(Stop)
        light = await page.light(RecordingState.OFF)
        assert not light.allowed
        assert await here.rooms.say(page.id, StartRecording()) == Refused(Why.RECORDING_FORBIDDEN)


async def test_it_ends_five_minutes_after_the_last_participant_has_gone(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        assert await begin(here, page) is None
        await page.light(RecordingState.ON)
        await here.rooms.leave(page.id, Presence.LOST)
        here.ahead_s += 290.0
        here.rooms.elapse()
        assert scripted.writing
        here.ahead_s += 11.0
        here.rooms.elapse()
        await scripted.ordered(Stop)
        entries = await here.entries()
    (stopped,) = [entry for entry in entries if entry.event == "recording-stopped"]
    assert ("why", "empty") in stopped.fields
    assert stopped.login == ""


async def test_everybody_is_told_of_a_full_disk_and_the_log_has_it(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, centre(tmp_path) as here:
        page = await here.chair()
        assert await begin(here, page) is None
        (start,) = await scripted.ordered(Start)
        scripted.writing.clear()
        scripted.say(scripted.status(start.recording, Stage.ENDED, recorder.Trouble.DISK_FULL, 0))
        light = await page.light(RecordingState.FAILED)
        assert light.trouble.value == "disk-full"
        entries = await here.entries()
    assert {"recording-failed", "recording-closed"} <= {entry.event for entry in entries}
