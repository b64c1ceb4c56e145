"""The packet thread over real sockets, while decisions are made beside it."""

import asyncio
import itertools
import random
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import pytest

from sfu.fastpath import (
    STREAM,
    FastPath,
    HandUp,
    HandUpKind,
    MediaKind,
    PacketsEnded,
    PacketThread,
    ProducerFormat,
    SlotFormat,
    SrtpProfile,
)
from tests.support.fastpath_stage import SMALL, TWCC, key, parse, rtp, session

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(120)]

PROFILE = SrtpProfile.AEAD_AES_128_GCM
ORDERS = 3000
PACKET_S = 0.01
"""Within a microphone's budget."""
WAIT_S = 10.0
SHUT = 1
RECORD = struct.pack("!BHHHIH", 22, 0xFEFD, 0, 0, 1, 4) + bytes(4)
"""Of DTLS."""


@contextmanager
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(WAIT_S)
        yield made


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not done():  # noqa: ASYNC110 # what it waits for is no coroutine's
            await asyncio.sleep(0.001)


def stand_still_until(done: Callable[[], bool]) -> None:
    """The loop does nothing meanwhile."""
    begun = time.monotonic()
    while not done() and time.monotonic() < begun + WAIT_S:
        time.sleep(0.001)


@dataclass
class Hall:
    """A publisher and a viewer, and what the thread hands up."""

    fastpath: FastPath
    server: socket.socket
    publisher: socket.socket
    viewer: socket.socket
    port: int
    thread: PacketThread | None = None
    handed_up: list[HandUp] = field(default_factory=list)

    def __post_init__(self) -> None:
        fastpath = self.fastpath
        self._protecting = session(PROFILE, key(1), inbound=False)
        self._opening = session(PROFILE, key(4), inbound=True)
        self.sender, self.receiver = fastpath.open_transport(), fastpath.open_transport()
        fastpath.set_keys(self.sender, PROFILE, key(1), key(2))
        fastpath.set_keys(self.receiver, PROFILE, key(3), key(4))
        fastpath.bind_address(self.sender, self.port, self.publisher.getsockname())
        fastpath.set_destination(self.receiver, self.port, self.viewer.getsockname())
        self.producer = fastpath.open_producer(self.sender, MediaKind.AUDIO, 0, ProducerFormat(twcc_ext=TWCC))
        self.layer = fastpath.open_layer(self.producer)
        fastpath.bind_ssrc(self.sender, 1000, self.layer)
        slot = SlotFormat(ssrc=77, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=5)
        self.slot = fastpath.open_slot(self.receiver, MediaKind.AUDIO, slot)
        fastpath.switch(self.slot, self.layer)

    def told(self) -> None:
        self.handed_up += self.fastpath.take_hand_ups()

    def send(self, number: int) -> None:
        packet = rtp(1000, number, struct.pack("!I", number), ts=960 * number)
        self.publisher.sendto(self._protecting.protect(packet), self.server.getsockname())

    def receive(self) -> int:
        """The number that the publisher gave the next packet."""
        packet = parse(0, self._opening.unprotect(self.viewer.recv(2048)))
        return int(struct.unpack("!I", packet.payload)[0])

    def receive_nothing(self) -> None:
        self.viewer.setblocking(False)
        try:
            with pytest.raises(BlockingIOError):
                self.viewer.recv(2048)
        finally:
            self.viewer.settimeout(WAIT_S)

    async def arrives(self, number: int) -> None:
        """Everything up to this one has been read by the server."""
        await until(lambda: self.fastpath.layers["max_seq"][self.layer] & 0xFFFF == number)


@asynccontextmanager
async def hall(*, compiled: bool = True) -> AsyncIterator[Hall]:
    with udp() as server, udp() as publisher, udp() as viewer:
        server.setblocking(False)
        fastpath = FastPath(SMALL, compiled=compiled)
        made = Hall(fastpath, server, publisher, viewer, fastpath.add_port(server.fileno()))
        made.thread = PacketThread(fastpath, made.told)
        made.thread.start()
        try:
            yield made
        finally:
            made.thread.stop()
            fastpath.close()


@pytest.mark.parametrize("compiled", [True, False])
async def test_packets_pass_while_the_loop_stands_still(compiled: bool) -> None:
    async with hall(compiled=compiled) as place:
        for number in range(1, 20):
            place.send(number)
            assert place.receive() == number  # blocks the loop


@pytest.mark.parametrize("compiled", [True, False])
async def test_what_is_handed_up_reaches_the_loop_with_its_address(compiled: bool) -> None:
    async with hall(compiled=compiled) as place:
        place.publisher.sendto(RECORD, place.server.getsockname())
        await until(lambda: bool(place.handed_up))
        (up,) = place.handed_up
        assert (up.kind, up.transport, up.data) == (HandUpKind.DTLS, place.sender, RECORD)
        assert up.address == place.publisher.getsockname()


async def test_what_was_handed_up_for_a_transport_that_has_closed_reaches_nobody() -> None:
    async with hall() as place:
        place.publisher.sendto(RECORD, place.server.getsockname())
        stand_still_until(lambda: bool(place.fastpath.counters.handed_up))
        place.fastpath.close_transport(place.sender)
        assert place.fastpath.open_transport() == place.sender  # its row has another owner
        await asyncio.sleep(0)
        place.told()
        assert place.fastpath.counters.handed_up == 1
        assert place.handed_up == []


async def test_what_came_over_udp_is_not_taken_for_what_comes_over_tcp() -> None:
    """Both wait at the same time; each tells where it came from."""
    async with hall() as place:
        place.publisher.sendto(RECORD, place.server.getsockname())
        stand_still_until(lambda: bool(place.fastpath.counters.handed_up))
        udp_up, tcp_up = place.fastpath.ingest(place.receiver, [RECORD + b"2"], 1_000_000)
        assert (udp_up.port, udp_up.transport) == (place.port, place.sender)
        assert (tcp_up.port, tcp_up.transport) == (STREAM, place.receiver)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_ends_by_itself_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the worker ends, too, and is started again."""

    def fails(fastpath: FastPath) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FastPath, "work", fails)
    async with hall() as place:
        assert place.thread is not None
        with pytest.raises(PacketsEnded):
            await asyncio.wait_for(place.thread.watch(), WAIT_S)


async def test_when_a_gate_is_shut_no_later_packet_passes() -> None:
    """Whatever was on its way: once the order has returned, nothing more arrives."""
    async with hall() as place:
        numbers = itertools.count(1)
        for _ in range(60):
            first = next(numbers)
            place.send(first)
            await place.arrives(first)
            for _ in range(2):
                place.send(next(numbers))  # these are on their way
            place.fastpath.set_gate(place.producer, SHUT)
            passed = place.fastpath.counters.sent
            late = next(numbers)
            place.send(late)
            await place.arrives(late)
            assert place.fastpath.counters.sent == passed
            place.fastpath.set_gate(place.producer, 0)
        heard = set()
        place.viewer.setblocking(False)
        while True:
            try:
                heard.add(place.receive())
            except BlockingIOError:
                break
        assert heard >= set(range(1, 240, 4))
        assert not {number for number in heard if number % 4 == 0}
        assert place.fastpath.counters.faults == 0


async def test_a_thousand_orders_a_second_lose_no_packet_of_anybody_else() -> None:
    async with hall() as place:
        heard: list[int] = []
        stop = threading.Event()

        def publish() -> None:
            for number in itertools.count(1):
                if stop.is_set():
                    return
                place.send(number)
                heard.append(place.receive())
                time.sleep(PACKET_S)

        publishing = threading.Thread(target=publish)
        publishing.start()
        try:
            await _orders(place.fastpath, random.Random(5))
        finally:
            stop.set()
            await asyncio.to_thread(publishing.join)
        assert len(heard) > 100
        assert heard == list(range(1, len(heard) + 1))
        assert place.fastpath.counters.faults == 0
        assert place.fastpath.counters.send_errors == 0


async def _orders(fastpath: FastPath, chance: random.Random) -> None:
    """Somebody else comes and goes, with a microphone that is switched, shut and opened."""
    begun = time.monotonic()
    done = 0
    while done < ORDERS:
        transport = fastpath.open_transport()
        fastpath.set_keys(transport, PROFILE, key(7), key(8))
        producer = fastpath.open_producer(transport, MediaKind.AUDIO, 0)
        layer = fastpath.open_layer(producer)
        fastpath.bind_ssrc(transport, 4242, layer)
        slot = fastpath.open_slot(
            transport, MediaKind.AUDIO, SlotFormat(ssrc=9, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=5)
        )
        done += 6
        for _ in range(20):
            fastpath.set_gate(producer, chance.randrange(2))
            fastpath.switch(slot, chance.choice((layer, None)))
            done += 2
            await asyncio.sleep(max(0.0, begun + done / 1000 - time.monotonic()))
        fastpath.close_transport(transport)
