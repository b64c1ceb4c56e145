"""Floods, half sentences and rubbish at the web door: who is inside gets in, nothing stays open for ever."""

import asyncio
import resource
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signaling.connections.connection import abort
from signaling.connections.patience import BODY_S, GREETING_S, HEADER_S, STALLED_S
from signaling.connections.places import RESERVED_DESCRIPTORS
from signaling.protocol import Ping, Pong
from tests.support.web_door import ADDRESS, ended, running_door

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"
ESTABLISHED = 1
"""The first byte of Linux' struct tcp_info."""
FEW = 120
"""Connections that fit: of one network 8 silent ones, 8 in TLS, 12 strangers, 48 that are signed in."""


@pytest.fixture(autouse=True)
def few_descriptors() -> Iterator[None]:
    """So few that a small flood is one."""
    with _descriptors(RESERVED_DESCRIPTORS + FEW):
        yield


@contextmanager
def _descriptors(soft: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_who_is_inside_reloads_during_a_flood_of_silent_connections(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        cookie = await door.control.account("tram", unit=STATION)
        browser = await door.control.enter(cookie)
        flood = [one for _ in range(8) for one in door.bare(5)]
        assert b" 200 " in await door.get("/api/session", cookie)
        again = await door.control.enter(cookie)
        await again.say(Ping(7))
        assert await again.hear(Pong) == Pong(7)
        await browser.close()
        assert await _closed(flood[0])
        assert not await _closed(flood[-1])


async def _closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(0.2):
            return not await loop.sock_recv(connection, 1)
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def test_strangers_with_half_a_header_take_no_place_of_somebody_inside(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        cookie = await door.control.account("tram", unit=STATION)
        reader, writer = await door.tls(_request("/api/session", cookie))
        await _answer(reader)
        strangers = [await door.tls(b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ") for _ in range(16)]
        writer.write(_request("/api/session", cookie))
        assert b" 200 " in await _answer(reader)
        assert await ended(strangers[0][0])


async def test_strangers_who_have_had_an_answer_give_way_to_newcomers(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        idle = [await door.tls(_request("/")) for _ in range(12)]
        for reader, _ in idle:
            await _answer(reader)
        assert b" 200 " in await door.get("/")
        assert await ended(idle[0][0])


@pytest.mark.parametrize(
    ("said", "after_s"),
    [
        (b"", HEADER_S),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ", HEADER_S),
        (b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", BODY_S),
        (b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", BODY_S),
    ],
    ids=["nothing", "half a header", "half a body", "half a chunk"],
)
async def test_half_a_request_ends(tmp_path: Path, said: bytes, after_s: float) -> None:
    async with running_door(tmp_path) as door:
        reader, _ = await door.tls(said)
        await door.get("/")  # by now the server has what was said before
        door.control.ahead_s += after_s
        assert await ended(reader)


async def test_half_a_tls_handshake_ends(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        (half,) = door.bare(1)
        half.send(b"\x16\x03\x01\x02\x00\x01\x00")
        await door.get("/")
        assert not await _closed(half)
        door.control.ahead_s += GREETING_S
        assert await _closes(half)


async def test_half_a_tls_greeting_waits_where_the_silent_ones_wait(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        flood = door.bare(24)
        for one in flood:
            one.send(b"\x16\x03\x01\x02\x00\x01\x00")
        assert b" 200 " in await door.get("/")
        assert await _closes(flood[0])


async def test_a_greeting_in_small_pieces_is_heard(tmp_path: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with running_door(tmp_path) as door:
        (one,) = door.bare(1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in outgoing.read():
            one.send(bytes((byte,)))
        one.setblocking(False)
        async with asyncio.timeout(5):
            answer = await asyncio.get_running_loop().sock_recv(one, 3)
        assert answer[:1] == b"\x16"


async def _closes(connection: socket.socket) -> bool:
    connection.setblocking(False)
    async with asyncio.timeout(5):
        try:
            return not await asyncio.get_running_loop().sock_recv(connection, 1)
        except ConnectionError:
            return True


async def test_an_answer_that_nobody_reads_ends(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        (tmp_path / "web" / "long.wav").write_bytes(bytes(4_000_000))
        _, writer = await door.tls(_request("/long.wav") * 4)
        line = writer.get_extra_info("socket")
        async with asyncio.timeout(10):
            while line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED:
                door.control.ahead_s += STALLED_S
                await door.get("/")


async def test_an_answer_that_is_read_slowly_goes_on_for_as_long_as_it_moves(tmp_path: Path) -> None:
    async with running_door(tmp_path) as door:
        (tmp_path / "web" / "long.wav").write_bytes(bytes(4_000_000))
        reader, _ = await door.tls(_request("/long.wav"))
        left = 4_000_000
        while left > 0:
            left -= len(await reader.readexactly(min(left, 400_000)))
            door.control.ahead_s += STALLED_S - 1
        assert left == 0


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x00\xff rubbish\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16\x03\x01\x00\x05hello",
        b"SSH-2.0-x\r\n",
    ],
    ids=["http", "rubbish", "alert", "no-hello", "ssh"],
)
async def test_what_is_no_tls_is_closed_without_a_word_in_the_log(
    tmp_path: Path, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_door(tmp_path) as door:
        (one,) = door.bare(1)
        one.send(said)
        assert await _ends(one)
        assert b" 200 " in await door.get("/")
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


async def _ends(connection: socket.socket) -> bool:
    """It may say an alert first."""
    connection.setblocking(False)
    async with asyncio.timeout(5):
        try:
            while await asyncio.get_running_loop().sock_recv(connection, 100):
                pass
        except ConnectionError:
            pass
        return True


async def test_a_client_that_breaks_off_anywhere_leaves_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    request = _request("/api/session")
    async with running_door(tmp_path) as door:
        for said in (b"", request[:10], request, request * 3, request + request[:20]):
            for reset in (False, True):
                _, writer = await door.tls(said)
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                abort(writer.transport)
        (half,) = door.bare(1)
        half.send(b"\x16\x03\x01\x02\x00\x01\x00")
        half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        half.close()
        assert b" 200 " in await door.get("/")
        assert b" 200 " in await door.get("/")
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


def _request(path: str, cookie: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nCookie: giaoban={cookie}\r\n\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b": 0"
        )
        return head + await reader.readexactly(int(length.partition(b":")[2]))
