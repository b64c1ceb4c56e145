"""Floods of frames and of WebSockets: they end who sends them, and nobody else notices."""

import asyncio
import os
import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from signaling.connections.connection import abort
from signaling.model.limits import DEFAULT
from signaling.model.words import Why
from signaling.protocol import PROTOCOL, Bye, Hello, Ping, Pong
from tests.support.control import Browser, Control, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
PING, PONG, PART_OF_TEXT, REST = 0x89, 0x8A, 0x01, 0x00


def _frame(first: int, payload: bytes = b"") -> bytes:
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    return bytes((first, 0x80 | len(payload))) + mask + masked


class Raw:
    """A WebSocket client that sends any bytes it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def frames(self) -> list[tuple[int, bytes]]:
        """Everything until the server's close frame or the end."""
        frames: list[tuple[int, bytes]] = []
        async with asyncio.timeout(8):
            while not frames or frames[-1][0] != 8:
                try:
                    first, length = await self.reader.readexactly(2)
                    if length == 126:
                        (length,) = struct.unpack("!H", await self.reader.readexactly(2))
                    frames.append((first & 0x0F, await self.reader.readexactly(length)))
                except (asyncio.IncompleteReadError, ConnectionError):
                    return frames
        return frames


async def _raw(control: Control, cookie: str, extra: str = "") -> Raw:
    host, port = control.authority.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {control.authority}\r\nOrigin: {control.url}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
        f"Cookie: giaoban={cookie}\r\n{extra}\r\n".encode()
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert b" 101 " in answer
    return Raw(reader, writer)


@pytest.mark.parametrize(
    "flood",
    [_frame(PING), _frame(PING, b"x" * 125), _frame(PONG), _frame(REST)],
    ids=["pings", "long pings", "pongs", "empty parts"],
)
@pytest.mark.parametrize("greeted", [False, True], ids=["before hello", "after hello"])
async def test_a_flood_of_frames_ends_its_session(tmp_path: Path, flood: bytes, greeted: bool) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        raw = await _raw(control, await control.account("tram", unit=STATION))
        if greeted:
            hello = f'{{"type":"hello","protocol":{PROTOCOL},"meeting":"giao-ban"}}'.encode()
            raw.writer.write(_frame(0x81, hello))
        if flood[0] == REST:
            raw.writer.write(_frame(PART_OF_TEXT, b"{"))
        raw.writer.write(flood * 20_000)
        frames = await raw.frames()
        assert any(kind == 1 and b'"bye"' in text and b'"too-fast"' in text for kind, text in frames)
        assert sum(kind == 10 for kind, _ in frames) <= 400  # pongs
        await operator.say(Ping(7))
        assert await operator.hear(Pong) == Pong(7)
        abort(raw.writer.transport)


async def test_a_stranger_gets_no_session_for_a_flood_of_frames(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        raw = await _raw(control, "made-up")
        raw.writer.write(_frame(PING) * 20_000)
        frames = await raw.frames()
        assert sum(kind == 10 for kind, _ in frames) <= 400
        abort(raw.writer.transport)


async def test_small_frames_that_are_large_messages_count_as_large(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        cookie = await control.account("tram", unit=STATION)
        headers = {"Origin": control.url, "Cookie": f"giaoban={cookie}"}
        line = await control.http.ws_connect(f"{control.url}/ws", headers=headers, compress=15)
        with suppress(aiohttp.ClientConnectionResetError):
            for _ in range(130):
                await line.send_str(" " * 200_000)
        browser = Browser(line)
        assert await browser.ended() == Bye(Why.TOO_FAST)


async def test_an_accounts_newest_page_gets_in_and_its_oldest_gives_way(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, sessions_of_account=2)) as control:
        cookie = await control.account("tram", unit=STATION)
        browsers = [await control.connect(cookie) for _ in range(3)]
        assert await browsers[0].ended() == Bye(Why.TOO_MANY_SESSIONS)
        await browsers[2].say(Hello(PROTOCOL, "giao-ban"))
        await browsers[2].say(Ping(7))
        assert await browsers[2].hear(Pong) == Pong(7)
        await browsers[1].close()


async def test_many_at_once_do_not_get_past_the_bound(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, sessions_of_account=3)) as control:
        cookie = await control.account("tram", unit=STATION)
        browsers = await asyncio.gather(*(control.connect(cookie) for _ in range(12)))
        byes = [asyncio.create_task(browser.ended()) for browser in browsers]
        ended = asyncio.as_completed(byes)
        for _ in range(9):
            assert await next(ended) == Bye(Why.TOO_MANY_SESSIONS)
        assert sum(bye.done() for bye in byes) == 9
        for browser, bye in zip(browsers, byes, strict=True):
            bye.cancel()
            await browser.close()


async def test_a_network_that_is_full_of_people_inside_refuses_a_newcomer(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, sessions_of_network=2)) as control:
        for number in range(2):
            await control.enter(await control.account(f"tram{number}", unit=STATION))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await control.connect(await control.account("tram", unit=STATION))
        assert refused.value.status == 503
