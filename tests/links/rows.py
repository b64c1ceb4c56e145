"""The rows of the table: what the link is like, what is measured on it, and what must be reached."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.links.scene import GOOD, Scene, tile_line, voice_line
from tests.support.bad_link import Quality
from tests.support.browser import PageError
from tests.support.browser.gauge import Gauge, Reading

Figures = dict[str, float]
"""Names with their units; shares are 0 to 1. What never came is NEVER."""
NEVER = 1e6
FAIR_S = 3.0
"""On a good line between two runs, so that each begins the same."""
STEADY_S = 15.0
COMES_S = 20.0
"""How long to wait for something."""
WHOLE_VOICE = 0.005
"""Concealed by the jitter buffer's own work on a line that loses nothing."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What one figure must be."""

    figure: str
    most: float | None = None
    least: float | None = None

    def holds(self, figures: Mapping[str, float]) -> bool:
        value = figures[self.figure]
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def __str__(self) -> str:
        return f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"


Measure = Callable[[Scene, "Row", float], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    link: str
    """In the words of the table."""
    up: Quality
    down: Quality
    measure: Measure
    bounds: tuple[Bound, ...]


async def steady(scene: Scene, row: Row, seconds: float) -> Figures:
    """The link is bad from the beginning; what counts is the state when everything has settled."""
    gauge = await _settled(scene, row)
    return _figures(await _over(scene, gauge, seconds), scene)


async def both_ways(scene: Scene, row: Row, seconds: float) -> Figures:
    """The measured participant speaks and shows themselves as well."""
    who, _ = await scene.inside()
    await who.switch("microphone", True)
    try:
        gauge = await _settled(scene, row)
        await scene.witness.page.do(f"wishFirst('{await who.own_id()}')")
        own_voice = await voice_line(scene.witness, who)
        reading = await _over(scene, gauge, seconds)
        theirs = await scene.witness_gauge.read()
        tile = await tile_line(scene.witness, who)
        own = {
            "own_concealed": theirs.concealed_on(own_voice),
            "own_fps": theirs.tiles.get(tile, 0) / theirs.seconds,
        }
        return _figures(reading, scene) | own
    finally:
        scene.link.become(GOOD, GOOD)
        await who.switch("microphone", False)


async def drop_and_back(scene: Scene, row: Row, seconds: float) -> Figures:
    """1.5 Mbit/s, then for 20 s what the row says, then back; it is watched to the end."""
    del seconds  # the row has a course of its own
    _, gauge = await scene.inside()
    wide = Quality(rate_bps=1_500_000, queue_s=row.down.queue_s, delay_s=row.down.delay_s)
    scene.link.become(Quality(delay_s=row.up.delay_s), wide)
    await asyncio.sleep(STEADY_S)
    before = await gauge.read()
    await _mark(scene, gauge)
    scene.link.plan([], [(5.0, row.down), (25.0, wide)])
    returned_ms = time.time() * 1000 + 25_000
    await asyncio.sleep(25.0 + 15.0)
    reading = await gauge.read()
    upper = before.width or NEVER
    recovered_s = await _or_never(gauge.seen_after(returned_ms, 15.5, width=round(upper)))
    return _figures(reading, scene) | {"recovered_s": recovered_s, "upper_width": upper}


async def cut(scene: Scene, row: Row, seconds: float) -> Figures:
    """Nothing passes for ten seconds."""
    del seconds  # the row has a course of its own
    gauge = await _settled(scene, row, 5.0)
    await _mark(scene, gauge)
    scene.link.cut()
    await asyncio.sleep(10.0)
    scene.link.cut(False)
    returned_ms = time.time() * 1000
    heard = await _or_never(gauge.heard_after(returned_ms, COMES_S))
    seen = await _or_never(gauge.seen_after(returned_ms, COMES_S))
    await asyncio.sleep(2.0)
    return {"heard_s": heard, "seen_s": seen} | _path(await gauge.read())


async def join_without_udp(scene: Scene, row: Row, seconds: float) -> Figures:
    return await _join(scene, row, seconds, blocks_udp=True)


async def join(scene: Scene, row: Row, seconds: float) -> Figures:
    return await _join(scene, row, seconds, blocks_udp=False)


async def _join(scene: Scene, row: Row, seconds: float, *, blocks_udp: bool) -> Figures:
    """The line is bad when the operator admits."""
    who, gauge = await scene.newcomer()
    scene.link.become(row.up, row.down)
    scene.link.block_udp(blocks_udp)
    await asyncio.sleep(1.0)
    await scene.witness_gauge.mark()
    admitted_ms = await scene.admit(who)
    heard = await _or_never(gauge.heard_after(admitted_ms, COMES_S))
    seen = await _or_never(gauge.seen_after(admitted_ms, COMES_S))
    await asyncio.sleep(min(5.0, seconds))
    figures = {"first_voice_s": heard, "first_picture_s": seen} | _path(await gauge.read())
    await scene.away()
    return figures


async def _settled(scene: Scene, row: Row, seconds: float = STEADY_S) -> Gauge:
    _, gauge = await scene.inside()
    scene.link.become(GOOD, GOOD)
    await asyncio.sleep(FAIR_S)
    scene.link.become(row.up, row.down)
    await gauge.mark()
    await asyncio.sleep(seconds)
    return gauge


async def _mark(scene: Scene, gauge: Gauge) -> None:
    scene.link.record_anew()
    await scene.witness_gauge.mark()
    await gauge.mark()


async def _over(scene: Scene, gauge: Gauge, seconds: float) -> Reading:
    await _mark(scene, gauge)
    await asyncio.sleep(seconds)
    return await gauge.read()


async def _or_never(coming: Awaitable[float]) -> float:
    try:
        return await coming
    except PageError:
        return NEVER


def _path(reading: Reading) -> Figures:
    return {"tcp": float(reading.path == "tcp")}


def _figures(reading: Reading, scene: Scene) -> Figures:
    down, up = scene.link.down.record, scene.link.up.record
    return {
        "concealed": reading.concealed,
        "gap_ms": reading.tone.longest_gap,
        "frozen": reading.frozen,
        "fps": reading.fps,
        "flaps": reading.changes,
        "flaps_a_minute": reading.changes * 60 / reading.seconds,
        "width": reading.width,
        "voice_delay_ms": reading.voice_delay_ms,
        "queue_p95_ms": down.waits.quantile_ms(0.95),
        "overflowed": down.overflowed / max(1, down.packets + down.dropped),
        "down_kbps": down.size * 8 / reading.seconds / 1000,
        "up_kbps": up.size * 8 / reading.seconds / 1000,
    } | _path(reading)


def _both(loss: float, delay_s: float, burst: float = 1.0) -> tuple[Quality, Quality]:
    quality = Quality(loss=loss, burst=burst, delay_s=delay_s)
    return quality, quality


ROWS = (
    Row("loss-5", "5 % loss both ways, 60 ms", *_both(0.05, 0.03), steady,
        (Bound("concealed", most=0.01), Bound("frozen", most=0.01), Bound("flaps", most=0))),
    Row("loss-10", "10 % loss, 100 ms", *_both(0.10, 0.05), steady,
        (Bound("concealed", most=0.02), Bound("frozen", most=0.03))),
    Row("burst-20", "20 % loss in bursts, 200 ms", *_both(0.20, 0.1, burst=3.0), steady,
        (Bound("concealed", most=0.06),)),
    Row("down-600", "600 kbit/s down", Quality(delay_s=0.03),
        Quality(delay_s=0.03, rate_bps=600_000, queue_s=0.5), steady,
        (Bound("concealed", most=WHOLE_VOICE), Bound("fps", least=15), Bound("flaps_a_minute", most=2),
         Bound("queue_p95_ms", most=250))),
    Row("thin-300", "300 kbit/s down, 150 kbit/s up, 300 ms",
        Quality(delay_s=0.15, rate_bps=150_000, queue_s=0.6),
        Quality(delay_s=0.15, rate_bps=300_000, queue_s=0.6), both_ways,
        (Bound("concealed", most=0.02), Bound("own_concealed", most=0.02), Bound("own_fps", least=1),
         Bound("fps", least=1))),
    Row("drop-400", "1.5 Mbit/s dropping to 400 kbit/s and back", Quality(delay_s=0.03),
        Quality(delay_s=0.03, rate_bps=400_000, queue_s=0.4), drop_and_back,
        (Bound("gap_ms", most=300), Bound("recovered_s", most=12))),
    Row("cut-10", "cut of 10 s", *_both(0.0, 0.03), cut,
        (Bound("heard_s", most=1.5), Bound("seen_s", most=2.5))),
    Row("udp-blocked", "UDP blocked", *_both(0.0, 0.03), join_without_udp,
        (Bound("first_voice_s", most=5), Bound("first_picture_s", most=5), Bound("tcp", least=1))),
    Row("join-300", "join at 300 kbit/s, 200 ms, 5 % loss",
        *(Quality(loss=0.05, delay_s=0.1, rate_bps=300_000, queue_s=0.5),) * 2, join,
        (Bound("first_voice_s", most=3), Bound("first_picture_s", most=5))),
)  # fmt: skip
OTHERS = "others-unharmed"
EASY = Row("good", "a good line", GOOD, GOOD, steady, ())
"""Measured first: what the witness has while nobody's link is bad."""
