"""The meeting of the bench: two speakers who flash and beep, and a viewer behind a link.

The speakers are in Chromium: without a sound card the clock of Firefox' microphone is wrong by per cents.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from signaling.model.words import Role
from tests.support import appliance as appliances
from tests.support import browser as browsers
from tests.support.bad_link_relay import BadLink, bad_link
from tests.support.browser.lips import Clapper, Lines, Marks, claps, connect, equip_clapper, equip_lips
from tests.support.browser.lips import lines as read_lines
from tests.support.browser.lips import marks as read_marks
from tests.support.gathering import Gathering, Kind, Person
from tests.support.loudspeaker import loudspeaker

SPEAKERS: Kind = "chromium"
VIEWPORT = (1024, 700)
STAGE_S = 20.0
POLL_S = 1.0


@dataclass
class Scene:
    link: BadLink
    viewer: Person
    speakers: tuple[Person, Person]

    async def give_the_stage(self, number: int) -> None:
        """One speaks and the other is silent; nothing is waited for."""
        await self.speakers[1 - number].page.do("clapper.speak(false)")
        await self.speakers[number].page.do("clapper.speak(true)")

    async def is_on_stage(self, number: int) -> None:
        who = await self.speakers[number].own_id()
        slots = f"probe.slots().some((slot) => slot.kind === 'stage' && slot.participant === '{who}')"
        await self.viewer.page.wait_for(slots, STAGE_S)

    async def marks(self, since_ms: float) -> Marks:
        return await read_marks(self.viewer.page, since_ms)

    async def claps(self, since_ms: float) -> list[float]:
        all_claps = [at for speaker in self.speakers for at in await claps(speaker.page)]
        return [at for at in all_claps if at >= since_ms]

    async def watch_lines(self, seconds: float) -> list[Lines]:
        """One reading a second."""
        until = time.monotonic() + seconds
        found = [await read_lines(self.viewer.page)]
        while time.monotonic() < until:
            await asyncio.sleep(POLL_S)
            found.append(await read_lines(self.viewer.page))
        return found


@asynccontextmanager
async def scene(kind: Kind) -> AsyncIterator[Scene]:
    """All are inside, the first speaker on the stage. `kind`: the viewer's browser. Raises DriverError,
    ApplianceError, NoLoudspeaker."""
    with tempfile.TemporaryDirectory(prefix="giaoban-lips-") as folder:
        async with appliances.running(Path(folder)) as appliance, AsyncExitStack() as stack:
            running: dict[Kind, browsers.Browser] = {SPEAKERS: await browsers.launch(SPEAKERS)}
            stack.push_async_callback(running[SPEAKERS].close)
            if kind not in running:
                await stack.enter_async_context(loudspeaker(Path(folder)))
                running[kind] = await browsers.launch(kind, loudspeaker=True)
                stack.push_async_callback(running[kind].close)
            gathering = await Gathering.call(appliance, running)
            link = await stack.enter_async_context(
                bad_link(appliance.address, appliance.media_port, appliance.https_port)
            )
            yield await _gather(gathering, kind, link)


async def _gather(gathering: Gathering, kind: Kind, link: BadLink) -> Scene:
    viewer = await _person(gathering, kind, Role.OPERATOR, "Người xem", link)
    await viewer.walk_in()
    speakers: list[Person] = []
    for number, name in enumerate(("Người nói một", "Người nói hai")):
        speaker = await _person(gathering, SPEAKERS, Role.DELEGATE, name, None)
        await equip_clapper(speaker.page, Clapper.of(number))
        await speaker.come_to_the_lobby()
        await viewer.admit(speaker)
        await speaker.switch("camera", True)
        await speaker.switch("microphone", True)
        speakers.append(speaker)
    first, second = speakers
    place = Scene(link, viewer, (first, second))
    await viewer.page.do("lips.follow()")
    for speaker in speakers:
        await connect(speaker.page, viewer.page)
    await place.give_the_stage(0)
    await place.is_on_stage(0)
    return place


async def _person(gathering: Gathering, kind: Kind, role: Role, name: str, link: BadLink | None) -> Person:
    # The usual devices are replaced for speakers, and hardly draw meanwhile.
    person = await gathering.person(
        kind, role, name=name, viewport=VIEWPORT, link=link, width=64, height=36, fps=1, loudness=0.0
    )
    await equip_lips(person.page)
    return person
