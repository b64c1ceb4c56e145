"""What the control plane needs from the media plane, and the client of a media worker's Unix socket."""

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import sfu
from sfu.line import FrameLine
from sfu.wire import BadFrame, Notice, Reply, ToWorker, decode_from_worker, frame
from signaling.links.local_socket import connect

log = logging.getLogger("giaoban.media")

MAX_PENDING = 1024
"""Commands without an answer; a worker that far behind is not alive."""
MAX_EVENTS = 4096
"""Events not taken yet; beyond that we are not keeping up, and connect again for a fresh snapshot."""
MAX_UNSENT_BYTES = 8 << 20


class MediaUnavailable(Exception):
    """No media worker answers now. If it died, its endpoints are gone."""


class WorkerUp:
    """A media worker answers, for the first time or again. It may know fewer endpoints than we think."""


MediaEvent = sfu.AnyEvent | WorkerUp


class MediaPort(Protocol):
    @property
    def up(self) -> bool: ...

    def request(self, command: sfu.AnyCommand) -> Awaitable[sfu.AnyResult]:
        """Send a command now, after those already sent, and give its result when awaited.
        Awaiting raises MediaUnavailable."""
        ...

    async def next_event(self) -> MediaEvent: ...


_Line = FrameLine[Reply | Notice]


class WorkerSocket:
    """A MediaPort over the worker's socket. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: Path, deadline_s: float = 5.0) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._line: _Line | None = None
        self._pending: dict[int, asyncio.Future[sfu.AnyResult]] = {}
        self._next_id = 1
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue(MAX_EVENTS)

    @property
    def up(self) -> bool:
        return self._line is not None

    async def next_event(self) -> MediaEvent:
        return await self._events.get()

    def request(self, command: sfu.AnyCommand) -> Awaitable[sfu.AnyResult]:
        line = self._line
        if line is None or len(self._pending) >= MAX_PENDING:
            return _unavailable("no media worker")
        if line.stalled:
            return _unavailable("the media worker does not read")
        number = self._next_id
        self._next_id += 1
        future: asyncio.Future[sfu.AnyResult] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._pending.pop(number, None))
        self._pending[number] = future
        line.send(frame(ToWorker(number, command)))
        return self._result(future, line)

    async def _result(self, future: "asyncio.Future[sfu.AnyResult]", line: _Line) -> sfu.AnyResult:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await future
        except TimeoutError:
            # It may still carry the command out, or never. Only a fresh snapshot tells.
            log.error("media-timeout")
            line.cut()
            raise MediaUnavailable("the media worker did not answer in time") from None

    async def run(self) -> None:
        """Connect, read until the worker goes, connect again."""
        while True:
            reader, writer = await connect(self._path)
            line: _Line = FrameLine(
                reader, writer, decode_from_worker, peer="media", max_unsent_bytes=MAX_UNSENT_BYTES
            )
            log.info("media-up")
            try:
                await self._connected(line)
            finally:
                self._disconnected(line)
            log.warning("media-down")

    async def _connected(self, line: _Line) -> None:
        self._drop_events()  # what the worker before it said is of no use any more
        self._line = line
        self._events.put_nowait(WorkerUp())
        try:
            async for message in line:
                self._take(message)
        except (OSError, BadFrame, asyncio.QueueFull) as error:
            log.error("media-broken why=%s", type(error).__name__)

    def _take(self, message: Reply | Notice) -> None:
        if isinstance(message, Notice):
            self._events.put_nowait(message.event)
            return
        future = self._pending.get(message.id)
        if future is not None and not future.done():
            future.set_result(message.result)

    def _drop_events(self) -> None:
        while not self._events.empty():
            self._events.get_nowait()

    def _disconnected(self, line: _Line) -> None:
        self._line = None
        line.cut()
        for future in list(self._pending.values()):
            if not future.done():
                future.set_exception(MediaUnavailable("the media worker is gone"))
                future.exception()  # retrieved here: the caller may have left


async def _unavailable(why: str) -> sfu.AnyResult:
    raise MediaUnavailable(why)
