"""One row: an appliance of its own on one core, the points on the other; a storm, then a steady phase."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from signaling.store import StorageUnavailable
from tests.briefing.crowd import Crowd
from tests.briefing.engine import Engine
from tests.briefing.figures import (
    Snapshot,
    beats,
    latencies,
    memory,
    rates,
    samples_between,
    snapshot,
)
from tests.briefing.rows import Row, Told
from tests.briefing.tables import Voices
from tests.support import appliance as appliances
from tests.support.appliance import Appliance, ApplianceError
from tests.support.percentile import at

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, OWN_CORE = CORES[0], CORES[-1]
LATE_S = 30.0
"""So long after the storm, whoever is not inside does not come."""
PICTURES_S = 40.0
"""So long after the storm, a picture that is not there does not come."""
LOOK_S = 0.05
SETTLE_S = 3.0
"""Layers that nobody watches rest after three seconds."""
SETTLED, SETTLED_WITHIN_S = 1.02, 60.0
"""Lines are probed until they carry what is wished: what arrives has stopped to grow when it is not so many
times what it was, twice in a row; or it is measured as it is."""


async def carry_out(row: Row, seconds: float, voices: Voices) -> Told:
    """The row's figures; or why there are none."""
    figures: dict[str, float] = {}
    reason = note = ""
    try:
        reason, note = await _carry_out(row, seconds, voices, figures)
    except (ApplianceError, StorageUnavailable, aiohttp.ClientError, OSError, TimeoutError) as error:
        reason = f"{type(error).__name__}: {error}"[:300]
    return Told(row.name, figures, row.targets, reason, note)


async def _carry_out(row: Row, seconds: float, voices: Voices, figures: dict[str, float]) -> tuple[str, str]:
    """Returns why it is not what it was meant to be, or "", and what went wrong. What was measured is in
    `figures`."""
    engine = Engine(row.points, voices)
    with tempfile.TemporaryDirectory(prefix="giaoban-briefing-") as folder, _on(SERVER_CORE):
        begun_s = time.monotonic()
        async with appliances.running(Path(folder)) as appliance:
            figures["start_s"] = time.monotonic() - begun_s
            pin(OWN_CORE)
            crowd = Crowd(appliance, engine, row.points)
            with engine:
                async with crowd.signed_in() as operator:
                    await asyncio.wait_for(operator.inside.wait(), LATE_S)
                    async with crowd.storm(row.storm_s):
                        begin = await snapshot(engine, appliance, SERVER_CORE)
                        await _storm(row, crowd, appliance, begin, figures)
                        figures |= await _steady(crowd, appliance, seconds)
                        found = _reason(crowd)
            await crowd.close()
    return found


async def _storm(
    row: Row, crowd: Crowd, appliance: Appliance, begin: Snapshot, figures: dict[str, float]
) -> None:
    """Until everybody is inside and has their pictures, or does not get them any more."""
    over_s = begin.at_s + row.storm_s
    await _until(lambda: crowd.inside == crowd.count, over_s + LATE_S)
    if crowd.inside == crowd.count:
        figures["all_inside_s"] = time.monotonic() - begin.at_s
    await asyncio.sleep(max(0.0, over_s - time.monotonic()))
    end = await snapshot(crowd.engine, appliance, SERVER_CORE)
    samples = samples_between(crowd.engine, begin, end)
    storm = rates(begin, end) | latencies(samples) | beats(end.told)
    figures |= {f"storm_{name}": value for name, value in storm.items()}
    await _until(crowd.all_pictures, over_s + PICTURES_S)
    if crowd.all_pictures():
        figures["all_pictures_s"] = max(0.0, time.monotonic() - over_s)
    firsts = crowd.first_pictures_ms()
    figures["inside"] = float(crowd.inside)
    figures["first_picture_p50_ms"], figures["first_picture_p95_ms"] = at(0.5, firsts), at(0.95, firsts)
    figures["storm_pause_ms"] = figures.pop("storm_longest_pause_ms")


async def _until(so: Callable[[], bool], end_s: float) -> None:
    """The engine's tables tell nobody when they change: they are looked at."""
    for _ in range(max(0, round((end_s - time.monotonic()) / LOOK_S))):
        if so():
            return
        await asyncio.sleep(LOOK_S)


async def _settle(crowd: Crowd) -> None:
    best, still = 0.0, 0
    for _ in range(round(SETTLED_WITHIN_S / SETTLE_S)):
        if still == 2:
            return
        before = crowd.received()
        await asyncio.sleep(SETTLE_S)
        now = crowd.received() - before
        still = still + 1 if now <= best * SETTLED else 0
        best = max(best, now)


async def _steady(crowd: Crowd, appliance: Appliance, seconds: float) -> dict[str, float]:
    settling_s = time.monotonic()
    await _settle(crowd)
    settling_s = time.monotonic() - settling_s
    begin = await snapshot(crowd.engine, appliance, SERVER_CORE)
    await asyncio.sleep(seconds)
    end = await snapshot(crowd.engine, appliance, SERVER_CORE)
    found = rates(begin, end) | {"settled_s": settling_s}
    found["media_and_control_percent"] = found["media_percent"] + found["control_percent"]
    samples = samples_between(crowd.engine, begin, end)
    return found | latencies(samples) | beats(end.told) | memory(appliance)


def _reason(crowd: Crowd) -> tuple[str, str]:
    note = ", ".join(f"{what} x {count}" for what, count in sorted(crowd.faults().items()))
    if not crowd.engine.runs:
        return "the generator has failed", note
    if crowd.inside < crowd.count:
        return f"only {crowd.inside} of {crowd.count} are inside", note
    return "", note


def pin(*cores: int) -> None:
    """All threads of this process, and whatever it starts."""
    for task in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(task), cores)


@contextmanager
def _on(core: int) -> Iterator[None]:
    """What is started here runs there."""
    pin(core)
    try:
        yield
    finally:
        pin(*CORES)
