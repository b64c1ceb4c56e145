"""What the control plane needs of the recorder, and the client of the recorder's Unix socket."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recorder import AnyOrder, AnyReport, Status
from recorder.wire import decode_report, frame
from sfu.wire import BadFrame, Deframer
from signaling.links.local_socket import RETRY_S, connect

log = logging.getLogger("giaoban.recorder")

HAPPENINGS = 1024
"""Reports not yet taken; beyond it we are not keeping up and start again from what is so."""
RECORDINGS = 256
"""That may go on when we come: more than the house has rooms."""
UNSENT_BYTES = 1 << 20
SNAPSHOT_S = 5.0
READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class RecorderUp:
    """A recorder answers, for the first time or again, and these recordings go on."""

    statuses: tuple[Status, ...]


class RecorderDown:
    """It does not answer any more."""


RecorderHappening = Status | RecorderUp | RecorderDown


class RecorderPort(Protocol):
    @property
    def up(self) -> bool: ...

    def send(self, order: AnyOrder) -> None:
        """Behind those already sent. Into the void while no recorder answers: what it says of itself tells
        whether it was done."""
        ...

    async def next_happening(self) -> RecorderHappening: ...


class NoRecorder:
    """The RecorderPort of a house without a recorder."""

    @property
    def up(self) -> bool:
        return False

    def send(self, order: AnyOrder) -> None:
        pass

    async def next_happening(self) -> RecorderHappening:
        never: asyncio.Future[RecorderHappening] = asyncio.get_running_loop().create_future()
        return await never  # until it is cancelled


class RecorderSocket:
    """A RecorderPort over the recorder's socket. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: Path, deadline_s: float = SNAPSHOT_S) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._writer: asyncio.StreamWriter | None = None
        self._happenings: asyncio.Queue[RecorderHappening] = asyncio.Queue(HAPPENINGS)

    @property
    def up(self) -> bool:
        return self._writer is not None

    async def next_happening(self) -> RecorderHappening:
        return await self._happenings.get()

    def send(self, order: AnyOrder) -> None:
        writer = self._writer
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES:
            log.error("recorder-does-not-read")
            writer.transport.abort()
            return
        writer.write(frame(order))

    async def run(self) -> None:
        """Connect, read until the recorder goes, connect again."""
        while True:
            reader, writer = await connect(self._path)
            try:
                await self._connected(reader, writer)
            except (OSError, BadFrame, asyncio.QueueFull, TimeoutError) as error:
                log.error("recorder-broken why=%s", type(error).__name__)
            finally:
                self._disconnected(writer)
            await asyncio.sleep(RETRY_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises OSError, BadFrame, QueueFull, TimeoutError; returns when the recorder closes."""
        reports = _Reports(reader)
        statuses: list[Status] = []
        async with asyncio.timeout(self._deadline_s):
            while isinstance(report := await reports.next(), Status):
                statuses.append(report)
                if len(statuses) > RECORDINGS:
                    raise BadFrame("more recordings than there can be")
        if report is None:
            return
        self._writer = writer
        self._happenings.put_nowait(RecorderUp(tuple(statuses)))
        log.info("recorder-up recordings=%d", len(statuses))
        while (report := await reports.next()) is not None:
            if isinstance(report, Status):
                self._happenings.put_nowait(report)

    def _disconnected(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        if self._writer is None:
            return
        self._writer = None
        while self._happenings.full():
            self._happenings.get_nowait()
        self._happenings.put_nowait(RecorderDown())
        log.warning("recorder-down")


class _Reports:
    """The reports that arrive, one after the other."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._deframer = Deframer()
        self._arrived: list[AnyReport] = []

    async def next(self) -> AnyReport | None:
        """None: the recorder has closed. Raises OSError, BadFrame."""
        while not self._arrived:
            data = await self._reader.read(READ_BYTES)
            if not data:
                return None
            self._arrived = [decode_report(body) for body in reversed(self._deframer.feed(data))]
        return self._arrived.pop()
