"""When a flash is seen and its beep is heard, at a viewer's page: on the product's lines, and on one direct
connection between the same two pages, which shows what the browser does by itself."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.support.browser.page import Page

_FOLDER = Path(__file__).parent
_CLAPPER = (_FOLDER / "clapper.js").read_text()
_LIPS = (_FOLDER / "lips.js").read_text()
BEEPS_HZ = (2400, 3200)
_FLASHES = ("#ffffff", "#ffff00")
_BASES = ("#202070", "#702020")
NEAR_MS = 500.0
"""A beep comes once a second, so a flash belongs to the one that is nearer than this."""


class Clapper(msgspec.Struct, frozen=True, rename="camel"):
    """A camera and a microphone that flash and beep once a second."""

    base: str
    flash: str
    voice_hz: int
    beep_hz: int
    width: int = 480
    height: int = 270
    fps: int = 20

    @classmethod
    def of(cls, who: int) -> "Clapper":
        """The first or the second speaker: a viewer tells them apart."""
        return cls(_BASES[who], _FLASHES[who], (500, 730)[who], BEEPS_HZ[who])


class Mark(msgspec.Struct, frozen=True):
    """A flash that was seen, or a beep that was heard: Unix ms, and the speaker's number."""

    at: float
    who: int


class Way(msgspec.Struct, frozen=True):
    """What came over one way, the product's or the direct one."""

    flashes: tuple[Mark, ...]
    beeps: tuple[Mark, ...]

    @property
    def offsets_ms(self) -> list[float]:
        """Of each flash that has a beep: how much later it was seen than its beep was heard."""
        pairs = ((flash, _nearest(flash, self.beeps)) for flash in self.flashes)
        return [flash.at - beep.at for flash, beep in pairs if beep is not None]


class Marks(msgspec.Struct, frozen=True):
    product: Way
    direct: Way

    @property
    def voices_later_ms(self) -> list[float]:
        """Of each beep that came over both ways: how much later the product's was heard."""
        pairs = ((beep, _nearest(beep, self.direct.beeps)) for beep in self.product.beeps)
        return [beep.at - other.at for beep, other in pairs if other is not None]


class Line(msgspec.Struct, frozen=True):
    """A receiving line by getStats. Delays are sums in seconds over what was emitted."""

    mid: str
    kind: str
    delay: float
    target: float
    least: float
    """What the target would be by the network alone."""
    emitted: int
    packets: int


class Lines(msgspec.Struct, frozen=True):
    product: tuple[Line, ...]
    """The voices' and the stage's."""
    direct: tuple[Line, ...]


async def equip_clapper(page: Page, clapper: Clapper) -> None:
    """Every later document of the page has these devices."""
    await page.add_init_script(f"({_CLAPPER})({msgspec.json.encode(clapper).decode()})")


async def equip_lips(page: Page) -> None:
    """Every later document of the page can measure, and be one end of a direct connection."""
    await page.add_init_script(f"({_LIPS})({list(BEEPS_HZ)})")


async def connect(speaker: Page, viewer: Page) -> None:
    """One direct connection with one stream, from the speaker's camera and microphone."""
    offer = await speaker.evaluate("lips.offer()", str)
    answer = await viewer.evaluate(f"lips.answer({msgspec.json.encode(offer).decode()})", str)
    await speaker.do(f"lips.accept({msgspec.json.encode(answer).decode()})")


async def marks(viewer: Page, since_ms: float) -> Marks:
    return await viewer.evaluate(f"lips.marks({since_ms})", Marks)


async def lines(viewer: Page) -> Lines:
    return await viewer.evaluate("lips.lines()", Lines)


async def claps(speaker: Page) -> list[float]:
    """When the speaker flashed and beeped, Unix ms."""
    return await speaker.evaluate("clapper.claps()", list[float])


def _nearest(mark: Mark, others: Sequence[Mark]) -> Mark | None:
    same = [other for other in others if other.who == mark.who]
    nearest = min(same, key=lambda other: abs(other.at - mark.at), default=None)
    return nearest if nearest is not None and abs(nearest.at - mark.at) < NEAR_MS else None
