"""How well a person hears one tone and sees the stage, measured in their browser but outside the product."""

import asyncio
import time
from pathlib import Path

import msgspec

from tests.support.browser.page import Page, PageError

_SCRIPT = Path(__file__).with_name("gauge.js").read_text()
POLL_S = 0.05
SPOKEN_SHARE = 0.1
"""A line carried a voice if it got at least this share of what the busiest line got."""


class _Numbers(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Tone(_Numbers, frozen=True):
    """Times are Unix ms, 0: not yet."""

    first: float
    last: float
    longest_gap: float
    """ms"""
    gaps: int
    blocks: int
    """Blocks of 11 ms that were examined."""
    heard: int


class Pictures(_Numbers, frozen=True):
    """What the stage's element has shown. Times are Unix ms, 0: not yet."""

    first: float
    last: float
    count: int
    longest_gap: float
    """ms"""
    widths: tuple[tuple[float, int], ...]
    """When a picture of another width first came."""


class Voice(_Numbers, frozen=True):
    """An audio line, by getStats."""

    mid: str
    packets: int
    total: int
    concealed: int
    """Samples made up for packets that were late or lost, without silence."""
    silent: int
    delay: float
    emitted: int


class Stage(_Numbers, frozen=True):
    """The stage's line, by getStats."""

    packets: int
    delay: float
    emitted: int
    frames: int
    freezes: int
    frozen: float
    """s"""
    pli: int
    dropped: int


class Reading(_Numbers, frozen=True):
    """The measurements since the mark."""

    seconds: float
    at: float
    now: float
    tone: Tone
    picture: Pictures
    voices: tuple[Voice, ...]
    stage: Stage
    tiles: dict[str, int]
    """Frames decoded on each other video line, by mid."""
    path: str
    rtt: float
    lost: int
    packets: int
    nack: int
    pli: int
    bytes: int

    @property
    def concealed(self) -> float:
        """Share of made-up samples on lines that carried a voice; 1 if none did."""
        busiest = max((voice.packets for voice in self.voices), default=0)
        spoken = [voice for voice in self.voices if voice.packets > SPOKEN_SHARE * busiest]
        total = sum(voice.total for voice in spoken)
        return sum(voice.concealed for voice in spoken) / total if busiest and total else 1.0

    def concealed_on(self, mid: str) -> float:
        """Share of made-up samples on one line; 1 if it brought none."""
        line = next((voice for voice in self.voices if voice.mid == mid and voice.packets), None)
        return line.concealed / line.total if line is not None and line.total else 1.0

    @property
    def frozen(self) -> float:
        """Share of the time in which the stage stood still, including a freeze that has not ended."""
        still_s = max(0.0, (self.now - max(self.picture.last, self.at)) / 1000 - 0.5)
        return min(1.0, (self.stage.frozen + still_s) / self.seconds)

    @property
    def fps(self) -> float:
        return self.stage.frames / self.seconds

    @property
    def changes(self) -> int:
        """How often the size of the stage's picture changed."""
        return max(0, len(self.picture.widths) - 1)

    @property
    def width(self) -> int:
        """Of the newest picture; 0 when there was none."""
        return self.picture.widths[-1][1] if self.picture.widths else 0

    @property
    def voice_delay_ms(self) -> float:
        """Mean time in the jitter buffer."""
        emitted = sum(voice.emitted for voice in self.voices)
        return 1000 * sum(voice.delay for voice in self.voices) / emitted if emitted else 0.0


class Gauge:
    """On one person's page. Make it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @classmethod
    async def on(cls, page: Page, tone_hz: int) -> "Gauge":
        """tone_hz: the voice to listen for."""
        await page.add_init_script(f"({_SCRIPT})({{ hz: {tone_hz} }})")
        return cls(page)

    async def mark(self) -> float:
        """Measure from now on. Returns Unix ms."""
        return await self._page.evaluate("gauge.mark()", float)

    async def read(self) -> Reading:
        return await self._page.evaluate("gauge.read()", Reading)

    async def over(self, seconds: float) -> Reading:
        """The measurements of the next seconds."""
        await self.mark()
        await asyncio.sleep(seconds)
        return await self.read()

    async def heard_after(self, moment_ms: float, limit_s: float) -> float:
        """Seconds from a moment (Unix ms) until the tone was heard. Raises PageError."""
        return await self._after(f"heardAfter({moment_ms})", moment_ms, limit_s)

    async def seen_after(self, moment_ms: float, limit_s: float, width: int = 1) -> float:
        """Seconds from a moment (Unix ms) until the stage showed a new picture of at least this width. Raises
        PageError."""
        return await self._after(f"seenAfter({moment_ms}, {width})", moment_ms, limit_s)

    async def _after(self, what: str, moment_ms: float, limit_s: float) -> float:
        while time.time() * 1000 < moment_ms + limit_s * 1000:
            if found := await self._page.evaluate(f"gauge.{what}", float):
                return (found - moment_ms) / 1000
            await asyncio.sleep(POLL_S)
        raise PageError(f"{what}: not in {limit_s} s\n{await self._page.describe()}")
