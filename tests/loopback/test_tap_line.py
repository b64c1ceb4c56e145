"""A recorder's line to a media worker, over a real socket: what a real peer sends comes out and can be
decoded."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from deploy.run.addresses import local_addresses
from deploy.simulate.media import Media
from deploy.simulate.picture import read_counter
from sfu import Done, EndpointId, GateReason, Opened, OpenEndpoint, RoomId, SetGates, SlotKind, Source
from sfu.fastpath import TableFull
from sfu.line import FrameLine
from sfu.plane.plane import MAX_TAPS, Plane
from sfu.rtp import vp8
from sfu.tap_server import MAX_UNSENT_BYTES, TapServer, send_all, serve_taps, tap_line
from sfu.tapline import (
    AskKeyframes,
    FromTap,
    TapMedia,
    TapPacket,
    TapRoom,
    TapSlot,
    ToTap,
    decode_from_tap,
    frame,
)
from sfu.wire import MAX_FRAME_BYTES, Deframer
from sfu.worker import WorkerConfig, open_plane, serve_worker, tick_until
from tests.support.tapped import Tapped, is_keyframe
from tests.support.voice_mark import voice

pytestmark = [pytest.mark.record, pytest.mark.loopback]

ROOM = RoomId("room")
LAN = EndpointId("lan")
OPEN = dict.fromkeys(Source, GateReason.OPEN)
STEP_S = 15.0


class Line:
    """A recorder's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tapped = Tapped()
        self.writer = writer
        self._reader = reader
        self._deframer = Deframer()

    async def read(self) -> bool:
        """What has come; False: the line is closed."""
        data = await self._reader.read(1 << 16)
        self.tapped.take([decode_from_tap(body) for body in self._deframer.feed(data)])
        return bool(data)

    async def read_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(STEP_S):
            while not condition():
                assert await self.read(), "closed"

    async def is_closed(self) -> None:
        """Or cut: with something said that was not read."""
        async with asyncio.timeout(STEP_S):
            with contextlib.suppress(ConnectionResetError):
                while await self.read():
                    pass


@asynccontextmanager
async def connected(path: Path, *first: bytes) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"".join(first))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    config = WorkerConfig(socket_path="", addresses=local_addresses()[:1], port=0)
    async with open_plane(config) as (plane, _door, _ports):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(tick_until(stop, plane))
            yield plane
            stop.set()


@pytest.fixture
async def path(plane: Plane, tmp_path: Path) -> AsyncIterator[Path]:
    async with serve_taps(plane, str(tmp_path / "tap.sock")):
        yield tmp_path / "tap.sock"


def pictures(tapped: Tapped) -> Iterator[bytes]:
    """Whole VP8 frames of the stage."""
    parts: list[bytes] = []
    for packet in tapped.packets(SlotKind.STAGE):
        descriptor = vp8.parse_untrusted(packet.payload)
        if descriptor.starts_frame:
            parts = []
        parts.append(packet.payload[descriptor.length :])
        if packet.marker:
            yield b"".join(parts)


def counters(tapped: Tapped) -> list[int | None]:
    eye = av.CodecContext.create("vp8", "r")
    return [
        read_counter(image.to_ndarray(format="rgb24").astype(np.uint8))
        for picture in pictures(tapped)
        for image in eye.decode(av.Packet(picture))
    ]


def loudest(tapped: Tapped) -> float:
    ear = av.CodecContext.create("libopus", "r")
    ear.sample_rate, ear.layout = 48_000, "mono"
    return max(
        float(np.abs(sound.to_ndarray()).max()) / 32768
        for packet in tapped.packets(SlotKind.AUDIO)
        for sound in ear.decode(av.Packet(packet.payload))
    )


async def test_a_real_peers_pictures_and_voice_come_out_and_stop_when_it_is_muted(
    plane: Plane, path: Path
) -> None:
    media = Media(0)
    media.speak(voice(1))
    try:
        offer = await media.offer()
        opened = plane.apply(OpenEndpoint(room=ROOM, endpoint=LAN, offer=offer, gates=OPEN, local=True))
        assert isinstance(opened, Opened), opened
        await media.accept(opened.answer)
        async with connected(path, frame(TapRoom(ROOM))) as line:
            tapped = line.tapped
            media.switch(Source.CAMERA, on=True)
            media.switch(Source.MICROPHONE, on=True)
            await line.read_until(
                lambda: len(tapped.packets(SlotKind.AUDIO)) > 50 and len(list(pictures(tapped))) > 20
            )
            assert tapped.slots[0] == TapSlot(LAN, Source.CAMERA)
            shown = counters(tapped)
            assert len(shown) == len(list(pictures(tapped)))
            assert None not in shown
            assert len(set(shown)) >= 3, "the picture moves"
            assert loudest(tapped) > 0.05

            shut = SetGates(endpoint=LAN, gates={Source.MICROPHONE: GateReason.HOST})
            assert plane.apply(shut) == Done()
            tapped.forget()
            await line.read_until(lambda: bool(tapped.reports))  # packets that were on the way have arrived
            tapped.forget()
            line.writer.write(frame(AskKeyframes()))
            await line.read_until(lambda: any(map(is_keyframe, tapped.packets(SlotKind.STAGE))))
            assert tapped.packets(SlotKind.AUDIO) == []
    finally:
        await media.close()


async def test_a_recorder_that_does_not_read_loses_its_line_and_nobody_waits(tmp_path: Path) -> None:
    serving: asyncio.Queue[FrameLine[ToTap]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.put_nowait(tap_line(reader, writer))

    media = TapMedia(0, LAN, Source.CAMERA, 1, 2, 3, (TapPacket(1, 2, True, bytes(500_000)),))
    server = await asyncio.start_unix_server(serve, tmp_path / "line")
    async with server, connected(tmp_path / "line"):
        line = await serving.get()
        sent = 0
        while not line.closed:
            send_all(line, [media])
            sent += 500_000
            assert sent < 2 * MAX_UNSENT_BYTES
        send_all(line, [media])


async def test_a_message_too_long_for_a_frame_ends_the_tap_and_not_the_meeting(tmp_path: Path) -> None:
    serving: asyncio.Queue[FrameLine[ToTap]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.put_nowait(tap_line(reader, writer))

    server = await asyncio.start_unix_server(serve, tmp_path / "line")
    async with server, connected(tmp_path / "line"):
        line = await serving.get()
        packet = TapPacket(1, 2, True, bytes(MAX_FRAME_BYTES))
        send_all(line, [TapMedia(0, LAN, Source.CAMERA, 1, 2, 3, (packet,))])
        assert line.closed


@pytest.mark.parametrize(
    "said",
    [
        b"\xff" * 8,
        b"\0\0\0\2\xc1\xc1",
        frame(AskKeyframes()),
        frame(TapRoom(ROOM)) * 2,
        frame(TapRoom(ROOM)) + b"\0\0\0\1\x80",
    ],
)
async def test_a_recorder_that_sends_nonsense_is_disconnected(plane: Plane, path: Path, said: bytes) -> None:
    async with connected(path, said) as line:
        await line.is_closed()
    async with asyncio.timeout(STEP_S):
        await given_back(plane)


async def test_a_silent_connection_is_closed(plane: Plane, tmp_path: Path) -> None:
    server = await asyncio.start_unix_server(TapServer(plane, first_message_s=0.05).serve, tmp_path / "line")
    async with server, connected(tmp_path / "line") as line:
        await line.is_closed()


async def test_tap_lines_are_bounded_and_one_that_closes_makes_room(plane: Plane, path: Path) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_TAPS):
            await stack.enter_async_context(connected(path, frame(TapRoom(ROOM))))
        async with connected(path, frame(TapRoom(ROOM))) as one_too_many:
            await one_too_many.is_closed()
    async with asyncio.timeout(STEP_S):
        await given_back(plane)


async def test_the_worker_has_the_socket_while_it_runs(tmp_path: Path) -> None:
    config = WorkerConfig(str(tmp_path / "door"), ("127.0.0.1",), 0, tap_path=str(tmp_path / "tap"))
    stop = asyncio.Event()
    async with asyncio.timeout(STEP_S), asyncio.TaskGroup() as group:
        group.create_task(serve_worker(config, stop))
        await appears(tmp_path / "tap")
        async with connected(tmp_path / "tap", frame(TapRoom(ROOM))) as line:
            stop.set()
            await line.is_closed()
    assert not (tmp_path / "tap").exists()


async def appears(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - another task makes it
        await asyncio.sleep(0.01)


async def given_back(plane: Plane) -> None:
    """All taps are free again."""
    while True:
        try:
            for tap in [plane.open_tap(ROOM, ignore) for _ in range(MAX_TAPS)]:
                plane.close_tap(tap)
        except TableFull:
            await asyncio.sleep(0.01)
        else:
            return


def ignore(messages: Sequence[FromTap]) -> None:
    """Nobody reads."""
