"""Watching a recording in a real browser: it plays, and a click jumps to a speaker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from recorder.opening.film.composer import FilmStyle
from recorder.opening.film.contents import read_contents
from recorder.opening.film.fonts import font
from recorder.opening.player.player import Player, serve
from tests.support.browser import Browser, Page
from tests.support.rolls import WARD, briefing

pytestmark = [pytest.mark.record, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PICTURES = Path("build") / "screens"


@asynccontextmanager
async def playing(browser: Browser) -> AsyncIterator[Page]:
    player = Player(briefing(), read_contents(briefing()), FilmStyle(font()))
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    page = await browser.new_page()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(player, address.set_result, stop))
        await page.goto(await address)
        yield page
        await page.close()
        stop.set()


async def test_a_recording_plays_and_a_click_jumps_to_a_speaker(browser: Browser) -> None:
    async with playing(browser) as page:
        await page.wait_for("document.querySelectorAll('#list button').length === 5")
        assert await page.text("#title") == "Giao ban hằng ngày"
        await page.click("#play")
        await page.wait_for("document.querySelector('#film').currentTime > 0.5")
        assert await page.evaluate("document.querySelector('#film').videoWidth", int) == 1280
        await page.click("#list li:nth-child(2) button")
        await page.wait_for("document.querySelector('#at').textContent === '0:05'")
        current = "document.querySelector('#list [aria-current=true] b').textContent"
        assert await page.evaluate(current, str) == WARD.unit
        await page.screenshot(PICTURES / f"play-{browser.name}.png")
        await page.click("#language")
        assert await page.text("#list-title") == "Who spoke"
        await page.click("#list li:last-child button")
        await page.wait_for("document.querySelector('#film').ended", 30)
        assert await page.text("#at") == await page.text("#all")
        assert page.errors == []
