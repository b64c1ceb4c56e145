"""From a real peer to the opened file: its picture counts, its voice beeps in sync, and the recorder is
killed in the middle."""

import asyncio
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.run.addresses import local_addresses
from deploy.simulate.media import Media
from recorder import Stage, Stop
from recorder.format.blocks import Block, Track
from recorder.format.entries import GapEntry, GapKind
from recorder.opening.film.presence import VOICES
from sfu import EndpointId, GateReason, Opened, OpenEndpoint, Source
from sfu.tap_server import serve_taps
from sfu.worker import WorkerConfig, open_plane, tick_until
from tests.support.metronome import COUNTERS, keep_time, offsets
from tests.support.record_reading import Picture, read
from tests.support.recorder_process import RECORDING, ROOM, RecorderProcess, in_stage, recorder_process

pytestmark = [pytest.mark.record, pytest.mark.loopback]

LAN = EndpointId("lan")
STRETCH_MS = 3_000
LOST_MS = 2_000


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Path]:
    """The socket of a media worker to which a peer sends voice and picture."""
    config = WorkerConfig(socket_path="", addresses=local_addresses()[:1], port=0)
    async with open_plane(config) as (plane, _door, _ports), asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        group.create_task(tick_until(stop, plane))
        media = Media(0)
        keep_time(media, 0)
        try:
            gates = dict.fromkeys(Source, GateReason.OPEN)
            offer = await media.offer()
            opened = plane.apply(OpenEndpoint(room=ROOM, endpoint=LAN, offer=offer, gates=gates, local=True))
            assert isinstance(opened, Opened), opened
            await media.accept(opened.answer)
            async with serve_taps(plane, str(tmp_path / "tap")):
                yield tmp_path / "tap"
        finally:
            await media.close()
            stop.set()


async def test_a_peer_is_recorded_in_sync_and_a_killed_recorder_costs_two_seconds(
    tap: Path, tmp_path: Path
) -> None:
    async with recorder_process(tmp_path) as recorder:
        start = recorder.start_order(recorder.recipient())
        async with recorder.line() as line:
            line.order(start)
            await line.told(in_stage(Stage.ON))
            await recorder.reaches(lambda blocks: shown_ms(blocks) > STRETCH_MS)
            killed_ms = recorder.now_at_ms()
            await recorder.end(signal.SIGKILL)
        left = recorder.blocks()
        assert killed_ms - length_ms(left) < LOST_MS
        await recorder.start()
        async with recorder.line() as line:
            line.order(start)
            await line.told(in_stage(Stage.ON))
            await recorder.reaches(lambda blocks: shown_ms(blocks, killed_ms) > STRETCH_MS)
            line.order(Stop(RECORDING))
            await line.told(in_stage(Stage.ENDED))
        judge(recorder, left)


def judge(recorder: RecorderProcess, left: list[Block]) -> None:
    blocks = recorder.blocks()
    assert blocks[: len(left)] == left
    reading = read(blocks)
    (crash,) = [one for one in reading.entries if isinstance(one, GapEntry) and one.kind is GapKind.CRASH]
    before = [one for one in reading.pictures if one.at_s * 1000 < crash.until_ms]
    after = [one for one in reading.pictures if one.at_s * 1000 >= crash.until_ms]
    for pictures in (before, after):
        in_order(pictures)
    found = offsets(reading.ticks_of(LAN), reading.beeps_of(0))
    assert len(found) >= 3
    assert max(map(abs, found)) < 0.04, found


def in_order(pictures: list[Picture]) -> None:
    """Each counter equals the one before it or is the next."""
    seen = [one.counter for one in pictures if one.counter is not None]
    assert len(seen) > 20
    assert len(seen) == len(pictures), "all are legible"
    assert {(later - earlier) % COUNTERS for earlier, later in pairwise(seen)} <= {0, 1}


def shown_ms(blocks: list[Block], since_ms: int = 0) -> int:
    """For how long there are pictures, which begin with the peer's next keyframe."""
    shown = [block.at_ms for block in blocks if block.track is Track.STAGE and block.at_ms >= since_ms]
    return shown[-1] - shown[0] if shown else 0


def length_ms(blocks: list[Block]) -> int:
    return max((block.at_ms for block in blocks if block.track in VOICES), default=0)
