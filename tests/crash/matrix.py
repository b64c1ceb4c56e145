"""One kill after another, and what each has cost. Used by the long run and by a short one among the tests."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from deploy.simulate.loops import picture_loop
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import View
from deploy.supervision import Policy
from recorder.blocks import Block, Track
from recorder.opening.archive import open_archive
from recorder.opening.faults import Fault
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import identities_untrusted
from signaling.messages import RecordingState, Role, StartRecording
from tests.support.appliance import Appliance, Part
from tests.support.metronome import beeping_voice
from tests.support.record_meeting import WAIT_S, Recorded, recorded_meeting, staff, taking_part

POINTS = 2
SEALED_S = 2.5
"""Until what was recorded at the kill is surely in the file, when its recorder lives on."""
MARGIN_MS = 100
READINGS = 3
POLICY = Policy()
QUICK_KILLS = 3
SPEAKS = (Track.VOICE_1, Track.VOICE_2, Track.VOICE_3)


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
    """From the last sound or picture that can be read to the kill."""
    hole_s: float
    """Longest stretch without a sound before that, since all went on after the kill before."""
    back_s: float
    """From the kill until new sound and pictures are recorded."""
    unreadable: int
    """Faults in what was written before."""
    plaintext: int
    """Files in the state directory with something that was said or shown in them."""


@dataclass
class Matrix:
    meeting: Recorded
    chair: BridgePoint
    kills: list[Kill] = field(default_factory=list)
    _searched: dict[Path, float] = field(default_factory=dict)
    _quick: dict[Target, int] = field(default_factory=dict)
    """Kills in a row of what had lived shortly."""
    _struck_s: dict[Target, float] = field(default_factory=dict)
    _steady_ms: int = 1 << 60

    @classmethod
    @asynccontextmanager
    async def begin(cls, appliance: Appliance, folder: Path) -> AsyncIterator["Matrix"]:
        """Two points speak, a chair records."""
        code = await appliance.add_meeting("Giao ban thử")
        chair = await staff(appliance, code, Role.CHAIR, 10)
        async with recorded_meeting(appliance, code, folder, POINTS) as meeting, taking_part(chair):
            await chair.wait_for(lambda view: view.sending, WAIT_S)
            await chair.send(StartRecording())
            await chair.wait_for(is_on, WAIT_S)
            matrix = cls(meeting, chair)
            await matrix.is_recording(matrix.now_at_ms())
            matrix._steady_ms = matrix.now_at_ms()
            yield matrix

    def targets(self) -> list[Target]:
        """What may be killed next: five quick deaths in a row are a fault for the supervisor, and not of what
        is tried here."""
        return [target for target in Target if self._quick.get(target, 0) < QUICK_KILLS or self._old(target)]

    async def kill(self, target: Target, after_s: float) -> Kill:
        """One kill, so many seconds from now, and what it has cost. Returns when all goes on."""
        await asyncio.sleep(after_s)
        segment = max(int(file.name[:6]) for file in self.meeting.folder.glob("*.age"))
        at_ms = self.now_at_ms()
        began_s = time.monotonic()
        await self._strike(target)
        await self.is_recording(at_ms + 500)
        back_s = time.monotonic() - began_s
        await asyncio.sleep(max(0.0, SEALED_S - back_s))
        found = await self._read(segment)
        media = [one for one in found if isinstance(one, Block) and is_media(one)]
        last_ms = max((one.at_ms for one in media if one.at_ms <= at_ms + MARGIN_MS), default=0)
        sounds = sorted(one.at_ms for one in media if one.track in SPEAKS and one.at_ms <= last_ms)
        steady = [at for at in sounds if at >= self._steady_ms]
        kill = Kill(
            target,
            lost_s=round(max(0, at_ms - last_ms) / 1000, 2),
            hole_s=max((later - earlier for earlier, later in pairwise(steady)), default=0) / 1000,
            back_s=round(back_s, 1),
            unreadable=grave(found),
            plaintext=len(await asyncio.to_thread(self.in_the_clear)),
        )
        self.kills.append(kill)
        self._steady_ms = self.now_at_ms()
        return kill

    def now_at_ms(self) -> int:
        return time.time_ns() // 1_000_000 - self._opened().summary.begun_ms

    async def is_recording(self, from_ms: int) -> None:
        """Until sounds and pictures of that time or later can be read back."""
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(self._reaches, from_ms):  # noqa: ASYNC110 - files
                await asyncio.sleep(0.2)

    def in_the_clear(self, *, everything: bool = False) -> list[Path]:
        """Files with what was said or shown, or with the words of a file of such; of those that changed since
        the last time, or of all."""
        marks = list(known_plaintext())
        found = []
        for file in self.meeting.appliance.state.rglob("*"):
            if not file.is_file():
                continue
            changed = file.stat().st_mtime
            if everything or self._searched.get(file) != changed:
                self._searched[file] = changed
                octets = file.read_bytes()
                if any(mark in octets for mark in marks):
                    found.append(file)
        return found

    def _old(self, target: Target) -> bool:
        return time.monotonic() - self._struck_s.get(target, 0.0) > POLICY.quick_s + POLICY.longest_pause_s

    async def _strike(self, target: Target) -> None:
        appliance = self.meeting.appliance
        self._quick[target] = 1 if self._old(target) else self._quick.get(target, 0) + 1
        self._struck_s[target] = time.monotonic()
        if target is Target.ALL:
            self._quick.clear()
            await appliance.crash()
            return
        os.kill(appliance.pid(PARTS[target]), signal.SIGKILL)

    def _reaches(self, from_ms: int) -> bool:
        segment = max((int(file.name[:6]) for file in self.meeting.folder.glob("*.age")), default=1)
        media = [one for one in self._opened().blocks(segment) if isinstance(one, Block) and is_media(one)]
        tracks = {one.track in SPEAKS for one in media if one.at_ms >= from_ms}
        return tracks == {True, False}

    async def _read(self, segment: int) -> list[Block | Fault]:
        """From that one on. The file grows while it is read, which may look like a fault; a fault stays."""
        found: list[Block | Fault] = []
        for _ in range(READINGS):
            found = await asyncio.to_thread(lambda: list(self._opened().blocks(segment)))
            if not grave(found):
                break
        return found

    def _opened(self) -> OpenedRecording:
        identities = identities_untrusted(self.meeting.key.read_bytes())
        return OpenedRecording(open_archive(self.meeting.folder), identities)


def is_on(view: View) -> bool:
    return view.recording is not None and view.recording.state is RecordingState.ON


def grave(found: list[Block | Fault]) -> int:
    return sum(isinstance(one, Fault) and one.grave for one in found)


def is_media(block: Block) -> bool:
    return block.track.kind is not None


def known_plaintext() -> Iterator[bytes]:
    """Octets that the points send, and such as stand in every file of ours."""
    yield from (b"V_VP8", b"A_OPUS")
    for index in range(POINTS):
        for loop in (beeping_voice(index), picture_loop(index)):
            long = [piece.data for piece in loop.pieces if len(piece.data) > 60]
            yield from (data[30:54] for data in long[:: max(1, len(long) // 8)])
