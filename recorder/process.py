"""The recorder's process: a Unix socket for the control plane, and the recordings in progress."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from recorder import (
    ORPHAN_S,
    AnyOrder,
    AnyReport,
    Mark,
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
from recorder.shelf import is_id
from recorder.storage.signing import SigningKey, load_or_create_key
from recorder.wire import decode_order, frame
from recorder.writing.memory import MemorySafety, guard_memory
from recorder.writing.recording import Ending, Recording, RecordingSettings
from sfu.line import FrameLine, OnePeer, listening
from sfu.wire import BadFrame

MAX_UNSENT_BYTES = 1 << 20
MAX_RECORDINGS = 16

log = logging.getLogger("giaoban.recorder")


@dataclass(frozen=True, slots=True)
class RecorderConfig:
    socket_path: str
    """Unix socket to create; its folder must be closed to other users."""
    tap_sockets: tuple[str, ...]
    """Of the media workers, indexed by worker number."""
    directory: Path
    """Where the recordings are."""
    signing_key: Path
    """Created if it does not exist."""
    reserve_bytes: int
    """Disk space that recordings never use."""
    segment_s: float = 120.0
    may_swap: bool = False
    """Record even where memory may be written to a swap disk in the clear."""


class Recorder:
    """All recordings, and the one control plane that may give orders."""

    def __init__(
        self, config: RecorderConfig, key: SigningKey, safety: MemorySafety, tasks: asyncio.TaskGroup
    ) -> None:
        self._config = config
        self._memory_safety = safety
        self._tasks = tasks
        self._settings = RecordingSettings(config.directory, key, config.reserve_bytes, config.segment_s)
        self._recordings: dict[RecordingId, Recording] = {}
        self._control: OnePeer[AnyOrder] = OnePeer()
        self._orphaned: asyncio.TimerHandle | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One control connection, from first to last byte; it replaces the one before."""
        line = FrameLine(reader, writer, decode_order, peer="control", max_unsent_bytes=MAX_UNSENT_BYTES)
        with self._control.connected(line):
            if self._orphaned is not None:
                self._orphaned.cancel()
            try:
                for recording in self._recordings.values():
                    self._tell(recording.status())
                self._tell(Snapshot())
                async for order in line:
                    self._carry_out(order)
            except BadFrame as error:
                log.error("control-bad-frame why=%r", str(error))
            except ConnectionError:
                pass  # it has gone, or was cut
            finally:
                if self._control.has(line):
                    loop = asyncio.get_running_loop()
                    self._orphaned = loop.call_later(ORPHAN_S, self.end, Ending.STOPPED)

    def end(self, ending: Ending) -> None:
        """End every recording in progress."""
        for recording in self._recordings.values():
            recording.end(ending)

    def close(self) -> None:
        if self._orphaned is not None:
            self._orphaned.cancel()
        self._control.cut()

    def _carry_out(self, order: AnyOrder) -> None:
        match order:
            case Start():
                self._start(order)
            case Stop(recording):
                self._stop(recording)
            case Pause(recording, on) if recording in self._recordings:
                self._recordings[recording].pause(on)
            case People(recording) if recording in self._recordings:
                self._recordings[recording].people(order)
            case Mark(recording) if recording in self._recordings:
                self._recordings[recording].mark(order)
            case Pause() | People() | Mark():
                log.info("order-for-no-recording recording=%s", order.recording)
            case _:
                assert_never(order)

    def _start(self, start: Start) -> None:
        present = self._recordings.get(start.recording)
        if present is not None:
            self._tell(present.status())
            return
        trouble = self._refusal(start)
        if trouble is not Trouble.NONE:
            self._tell(
                Status(
                    start.recording,
                    start.room,
                    Stage.FAILED,
                    trouble,
                    since_ms=0,
                    written_bytes=0,
                    minutes_left=-1,
                )
            )
            return
        tap_path = self._config.tap_sockets[start.worker]
        recording = Recording(start, self._settings, tap_path, self._tell)
        self._recordings[start.recording] = recording
        self._tasks.create_task(self._run(recording), name=f"recording {start.recording}")

    def _refusal(self, start: Start) -> Trouble:
        if not any(not recipient.second for recipient in start.recipients):
            return Trouble.NO_RECIPIENT
        if self._memory_safety is MemorySafety.MAY_SWAP and not self._config.may_swap:
            return Trouble.MEMORY_SWAPS
        known = is_id(start.recording) and 0 <= start.worker < len(self._config.tap_sockets)
        if not known or len(self._recordings) >= MAX_RECORDINGS:
            log.error("recording-impossible recording=%s", start.recording)
            return Trouble.NO_MEDIA
        return Trouble.NONE

    def _stop(self, name: RecordingId) -> None:
        recording = self._recordings.get(name)
        if recording is not None:
            recording.end(Ending.STOPPED)

    async def _run(self, recording: Recording) -> None:
        try:
            await recording.run()
        finally:
            del self._recordings[recording.start.recording]

    def _tell(self, report: AnyReport) -> None:
        """Or lose it when nobody listens: the next control plane gets a snapshot."""
        self._control.send(frame(report))


async def serve_recorder(
    config: RecorderConfig, stop: asyncio.Event, ready: Callable[[], None] = lambda: None
) -> None:
    """Run until `stop`; recordings are then suspended for the next process to resume. Calls `ready` when it
    listens. Raises BadSigningKey, OSError."""
    safety = guard_memory()
    key = load_or_create_key(config.signing_key)
    async with asyncio.TaskGroup() as tasks:
        recorder = Recorder(config, key, safety, tasks)
        async with listening(config.socket_path, recorder.serve):
            log.info("recorder-ready memory=%s", safety.value)
            ready()
            try:
                await stop.wait()
            finally:
                recorder.end(Ending.SUSPENDED)
                recorder.close()
