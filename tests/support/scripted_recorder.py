"""A recorder that writes nothing, on a real Unix socket: it takes orders, reports, dies and comes back as the
real one does."""

import asyncio
from pathlib import Path
from typing import Self, TypeVar

from recorder import (
    AnyOrder,
    AnyReport,
    Mark,
    Order,
    Pause,
    People,
    RecordingId,
    Snapshot,
    Stage,
    Start,
    Status,
    Stop,
    Trouble,
)
from recorder.wire import decode_order, frame
from sfu.wire import Deframer

PATIENCE_S = 5.0
HEAD = "ab" * 32

Kind = TypeVar("Kind", bound=Order)


class ScriptedRecorder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.orders: list[AnyOrder] = []
        self.writing: dict[RecordingId, Start] = {}
        """The recordings in progress."""
        self.tells_snapshots = True
        self._line: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.come()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.crash()

    async def come(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def crash(self) -> None:
        """It is gone, with everything it was doing."""
        self.writing.clear()
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)
        self.cut()

    def cut(self) -> None:
        """Only the connection breaks; it goes on recording."""
        if self._line is not None:
            self._line.transport.abort()

    def say(self, report: AnyReport) -> None:
        assert self._line is not None
        self._line.write(frame(report))

    def say_raw(self, data: bytes) -> None:
        assert self._line is not None
        self._line.write(data)

    def status(
        self,
        recording: RecordingId,
        stage: Stage = Stage.ON,
        trouble: Trouble = Trouble.NONE,
        minutes_left: int = 5000,
    ) -> Status:
        room = next(o.room for o in self.orders if isinstance(o, Start) and o.recording == recording)
        return Status(recording, room, stage, trouble, 1, 4321, minutes_left, HEAD)

    async def ordered(self, kind: type[Kind], count: int = 1) -> list[Kind]:
        """All orders of this kind, as soon as there are this many."""

        def found() -> list[Kind]:
            return [order for order in self.orders if isinstance(order, kind)]

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(found()) >= count)
        return found()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._line = writer
        if self.tells_snapshots:
            for recording, start in self.writing.items():
                self.say(self.status(recording, Stage.PAUSED if start.paused else Stage.ON))
            self.say(Snapshot())
        deframer = Deframer()
        try:
            while data := await reader.read(65536):
                for body in deframer.feed(data):
                    await self._obey(decode_order(body))
        except ConnectionError:
            pass  # cut by the test
        finally:
            writer.close()

    async def _obey(self, order: AnyOrder) -> None:
        self.orders.append(order)
        match order:
            case Start() if order.recording not in self.writing:
                self.writing[order.recording] = order
                self.say(self.status(order.recording, Stage.STARTING))
                self.say(self.status(order.recording, Stage.PAUSED if order.paused else Stage.ON))
            case Pause() if order.recording in self.writing:
                self.say(self.status(order.recording, Stage.PAUSED if order.on else Stage.ON))
            case Stop() if order.recording in self.writing:
                del self.writing[order.recording]
                self.say(self.status(order.recording, Stage.ENDED))
            case Start() | Pause() | Stop() | People() | Mark():
                pass
        async with self._changed:
            self._changed.notify_all()
