"""One kill after another, and what each one costs. Used by the long run and by a short one in the tests."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from deploy.run.supervision import Policy
from deploy.simulate.loops import picture_loop
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import View
from recorder.storage.segment_file import segment_number
from signaling.model.words import RecordingState, Role
from signaling.protocol import StartRecording
from tests.crash.reading import Read, in_the_clear, read
from tests.support.appliance import Appliance, Part, now_ms
from tests.support.metronome import beeping_voice
from tests.support.record_meeting import WAIT_S, Recorded, recorded_meeting, staff, taking_part

POINTS = 2
SEALED_S = 2.5
"""How long until media from before the kill is certainly in the file, if the recorder survives."""
POLICY = Policy()
QUICK_KILLS = 3


class Target(StrEnum):
    RECORDER = "recorder"
    WORKER = "media-0"
    CONTROL = "control"
    ALL = "all"


PARTS: dict[Target, Part] = {
    Target.RECORDER: "recorder",
    Target.WORKER: "media-0",
    Target.CONTROL: "control",
}


@dataclass(frozen=True, slots=True)
class Kill:
    target: Target
    lost_s: float
    """From the last readable sound or picture to the kill."""
    hole_s: float
    """The longest silence before that, since everything ran again after the previous kill."""
    back_s: float
    """From the kill until new sound and pictures are recorded."""
    unreadable: int
    """Faults in the part written before."""
    plaintext: int
    """Files in the state directory that hold plaintext of the meeting."""


@dataclass
class Matrix:
    meeting: Recorded
    chair: BridgePoint
    reader: Executor
    begun_ms: int = 0
    """Unix time of at_ms 0."""
    kills: list[Kill] = field(default_factory=list)
    _searched: dict[Path, float] = field(default_factory=dict)
    _quick: dict[Target, int] = field(default_factory=dict)
    """Kills in a row of processes that had only just started."""
    _struck_s: dict[Target, float] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def begin(cls, appliance: Appliance, folder: Path) -> AsyncIterator["Matrix"]:
        """Two points speak and a chair records."""
        code = await appliance.add_meeting("Giao ban thử")
        chair = await staff(appliance, code, Role.CHAIR, 10)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as reader:
            async with recorded_meeting(appliance, code, folder, POINTS) as meeting, taking_part(chair):
                await chair.wait_for(lambda view: view.sending, WAIT_S)
                await chair.send(StartRecording())
                await chair.wait_for(is_on, WAIT_S)
                matrix = cls(meeting, chair, reader)
                matrix.begun_ms = (await matrix._read(1)).begun_ms
                await matrix.is_recording(matrix.now_at_ms())
                yield matrix

    def targets(self) -> list[Target]:
        """What may be killed next. The supervisor gives up after five quick deaths in a row, which is not
        what is tested here."""
        return [target for target in Target if self._quick.get(target, 0) < QUICK_KILLS or self._old(target)]

    async def kill(self, target: Target, after_s: float) -> Kill:
        """One kill, this many seconds from now, and what it costs. Returns once everything runs again."""
        steady_ms = self.now_at_ms()
        await asyncio.sleep(after_s)
        segment = self._segment()
        at_ms = await self._strike(target)
        await self.is_recording(at_ms + 500)
        back_s = (self.now_at_ms() - at_ms) / 1000
        await asyncio.sleep(max(0.0, SEALED_S - back_s))
        found = await self._read(segment)
        before = [at for at in (*found.sounds, *found.pictures) if at <= at_ms]
        steady = [at for at in found.sounds if steady_ms <= at <= at_ms]
        kill = Kill(
            target,
            lost_s=round((at_ms - max(before, default=0)) / 1000, 2),
            hole_s=max((later - earlier for earlier, later in pairwise(steady)), default=0) / 1000,
            back_s=round(back_s, 1),
            unreadable=found.grave,
            plaintext=len(await self.in_the_clear()),
        )
        self.kills.append(kill)
        return kill

    def now_at_ms(self) -> int:
        return now_ms() - self.begun_ms

    async def is_recording(self, from_ms: int) -> None:
        """Wait until sounds and pictures of that time or later can be read back."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found = await self._read(self._segment())
                if max(found.sounds, default=0) >= from_ms <= max(found.pictures, default=0):
                    return
                await asyncio.sleep(0.2)

    async def in_the_clear(self, *, everything: bool = False) -> list[Path]:
        """Files that hold plaintext of the meeting, among those that changed since the last search or among
        all."""
        files = []
        for file in self.meeting.appliance.state.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                changed = file.stat().st_mtime
                if file.is_file() and (everything or self._searched.get(file) != changed):
                    self._searched[file] = changed
                    files.append(file)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.reader, in_the_clear, files, list(known_plaintext()))

    def _old(self, target: Target) -> bool:
        return time.monotonic() - self._struck_s.get(target, 0.0) > POLICY.quick_s + POLICY.longest_pause_s

    async def _strike(self, target: Target) -> int:
        """Returns the instant of the kill as at_ms."""
        appliance = self.meeting.appliance
        self._quick[target] = 1 if self._old(target) else self._quick.get(target, 0) + 1
        self._struck_s[target] = time.monotonic()
        if target is Target.ALL:
            self._quick.clear()
            return await appliance.crash() - self.begun_ms
        os.kill(appliance.pid(PARTS[target]), signal.SIGKILL)
        return self.now_at_ms()

    def _segment(self) -> int:
        """The number of the newest segment."""
        return max((segment_number(file.name) for file in self.meeting.folder.iterdir()), default=0) or 1

    async def _read(self, first_segment: int) -> Read:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self.reader, read, self.meeting.folder, self.meeting.key, first_segment
        )


def is_on(view: View) -> bool:
    return view.recording is not None and view.recording.state is RecordingState.ON


def known_plaintext() -> Iterator[bytes]:
    """Bytes that the points send, and bytes that every plain file of ours contains."""
    yield from (b"V_VP8", b"A_OPUS")
    for index in range(POINTS):
        for loop in (beeping_voice(index), picture_loop(index)):
            long = [piece.data for piece in loop.pieces if len(piece.data) > 60]
            yield from (data[30:54] for data in long[:: max(1, len(long) // 8)])
