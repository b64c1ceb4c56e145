"""What the control plane needs of the media plane, and the client of a media worker's Unix socket."""

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import sfu
from sfu import wire
from signaling.links.local_socket import connect

log = logging.getLogger("giaoban.media")

PENDING = 1024
"""Commands without an answer; a worker that far behind does not live."""
HAPPENINGS = 4096
"""Events not yet taken; beyond it we are not keeping up and start again from what is so."""
UNSENT_BYTES = 8 << 20
READ_BYTES = 1 << 16


class MediaUnavailable(Exception):
    """No media worker answers now. Its endpoints, if it died, are gone."""


class WorkerUp:
    """A media worker answers, for the first time or again. It may know fewer endpoints than we think."""


Happening = sfu.AnyEvent | WorkerUp


class MediaPort(Protocol):
    @property
    def up(self) -> bool: ...

    def request(self, command: sfu.AnyCommand) -> Awaitable[sfu.AnyResult]:
        """Send a command now, behind those already sent, and give its result when awaited.
        Awaiting raises MediaUnavailable."""
        ...

    async def next_happening(self) -> Happening: ...


class WorkerSocket:
    """A MediaPort over the worker's socket. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: Path, deadline_s: float = 5.0) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[int, asyncio.Future[sfu.AnyResult]] = {}
        self._next_id = 1
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue(HAPPENINGS)

    @property
    def up(self) -> bool:
        return self._writer is not None

    async def next_happening(self) -> Happening:
        return await self._happenings.get()

    def request(self, command: sfu.AnyCommand) -> Awaitable[sfu.AnyResult]:
        writer = self._writer
        if writer is None or len(self._pending) >= PENDING:
            return _unavailable("no media worker")
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES:
            return _unavailable("the media worker does not read")
        number = self._next_id
        self._next_id += 1
        future: asyncio.Future[sfu.AnyResult] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._pending.pop(number, None))
        self._pending[number] = future
        writer.write(wire.frame(wire.ToWorker(number, command)))
        return self._result(future, writer)

    async def _result(
        self, future: "asyncio.Future[sfu.AnyResult]", writer: asyncio.StreamWriter
    ) -> sfu.AnyResult:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await future
        except TimeoutError:
            # It may still carry the command out, or never. Only a fresh start tells what is so.
            log.error("media-timeout")
            writer.transport.abort()
            raise MediaUnavailable("the media worker did not answer in time") from None

    async def run(self) -> None:
        """Connect, read until the worker goes, connect again."""
        while True:
            reader, writer = await connect(self._path)
            log.info("media-up")
            try:
                await self._connected(reader, writer)
            finally:
                self._disconnected(writer)
            log.warning("media-down")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._happenings = _emptied(self._happenings)
        self._writer = writer
        self._happenings.put_nowait(WorkerUp())
        deframer = wire.Deframer()
        try:
            while data := await reader.read(READ_BYTES):
                for body in deframer.feed(data):
                    self._take(wire.decode_from_worker(body))
        except (OSError, wire.BadFrame, asyncio.QueueFull) as error:
            log.error("media-broken why=%s", type(error).__name__)

    def _take(self, message: wire.Reply | wire.Notice) -> None:
        if isinstance(message, wire.Notice):
            self._happenings.put_nowait(message.event)
            return
        future = self._pending.get(message.id)
        if future is not None and not future.done():
            future.set_result(message.result)

    def _disconnected(self, writer: asyncio.StreamWriter) -> None:
        self._writer = None
        writer.transport.abort()
        for future in list(self._pending.values()):
            if not future.done():
                future.set_exception(MediaUnavailable("the media worker is gone"))
                future.exception()  # taken: whoever asked may have left


def _emptied(queue: "asyncio.Queue[Happening]") -> "asyncio.Queue[Happening]":
    """The same queue; what the worker before said is of no use any more."""
    while not queue.empty():
        queue.get_nowait()
    return queue


async def _unavailable(why: str) -> sfu.AnyResult:
    raise MediaUnavailable(why)
