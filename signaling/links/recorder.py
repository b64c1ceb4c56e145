"""What the control plane needs from the recorder, and the client of the recorder's Unix socket."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recorder import AnyOrder, AnyReport, Status
from recorder.wire import decode_report, frame
from sfu.line import FrameLine
from sfu.wire import BadFrame
from signaling.links.local_socket import RETRY_S, connect

log = logging.getLogger("giaoban.recorder")

MAX_EVENTS = 1024
"""Reports not taken yet; while there are so many, no more are read, and the recorder waits."""
MAX_RECORDINGS = 256
"""In the recorder's first snapshot: more than the server has rooms."""
MAX_UNSENT_BYTES = 8 << 20
"""A full room's list of people has 40 kB and is sent at each change."""
SNAPSHOT_S = 5.0


@dataclass(frozen=True, slots=True)
class RecorderUp:
    """A recorder answers, for the first time or again; these recordings are in progress."""

    statuses: tuple[Status, ...]


class RecorderDown:
    """It no longer answers."""


RecorderEvent = Status | RecorderUp | RecorderDown


class RecorderPort(Protocol):
    @property
    def up(self) -> bool: ...

    def send(self, order: AnyOrder) -> None:
        """Send an order after those already sent. It is lost while no recorder answers: the recorder's
        reports tell whether it was carried out."""
        ...

    async def next_event(self) -> RecorderEvent: ...


class NoRecorder:
    """The RecorderPort of a server without a recorder."""

    @property
    def up(self) -> bool:
        return False

    def send(self, order: AnyOrder) -> None:
        pass

    async def next_event(self) -> RecorderEvent:
        never: asyncio.Future[RecorderEvent] = asyncio.get_running_loop().create_future()
        return await never  # until it is cancelled


class RecorderSocket:
    """A RecorderPort over the recorder's socket. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: Path, deadline_s: float = SNAPSHOT_S) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._line: FrameLine[AnyReport] | None = None
        self._events: asyncio.Queue[RecorderEvent] = asyncio.Queue(MAX_EVENTS)

    @property
    def up(self) -> bool:
        return self._line is not None

    async def next_event(self) -> RecorderEvent:
        return await self._events.get()

    def send(self, order: AnyOrder) -> None:
        if self._line is not None:
            self._line.send(frame(order))

    async def run(self) -> None:
        """Connect, read until the recorder goes, connect again."""
        while True:
            reader, writer = await connect(self._path)
            line: FrameLine[AnyReport] = FrameLine(
                reader, writer, decode_report, peer="recorder", max_unsent_bytes=MAX_UNSENT_BYTES
            )
            try:
                await self._connected(line)
            except (OSError, BadFrame, TimeoutError) as error:
                log.error("recorder-broken why=%s", type(error).__name__)
            finally:
                self._disconnected(line)
            await asyncio.sleep(RETRY_S)

    async def _connected(self, line: FrameLine[AnyReport]) -> None:
        """Returns when the recorder closes. Raises OSError, BadFrame, TimeoutError."""
        statuses: list[Status] = []
        async with asyncio.timeout(self._deadline_s):
            while isinstance(report := await line.next(), Status):
                statuses.append(report)
                if len(statuses) > MAX_RECORDINGS:
                    raise BadFrame("more recordings than there can be")
        if report is None:
            return
        self._line = line
        await self._events.put(RecorderUp(tuple(statuses)))
        log.info("recorder-up recordings=%d", len(statuses))
        async for report in line:
            if isinstance(report, Status):
                await self._events.put(report)

    def _disconnected(self, line: FrameLine[AnyReport]) -> None:
        line.cut()
        if self._line is None:
            return
        self._line = None
        while self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(RecorderDown())
        log.warning("recorder-down")
