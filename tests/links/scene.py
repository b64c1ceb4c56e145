"""The meeting of the bench: a speaker, twelve points who only look on, a witness, and the measured
participant.

Speaker, witness and the measured one are real browsers. The measured one is behind the bad link; the rest
have good lines.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.support import appliance as appliances
from tests.support import browser as browsers
from tests.support.appliance import Appliance
from tests.support.bad_link import Quality
from tests.support.bad_link_relay import BadLink, bad_link
from tests.support.browser import PageError
from tests.support.browser.gauge import Gauge
from tests.support.gathering import LAPTOP, PHONE, Gathering, Person

POINTS = 12
SPEAKER_SIZE, SPEAKER_FPS = (960, 540), 20
SPEAKER_GRAIN = 0.1
"""With it the three layers cost about as much as they may."""
OWN_TONE = 0.05
"""The measured one speaks much more softly than the speaker, and must not take the stage."""
ARRIVE_S = 90.0
GOOD = Quality(delay_s=0.005)
_WISH = Path(__file__).with_name("wish.js").read_text()
_COUNTER = re.compile(r"^giaoban_media_(sent|resent)_bytes_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes since the worker started."""

    sent: float
    resent: float


@dataclass
class Scene:
    appliance: Appliance
    gathering: Gathering
    link: BadLink
    witness: Person
    """The operator."""
    speaker: Person
    points: tuple[str, ...]
    witness_gauge: Gauge
    measured: Person | None = None
    gauge: Gauge | None = None

    async def newcomer(self) -> tuple[Person, Gauge]:
        """The measured one, in a browser of their own, in the lobby; the one before has left."""
        self.link.become(GOOD, GOOD)
        self.link.block_udp(False)
        await self.away()
        who = await self.gathering.person(
            "chromium", name="Điểm cầu đo", viewport=LAPTOP, loudness=OWN_TONE, link=self.link
        )
        await wish_for(who, self.points)
        self.gauge = await Gauge.on(who.page, self.speaker.devices.tone_hz)
        self.measured = who
        await who.come_to_the_lobby()
        return who, self.gauge

    async def inside(self) -> tuple[Person, Gauge]:
        """The measured one, in the meeting and with the camera on."""
        if self.measured is not None and self.gauge is not None:
            return self.measured, self.gauge
        who, gauge = await self.newcomer()
        await self.witness.admit(who)
        await who.switch("camera", True)
        await who.hears(self.speaker)
        await who.sees(self.speaker)
        return who, gauge

    async def away(self) -> None:
        """The measured one is no longer measured."""
        if self.measured is not None:
            await self.measured.page.do("probe.say({type: 'leave'})")
            await asyncio.sleep(0.5)
            await self.measured.page.close()
            self.gathering.people.remove(self.measured)
        self.measured = self.gauge = None

    async def admit(self, who: Person) -> float:
        """Without the time that a hand needs. Returns when, in Unix ms."""
        knock = await self.witness.knock_of(who)
        return await self.witness.page.evaluate(
            f"(probe.say({{type: 'admit', knock: '{knock}'}}), performance.timeOrigin + performance.now())",
            float,
        )

    async def traffic(self) -> Traffic | None:
        """What the media worker counts; None while it does not."""
        where = f"https://127.0.0.1:{self.appliance.https_port}/metrics"
        async with aiohttp.ClientSession() as http, http.get(where, ssl=False) as answer:
            sums = {"sent": 0.0, "resent": 0.0}
            found = _COUNTER.findall(await answer.text())
            for name, value in found:
                sums[name] += float(value)
        return Traffic(sums["sent"], sums["resent"]) if found else None


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    """Everybody except the measured one is inside. Raises DriverError, ApplianceError."""
    with tempfile.TemporaryDirectory(prefix="giaoban-links-") as folder:
        async with appliances.running(Path(folder)) as appliance:
            chromium = await browsers.launch("chromium")
            try:
                gathering = await Gathering.call(appliance, {"chromium": chromium})
                async with (
                    bad_link(appliance.address, appliance.media_port, appliance.https_port) as link,
                    appliance.simulated(POINTS, gathering.meeting),
                ):
                    yield await _gather(appliance, gathering, link)
            finally:
                await chromium.close()


async def _gather(appliance: Appliance, gathering: Gathering, link: BadLink) -> Scene:
    witness = await gathering.operator(viewport=PHONE)
    await witness.page.wait_for(f"probe.knocks() >= {POINTS}", ARRIVE_S)
    await witness.page.do("probe.say({type: 'admit-all'})")
    await witness.page.wait_for(f"probe.roster().length >= {POINTS + 1}", ARRIVE_S)
    own = await witness.own_id()
    points = tuple(
        who for who in await witness.page.evaluate("probe.roster()", tuple[str, ...]) if who != own
    )
    await witness.page.do("probe.say({type: 'mute-all'})")
    speaker = await gathering.person(
        "chromium",
        name="Người báo cáo",
        viewport=PHONE,
        width=SPEAKER_SIZE[0],
        height=SPEAKER_SIZE[1],
        fps=SPEAKER_FPS,
        grain=SPEAKER_GRAIN,
    )
    await speaker.come_to_the_lobby()
    await witness.admit(speaker)
    await speaker.switch("camera", True)
    await speaker.switch("microphone", True)
    # The witness looks through a page that came before the speaker was known, so it comes once more.
    gauge = await Gauge.on(witness.page, speaker.devices.tone_hz)
    await wish_for(witness, ())
    await witness.open_door()
    await witness.is_inside()
    await witness.hears(speaker)
    await witness.sees(speaker)
    return Scene(appliance, gathering, link, witness, speaker, points, gauge)


async def wish_for(who: Person, points: tuple[str, ...]) -> None:
    """Their page shows five tiles at a time; a wall of screens would show all twelve: that is measured."""
    names = ", ".join(f"'{point}'" for point in points)
    await who.page.add_init_script(f"({_WISH})([{names}])")


async def tile_line(viewer: Person, owner: Person) -> str:
    """The mid on which the viewer gets the owner's picture as a tile, or "" while there is none."""
    who = await owner.own_id()
    return await viewer.page.evaluate(
        f"probe.slots().find((slot) => slot.kind === 'tile' && slot.participant === '{who}')?.mid ?? ''", str
    )


async def voice_line(viewer: Person, owner: Person, limit_s: float = 10.0) -> str:
    """The mid on which the viewer gets the owner's voice. Raises PageError."""
    who = await owner.own_id()
    find = f"probe.slots().find((slot) => slot.kind === 'audio' && slot.participant === '{who}')?.mid"
    try:
        await viewer.page.wait_for(find, limit_s)
    except PageError:
        return ""
    return await viewer.page.evaluate(find, str)
