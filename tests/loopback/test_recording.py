"""The recorder as a process: killed, stopped, restarted, paused, without media, without disk space."""

import signal
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from recorder import Mark, Pause, People, Person, Recipient, Stage, Stop, Trouble
from recorder.format.blocks import Block, Track
from recorder.format.entries import GapEntry, GapKind, MarkEntry, OpeningEntry
from recorder.storage.folder import segment_name
from tests.support.publishers import made_us
from tests.support.recorder_process import (
    RECORDING,
    SPEAKER,
    RecorderProcess,
    entries,
    in_stage,
    marked_tap,
    now_us,
    recorder_process,
)

pytestmark = [pytest.mark.record, pytest.mark.loopback]

MEDIA = (Track.STAGE, Track.VOICE_1)
LOST_US = 2_000_000


@pytest.fixture
async def recorder(tmp_path: Path) -> AsyncIterator[RecorderProcess]:
    async with marked_tap(tmp_path / "tap"), recorder_process(tmp_path) as process:
        yield process


def made(blocks: list[Block], track: Track = Track.STAGE) -> list[int]:
    """When the track's pictures or sounds were made."""
    return [made_us(block) for block in blocks if block.track is track]


def goes_beyond(instant_us: int) -> Callable[[list[Block]], bool]:
    return lambda blocks: all(max(made(blocks, track), default=0) > instant_us for track in MEDIA)


def gaps(blocks: list[Block], kind: GapKind) -> list[GapEntry]:
    return [entry for entry in entries(blocks) if isinstance(entry, GapEntry) and entry.kind is kind]


async def test_a_killed_recorder_loses_at_most_two_seconds_and_continues_in_a_new_segment(
    recorder: RecorderProcess,
) -> None:
    start = recorder.start_order(recorder.recipient())
    async with recorder.line() as line:
        line.order(start)
        await line.told(in_stage(Stage.ON))
        line.order(People(RECORDING, (Person(SPEAKER, "Lan", "Khoa Nhi"),)))
        await recorder.reaches(goes_beyond(now_us() + 500_000))
        killed_us = now_us()
        await recorder.end(signal.SIGKILL)
    left = recorder.blocks()
    for track in MEDIA:
        assert killed_us - made(left, track)[-1] < LOST_US
    await recorder.start()
    async with recorder.line() as line:
        assert await line.snapshot() == []
        line.order(start)
        await line.told(in_stage(Stage.ON))
        await recorder.reaches(goes_beyond(now_us()))
        line.order(Stop(RECORDING))
        ended = await line.told(in_stage(Stage.ENDED))
    blocks = recorder.blocks()
    assert blocks[: len(left)] == left
    for track in MEDIA:
        instants = made(blocks, track)
        assert instants == sorted(set(instants)), "in order, each once"
        assert not [at for at in instants if at > killed_us and at < killed_us + 10_000]
    assert [entry.segment for entry in entries(blocks) if isinstance(entry, OpeningEntry)] == [1, 2]
    (crash,) = gaps(blocks, GapKind.CRASH)
    assert crash.until_ms - crash.at_ms < 10_000
    opened = recorder.opened()
    assert opened.reading.end is not None
    assert (opened.reading.head.sha256, opened.summary.size_bytes) == (ended.head, ended.written_bytes)
    assert recorder.verified().genuine
    assert b"V_VP8" in recorder.opened_by_age(recorder.recordings / RECORDING / segment_name(2))


async def test_nothing_from_a_pause_is_written(recorder: RecorderProcess) -> None:
    async with recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient()))
        await line.told(in_stage(Stage.ON))
        await recorder.reaches(goes_beyond(now_us()))
        line.order(Pause(RECORDING, True))
        await line.told(in_stage(Stage.PAUSED))
        paused_us = now_us()
        line.order(Mark(RECORDING, "Chủ tọa", "không ai được đọc"))
        await recorder.reaches(lambda _: now_us() > paused_us + 800_000)
        resumed_us = now_us()
        line.order(Pause(RECORDING, False))
        await line.told(in_stage(Stage.ON))
        line.order(Mark(RECORDING, "Chủ tọa", "nghe lại"))
        await recorder.reaches(goes_beyond(now_us()))
        line.order(Stop(RECORDING))
        await line.told(in_stage(Stage.ENDED))
    blocks = recorder.blocks()
    for track in MEDIA:
        assert not [at for at in made(blocks, track) if paused_us <= at < resumed_us]
        assert min(made(blocks, track)) < paused_us
        assert max(made(blocks, track)) > resumed_us
    (gap,) = gaps(blocks, GapKind.PAUSE)
    assert gap.until_ms - gap.at_ms >= 800
    assert [entry.text for entry in entries(blocks) if isinstance(entry, MarkEntry)] == ["nghe lại"]


async def test_a_recording_that_begins_paused_is_paused_from_its_first_instant(
    recorder: RecorderProcess,
) -> None:
    async with recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient(), paused=True))
        await line.told(in_stage(Stage.PAUSED))
        assert Stage.ON not in {status.stage for status in line.statuses}
        line.order(Stop(RECORDING))
        await line.told(in_stage(Stage.ENDED))
    assert made(recorder.blocks()) == []


async def test_stopping_the_appliance_suspends_the_recording_until_the_next_start(
    recorder: RecorderProcess,
) -> None:
    start = recorder.start_order(recorder.recipient())
    async with recorder.line() as line:
        line.order(start)
        await line.told(in_stage(Stage.ON))
        await recorder.reaches(goes_beyond(now_us()))
        stopped_us = now_us()
        await recorder.end(signal.SIGTERM)
    left = recorder.blocks()
    assert recorder.opened().reading.end is None
    for track in MEDIA:
        assert stopped_us - made(left, track)[-1] < 500_000, "what was held is written"
    await recorder.start()
    async with recorder.line() as line:
        line.order(start)
        await line.told(in_stage(Stage.ON))
        line.order(Stop(RECORDING))
        await line.told(in_stage(Stage.ENDED))
    assert recorder.opened().reading.end is not None


async def test_it_waits_for_a_media_worker_that_is_away(tmp_path: Path) -> None:
    async with recorder_process(tmp_path) as recorder, recorder.line() as line:
        async with marked_tap(tmp_path / "tap"):
            line.order(recorder.start_order(recorder.recipient()))
            await line.told(in_stage(Stage.ON))
            await recorder.reaches(goes_beyond(now_us()))
        await line.told(lambda status: status.trouble is Trouble.NO_MEDIA)
        async with marked_tap(tmp_path / "tap"):
            await line.told(lambda status: status.trouble is Trouble.NONE)
            await recorder.reaches(goes_beyond(now_us()))
            line.order(Stop(RECORDING))
            await line.told(in_stage(Stage.ENDED))
        (gap,) = gaps(recorder.blocks(), GapKind.NO_MEDIA)
        assert gap.until_ms - gap.at_ms >= 1_000


async def test_segments_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    async with (
        marked_tap(tmp_path / "tap"),
        recorder_process(tmp_path, segment_s=1) as recorder,
        recorder.line() as line,
    ):
        line.order(recorder.start_order(recorder.recipient()))
        await line.told(in_stage(Stage.ON))
        await recorder.reaches(goes_beyond(now_us() + 2_000_000))
        line.order(Stop(RECORDING))
        await line.told(in_stage(Stage.ENDED))
        blocks = recorder.blocks()
        assert len([entry for entry in entries(blocks) if isinstance(entry, OpeningEntry)]) >= 3
        for track in MEDIA:
            instants = made(blocks, track)
            steps = [after - before for before, after in pairwise(instants)]
            assert max(steps) < 400_000
        assert recorder.verified().complete


async def test_two_locks_need_two_keys(recorder: RecorderProcess) -> None:
    async with recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient(), recorder.recipient("Ủy ban", second=True)))
        await line.told(in_stage(Stage.ON))
        line.order(Stop(RECORDING))
        await line.told(in_stage(Stage.ENDED))

    def readable(*keys: int) -> bool:
        return any(isinstance(one, Block) for one in recorder.opened(*keys).blocks())

    assert readable(0, 1)
    assert not readable(0)
    assert not readable(1)


async def test_a_refused_recording_leaves_nothing(recorder: RecorderProcess) -> None:
    board = recorder.recipient()
    orders = {
        Trouble.NO_RECIPIENT: recorder.start_order(Recipient("Ủy ban", board.key, second=True)),
        Trouble.BAD_RECIPIENT: recorder.start_order(board, Recipient("Sai", "age1sai")),
    }
    async with recorder.line() as line:
        for trouble, order in orders.items():
            line.order(order)
            refused = await line.told(in_stage(Stage.FAILED))
            assert refused.trouble is trouble
    assert not list(recorder.recordings.iterdir())


async def test_the_reserve_of_the_disk_is_not_touched(tmp_path: Path) -> None:
    async with recorder_process(tmp_path, reserve_mb=1 << 40) as recorder, recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient()))
        refused = await line.told(in_stage(Stage.FAILED))
        assert refused.trouble is Trouble.DISK_FULL
        assert not list(recorder.recordings.iterdir())


async def test_a_new_control_plane_replaces_the_old_one(recorder: RecorderProcess) -> None:
    async with recorder.line() as first, recorder.line() as second:
        assert await second.snapshot() == []
        await first.is_closed()
        second.order(recorder.start_order(recorder.recipient()))
        await second.told(in_stage(Stage.ON))
        async with recorder.line() as third:
            (status,) = await third.snapshot()
            assert (status.recording, status.stage) == (RECORDING, Stage.ON)
            third.order(Stop(RECORDING))
            await third.told(in_stage(Stage.ENDED))


async def test_a_full_disk_ends_it_with_a_report_and_keeps_what_was_written(
    recorder: RecorderProcess,
) -> None:
    async with recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient()))
        await line.told(in_stage(Stage.ON))
        blocks = await recorder.reaches(goes_beyond(now_us() + 500_000))
        recorder.allow_files_of(max(file.stat().st_size for file in recorder.recordings.rglob("*.age")))
        failed = await line.told(in_stage(Stage.FAILED))
        assert failed.trouble is Trouble.DISK_FULL
    assert recorder.blocks()[: len(blocks)] == blocks
