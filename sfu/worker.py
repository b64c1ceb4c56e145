"""The media worker's process: one loop, the media ports, the door as a Unix socket, the ticker.

The control plane connects to the socket. When it goes away, media goes on: people talk on while the
control plane is restarted, and the one that comes next is first told what is open. A second
connection takes the place of the first. Recorders have a socket of their own (sfu/tap_server.py).
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sfu import AnyEvent
from sfu.fastpath import FastPath
from sfu.plane.plane import MEND_S, Plane
from sfu.plane.pulse import TICK_S
from sfu.tap_server import serve_taps
from sfu.transport import MediaPorts
from sfu.voice import ThreadEars
from sfu.wire import BadFrame, Deframer, Notice, Reply, decode_to_worker, frame

OUTBOX_BYTES = 4 << 20
"""A control plane that does not read for so long is taken for dead: its connection is closed."""
READ_BYTES = 1 << 16
MENDS_PER_TICK = round(TICK_S / MEND_S)

log = logging.getLogger("giaoban.media")


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    socket_path: str
    """Unix socket to be made; its folder must be closed to others."""
    addresses: tuple[str, ...]
    """Local addresses for media, v4 and v6."""
    port: int
    """UDP and TCP."""
    advertise: tuple[str, ...] = ()
    """Addresses to put in answers instead, when the server stands behind NAT."""
    tap_path: str | None = None
    """Unix socket to be made for recorders, in a folder closed to others; None: nobody can record."""


class Door:
    """The worker's end of the socket, and the plane behind it, which tells its events here."""

    def __init__(self, open_behind: Callable[[Callable[[AnyEvent], None]], Plane]) -> None:
        self.plane = open_behind(self.notify)
        self._writer: asyncio.StreamWriter | None = None

    def notify(self, event: AnyEvent) -> None:
        """Send an event, or lose it when nobody listens: the next one who comes gets a snapshot."""
        writer = self._writer
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > OUTBOX_BYTES:
            log.error("control plane does not read: connection closed")
            self._drop(writer)
            return
        writer.write(frame(Notice(event)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One control connection, from first to last byte."""
        if self._writer is not None:
            self._drop(self._writer)
        self._writer = writer
        log.info("control plane connected")
        deframer = Deframer()
        try:
            for event in self.plane.snapshot():
                self.notify(event)
            while data := await reader.read(READ_BYTES):
                for body in deframer.feed(data):
                    request = decode_to_worker(body)
                    writer.write(frame(Reply(request.id, self.plane.apply(request.command))))
        except BadFrame as error:
            log.error("control plane sent a bad frame: %s", error)
        except ConnectionError:
            pass
        finally:
            self._drop(writer)
            log.info("control plane gone")

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        if self._writer is writer:
            self._writer = None
        writer.close()


@contextlib.asynccontextmanager
async def open_plane(config: WorkerConfig) -> AsyncIterator[tuple[Plane, Door, MediaPorts]]:
    """The worker without its process: ports open, plane ready. Raises PortTaken."""
    fastpath = FastPath()
    ports = MediaPorts(fastpath, config.addresses, config.port, advertise=config.advertise)
    wall_offset_s = time.time() - time.monotonic()
    with contextlib.closing(ThreadEars()) as ears:
        door = Door(lambda notify: Plane(fastpath, ports, ears, notify, time.monotonic, wall_offset_s))
        await ports.start()
        try:
            yield door.plane, door, ports
        finally:
            await ports.close()
            fastpath.close()


async def serve_worker(config: WorkerConfig, stop: asyncio.Event) -> None:
    """Run until `stop`. The socket appears when everything is ready. Raises PortTaken, OSError."""
    async with open_plane(config) as (plane, door, ports):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(config.socket_path)
        server = await asyncio.start_unix_server(door.serve, config.socket_path)
        log.info("media on port %d", ports.port)
        async with server, serve_taps(plane, config.tap_path):
            await tick_until(stop, plane)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(config.socket_path)


async def tick_until(stop: asyncio.Event, plane: Plane) -> None:
    """Ten ticks a second at even instants, and every MEND_S what cannot wait so long: packets that did not
    come are asked for, those of open microphones are listened to. After a pause of the machine the lost ones
    are not made up."""
    due = time.monotonic()
    beat = 0
    while not stop.is_set():
        if beat == 0:
            plane.tick()
        plane.mend()
        beat = (beat + 1) % MENDS_PER_TICK
        due = max(due + MEND_S, time.monotonic())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), due - time.monotonic())
