"""The measure of lip sync is right: a fault of a known size, made on purpose, is found."""

import statistics
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from tests.support.browser import Browser, Page
from tests.support.browser.lips import Clapper, connect, equip_clapper, equip_lips, marks

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

FAULT_MS = 300
DEAD_ZONE_MS = 60
"""A browser by itself leaves voice and picture up to 30 ms apart, to either side."""
CLAPS = 3


@pytest_asyncio.fixture(loop_scope="session")
async def plain_page() -> AsyncIterator[str]:
    """The address of an empty page that browsers trust."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><link rel=icon href=data:,><p>.", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def apart_ms(viewer: Page) -> float:
    """How much later than the beep the flash is seen, over the next claps."""
    since_ms = time.time() * 1000
    await viewer.wait_for(f"lips.marks({since_ms}).direct.beeps.length >= {CLAPS}")
    found = await marks(viewer, since_ms)
    return statistics.median(found.direct.offsets_ms)


async def test_a_sound_that_is_made_late_is_found_late_by_as_much(browser: Browser, plain_page: str) -> None:
    speaker, viewer = await browser.new_page(), await browser.new_page()
    await equip_clapper(speaker, Clapper.of(0))
    for page in (speaker, viewer):
        await equip_lips(page)
        await page.goto(plain_page)
    await speaker.do("clapper.speak(true)")
    await connect(speaker, viewer)
    await viewer.wait_for("lips.marks(0).direct.beeps.length && lips.marks(0).direct.flashes.length")
    usual_ms = await apart_ms(viewer)
    await speaker.do(f"clapper.delaySound({FAULT_MS})")
    delayed_ms = await apart_ms(viewer)
    assert usual_ms - delayed_ms == pytest.approx(FAULT_MS, abs=DEAD_ZONE_MS)
    for page in (speaker, viewer):
        await page.close()
