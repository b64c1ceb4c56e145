"""The yardstick itself: a small briefing, held as make bench-briefing holds large ones. No speed is
judged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bench.whole import Setting, measure
from tests.briefing.crowd import Crowd
from tests.briefing.engine import Engine
from tests.briefing.figures import latencies, rates, samples_between, snapshot
from tests.briefing.lines import Layer
from tests.briefing.tables import PICTURE, SLOTS, VOICE
from tests.briefing.voices import prepared
from tests.support.appliance import running

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(300)]
POINTS = 3
WAIT_S = 60.0
HELD_MS = 2.0
"""Longer, and the generator would do nothing else than hold packets back."""


@asynccontextmanager
async def briefing(folder: Path) -> AsyncIterator[tuple[Crowd, Engine]]:
    """Everybody is inside and has all their pictures."""
    engine = Engine(POINTS, prepared(POINTS))
    async with running(folder) as appliance:
        crowd = Crowd(appliance, engine, POINTS)
        with engine:
            async with crowd.signed_in() as operator:
                await asyncio.wait_for(operator.inside.wait(), WAIT_S)
                async with crowd.storm(1.0):
                    await until(crowd.all_pictures)
                    yield crowd, engine
        await crowd.close()


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not so():  # noqa: ASYNC110 # the engine's tables tell nobody when they change
            await asyncio.sleep(0.05)


async def test_a_small_briefing_is_held_and_its_figures_agree_with_the_workers(tmp_path: Path) -> None:
    async with briefing(tmp_path) as (crowd, engine):
        begin = await snapshot(engine, crowd.appliance, 0)
        await asyncio.sleep(3.0)
        end = await snapshot(engine, crowd.appliance, 0)
        slots = engine.world.slots.reshape(POINTS, SLOTS)
        for own in slots:
            assert (own["packets"][own["kind"] == VOICE] > 0).any()
            assert (own["picture_us"][own["kind"] == PICTURE] > 0).sum() >= POINTS
        found = rates(begin, end)
        assert found["copies_a_second"] == pytest.approx(found["copies_told_a_second"], rel=0.25)
        assert found["lost_percent"] <= 1
        assert found["media_percent"] > 0
        ways = latencies(samples_between(engine, begin, end))
        assert 0 < ways["voice_p50_ms"] < 1_000
        assert 0 < ways["picture_p50_ms"] < 1_000
        assert len(crowd.first_pictures_ms()) == POINTS
        assert not crowd.faults()
        assert int(engine.world.points["bad"].sum()) == 0
        await held_back_on_its_way_it_is_measured_as_later(crowd, engine)


async def held_back_on_its_way_it_is_measured_as_later(crowd: Crowd, engine: Engine) -> None:
    engine.world.points["watched"] = 1
    engine.world.points["hold_us"] = round(HELD_MS * 1000)
    await asyncio.sleep(1.0)
    begin = await snapshot(engine, crowd.appliance, 0)
    await asyncio.sleep(2.0)
    end = await snapshot(engine, crowd.appliance, 0)
    ways = samples_between(engine, begin, end)
    assert len(ways.voice) > 10
    assert min(ways.voice) >= HELD_MS


async def test_a_copy_through_a_worker_alone_is_counted_and_timed() -> None:
    camera = (Layer(2_000, 320, 180),)
    found = await measure(Setting("two packets", 2, camera, 2, 180, 1.0), seconds=1.0)
    assert 0 < found.copy_us < 100_000
    assert 0 < found.p50_ms <= found.p99_ms < 10_000
    assert 0.2 < found.carried < 1.5
