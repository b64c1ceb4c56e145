"""Attacks on the web door, without an account or with one delegate's: connections, half sentences, frames,
WebSockets in numbers, questions. They come from the same address as everybody in the meeting."""

import asyncio
import os
import resource
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp

from signaling.connections.connection import abort
from tests.door.target import AttackFigures, Target
from tests.support.bad_requests import bad_requests

AT_ONCE = 32
"""Connections that are being made at the same time."""
BROKEN = (OSError, TimeoutError, asyncio.IncompleteReadError, aiohttp.ClientError)
"""What an attacker meets whose connections are closed."""
CONNECT_S = 15.0
MAX_SETTLED_S = 2.0
"""After the last WebSocket was opened."""
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""The beginning of a TLS handshake."""
PING = bytes((0x89, 0x80)) + bytes(4)
REST = bytes((0x00, 0x80)) + bytes(4)
"""A part of a message that is empty, and not the last."""
BEGUN = bytes((0x01, 0x81)) + bytes(4) + b"{"


class Crowd:
    """Connections of one attack."""

    def __init__(self, target: Target, seconds: float) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.target = target
        self.begun_s = time.monotonic()
        self.end_s = self.begun_s + seconds
        self.sent = 0
        self.refused = 0
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._open: list[asyncio.StreamWriter] = []

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.end_s

    async def connect(
        self, said: bytes, *, tls: bool = True
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that has said this. Raises one of BROKEN."""
        self.sent += 1
        where = self.target.address, self.target.https_port
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(*where, ssl=self._tls if tls else None)
        self._open.append(writer)
        writer.write(said)
        return reader, writer

    async def each(self, work: Callable[[int], Awaitable[None]], number: int = AT_ONCE) -> None:
        """So many do this again and again until the end."""

        async def again(one: int) -> None:
            while self.goes_on:
                try:
                    await work(one)
                except BROKEN:
                    self.refused += 1
                await asyncio.sleep(0)

        await asyncio.gather(*(again(one) for one in range(number)))

    def figures(self, **more: float) -> AttackFigures:
        still_open = sum(not writer.transport.is_closing() for writer in self._open)
        for writer in self._open:
            abort(writer.transport)
        more |= {"refused": float(self.refused), "open_at_the_end": float(still_open)}
        return AttackFigures(self.sent, time.monotonic() - self.begun_s, more)


async def _held(target: Target, seconds: float, number: int, said: bytes, *, tls: bool) -> AttackFigures:
    """This many connections that say this and no more; those that are closed are made again."""
    crowd = Crowd(target, seconds)

    async def one_more(_: int) -> None:
        if crowd.sent >= number:
            await asyncio.sleep(0.05)
        await crowd.connect(said, tls=tls)

    await crowd.each(one_more)
    return crowd.figures()


async def silent_connections(target: Target, seconds: float) -> AttackFigures:
    return await _held(target, seconds, 1200, b"", tls=False)


async def half_handshakes(target: Target, seconds: float) -> AttackFigures:
    return await _held(target, seconds, 1200, HALF_HELLO, tls=False)


async def half_headers(target: Target, seconds: float) -> AttackFigures:
    return await _held(target, seconds, 3000, b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ", tls=True)


async def half_bodies(target: Target, seconds: float) -> AttackFigures:
    said = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
    return await _held(target, seconds, 1200, said, tls=True)


async def unread_answers(target: Target, seconds: float) -> AttackFigures:
    """Questions without end, whose answers nobody takes."""
    said = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 400
    return await _held(target, seconds, 300, said, tls=True)


async def no_requests(target: Target, seconds: float) -> AttackFigures:
    """What is no request, or half of one, or lies."""
    crowd = Crowd(target, seconds)
    rubbish = list(bad_requests(f"{target.address}:{target.https_port}", seed=7))

    async def one_more(_: int) -> None:
        writer = (await crowd.connect(rubbish[crowd.sent % len(rubbish)]))[1]
        with suppress(*BROKEN):
            await writer.drain()
        writer.close()

    await crowd.each(one_more)
    return crowd.figures()


async def anonymous_questions(target: Target, seconds: float) -> AttackFigures:
    """What everybody may ask, as fast as it is answered, some with made-up cookies."""
    crowd = Crowd(target, seconds)
    url = f"https://{target.address}:{target.https_port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False, limit=AT_ONCE)) as http:

        async def ask(number: int) -> None:
            crowd.sent += 1
            path = ("/api/centre", "/healthz", "/api/session", "/")[number % 4]
            cookie = {"Cookie": f"giaoban={os.urandom(24).hex()}"} if path == "/api/session" else {}
            async with http.get(f"{url}{path}", headers=cookie) as answer:
                await answer.read()
                crowd.refused += answer.status >= 400

        await crowd.each(ask)
    return crowd.figures()


async def pings(target: Target, seconds: float) -> AttackFigures:
    """Control pings from one account's WebSocket, as fast as they are taken; a new one when it is closed."""
    return await _frames(target, seconds, PING * 500)


async def empty_parts(target: Target, seconds: float) -> AttackFigures:
    """A message in parts without end, all of them empty."""
    return await _frames(target, seconds, REST * 500, before=BEGUN)


async def _frames(target: Target, seconds: float, flood: bytes, before: bytes = b"") -> AttackFigures:
    crowd = Crowd(target, seconds)
    frames = 0

    async def session(_: int) -> None:
        nonlocal frames
        reader, writer = await crowd.connect(_handshake(target, 0) + before)
        await reader.readuntil(b"\r\n\r\n")
        ended = asyncio.ensure_future(_to_the_end(reader))
        while crowd.goes_on and not ended.done():
            writer.write(flood)
            frames += 500
            taken = asyncio.ensure_future(writer.drain())
            await asyncio.wait((taken, ended), timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
            taken.cancel()
        ended.cancel()
        abort(writer.transport)

    await crowd.each(session, 1)
    return crowd.figures(frames=float(frames))


async def _to_the_end(reader: asyncio.StreamReader) -> None:
    with suppress(*BROKEN):
        while await reader.read(65536):
            pass


async def many_sockets(target: Target, seconds: float) -> AttackFigures:
    """One delegate's account opens 400 WebSockets at once, again and again, and says no hello. Counts those
    that are still open once they were all told."""
    crowd = Crowd(target, seconds)
    settled_s = min(MAX_SETTLED_S, seconds / 2)
    opening_until = crowd.end_s - settled_s
    open_now: set[asyncio.StreamReader] = set()

    async def one_more(_: int) -> None:
        if time.monotonic() > opening_until:
            await asyncio.sleep(settled_s)
            return
        reader, _writer = await crowd.connect(_handshake(target, 0))
        if b" 101 " not in await reader.readuntil(b"\r\n\r\n"):
            crowd.refused += 1
            return
        open_now.add(reader)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, crowd.end_s - time.monotonic())):
                await _to_the_end(reader)
                open_now.discard(reader)

    await crowd.each(one_more, 400)
    return crowd.figures(left_open=float(len(open_now)))


def _handshake(target: Target, attacker: int) -> bytes:
    place = f"{target.address}:{target.https_port}"
    return (
        f"GET /ws HTTP/1.1\r\nHost: {place}\r\nOrigin: https://{place}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Cookie: giaoban={target.tokens[attacker]}\r\n\r\n"
    ).encode()
