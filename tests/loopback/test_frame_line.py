"""One end of a local Unix socket, over a real one: it never waits for its peer, and has one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sfu import Done
from sfu.line import FrameLine, OnePeer, listening
from sfu.wire import BadFrame, Notice, Reply, decode_from_worker, frame

pytestmark = pytest.mark.loopback

MAX_UNSENT_BYTES = 1 << 18
STEP_S = 15.0

Line = FrameLine[Reply | Notice]


def line_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
    return FrameLine(reader, writer, decode_from_worker, peer="test", max_unsent_bytes=MAX_UNSENT_BYTES)


@asynccontextmanager
async def pair(path: Path) -> AsyncIterator[tuple[Line, Line]]:
    """Both ends of one connection."""
    accepted: asyncio.Queue[Line] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait(line_of(reader, writer))

    async with asyncio.timeout(STEP_S), listening(str(path), serve):
        near = line_of(*await asyncio.open_unix_connection(path))
        far = await accepted.get()
        try:
            yield near, far
        finally:
            near.cut()
            far.cut()


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
