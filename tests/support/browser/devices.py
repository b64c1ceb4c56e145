"""Init scripts: a person's devices, and the probe that reads what the person sees and hears."""

from pathlib import Path

import msgspec

from tests.support.browser.page import Page

_FOLDER = Path(__file__).parent
HEARD_DB = -45.0
"""The fake microphone's tone arrives at -21 dBFS in both browsers."""
SILENT_DB = -60.0
"""While somebody else speaks, other tones stay below -90 dBFS: that is what Opus adds."""


class Devices(msgspec.Struct, frozen=True, rename="camel"):
    """What one person's machine has. `camera` and `microphone` are "ok", "denied", "missing" or
    "asking": the browser asks and waits for `testDevices.answer()`."""

    colour: str
    tone_hz: int
    screen_colour: str = "#ffd000"
    camera: str = "ok"
    microphone: str = "ok"
    stubborn: bool = False
    """The browser keeps sending its microphone, whatever the page decides."""
    width: int = 640
    height: int = 360
    fps: int = 15
    loudness: float = 0.3
    """Amplitude of the tone, in the middle of a syllable."""
    grain: float = 0.0
    """How grainy the picture is, 0 to 1."""
    portrait: bool = False
    """The camera shows somebody at a desk: nicer to look at, but frames cannot be counted."""


class Picture(msgspec.Struct, frozen=True):
    """What a video element shows. `counter` is the sender's frame number, -1 when unreadable."""

    width: int
    height: int
    red: int
    green: int
    blue: int
    counter: int

    def is_like(self, colour: str, tolerance: int = 60) -> bool:
        wanted = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
        return all(
            abs(a - b) <= tolerance for a, b in zip(wanted, (self.red, self.green, self.blue), strict=True)
        )


async def equip(page: Page, devices: Devices) -> None:
    """Give every later document of the page these devices and the probe."""
    settings = msgspec.json.encode(devices).decode()
    await page.add_init_script(f"({(_FOLDER / 'devices.js').read_text()})({settings})")
    await page.add_init_script(f"({(_FOLDER / 'probe.js').read_text()})()")


async def watch(page: Page) -> None:
    """Give it the probe only: it has devices of its own."""
    await page.add_init_script(f"({(_FOLDER / 'probe.js').read_text()})()")


async def pictures(page: Page) -> list[Picture]:
    return await page.evaluate("probe.pictures()", list[Picture])


async def loudness(page: Page, hz: int) -> float:
    return await page.evaluate(f"probe.loudness({hz})", float)


async def packets_sent(page: Page, kind: str) -> int:
    return await page.evaluate(f"probe.sent({kind!r})", int)
