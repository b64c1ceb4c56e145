"""The control plane's end of the recorder's Unix socket, against a recorder that is a few lines long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from recorder import Recipient, RecordingId, Snapshot, Stage, Start, Stop
from recorder.wire import frame
from sfu import RoomId
from signaling.links.recorder import MAX_EVENTS, RecorderDown, RecorderEvent, RecorderSocket, RecorderUp
from tests.support.scripted_recorder import ScriptedRecorder

pytestmark = [pytest.mark.loopback, pytest.mark.record]

PATIENCE_S = 5.0
ONE = RecordingId("one")
START = Start(ONE, RoomId("giao-ban"), "giao-ban", "Giao ban", (Recipient("Ban Giám đốc", "age1x"),))


@asynccontextmanager
async def connected(path: Path, deadline_s: float = PATIENCE_S) -> AsyncIterator[RecorderSocket]:
    port = RecorderSocket(path, deadline_s)
    running = asyncio.create_task(port.run())
    try:
        yield port
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def event(port: RecorderSocket) -> RecorderEvent:
    async with asyncio.timeout(PATIENCE_S):
        return await port.next_event()


async def test_orders_arrive_in_sequence_and_reports_come_back(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, connected(tmp_path / "r") as port:
        assert await event(port) == RecorderUp(())
        port.send(START)
        port.send(Stop(ONE))
        stages = [await event(port) for _ in range(3)]
        assert stages == [scripted.status(ONE, stage) for stage in (Stage.STARTING, Stage.ON, Stage.ENDED)]
        assert scripted.orders == [START, Stop(ONE)]


async def test_recordings_in_progress_are_reported_when_the_line_is_back(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, connected(tmp_path / "r") as port:
        await event(port)
        port.send(START)
        assert [await event(port) for _ in range(2)]
        scripted.cut()
        assert isinstance(await event(port), RecorderDown)
        assert not port.up
        assert await event(port) == RecorderUp((scripted.status(ONE),))
        assert port.up


async def test_an_order_sent_to_nobody_is_lost_and_no_report_claims_otherwise(tmp_path: Path) -> None:
    scripted = ScriptedRecorder(tmp_path / "r")
    async with connected(tmp_path / "r") as port:
        port.send(START)
        async with scripted:
            assert await event(port) == RecorderUp(())
            assert scripted.orders == []
        assert isinstance(await event(port), RecorderDown)


async def test_a_recorder_without_a_snapshot_does_not_count(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted:
        scripted.tells_snapshots = False
        async with connected(tmp_path / "r", deadline_s=0.05) as port:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await port.next_event()
            assert not port.up
            scripted.tells_snapshots = True
            assert await event(port) == RecorderUp(())


@pytest.mark.parametrize(
    "rubbish",
    [b"\xff" * 64, b"\x00\x00\x00\x01\xc1", frame(START)],
    ids=["no frame", "no report", "an order"],
)
async def test_a_recorder_that_sends_rubbish_is_disconnected_and_asked_again(
    tmp_path: Path, rubbish: bytes
) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, connected(tmp_path / "r") as port:
        await event(port)
        scripted.say_raw(rubbish)
        assert isinstance(await event(port), RecorderDown)
        assert await event(port) == RecorderUp(())


async def test_a_control_plane_that_falls_behind_lets_the_recorder_wait_and_gets_everything(
    tmp_path: Path,
) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, connected(tmp_path / "r") as port:
        await event(port)
        port.send(START)
        await scripted.ordered(Start)
        for number in range(3 * MAX_EVENTS):
            scripted.say(scripted.status(ONE, minutes_left=number))
        expected = [scripted.status(ONE, stage) for stage in (Stage.STARTING, Stage.ON)]
        expected += [scripted.status(ONE, minutes_left=number) for number in range(3 * MAX_EVENTS)]
        assert [await event(port) for _ in expected] == expected
        assert port.up


async def test_a_second_snapshot_changes_nothing(tmp_path: Path) -> None:
    async with ScriptedRecorder(tmp_path / "r") as scripted, connected(tmp_path / "r") as port:
        await event(port)
        scripted.say(Snapshot())
        port.send(START)
        assert await event(port) == scripted.status(ONE, Stage.STARTING)
