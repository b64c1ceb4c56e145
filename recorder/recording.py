"""One recording that goes on: what the tap brings goes to the scribe, what the scribe writes to the sealer,
what the sealer seals to the folder. Shell.

    tap line -> Scribe -> Sealer (thread) -> Folder (disk)
                   ^ people, marks, pauses

Whatever waits for the disk runs in a thread, one job after another; the loop only moves what has come. Twice
in the time that a crash may cost, everything written so far is padded to the end of a sealed chunk.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import recorder
from recorder import Stage, Status, Trouble
from recorder.blocks import GapKind
from recorder.folder import BadFolder, DiskFailed, Facts, Folder
from recorder.scribe import Scribe, ScribeSettings
from recorder.sealed import BadRecipient, Sealer, SealerFailed, SealerFull
from recorder.signing import SigningKey
from recorder.space import SpaceGuard
from recorder.tap_client import TapClient
from recorder.timeline import OpeningFacts
from sfu.tapline import FromTap

POLL_S = 0.1
PAD_EVERY_US = 800_000
"""With the tap's tenth, the scribe's hold and a cluster's quarter of a second: 1.4 s from a picture's arrival
to the chunk that holds it, on the disk."""
CHECKPOINT_EVERY_US = 1_000_000
LOOK_EVERY_US = 1_000_000
TELL_EVERY_US = 10_000_000
MEDIA_AWAY_US = 1_000_000
"""A media worker that is away for longer is told as trouble."""

log = logging.getLogger("giaoban.recording")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    directory: Path
    """Of all recordings."""
    key: SigningKey
    reserve_octets: int
    """Free space of the disk that is not ours to use."""
    segment_s: float = 120.0


class Ending(Enum):
    """How a recording is to end."""

    STOPPED = auto()
    """In order: its last line is written."""
    SUSPENDED = auto()
    """This process ends; another goes on with it."""


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Recording:
    """Errors: none leave `run`; what cannot go on is told as a Status with trouble."""

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
        self._tap = TapClient(tap_path, start.room, self._take)
        self._space = SpaceGuard(settings.reserve_octets)
        self._stage = Stage.STARTING
        self._trouble = Trouble.NONE
        self._minutes_left = -1
        self._ending: Ending | None = None
        self._wake = asyncio.Event()
        self._early: list[recorder.People | recorder.Mark] = []
        self._paused = start.paused
        self._folder: Folder | None = None
        self._scribe: Scribe | None = None
        self._sealer: Sealer | None = None
        self._segment = 0
        self._slow_since_us: int | None = None
        self._away_since_us: int | None = None
        self._padded_us = self._checked_us = self._looked_us = self._told_us = 0

    # --- orders -----------------------------------------------------------------------------------

    def people(self, order: recorder.People) -> None:
        if self._scribe is None:
            self._early = [early for early in self._early if not isinstance(early, recorder.People)] + [order]
        else:
            self._scribe.people(order, now_us())

    def mark(self, order: recorder.Mark) -> None:
        if self._scribe is not None:
            self._scribe.mark(order, now_us())

    def pause(self, on: bool) -> None:
        self._paused = on
        self._wake.set()

    def end(self, ending: Ending) -> None:
        self._ending = self._ending or ending
        self._wake.set()

    def status(self) -> Status:
        folder = self._folder
        return Status(
            recording=self.start.recording,
            room=self.start.room,
            stage=self._stage,
            trouble=self._trouble,
            since_ms=0 if folder is None else folder.begun_ms,
            octets=0 if folder is None else folder.octets,
            minutes_left=self._minutes_left,
            head="" if folder is None else folder.head,
        )

    # --- its life -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """From its folder to its last line, or to what kept it from that."""
        self._say()
        try:
            await asyncio.to_thread(self._open)
            async with asyncio.TaskGroup() as tasks:
                tapping = tasks.create_task(self._tap.run(), name="tap")
                try:
                    await self._record()
                finally:
                    tapping.cancel()
            await asyncio.to_thread(self._close)
        except* BadRecipient as group:
            self._fail(Trouble.BAD_RECIPIENT, group)
        except* DiskFailed as group:
            full = any(error.full for error in group.exceptions if isinstance(error, DiskFailed))
            self._fail(Trouble.DISK_FULL if full else Trouble.DISK_FAILED, group)
        except* (SealerFailed, BadFolder) as group:
            self._fail(Trouble.DISK_FAILED, group)

    def _open(self) -> None:
        """In a thread. Raises BadRecipient, DiskFailed, BadFolder."""
        start, settings = self.start, self._settings
        self._keys()  # before there is a folder
        directory = settings.directory
        again = (directory / start.recording).exists()
        if again:
            folder = Folder.open_again(directory, start.recording, start.recipients, settings.key)
        else:
            facts = Facts(start.recording, start.meeting, start.title, start.recipients)
            folder = Folder.create(directory, facts, settings.key)
        self._folder = folder
        now, at_ms = now_us(), folder.now_at_ms
        opening = OpeningFacts(
            start.recording,
            start.meeting,
            start.title,
            folder.begun_ms,
            tuple(recipient.name for recipient in start.recipients),
        )
        begun_us = now - at_ms * 1000
        scribe = Scribe(opening, begun_us, ScribeSettings(segment_s=settings.segment_s))
        self._begin_segment(folder, scribe, folder.next_segment, now)
        if again:
            scribe.gap(GapKind.CRASH, begun_us + folder.reached_ms * 1000, now)
        for early in self._early:
            scribe.people(early, now) if isinstance(early, recorder.People) else scribe.mark(early, now)
        self._scribe = scribe

    def _keys(self) -> tuple[list[str], list[str]]:
        keys = self.start.recipients
        return [key.key for key in keys if not key.second], [key.key for key in keys if key.second]

    def _begin_segment(self, folder: Folder, scribe: Scribe, number: int, now: int) -> None:
        beginning = scribe.open_segment(number, now)
        folder.begin_segment(number, scribe.segment_at_ms)
        self._sealer = Sealer(*self._keys(), folder.append)
        self._sealer.write(beginning)
        self._segment = number
        self._padded_us = 0

    async def _record(self) -> None:
        assert self._scribe is not None
        self._enter(Stage.ON)
        while self._ending is None:
            now = now_us()
            await self._settle_pause(now)
            self._watch_media(now)
            await self._write(now)
            await self._look(now)
            if now - self._told_us >= TELL_EVERY_US:
                self._say()
            self._wake.clear()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
        self._put(self._scribe.finish(now_us()))

    async def _settle_pause(self, now: int) -> None:
        """What was ordered since the last poll. What came before a pause is still written."""
        scribe, folder = self._opened()
        if self._paused == scribe.paused:
            return
        at_ms = scribe.at_ms(now)
        scribe.pause(self._paused, now)
        if self._paused:
            await asyncio.to_thread(folder.pause, at_ms)
        else:
            await asyncio.to_thread(folder.resume, at_ms)
        self._enter(Stage.PAUSED if self._paused else Stage.ON)

    async def _write(self, now: int) -> None:
        """What the scribe has, padding when it is due, the next segment when this one is complete."""
        scribe, folder = self._opened()
        out = scribe.poll(now)
        if out.ask_keyframes:
            self._tap.ask_keyframes()
        if out.data and not self._put(out.data) and self._slow_since_us is None:
            self._slow_since_us = now
        elif out.data and self._slow_since_us is not None:
            scribe.gap(GapKind.SLOW, self._slow_since_us, now)
            self._slow_since_us = None
        if out.cut:
            await asyncio.to_thread(self._next_segment, now)
        elif now - self._padded_us >= PAD_EVERY_US:
            self._padded_us = now
            self._pad()
        if now - self._checked_us >= CHECKPOINT_EVERY_US:
            self._checked_us = now
            await asyncio.to_thread(folder.checkpoint, scribe.written_ms)

    def _put(self, data: bytes) -> bool:
        """False: the disk does not keep up, and this was left out. Raises SealerFailed, DiskFailed."""
        assert self._sealer is not None
        try:
            self._sealer.write(data)
        except SealerFull:
            return False
        except SealerFailed:
            self._explain(self._sealer)
            raise
        return True

    def _pad(self) -> None:
        assert self._sealer is not None
        assert self._scribe is not None
        try:
            self._sealer.pad(self._scribe.void)
        except SealerFull:
            pass  # what waits is more than a chunk anyway
        except SealerFailed:
            self._explain(self._sealer)
            raise

    def _explain(self, sealer: Sealer) -> None:
        """Raise what the disk said, where that is what ended the sealer."""
        if isinstance(sealer.failed, DiskFailed | BadFolder):
            raise sealer.failed

    def _next_segment(self, now: int) -> None:
        """In a thread. Raises SealerFailed, DiskFailed."""
        scribe, folder = self._opened()
        self._end_segment("next")
        self._begin_segment(folder, scribe, self._segment + 1, now)

    def _end_segment(self, why: str) -> None:
        scribe, folder = self._opened()
        assert self._sealer is not None
        try:
            self._sealer.close()
        except SealerFailed:
            self._explain(self._sealer)
            raise
        folder.end_segment(min(scribe.written_ms, scribe.at_ms(now_us())), why)

    def _watch_media(self, now: int) -> None:
        """While no media worker answers nothing comes; the gap stands in the timeline when it is over."""
        scribe, _ = self._opened()
        if self._tap.up:
            if self._away_since_us is not None and self._trouble is Trouble.NO_MEDIA:
                scribe.gap(GapKind.NO_MEDIA, self._away_since_us, now)
                self._enter(self._stage)
            self._away_since_us = None
            return
        if self._away_since_us is None:
            self._away_since_us = now
        elif now - self._away_since_us > MEDIA_AWAY_US and self._trouble is Trouble.NONE:
            self._enter(self._stage, Trouble.NO_MEDIA)

    async def _look(self, now: int) -> None:
        """At the disk. The reserve is not ours: then the recording ends in order."""
        if now - self._looked_us < LOOK_EVERY_US:
            return
        self._looked_us = now
        _, folder = self._opened()
        disk = await asyncio.to_thread(os.statvfs, folder.path)
        left = self._space.look(now / 1e6, disk.f_bavail * disk.f_frsize, folder.octets)
        told, self._minutes_left = self._minutes_left, left.minutes
        if left.stop:
            self._trouble = Trouble.DISK_FULL
            self.end(Ending.STOPPED)
        elif left.warn and told != left.minutes:
            self._say()

    def _close(self) -> None:
        """In a thread. Raises SealerFailed, DiskFailed."""
        scribe, folder = self._opened()
        suspended = self._ending is Ending.SUSPENDED
        self._end_segment("suspended" if suspended else "stopped")
        if suspended:
            folder.close()
            return
        folder.finish(scribe.at_ms(now_us()), self._trouble.value or "stopped")
        self._stage = Stage.ENDED
        self._say()

    def _fail(self, trouble: Trouble, group: BaseExceptionGroup[Exception]) -> None:
        log.error("recording-failed recording=%s why=%s", self.start.recording, group.exceptions[0])
        if self._sealer is not None:
            self._sealer.abandon()
        if self._folder is not None:
            self._folder.close()
        self._enter(Stage.FAILED, trouble)

    def _opened(self) -> tuple[Scribe, Folder]:
        assert self._scribe is not None
        assert self._folder is not None
        return self._scribe, self._folder

    def _take(self, message: FromTap) -> None:
        if self._scribe is not None:
            self._scribe.take(message)

    def _enter(self, stage: Stage, trouble: Trouble = Trouble.NONE) -> None:
        self._stage, self._trouble = stage, trouble
        self._say()

    def _say(self) -> None:
        self._told_us = now_us()
        self._tell(self.status())
