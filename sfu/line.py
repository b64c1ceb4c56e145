"""One end of a local Unix socket: frames out, with a bound; decoded messages in.

Sending never waits for the other end. A sender that can wait asks whether the line is `busy`. A peer that
does not read is owed at most `max_unsent_bytes`; then its line is cut, and it may connect again and start
from what is so.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from sfu.wire import Deframer

READ_BYTES = 1 << 16
BUSY_BYTES = 1 << 16
"""What asyncio's own flow control lets wait before `drained` waits, too."""
LAST_WORDS_S = 1.0
"""How long a peer may take to read what it was sent, when the socket goes away."""

T = TypeVar("T")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""One connection, from first to last byte."""

log = logging.getLogger("giaoban.line")


class FrameLine(Generic[T]):
    """One connection. Iterating over it gives the peer's messages until it closes, and raises BadFrame
    or OSError.

    A bad frame is found only when the messages before it have been taken.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decode: Callable[[bytes], T],
        *,
        peer: str,
        max_unsent_bytes: int,
        read_bytes: int = READ_BYTES,
    ) -> None:
        """`decode` raises BadFrame. `peer` names the other process in the log."""
        self._reader = reader
        self._writer = writer
        self._decode = decode
        self._peer = peer
        self._max_unsent_bytes = max_unsent_bytes
        self._read_bytes = read_bytes
        self._deframer = Deframer()
        self._bodies: deque[bytes] = deque()

    @property
    def closed(self) -> bool:
        return self._writer.transport.is_closing()

    @property
    def stalled(self) -> bool:
        """More waits to be sent than may."""
        return self._writer.transport.get_write_buffer_size() > self._max_unsent_bytes

    @property
    def busy(self) -> bool:
        """The peer is late: what is not urgent had better wait for `drained`."""
        return self._writer.transport.get_write_buffer_size() > BUSY_BYTES

    async def drained(self) -> None:
        """Wait until the peer has read enough for more to be sent. Raises OSError."""
        await self._writer.drain()

    def send(self, frames: bytes) -> None:
        """Never waits, never fails: what is sent on a closed line is lost, and a stalled line is cut."""
        if self.closed:
            return
        if self.stalled:
            log.error("peer-does-not-read peer=%s max_unsent_bytes=%d", self._peer, self._max_unsent_bytes)
            self.cut()
            return
        self._writer.write(frames)

    async def next(self) -> T | None:
        """None: the peer has closed. Raises BadFrame, OSError."""
        while not self._bodies:
            data = await self._reader.read(self._read_bytes)
            if not data:
                return None
            self._bodies.extend(self._deframer.feed(data))
        return self._decode(self._bodies.popleft())

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        message = await self.next()
        if message is None:
            raise StopAsyncIteration
        return message

    def close(self) -> None:
        """Send what is still to be sent, then close."""
        self._writer.close()

    def cut(self) -> None:
        """Close now; what is not sent yet is lost."""
        self._writer.transport.abort()


class OnePeer(Generic[T]):
    """The line of a socket that has one peer at a time: a new connection replaces the one before."""

    def __init__(self) -> None:
        self._line: FrameLine[T] | None = None

    @property
    def busy(self) -> bool:
        return self._line is not None and self._line.busy

    def send(self, frames: bytes) -> None:
        """Lost when nobody is connected: the next peer is sent what is so when it connects."""
        if self._line is not None:
            self._line.send(frames)

    @contextlib.contextmanager
    def connected(self, line: FrameLine[T]) -> Iterator[None]:
        """`line` is the peer's until the block ends, or until the next one connects."""
        self.cut()
        self._line = line
        try:
            yield
        finally:
            if self._line is line:
                self._line = None
            line.close()

    def cut(self) -> None:
        if self._line is not None:
            self._line.cut()
            self._line = None

    def has(self, line: FrameLine[T]) -> bool:
        """`line` has not been replaced or cut."""
        return self._line is line


@contextlib.asynccontextmanager
async def listening(path: str, serve: Serve) -> AsyncIterator[None]:
    """A Unix socket at `path` for as long as the block; its folder must be closed to others. Raises OSError.

    A connection lasts as long as its `serve`, and none outlives the socket. In the end each sends what is
    still to be sent, if its peer reads.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # left by a process that was killed
    served = _Served(serve)
    server = await asyncio.start_unix_server(served.one, path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener)
        await asyncio.sleep(0)  # a server that closes forgets, open, what it has just accepted
        server.close()
        await served.close()


class _Served:
    """The connections of one socket. A server of asyncio that is closed leaves its connections open."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._open: dict[asyncio.Task[object], asyncio.StreamWriter] = {}
        self._is_over = False

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_over:  # it had connected while the socket was there
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            await self._serve(reader, writer)
        finally:
            del self._open[task]
            writer.close()

    async def close(self) -> None:
        self._is_over = True
        for end in (_close, _abort):
            for writer in list(self._open.values()):
                end(writer)
            if self._open:
                await asyncio.wait(self._open, timeout=LAST_WORDS_S)


def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
