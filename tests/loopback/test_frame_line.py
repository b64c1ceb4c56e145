"""One end of a local Unix socket, over a real one: it never waits for its peer, and has one at a time."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sfu import Done
from sfu.line import FrameLine, OnePeer, listening
from sfu.wire import BadFrame, Notice, Reply, decode_from_worker, frame

pytestmark = pytest.mark.loopback

MAX_UNSENT_BYTES = 1 << 18
LONG = bytes(1 << 22)
"""More than the system takes from a peer that does not read."""
STEP_S = 15.0

Line = FrameLine[Reply | Notice]


def line_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
    return FrameLine(reader, writer, decode_from_worker, peer="test", max_unsent_bytes=MAX_UNSENT_BYTES)


@asynccontextmanager
async def pair(path: Path) -> AsyncIterator[tuple[Line, Line]]:
    """Both ends of one connection."""
    accepted: asyncio.Queue[Line] = asyncio.Queue()

    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait(line_of(reader, writer))
        await over.wait()

    async with asyncio.timeout(STEP_S), listening(str(path), serve):
        near = line_of(*await asyncio.open_unix_connection(path))
        try:
            yield near, await accepted.get()
        finally:
            near.cut()
            over.set()


async def test_messages_arrive_in_order_until_the_peer_closes(tmp_path: Path) -> None:
    sent = [Reply(number, Done()) for number in range(100)]
    async with pair(tmp_path / "socket") as (near, far):
        for message in sent:
            near.send(frame(message))
        near.close()
        assert [message async for message in far] == sent
        assert await far.next() is None


async def test_messages_before_a_bad_frame_are_taken(tmp_path: Path) -> None:
    async with pair(tmp_path / "socket") as (near, far):
        near.send(frame(Reply(1, Done())) + b"\0\0\0\2\xc1\xc1")
        assert await far.next() == Reply(1, Done())
        with pytest.raises(BadFrame):
            await far.next()


async def test_a_peer_that_does_not_read_is_cut_and_nobody_waits(tmp_path: Path) -> None:
    async with pair(tmp_path / "socket") as (near, _far):
        sent = 0
        while not near.closed:
            near.send(bytes(1 << 16))
            sent += 1 << 16
            assert sent < 1 << 23
        near.send(b"lost")


async def test_a_new_peer_replaces_the_one_before(tmp_path: Path) -> None:
    peer: OnePeer[Reply | Notice] = OnePeer()
    peer.send(frame(Reply(0, Done())))  # nobody is connected: lost
    async with pair(tmp_path / "a") as (first, first_far), pair(tmp_path / "b") as (second, second_far):
        with peer.connected(first):
            assert peer.has(first)
            with peer.connected(second):
                assert not peer.has(first)
                peer.send(frame(Reply(2, Done())))
                assert await first_far.next() is None
                assert await second_far.next() == Reply(2, Done())
            assert second.closed
        assert not peer.has(second)


async def test_the_socket_is_there_for_as_long_as_it_is_listened_on(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("left by a process that was killed")
    async with pair(path) as (near, far):
        near.send(frame(Reply(1, Done())))
        assert await far.next() == Reply(1, Done())
    assert not path.exists()


async def until_it_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1 << 16):
        pass


@pytest.mark.parametrize("turns", range(6))
async def test_no_connection_outlives_the_socket(tmp_path: Path, turns: int) -> None:
    """However far it has come by then: waiting in the system, accepted, served."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as peer:
        async with asyncio.timeout(STEP_S):
            async with listening(str(path), until_it_closes):
                peer.connect(str(path))
                for _ in range(turns):
                    await asyncio.sleep(0)
            reader, writer = await asyncio.open_unix_connection(sock=peer)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()


async def test_the_last_words_are_sent_when_the_socket_goes_away(tmp_path: Path) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LONG)
        spoken.set()
        await until_it_closes(reader, writer)

    path, spoken = tmp_path / "socket", asyncio.Event()
    async with asyncio.timeout(STEP_S), asyncio.TaskGroup() as group:
        async with listening(str(path), speak):
            reader, writer = await asyncio.open_unix_connection(path)
            await spoken.wait()
            reading = group.create_task(reader.read())
        assert await reading == LONG
        writer.close()


async def test_a_peer_that_does_not_read_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LONG)
        spoken.set()
        await until_it_closes(reader, writer)
        ended.set()

    path, spoken, ended = tmp_path / "socket", asyncio.Event(), asyncio.Event()
    with socket.socket(socket.AF_UNIX) as peer:
        async with asyncio.timeout(STEP_S), listening(str(path), speak):
            peer.connect(str(path))
            await spoken.wait()
        assert ended.is_set()
