"""One recording in progress: from the tap to the muxer, the sealer and the folder.

    tap line -> Muxer -> Sealer (thread) -> Folder (disk)
                  ^ people, marks, pauses

Whatever waits for the disk runs in a thread, one job after another. The event loop only moves data, and only
the loop touches the muxer. Everything written so far is regularly padded to the end of a sealed chunk, twice
within the time that a crash may cost.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import recorder
from recorder import Stage, Status, Trouble
from recorder.format.entries import GapKind
from recorder.muxing.muxer import Muxer, MuxerSettings
from recorder.muxing.timeline import OpeningFacts
from recorder.storage.folder import BadFolder, DiskFailed
from recorder.storage.signing import SigningKey
from recorder.writing.sealer import BadRecipient, SealerFailed
from recorder.writing.segments import NoSpace, SegmentWriter, free_bytes_at
from recorder.writing.space import SpaceGuard
from recorder.writing.tap_client import TapClient
from sfu.tapline import FromTap

POLL_S = 0.1
PAD_EVERY_US = 800_000
"""Together with the tap's tenth of a second, the muxer's delay and a cluster's quarter of a second: 1.4 s
from a picture's arrival until its chunk is on the disk."""
CHECKPOINT_EVERY_US = 1_000_000
CHECK_SPACE_EVERY_US = 1_000_000
REPORT_EVERY_US = 10_000_000
MEDIA_AWAY_US = 1_000_000
"""A media worker that is away for longer is reported as trouble."""
MAX_EARLY_ORDERS = 64
"""Marks accepted while the folder is still being opened."""

log = logging.getLogger("giaoban.recording")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    directory: Path
    """Where all recordings are."""
    key: SigningKey
    reserve_bytes: int
    """Free disk space that is not ours to use."""
    segment_s: float = 120.0


class Ending(Enum):
    """How a recording ends."""

    STOPPED = auto()
    """In order: its last line is written."""
    SUSPENDED = auto()
    """This process ends; the next one resumes the recording."""


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Recording:
    """`run` raises no errors: a recording that cannot continue is reported as a Status with trouble."""

    def __init__(
        self,
        start: recorder.Start,
        settings: RecordingSettings,
        tap_path: str,
        tell: Callable[[Status], None],
    ) -> None:
        self.start = start
        self._settings = settings
        self._tell = tell
        self._tap = TapClient(tap_path, start.room, self._take, self._media_changed)
        self._space = SpaceGuard(settings.reserve_bytes)
        self._stage = Stage.STARTING
        self._trouble = Trouble.NONE
        self._minutes_left = -1
        self._ending: Ending | None = None
        self._wake = asyncio.Event()
        self._early: list[recorder.People | recorder.Mark] = []
        self._paused = start.paused
        self._writer: SegmentWriter | None = None
        self._muxer: Muxer | None = None
        self._slow_since_us: int | None = None
        self._away_since_us: int | None = now_us()
        self._padded_us = self._checkpoint_us = self._space_checked_us = self._reported_us = 0

    # --- orders -----------------------------------------------------------------------------------

    def people(self, order: recorder.People) -> None:
        if self._muxer is None:
            self._early = [early for early in self._early if not isinstance(early, recorder.People)]
            self._early.append(order)
        else:
            self._muxer.people(order, now_us())

    def mark(self, order: recorder.Mark) -> None:
        if self._muxer is not None:
            self._muxer.mark(order, now_us())
        elif len(self._early) < MAX_EARLY_ORDERS:
            self._early.append(order)

    def pause(self, on: bool) -> None:
        """Takes effect now, however long the disk takes to note it."""
        self._paused = on
        if self._muxer is not None:
            self._muxer.pause(on, now_us())
        self._wake.set()

    def end(self, ending: Ending) -> None:
        self._ending = self._ending or ending
        self._wake.set()

    def status(self) -> Status:
        folder = None if self._writer is None else self._writer.folder
        return Status(
            recording=self.start.recording,
            room=self.start.room,
            stage=self._stage,
            trouble=self._trouble,
            since_ms=0 if folder is None else folder.begun_ms,
            written_bytes=0 if folder is None else folder.size_bytes,
            minutes_left=self._minutes_left,
            head="" if folder is None else folder.head,
        )

    # --- the run -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """From opening its folder to writing its last line, or until it fails."""
        self._report()
        try:
            writer, muxer = await self._open()
            async with asyncio.TaskGroup() as tasks:
                tapping = tasks.create_task(self._tap.run(), name="tap")
                try:
                    await self._record(writer, muxer)
                finally:
                    tapping.cancel()
            await self._close(writer, muxer)
        except* BadRecipient as group:
            self._fail(Trouble.BAD_RECIPIENT, group)
        except* NoSpace as group:
            self._fail(Trouble.DISK_FULL, group)
        except* DiskFailed as group:
            full = any(error.full for error in group.exceptions if isinstance(error, DiskFailed))
            self._fail(Trouble.DISK_FULL if full else Trouble.DISK_FAILED, group)
        except* (SealerFailed, BadFolder) as group:
            self._fail(Trouble.DISK_FAILED, group)

    async def _open(self) -> tuple[SegmentWriter, Muxer]:
        """Raises BadRecipient, NoSpace, DiskFailed, BadFolder."""
        start, settings = self.start, self._settings
        writer = self._writer = await asyncio.to_thread(
            SegmentWriter.opened, settings.directory, start, settings.key, settings.reserve_bytes
        )
        folder = writer.folder
        opening = OpeningFacts(
            start.recording,
            start.meeting,
            start.title,
            folder.begun_ms,
            tuple(recipient.name for recipient in start.recipients),
        )
        now = now_us()
        begun_us = now - folder.now_at_ms * 1000
        muxer = Muxer(opening, begun_us, MuxerSettings(segment_s=settings.segment_s))
        number = folder.next_segment
        beginning = muxer.open_segment(number, now)
        await asyncio.to_thread(writer.begin_segment, number, muxer.segment_at_ms, beginning)
        if writer.again:
            muxer.gap(GapKind.CRASH, begun_us + folder.reached_ms * 1000, now)
        for early in self._early:
            muxer.people(early, now) if isinstance(early, recorder.People) else muxer.mark(early, now)
        self._early.clear()
        muxer.pause(self._paused, now)
        self._muxer = muxer
        return writer, muxer

    async def _record(self, writer: SegmentWriter, muxer: Muxer) -> None:
        noted = False
        while self._ending is None:
            noted = await self._note_pause(writer, muxer, noted)
            now = now_us()
            await self._write(writer, muxer, now)
            await self._check_space(writer, now)
            self._report_trouble(now)
            self._wake.clear()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
        writer.put(muxer.finish(now_us()))

    async def _note_pause(self, writer: SegmentWriter, muxer: Muxer, noted: bool) -> bool:
        """Note a pause or its end in the manifest and report it. Returns what is noted now."""
        paused = muxer.paused
        if paused != noted:
            note = writer.folder.pause if paused else writer.folder.resume
            await asyncio.to_thread(note, muxer.at_ms(now_us()))
        stage = Stage.PAUSED if paused else Stage.ON
        if self._stage is not stage:
            self._stage = stage
            self._report()
        return paused

    async def _write(self, writer: SegmentWriter, muxer: Muxer, now: int) -> None:
        """Write the muxer's output, padding when it is due, and the next segment when this one is
        complete."""
        out = muxer.poll(now)
        if out.ask_keyframes:
            self._tap.ask_keyframes()
        if out.data and not writer.put(out.data):
            self._slow_since_us = self._slow_since_us or now
        elif out.data and self._slow_since_us is not None:
            muxer.gap(GapKind.SLOW, self._slow_since_us, now)
            self._slow_since_us = None
        if out.cut:
            ended_ms, number = muxer.written_ms, writer.segment + 1
            beginning = muxer.open_segment(number, now)
            await asyncio.to_thread(writer.end_segment, ended_ms, "next")
            await asyncio.to_thread(writer.begin_segment, number, muxer.segment_at_ms, beginning)
        elif now - self._padded_us >= PAD_EVERY_US:
            self._padded_us = now
            writer.pad(muxer.void)
        if now - self._checkpoint_us >= CHECKPOINT_EVERY_US:
            self._checkpoint_us = now
            await asyncio.to_thread(writer.folder.checkpoint, muxer.written_ms)

    async def _check_space(self, writer: SegmentWriter, now: int) -> None:
        """Check the disk. When the reserve is reached the recording ends in order."""
        if now - self._space_checked_us < CHECK_SPACE_EVERY_US:
            return
        self._space_checked_us = now
        free = await asyncio.to_thread(free_bytes_at, writer.folder.path)
        left = self._space.look(now / 1e6, free, writer.folder.size_bytes)
        before, self._minutes_left = self._minutes_left, left.minutes
        if left.stop:
            self._trouble = Trouble.DISK_FULL
            self.end(Ending.STOPPED)
        elif left.warn and before != left.minutes:
            self._report()

    def _report_trouble(self, now: int) -> None:
        """Report trouble when it changes, and now and then that all is well."""
        away = self._away_since_us is not None and now - self._away_since_us > MEDIA_AWAY_US
        slow = self._slow_since_us is not None
        trouble = Trouble.SLOW if slow else Trouble.NO_MEDIA if away else Trouble.NONE
        if self._trouble is Trouble.DISK_FULL:
            return
        if trouble is not self._trouble or now - self._reported_us >= REPORT_EVERY_US:
            self._trouble = trouble
            self._report()

    async def _close(self, writer: SegmentWriter, muxer: Muxer) -> None:
        """Raises SealerFailed, DiskFailed, BadFolder."""
        folder, at_ms = writer.folder, muxer.written_ms
        if self._ending is Ending.SUSPENDED:
            await asyncio.to_thread(writer.end_segment, at_ms, "suspended")
            folder.close()
            return
        await asyncio.to_thread(writer.end_segment, at_ms, "stopped")
        await asyncio.to_thread(folder.finish, at_ms, self._trouble.value or "stopped")
        self._stage = Stage.ENDED
        self._report()

    def _fail(self, trouble: Trouble, group: BaseExceptionGroup[Exception]) -> None:
        log.error("recording-failed recording=%s why=%r", self.start.recording, group.exceptions[0])
        if self._writer is not None:
            self._writer.let_go()
        self._stage, self._trouble = Stage.FAILED, trouble
        self._report()

    # --- from the tap --------------------------------------------------------------------------

    def _take(self, message: FromTap) -> None:
        if self._muxer is not None:
            self._muxer.take(message)

    def _media_changed(self, up: bool) -> None:
        """No media comes while no media worker answers; the gap is written to the timeline when it is
        over."""
        now = now_us()
        if not up:
            self._away_since_us = self._away_since_us or now
            return
        away_us, self._away_since_us = self._away_since_us, None
        if self._muxer is not None and away_us is not None and now - away_us > MEDIA_AWAY_US:
            self._muxer.gap(GapKind.NO_MEDIA, away_us, now)

    def _report(self) -> None:
        self._reported_us = now_us()
        self._tell(self.status())
