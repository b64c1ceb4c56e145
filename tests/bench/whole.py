"""What a copy costs the whole media worker, with everything that viewers report, and how long it takes: a
part of `make bench`.

A worker in its own process on the first core; publishers and viewers are the generator of make bench-briefing
on the last. The cost is all CPU of the worker (user + system, from /proc), divided by the copies."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from sfu import (
    EndpointId,
    GateReason,
    Opened,
    OpenEndpoint,
    Ping,
    Pong,
    RoomId,
    Show,
    Source,
    TileWish,
)
from signaling.links.media import WorkerSocket
from tests.bench.peers import CORES, FRAME, HERE
from tests.bench.recording import cpu_s
from tests.bench.worker import SOCKET
from tests.briefing.engine import Engine
from tests.briefing.lines import CAMERA, Layer, Line
from tests.briefing.scene import pin
from tests.briefing.tables import MAX_PAYLOAD, N_SAMPLES, PICTURE, SOUND, Voices
from tests.support.appliance import ApplianceError, free_port
from tests.support.percentile import at

ROOM = RoomId("bench")
PUBLISHERS = 10
FPS = 15
"""Ten cameras of five packets are then 7 Mbit/s, which a line is probed for."""
START_S, SETTLED_WITHIN_S = 30.0, 45.0
SETTLED = 0.97
"""Of what is sent, this share arrives: the lines carry it."""
SECONDS = 8.0
PRIORITY = -10
_PERIOD_US = 1_000_000 // FPS
_FRAME = Layer(FRAME * MAX_PAYLOAD, 640, 360, _PERIOD_US, burst=FRAME)
_EVEN = Layer(FRAME * MAX_PAYLOAD, 640, 360, _PERIOD_US, burst=1, spread_us=_PERIOD_US // FRAME)


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    viewers: int
    camera: Sequence[Layer]
    packets: int
    """Of one picture that is forwarded."""
    rows: int
    """How high viewers show it."""
    bar: float
    """Times the floor, at most."""


SETTINGS = (
    Setting("frames of 5", 20, (_FRAME,), FRAME, 360, 0.95),
    Setting("frames of 5", 5, (_FRAME,), FRAME, 360, 1.7),
    Setting("evenly spaced", 20, (_EVEN,), FRAME, 360, 1.3),
    Setting("three layers in, the lowest out", 20, CAMERA, 1, 80, 2.4),
)


@dataclass(frozen=True, slots=True)
class Whole:
    setting: Setting
    copies_a_second: float
    copy_us: float
    floor_us: float
    p50_ms: float
    p99_ms: float
    carried: float
    """Share of what should have been forwarded: below 1, lines were held to be too thin."""

    @property
    def ratio(self) -> float:
        return self.copy_us / self.floor_us

    def as_json(self) -> dict[str, float | str | int | bool]:
        return {
            "name": self.setting.name,
            "viewers": self.setting.viewers,
            "copies_a_second": round(self.copies_a_second),
            "copy_us": round(self.copy_us, 3),
            "floor_us": round(self.floor_us, 3),
            "ratio_to_floor": round(self.ratio, 3),
            "latency_p50_ms": round(self.p50_ms, 3),
            "latency_p99_ms": round(self.p99_ms, 3),
            "carried": round(self.carried, 3),
            "bar_ratio": self.setting.bar,
            "reached": self.ratio <= self.setting.bar,
        }


def measure_whole() -> list[Whole]:
    return [asyncio.run(measure(setting)) for setting in SETTINGS]


def table(rows: Sequence[Whole]) -> Table:
    result = Table(title=f"A copy through the whole media worker, feedback on ({PUBLISHERS} publishers)")
    names = ("", "viewers", "copies/s", "us", "floor", "us/floor", "at most", "p50 ms", "p99 ms", "carried %")
    for name in names:
        result.add_column(name, justify="right" if name else "left")
    for row in rows:
        result.add_row(
            *(row.setting.name, str(row.setting.viewers), f"{row.copies_a_second:,.0f}"),
            *(f"{row.copy_us:.2f}", f"{row.floor_us:.2f}", f"{row.ratio:.2f}", f"{row.setting.bar}"),
            *(f"{row.p50_ms:.2f}", f"{row.p99_ms:.2f}", f"{100 * row.carried:.0f}"),
        )
    return result


def _floor_us(viewers: int) -> float:
    """In a process of its own, which needs both cores."""
    os.sched_setaffinity(0, CORES)
    command = [sys.executable, "-m", "tests.bench.floor", "--destinations", str(viewers)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def measure(setting: Setting, seconds: float = SECONDS) -> Whole:
    """Raises ApplianceError."""
    floor = await asyncio.to_thread(_floor_us, setting.viewers)
    silent = Voices(np.zeros((1, 1, SOUND), np.uint8), np.ones((1, 1), np.int64), np.zeros((1, 1), np.int64))
    engine = Engine(PUBLISHERS + setting.viewers, silent)
    async with _worker() as (port, pid, media):
        with engine:
            lines = await _gather(engine, setting, port, media)
            wanted = PUBLISHERS * setting.viewers * setting.packets * FPS
            await _settle(media, wanted)
            first, cpu, begun = int(engine.world.state[N_SAMPLES]), cpu_s(pid), time.monotonic()
            copies = await _copies(media)
            await asyncio.sleep(seconds)
            copies = await _copies(media) - copies
            cpu, lasted = cpu_s(pid) - cpu, time.monotonic() - begun
            rows = engine.world.samples[first : int(engine.world.state[N_SAMPLES])]
            ways = (rows[rows[:, 1] == PICTURE, 2] / 1000).tolist()
        for line in lines:
            await line.close()
    rate = copies / lasted
    return Whole(
        setting, rate, cpu / max(1, copies) * 1e6, floor, at(0.5, ways), at(0.99, ways), rate / wanted
    )


@asynccontextmanager
async def _worker() -> AsyncIterator[tuple[int, int, WorkerSocket]]:
    """Its port, its process, its door. This process moves to the last core meanwhile."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="giaoban-bench-") as folder:
        before = os.sched_getaffinity(0)
        pin(CORES[0])
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.worker", folder, str(port)),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        with suppress(PermissionError):  # what else the machine does is not part of the measurement
            os.setpriority(os.PRIO_PROCESS, process.pid, PRIORITY)
        pin(CORES[-1])
        media = WorkerSocket(Path(folder) / SOCKET)
        running = asyncio.create_task(media.run())
        hearing = asyncio.create_task(_hear(media))
        try:
            async with asyncio.timeout(START_S):
                while not media.up:  # noqa: ASYNC110 # it connects by itself and tells nobody
                    await asyncio.sleep(0.05)
            yield port, process.pid, media
        finally:
            for task in (running, hearing):
                task.cancel()
            await asyncio.gather(running, hearing, return_exceptions=True)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            pin(*before)


async def _hear(media: WorkerSocket) -> None:
    while True:
        await media.next_events()


async def _gather(engine: Engine, setting: Setting, port: int, media: WorkerSocket) -> list[Line]:
    """Publishers, then viewers. Nobody follows a plan: three layers come in, though one would do."""
    lines: list[Line] = []
    for index in range(PUBLISHERS + setting.viewers):
        endpoint, line = EndpointId(f"e{index}"), Line(engine, index)
        offer = line.offer()
        gates = dict.fromkeys(Source, GateReason.SELF) | {Source.CAMERA: GateReason.OPEN}
        opened = await media.request(OpenEndpoint(ROOM, endpoint, offer, gates, local=True))
        if not isinstance(opened, Opened):
            raise ApplianceError(f"the worker does not open an endpoint: {opened}")
        await line.open(opened.answer, (HERE, port))
        is_viewer = index >= PUBLISHERS
        tiles = tuple(TileWish(EndpointId(f"e{p}"), setting.rows) for p in range(PUBLISHERS))
        await media.request(Show(endpoint, tiles if is_viewer else (), 0, 0))
        line.begin(opened.answer, offer, () if is_viewer else setting.camera, voice=False)
        lines.append(line)
    return lines


async def _settle(media: WorkerSocket, wanted: int) -> None:
    """Until the lines are known to carry everything, or for a minute."""
    for _ in range(round(SETTLED_WITHIN_S)):
        before = await _copies(media)
        await asyncio.sleep(1.0)
        if await _copies(media) - before >= SETTLED * wanted:
            return


async def _copies(media: WorkerSocket) -> int:
    told = await media.request(Ping())
    assert isinstance(told, Pong)
    return told.copies


__all__ = ["Setting", "Whole", "measure", "measure_whole", "table"]
