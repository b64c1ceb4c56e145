"""The media worker's process: one loop, the media ports, the door as a Unix socket, the ticker.

The control plane connects to the socket. When it goes away, media goes on: people talk on while the
control plane restarts, and the next one is first told what is open. A second connection replaces
the first. Recorders have a socket of their own (sfu/tap_server.py).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from secrets import randbelow

from sfu import AnyEvent
from sfu.addresses import AddressesUnreadable, Found, find, follow
from sfu.fastpath import FastPath
from sfu.line import FrameLine, OnePeer, listening
from sfu.newest import NewestEvents
from sfu.plane.plane import MEND_S, Plane
from sfu.plane.pulse import TICK_S
from sfu.spare_memory import give_back
from sfu.tap_server import serve_taps
from sfu.transport import MediaPorts, can_bind
from sfu.voice import ThreadEars
from sfu.wire import BadFrame, Notice, Reply, ToWorker, decode_to_worker, frame

MAX_UNSENT_BYTES = 4 << 20
"""A control plane that leaves so much unread is taken for dead: its connection is cut."""
MENDS_PER_TICK = round(TICK_S / MEND_S)

log = logging.getLogger("giaoban.media")


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    socket_path: str
    """Unix socket to be made; its folder must be closed to others."""
    addresses: tuple[str, ...]
    """Local addresses for media, v4 and v6; none: those that the machine has, as they come and go."""
    port: int
    """UDP and TCP."""
    advertise: tuple[str, ...] = ()
    """Addresses to put in answers instead, when the server stands behind NAT."""
    tap_path: str | None = None
    """Unix socket to be made for recorders, in a folder closed to others; None: nobody can record."""


class Door:
    """The worker's end of the socket, and the plane behind it, which sends its events through here."""

    def __init__(self, open_behind: Callable[[Callable[[AnyEvent], None]], Plane]) -> None:
        self.plane = open_behind(self.notify)
        self._control: OnePeer[ToWorker] = OnePeer()
        self._late = NewestEvents()
        """What control is to be told when it has read what it was sent: the newest of each."""
        self._is_late = asyncio.Event()

    def notify(self, event: AnyEvent) -> None:
        """Send an event, or lose it when nobody listens: the next control plane gets a snapshot. For one that
        is late, only the newest event about each thing is kept."""
        if self._late or self._control.busy:
            self._late.add(event)
            self._is_late.set()
        else:
            self._control.send(frame(Notice(event)))

    def _catch_up(self) -> None:
        for event in self._late.take():
            self._control.send(frame(Notice(event)))

    async def _tell_late(self, line: FrameLine[ToWorker]) -> None:
        """Until cancelled, or until control is gone."""
        with contextlib.suppress(ConnectionError):
            while True:
                self._is_late.clear()
                await self._is_late.wait()
                await line.drained()
                self._catch_up()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One control connection, from first to last byte."""
        line = FrameLine(reader, writer, decode_to_worker, peer="control", max_unsent_bytes=MAX_UNSENT_BYTES)
        log.info("control-up")
        self._late.clear()
        async with asyncio.TaskGroup() as beside:
            late = beside.create_task(self._tell_late(line), name="late events")
            await self._obey(line)
            late.cancel()
        log.info("control-down")

    async def _obey(self, line: FrameLine[ToWorker]) -> None:
        with self._control.connected(line):
            try:
                for event in self.plane.snapshot():
                    self.notify(event)
                async for request in line:
                    result = self.plane.apply(request.command)
                    self._catch_up()  # an answer comes after the events before it
                    line.send(frame(Reply(request.id, result)))
                    await line.drained()  # a control plane that does not read is not read either
            except BadFrame as error:
                log.error("control-bad-frame why=%r", str(error))
            except ConnectionError:
                pass  # the end is told in any case


@contextlib.asynccontextmanager
async def open_plane(config: WorkerConfig) -> AsyncIterator[tuple[Plane, Door, MediaPorts]]:
    """The worker without its process: ports open, plane ready. Raises PortTaken."""
    fastpath = FastPath()
    ports = MediaPorts(fastpath, _present_at_start(config), config.port, advertise=config.advertise)
    wall_offset_s = time.time() - time.monotonic()
    with contextlib.closing(ThreadEars()) as ears:
        door = Door(
            lambda notify: Plane(fastpath, ports, ears, notify, time.monotonic, wall_offset_s, randbelow)
        )
        await ports.start()
        try:
            yield door.plane, door, ports
        finally:
            await ports.close()
            fastpath.close()


async def serve_worker(
    config: WorkerConfig, stop: asyncio.Event, ready: Callable[[], None] = lambda: None
) -> None:
    """Run until `stop`. The socket appears when everything is ready, then `ready` is called.

    Errors: raises PortTaken, OSError; an ExceptionGroup with PacketsEnded.
    """
    async with (
        open_plane(config) as (plane, door, ports),
        listening(config.socket_path, door.serve),
        serve_taps(plane, config.tap_path),
    ):
        give_back()
        log.info("media-ready port=%d", ports.port)
        ready()
        async with asyncio.TaskGroup() as beside:
            watching = [
                beside.create_task(follow_addresses(config, ports), name="addresses"),
                beside.create_task(ports.watch(), name="packets"),
            ]
            await tick_until(stop, plane)
            for task in watching:
                task.cancel()


async def follow_addresses(config: WorkerConfig, ports: MediaPorts) -> None:
    """Give the ports the machine's addresses as they come and go, until cancelled. An address that cannot be
    used is no reason to end, whether it was found or configured: it is used when it can be."""
    before: tuple[str, str, int] | None = None

    async def tell(found: Found) -> None:
        nonlocal before
        present = _present(config, found)
        wished = config.addresses or (*present, *found.waiting)
        missing = dict.fromkeys((address for address in wished if address not in present), "not-there")
        missing |= await ports.follow(present)
        absent = ",".join(f"{address}/{why}" for address, why in missing.items())
        now = ",".join(ports.addresses), absent, 0 if config.addresses else found.left_out
        if now != before:
            before = now
            log.info("media-addresses open=%s missing=%s left_out=%d", *now)

    await follow(tell)


def _present_at_start(config: WorkerConfig) -> tuple[str, ...]:
    try:
        return _present(config, find())
    except AddressesUnreadable:
        return _present(config, Found())


def _present(config: WorkerConfig, found: Found) -> tuple[str, ...]:
    """The configured addresses that the machine has, else those that were found. The kernel does not list all
    that it takes for its own (127.0.0.2), so configured ones are tried."""
    return tuple(filter(can_bind, config.addresses)) if config.addresses else found.usable


async def tick_until(stop: asyncio.Event, plane: Plane) -> None:
    """Ten ticks a second at even instants, and every MEND_S what cannot wait so long: packets that did not
    come are asked for, those of open microphones are listened to. After a pause of the machine the lost ones
    are not made up."""
    due = time.monotonic()
    beat = 0
    while not stop.is_set():
        plane.beats.woke(time.monotonic() - due)
        if beat == 0:
            plane.tick()
        plane.mend()
        beat = (beat + 1) % MENDS_PER_TICK
        due = max(due + MEND_S, time.monotonic())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), due - time.monotonic())
