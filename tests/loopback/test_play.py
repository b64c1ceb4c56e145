"""A recording watched over the loopback: what a browser gets and nobody else does."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import aiohttp
import av
import numpy as np
import pytest

from recorder.format.blocks import Block
from recorder.opening.faults import Fault
from recorder.opening.film.composer import FilmStyle
from recorder.opening.film.contents import BlockSource, read_contents
from recorder.opening.film.fonts import font
from recorder.opening.player import player as play
from recorder.opening.player.player import PAGE, Player, serve
from tests.arch import screens
from tests.arch.source import Source
from tests.support.recorded import RATE, beeps_in, counter_of
from tests.support.rolls import FPS, STATION, WARD, briefing

pytestmark = [pytest.mark.record, pytest.mark.loopback]


@asynccontextmanager
async def watched(roll: BlockSource) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """The page's address, and an HTTP client."""
    player = Player(roll, read_contents(roll), FilmStyle(font()))
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(player, address.set_result, stop))
        async with aiohttp.ClientSession() as session:
            yield await address, session
        stop.set()


async def body_of(session: aiohttp.ClientSession, address: str) -> bytes:
    async with session.get(address) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_the_film_can_start_at_any_second() -> None:
    async with watched(briefing()) as (address, session):
        rest = await body_of(session, address + "watch?from=6")
    with av.open(BytesIO(rest), "r") as container:
        shown = [(float(f.time or 0), counter_of(f.reformat(320, 180))) for f in container.decode(video=0)]
    with av.open(BytesIO(rest), "r") as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        sound = np.concatenate(
            [p.to_ndarray().reshape(-1) for f in container.decode(audio=0) for p in resampler.resample(f)]
        )
    assert len(shown) == pytest.approx(7 * 25, abs=2)
    assert shown[0][0] == pytest.approx(0, abs=0.03)
    for at_s, counter in shown[1:45]:
        assert counter == pytest.approx((at_s + 2) * FPS, abs=1.4)  # two seconds into the second turn
    assert shown[3 * 25][1] is None  # the slate of the pause
    assert beeps_in(sound.astype(np.float32)) == pytest.approx([0, 1000, 4000, 5000, 6000], abs=30)


async def test_turns_are_given_on_the_time_of_the_film() -> None:
    async with watched(briefing()) as (address, session):
        told = await (await session.get(address + "timeline")).json()
    assert told["title"] == "Giao ban hằng ngày"
    assert told["seconds"] == pytest.approx(13, abs=0.1)
    assert [(turn["name"], round(turn["from_s"])) for turn in told["turns"]] == [
        (STATION.name, 0),
        (WARD.name, 4),
        (STATION.name, 10),
    ]
    assert [(mark["name"], mark["from_s"]) for mark in told["marks"]] == [("Chỉ đạo", 5.0)]
    assert [(hole["name"], hole["from_s"], hole["until_s"]) for hole in told["holes"]] == [
        ("pause", 8.0, 10.0)
    ]


@pytest.mark.parametrize("start", ["", "x", "-1", "nan", "inf", "1e99"])
async def test_anything_but_a_second_is_refused(start: str) -> None:
    async with (
        watched(briefing()) as (address, session),
        session.get(f"{address}watch?from={start}") as answer,
    ):
        assert answer.status == 400


async def test_without_the_token_or_under_another_host_name_nothing_is_served() -> None:
    async with watched(briefing()) as (address, session):
        root = address[: address.rindex("/", 0, -1)]
        for path in ("/", "/timeline", "/watch", "/play.js", "/" + "x" * 22 + "/", "/../play.py"):
            async with session.get(root + path) as answer:
                assert answer.status == 404
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
            async with session.get(address + "timeline", headers={"Host": host}) as answer:
                assert answer.status == 403
        async with session.post(address + "timeline") as answer:
            assert answer.status == 405
    assert address.startswith("http://127.0.0.1:")


async def test_nothing_is_cached_by_a_browser_or_shown_to_another_site() -> None:
    async with watched(briefing()) as (address, session):
        for path in ("", "play.js", "play.css", "timeline", "watch?from=12.9"):
            async with session.get(address + path) as answer:
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "unsafe" not in answer.headers["Content-Security-Policy"]


class Counted:
    """A recording that counts how often it is being read."""

    def __init__(self) -> None:
        self.reading = 0
        self.idle = threading.Event()

    def blocks(self, first_segment: int = 1) -> Iterator[Block | Fault]:
        self.reading += 1
        self.idle.clear()
        try:
            yield from briefing().blocks()
        finally:
            self.reading -= 1
            if not self.reading:
                self.idle.set()


async def test_closing_the_page_stops_reading_the_recording() -> None:
    recording = Counted()
    async with watched(recording) as (address, session):
        answers: list[aiohttp.ClientResponse] = []
        for _ in range(3):  # each is a seek and ends the one before
            answer = await session.get(address + "watch")
            await answer.content.readexactly(2000)
            answers.append(answer)
        assert recording.reading >= 1
        for answer in answers:
            answer.close()
        assert await asyncio.to_thread(recording.idle.wait, 20)


def test_the_page_has_neither_outside_addresses_nor_inline_code() -> None:
    files = {path.name: Source(f"play/{path.name}", path.read_text()) for path in PAGE.iterdir()}
    assert sorted(files) == ["index.html", "play.css", "play.js"]
    assert list(screens.address_complaints(files.values())) == []
    assert list(screens.script_complaints([files["play.js"]])) == []
    assert list(screens.markup_complaints([files["index.html"]])) == []


def test_the_page_belongs_to_the_package() -> None:
    assert Path(play.__file__).parent == PAGE.parent
