"""A recorder in a process of its own, the line that gives it orders, and a tap whose every picture and sound
says when it was made."""

import asyncio
import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from deploy.run.processes import RecorderSettings, encode
from recorder import AnyOrder, Recipient, RecordingId, Snapshot, Stage, Start, Status
from recorder.format.blocks import Block, Track
from recorder.format.entries import AnyEntry, parse_entry_untrusted
from recorder.opening.archive import open_archive
from recorder.opening.faults import Fault
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import identities_untrusted
from recorder.opening.verify import Verified, verify
from recorder.wire import decode_report, frame
from sfu import EndpointId, RoomId, Source
from sfu.tapline import AskKeyframes, FromTap, TapMedia, TapPacket, TapRoom, TapSlot, TapSlots, decode_to_tap
from sfu.tapline import frame as tap_frame
from sfu.wire import Deframer
from tests.support.appliance import ROOT
from tests.support.publishers import picture_packets, sound_packet

WAIT_S = 20.0
ROOM = RoomId("room")
RECORDING = RecordingId("giao-ban-20260101-070000-abcd")
SPEAKER = EndpointId("lan")


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Line:
    """A control plane's end of the recorder's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.statuses: list[Status] = []
        self._reader = reader
        self._writer = writer
        self._deframer = Deframer()
        self._snapshots = 0

    def order(self, order: AnyOrder) -> None:
        self._writer.write(frame(order))

    async def read(self) -> bool:
        """False once the recorder has closed it."""
        data = await self._reader.read(1 << 16)
        for report in map(decode_report, self._deframer.feed(data)):
            match report:
                case Status():
                    self.statuses.append(report)
                case Snapshot():
                    self._snapshots += 1
        return bool(data)

    async def snapshot(self) -> list[Status]:
        """The recordings in progress, as reported when the line opens."""
        async with asyncio.timeout(WAIT_S):
            while not self._snapshots:
                assert await self.read(), "closed"
        return self.statuses

    async def told(self, wanted: Callable[[Status], bool]) -> Status:
        """The first matching status from now on."""
        seen = len(self.statuses)
        async with asyncio.timeout(WAIT_S):
            while True:
                for status in self.statuses[seen:]:
                    if wanted(status):
                        return status
                seen = len(self.statuses)
                assert await self.read(), "closed"

    async def is_closed(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while await self.read():
                pass


def in_stage(stage: Stage) -> Callable[[Status], bool]:
    return lambda status: status.stage is stage


@dataclass
class RecorderProcess:
    """`folder` holds its socket, its state, and the board's private key."""

    folder: Path
    tap: Path
    reserve_mb: int = 0
    segment_s: int = 600
    private: list[str] = field(default_factory=list)
    process: Process | None = None

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    def recipient(self, name: str = "Ban Giám đốc", *, second: bool = False) -> Recipient:
        """A new key, whose private half stays here."""
        identity = pyrage.x25519.Identity.generate()
        self.private.append(str(identity))
        return Recipient(name, str(identity.to_public()), second)

    def start_order(self, *recipients: Recipient, paused: bool = False) -> Start:
        return Start(RECORDING, ROOM, "giao-ban", "Giao ban sáng", recipients, paused=paused)

    async def start(self) -> None:
        settings = RecorderSettings(
            log_level="info",
            socket_path=str(self.folder / "recorder"),
            tap_sockets=(str(self.tap),),
            recordings=str(self.recordings),
            signing_key=str(self.folder / "recorder.key"),
            reserve_mb=self.reserve_mb,
            segment_s=self.segment_s,
            may_swap=True,
            state=str(self.folder),
        )
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.child", "recorder"), stdin=PIPE, cwd=ROOT
        )
        assert self.process.stdin is not None
        self.process.stdin.write(encode(settings) + b"\n")
        await self.process.stdin.drain()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Returns once it has ended."""
        if self.process is None:
            return
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        async with asyncio.timeout(WAIT_S):
            await process.wait()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Returns as soon as it answers."""
        async with asyncio.timeout(WAIT_S):
            while True:
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_unix_connection(self.folder / "recorder")
                    break
                await asyncio.sleep(0.02)
        try:
            yield Line(reader, writer)
        finally:
            writer.close()

    def opened(self, *keys: int) -> OpenedRecording:
        """Open it with these private keys; by default only the first."""
        identities = identities_untrusted("\n".join(self.private[key] for key in keys or (0,)).encode())
        return OpenedRecording(open_archive(self.recordings / RECORDING), identities)

    def allow_files_of(self, size_bytes: int) -> None:
        """Limit the size of its files from now on."""
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    def now_at_ms(self) -> int:
        """The present instant in the recording."""
        return time.time_ns() // 1_000_000 - self.opened().summary.begun_ms

    def verified(self) -> Verified:
        identities = identities_untrusted(self.private[0].encode())
        return verify(open_archive(self.recordings / RECORDING), identities)

    def blocks(self) -> list[Block]:
        """Everything readable while nobody writes; nothing grave may be wrong with it."""
        found = list(self.opened().blocks())
        assert [str(one) for one in found if isinstance(one, Fault) and one.grave] == []
        return [one for one in found if isinstance(one, Block)]

    async def reaches(self, wanted: Callable[[list[Block]], bool]) -> list[Block]:
        """Wait until the blocks on the disk meet the condition."""
        async with asyncio.timeout(WAIT_S):
            while True:
                if (self.recordings / RECORDING).exists():
                    found = await asyncio.to_thread(lambda: list(self.opened().blocks()))
                    blocks = [one for one in found if isinstance(one, Block)]
                    if wanted(blocks):
                        return blocks
                await asyncio.sleep(0.1)

    def opened_by_age(self, segment: Path) -> bytes:
        """Decrypt with Debian's age."""
        file = self.folder / "board.key"
        file.write_text(self.private[0] + "\n")
        done = subprocess.run(["age", "-d", "-i", str(file), str(segment)], capture_output=True, check=True)
        return done.stdout


@asynccontextmanager
async def recorder_process(
    folder: Path, *, reserve_mb: int = 0, segment_s: int = 600
) -> AsyncIterator[RecorderProcess]:
    process = RecorderProcess(folder, folder / "tap", reserve_mb, segment_s)
    await process.start()
    try:
        yield process
    finally:
        await process.end()


def entries(blocks: list[Block]) -> list[AnyEntry]:
    return [parse_entry_untrusted(block.data) for block in blocks if block.track is Track.ENTRIES]


# --- a tap ----------------------------------------------------------------------------------------------

STEP_S = 0.1
_STAGE, _VOICE = 0, 2


class MarkedTap:
    """One speaker, on the stage and heard; every picture and sound says when it was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: set[asyncio.StreamWriter] = set()
        self._pictures_sent = itertools.count(1000)
        self._sounds_sent = itertools.count(5000)
        self._asked = False
        self._server: asyncio.Server | None = None
        self._sending: asyncio.Task[None] | None = None

    async def come(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._sending = asyncio.create_task(self._send())

    async def crash(self) -> None:
        if self._server is None or self._sending is None:
            return
        self._server.close()
        self._server = None
        self._sending.cancel()
        for line in self._lines:
            line.transport.abort()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 12):
                for order in map(decode_to_tap, deframer.feed(data)):
                    match order:
                        case TapRoom():
                            self._asked = True
                            self._lines.add(writer)
                            writer.write(tap_frame(self._slots()))
                        case AskKeyframes():
                            self._asked = True
        self._lines.discard(writer)
        writer.close()

    def _slots(self) -> TapSlots:
        nobody = TapSlot(None, None)
        stage, voice = TapSlot(SPEAKER, Source.CAMERA), TapSlot(SPEAKER, Source.MICROPHONE)
        return TapSlots(now_us(), (stage, nobody, voice, nobody, nobody))

    async def _send(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            now = now_us()
            data = b"".join(tap_frame(message) for message in (self._pictures(now), self._sounds(now)))
            for line in self._lines:
                line.write(data)

    def _pictures(self, now: int) -> FromTap:
        key, self._asked = self._asked, False
        ts = now * 9 // 100
        packets = picture_packets(next(self._pictures_sent) * 3, ts, now, key)
        return media(_STAGE, Source.CAMERA, ts, now, packets)

    def _sounds(self, now: int) -> FromTap:
        ts = now * 48 // 1000
        packets = [sound_packet(next(self._sounds_sent), ts, now)]
        return media(_VOICE, Source.MICROPHONE, ts, now, packets)


def media(slot: int, source: Source, ts: int, now: int, packets: list[TapPacket]) -> TapMedia:
    return TapMedia(slot, SPEAKER, source, slot + 77, ts & 0xFFFF_FFFF, now, tuple(packets))


@asynccontextmanager
async def marked_tap(path: Path) -> AsyncIterator[MarkedTap]:
    tap = MarkedTap(path)
    await tap.come()
    try:
        yield tap
    finally:
        await tap.crash()
