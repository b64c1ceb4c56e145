"""The rows of the table: how far picture and voice are apart, and how long a voice takes."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.lips.scene import Scene
from tests.support import percentile
from tests.support.bad_link import Quality
from tests.support.browser.lips import Line, Lines, Marks, Way

Figures = dict[str, float]
"""Milliseconds, unless the name says otherwise."""
SETTLE_S = 12.0
CHANGES, TURN_S = 10, 8.0
MAX_MEDIAN_MS, MAX_P95_MS, MAX_LATER_MS = 25.0, 60.0, 300.0
MAX_OURS_MS, MAX_BUFFER_MS = 2.0, 10.0
GOOD_DELAY_S = 0.005


@dataclass(frozen=True, slots=True)
class Bound:
    """What one figure must be at most, to either side."""

    figure: str
    most: float

    def holds(self, figures: Figures) -> bool:
        return abs(figures[self.figure]) <= self.most


APART = (Bound("median", MAX_MEDIAN_MS), Bound("p95", MAX_P95_MS), Bound("voice_later", MAX_LATER_MS))


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    link: str
    """In the words of the table."""
    up: Quality
    down: Quality
    measure: "Callable[[Scene, float], Awaitable[Figures]]"
    bounds: tuple[Bound, ...] = APART


async def steady(scene: Scene, seconds: float) -> Figures:
    """One speaker, when the browser has had time to settle."""
    await asyncio.sleep(SETTLE_S)
    since_ms = time.time() * 1000
    lines = await scene.watch_lines(seconds)
    return apart(await scene.marks(since_ms)) | waits(lines)


async def changes(scene: Scene, seconds: float) -> Figures:
    """The speakers take turns; every clap counts, also those just after a change."""
    del seconds  # the row has a course of its own
    since_ms = time.time() * 1000
    lines: list[Lines] = []
    for number in range(CHANGES):
        await scene.give_the_stage(1 - number % 2)
        lines += await scene.watch_lines(TURN_S)
    await scene.give_the_stage(0)
    marks, made = await scene.marks(since_ms), await scene.claps(since_ms)
    heard = {"heard_share": len(marks.product.beeps) / max(1, len(made))}
    return apart(marks) | waits(lines) | heard


async def mouth_to_ear(scene: Scene, seconds: float) -> Figures:
    """How long a voice takes, and where."""
    await asyncio.sleep(SETTLE_S)
    since_ms = time.time() * 1000
    lines = await scene.watch_lines(seconds)
    marks, made = await scene.marks(since_ms), await scene.claps(since_ms - 1000)
    product, direct = _taken(marks.product, made), _taken(marks.direct, made)
    buffer, direct_buffer = (
        _buffered(lines[0].product, lines[-1].product),
        _buffered(lines[0].direct, lines[-1].direct),
    )
    path = GOOD_DELAY_S * 1000
    extra = [later - path - (buffer - direct_buffer) for later in marks.voices_later_ms]
    return {
        "mouth_to_ear": statistics.median(product),
        "mouth_to_ear_p99": percentile.at(0.99, product),
        "direct": statistics.median(direct),
        "jitter_buffer": buffer,
        "direct_jitter_buffer": direct_buffer,
        "buffer_ours": buffer - direct_buffer,
        "path": path,
        "capture_encode_playout": statistics.median(direct) - direct_buffer,
        "ours": statistics.median(extra),
        "ours_p99": percentile.at(0.99, extra),
    }


def apart(marks: Marks) -> Figures:
    """How much later than the voice the picture came, beyond what the browser does by itself."""
    shown, usual = marks.product.offsets_ms, marks.direct.offsets_ms
    if not shown or not usual:
        return {"median": 1e6, "p95": 1e6, "worst": 1e6, "claps": 0}
    direct = statistics.median(usual)
    found = [offset - direct for offset in shown]
    sizes = [abs(offset) for offset in found]
    return {
        "median": statistics.median(found),
        "p95": percentile.at(0.95, sizes),
        "worst": max(found, key=abs),
        "product_median": statistics.median(shown),
        "direct_median": direct,
        "claps": len(found),
    }


def waits(lines: Sequence[Lines]) -> Figures:
    """How long the voice waits before it is played, and how much of that is not the network's doing but for
    the picture's sake (or because our page asked for it): the most in any second."""
    spoken = [_spoken(before.product, after.product) for before, after in pairwise(lines)]
    found = [pair for pair in spoken if pair is not None]
    later = [_mean(a.target, b.target, a, b) - _mean(a.least, b.least, a, b) for a, b in found]
    return {
        "voice_waits": statistics.median(_mean(a.delay, b.delay, a, b) for a, b in found) if found else 0.0,
        "voice_later": max(later, default=0.0),
    }


def _taken(way: Way, made: Sequence[float]) -> list[float]:
    return [min((beep.at - clap for clap in made if clap <= beep.at), default=0.0) for beep in way.beeps]


def _spoken(before: Sequence[Line], after: Sequence[Line]) -> tuple[Line, Line] | None:
    """The voice's line that got most: the speaker's."""
    pairs = [
        (early, late)
        for early in before
        for late in after
        if early.mid == late.mid and late.kind == "audio" and late.emitted > early.emitted
    ]
    return max(pairs, key=lambda pair: pair[1].packets - pair[0].packets, default=None)


def _buffered(before: Sequence[Line], after: Sequence[Line]) -> float:
    pair = _spoken(before, after)
    return 0.0 if pair is None else _mean(pair[0].delay, pair[1].delay, *pair)


def _mean(early_s: float, late_s: float, before: Line, after: Line) -> float:
    return 1000 * (late_s - early_s) / (after.emitted - before.emitted)


def _both(quality: Quality) -> tuple[Quality, Quality]:
    return quality, quality


GOOD = _both(Quality(delay_s=GOOD_DELAY_S))
ROWS = (
    Row("good", "good, 5 ms", *GOOD, steady),
    Row("jitter-80", "20 ms, jitter of 80 ms", *_both(Quality(delay_s=0.02, jitter_s=0.08)), steady),
    Row("loss-5", "5 % loss both ways, 60 ms", *_both(Quality(delay_s=0.03, loss=0.05)), steady),
    Row("down-600", "600 kbit/s down, 60 ms", Quality(delay_s=0.03),
        Quality(delay_s=0.03, rate_bps=600_000, queue_s=0.5), steady),
    Row("down-300", "300 kbit/s down, 60 ms", Quality(delay_s=0.03),
        Quality(delay_s=0.03, rate_bps=300_000, queue_s=0.5), steady),
    Row("changes", "good, ten changes of speaker", *GOOD, changes),
    Row("mouth-to-ear", "good, 5 ms", *GOOD, mouth_to_ear,
        (Bound("ours_p99", MAX_OURS_MS), Bound("buffer_ours", MAX_BUFFER_MS))),
)  # fmt: skip
