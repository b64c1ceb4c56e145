"""What the control plane needs from the media plane, and the client of a media worker's Unix socket."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import sfu
from sfu.line import FrameLine
from sfu.newest import NewestEvents, TooManyEvents
from sfu.wire import BadFrame, Notice, Reply, ToWorker, decode_from_worker, frame
from signaling.links.command_lanes import CommandLanes, Moves
from signaling.links.local_socket import connect

log = logging.getLogger("giaoban.media")

MAX_PENDING = 4096
"""Commands without an answer. A worker that far behind is not alive: its line is cut, so that nobody takes
for done what it has not done."""
MAX_UNSENT_BYTES = 8 << 20


class MediaUnavailable(Exception):
    """No media worker answers now, or this command was withdrawn. If it died, its endpoints are gone."""


class WorkerUp:
    """A media worker answers, for the first time or again. It may know fewer endpoints than we think."""


MediaEvent = sfu.AnyEvent | WorkerUp


Result = asyncio.Future[sfu.AnyResult]


class MediaPort(Protocol):
    @property
    def up(self) -> bool: ...

    def request(self, command: sfu.AnyCommand) -> Result:
        """Give a command to the worker. What shuts something is sent now; offers and wishes follow those
        before them. The result always comes, or MediaUnavailable."""
        ...

    async def next_events(self) -> Sequence[MediaEvent]:
        """What has come since the last call; waits until there is something. The answer to an offer is given
        after what came before it."""
        ...


_Line = FrameLine[Reply | Notice]


class WorkerSocket:
    """A MediaPort over the worker's socket. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: Path, deadline_s: float = 5.0) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._line: _Line | None = None
        self._pending: dict[int, Result] = {}
        self._deadlines: dict[int, asyncio.TimerHandle] = {}
        """Of the commands that the worker has."""
        self._lanes = CommandLanes()
        self._next_id = 1
        self._is_new = False
        """Nobody has been told yet that this worker answers."""
        self._events = NewestEvents()
        self._came = asyncio.Event()
        self._opened: list[tuple[Result, sfu.Opened]] = []
        """Answers that came behind events which nobody has taken yet: one of those may be about the endpoint
        that the offer has replaced."""

    @property
    def up(self) -> bool:
        return self._line is not None

    async def next_events(self) -> Sequence[MediaEvent]:
        while not (self._events or self._is_new):
            self._came.clear()
            await self._came.wait()
        new: Sequence[MediaEvent] = (WorkerUp(),) if self._is_new else ()
        self._is_new = False
        asyncio.get_running_loop().call_soon(self._give_opened)
        return (*new, *self._events.take())

    def request(self, command: sfu.AnyCommand) -> Result:
        line = self._line
        if line is not None and (len(self._pending) >= MAX_PENDING or line.stalled):
            log.error("media-behind pending=%d", len(self._pending))
            line.cut()
            line = None
        result: Result = asyncio.get_running_loop().create_future()
        if line is None:
            _fail(result, "no media worker")
            return result
        number = self._next_id
        self._next_id += 1
        self._pending[number] = result
        self._move(line, self._lanes.put(number, command))
        return result

    def _move(self, line: _Line, moves: Moves) -> None:
        loop = asyncio.get_running_loop()
        for number in moves.withdrawn:
            _fail(self._pending.pop(number, None), "something newer took its place")
        for number, command in moves.send:
            self._deadlines[number] = loop.call_later(self._deadline_s, self._too_late, line)
            line.send(frame(ToWorker(number, command)))

    def _too_late(self, line: _Line) -> None:
        """It may still carry the command out, or never. Only a fresh snapshot tells."""
        if line is self._line:
            log.error("media-timeout")
            self._disconnected(line, "the media worker did not answer in time")

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
                self._disconnected(line, "the media worker is gone")
            log.warning("media-down")

    async def _connected(self, line: _Line) -> None:
        self._line = line
        self._events.clear()  # what the worker before it said is of no use any more
        self._is_new = True
        self._came.set()
        try:
            async for message in line:
                self._take(line, message)
        except (OSError, BadFrame, TooManyEvents) as error:
            log.error("media-broken why=%s", type(error).__name__)

    def _take(self, line: _Line, message: Reply | Notice) -> None:
        if isinstance(message, Notice):
            self._events.add(message.event)
            self._came.set()
            return
        if message.id in self._deadlines:
            self._deadlines.pop(message.id).cancel()
        result = self._pending.pop(message.id, None)
        if result is None:
            pass  # noise, or sent twice
        elif isinstance(message.result, sfu.Opened) and self._events:
            self._opened.append((result, message.result))
        else:
            _give(result, message.result)
        self._move(line, self._lanes.answered(message.id))

    def _give_opened(self) -> None:
        opened, self._opened = self._opened, []
        for result, answer in opened:
            _give(result, answer)

    def _disconnected(self, line: _Line, why: str) -> None:
        line.cut()
        if self._line is not line:
            return
        self._line = None
        self._lanes.clear()
        for deadline in self._deadlines.values():
            deadline.cancel()
        self._deadlines.clear()
        pending, self._pending = self._pending, {}
        opened, self._opened = self._opened, []
        for result in (*pending.values(), *(result for result, _ in opened)):
            _fail(result, why)


def _give(result: Result, answer: sfu.AnyResult) -> None:
    if not result.done():  # whoever asked may have left
        result.set_result(answer)


def _fail(result: Result | None, why: str) -> None:
    if result is not None and not result.done():
        result.set_exception(MediaUnavailable(why))
        result.exception()  # retrieved here: whoever asked may have left
