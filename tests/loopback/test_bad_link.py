"""The bad-link relay over real sockets: pacing, both protocols, a new address, an aiortc peer behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

import numpy as np
import pytest
from av import AudioFrame, VideoFrame

from deploy.run.addresses import local_addresses
from deploy.simulate.media import Media
from deploy.simulate.picture import read_counter
from sfu import AUDIO_SLOTS, Done, EndpointId, GateReason, Opened, OpenEndpoint, RoomId, SetStage, Source
from sfu.plane.plane import Plane
from sfu.worker import WorkerConfig, open_plane, tick_until
from tests.support.bad_link import Quality
from tests.support.bad_link_relay import BadLink, bad_link

pytestmark = pytest.mark.loopback

LOCAL = "127.0.0.1"
STEP_S = 15.0
STAGE = AUDIO_SLOTS
OPEN = dict.fromkeys(Source, GateReason.OPEN)


class Echo:
    """Sends UDP back, and remembers from where it came."""

    def __init__(self, port: int) -> None:
        self.clients: list[tuple[str, int]] = []
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((LOCAL, port))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        data, client = self._socket.recvfrom(65_535)
        if client not in self.clients:
            self.clients.append(client)
        self._socket.sendto(data, client)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrivals: list[tuple[float, bytes]] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.arrivals.append((monotonic(), data))


@asynccontextmanager
async def echo_behind_a_link() -> AsyncIterator[tuple[Echo, BadLink]]:
    """UDP and TCP echo on one port number."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    tcp = await asyncio.start_server(echo, LOCAL, 0)
    port = tcp.sockets[0].getsockname()[1]
    server = Echo(port)
    try:
        async with bad_link(LOCAL, port, port) as link:
            yield server, link
    finally:
        server.close()
        tcp.close()


@asynccontextmanager
async def client_of(link: BadLink) -> AsyncIterator[tuple[Client, asyncio.DatagramTransport]]:
    client = Client()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: client, remote_addr=(link.address, link.udp_port)
    )
    try:
        yield client, transport
    finally:
        transport.close()


async def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - counters do not call
            await asyncio.sleep(0.005)


async def test_a_narrow_link_hands_packets_over_evenly() -> None:
    async with echo_behind_a_link() as (_, link), client_of(link) as (client, transport):
        link.become(Quality(), Quality(rate_bps=600_000, queue_s=5, delay_s=0.05))
        begun = monotonic()
        for number in range(100):
            transport.sendto(number.to_bytes(2, "big") + bytes(748))
            await asyncio.sleep(0)  # no socket on the way may overflow
        await until(lambda: len(client.arrivals) == 100)
        at = np.array([when for when, _ in client.arrivals])
        assert [int.from_bytes(data[:2], "big") for _, data in client.arrivals] == list(range(100))
        assert at[-1] - begun == pytest.approx(1.05, abs=0.1)
        # Ten milliseconds each; the median says how even, a busy machine may be late once.
        assert float(np.median(np.diff(at))) == pytest.approx(0.01, abs=0.002)


async def test_lost_cut_and_blocked_packets_do_not_arrive() -> None:
    async with echo_behind_a_link() as (_, link), client_of(link) as (client, transport):
        link.become(Quality(loss=0.5), Quality())
        for _ in range(400):
            transport.sendto(b"x")
            await asyncio.sleep(0)
        await until(lambda: link.up.record.packets + link.up.record.dropped == 400)
        await until(lambda: len(client.arrivals) == link.up.record.packets)
        assert 120 <= len(client.arrivals) <= 280
        client.arrivals.clear()
        link.become(Quality(), Quality())
        link.cut()
        transport.sendto(b"cut")
        await until(lambda: link.up.record.dropped == 1)
        link.cut(False)
        link.block_udp()
        transport.sendto(b"blocked")
        link.block_udp(False)
        transport.sendto(b"back")
        await until(lambda: b"back" in [data for _, data in client.arrivals])
        assert b"cut" not in [data for _, data in client.arrivals]


async def test_the_server_sees_a_new_port_or_address_after_a_move() -> None:
    async with echo_behind_a_link() as (server, link), client_of(link) as (client, transport):
        transport.sendto(b"1")
        await until(lambda: len(client.arrivals) == 1)
        link.move()
        transport.sendto(b"2")
        await until(lambda: len(client.arrivals) == 2)
        link.move("127.0.0.2")
        transport.sendto(b"3")
        await until(lambda: len(client.arrivals) == 3)
        assert len(server.clients) == 3
        assert server.clients[0][0] == server.clients[1][0] == LOCAL
        assert server.clients[2][0] == "127.0.0.2"


async def test_tcp_arrives_complete_and_at_the_rate_of_the_link() -> None:
    async with echo_behind_a_link() as (_, link):
        link.become(Quality(), Quality(rate_bps=800_000, queue_s=0.2, delay_s=0.05, loss=0.02))
        reader, writer = await asyncio.open_connection(link.address, link.https_port)
        sent = np.random.default_rng(1).bytes(80_000)
        begun = monotonic()
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            assert await reader.read(-1) == sent
        assert monotonic() - begun >= 0.8
        assert link.down.record.waits.quantile_ms(0.95) <= 250
        writer.close()


def test_an_answer_leads_through_the_link() -> None:
    link = BadLink("127.0.0.3", 1, 2, 3)
    link.udp_port, link.tcp_port = 1111, 2222
    sdp = (
        "v=0\r\nm=audio 9 X 96\r\n"
        "a=candidate:1 1 udp 99 10.0.0.1 5000 typ host\r\n"
        "a=candidate:2 1 udp 98 10.0.0.2 5000 typ host\r\n"
        "a=candidate:3 1 tcp 97 10.0.0.1 5000 typ host tcptype passive\r\n"
        "a=end-of-candidates\r\nm=video 9 X 97\r\na=candidate:1 1 udp 99 10.0.0.1 5000 typ host\r\n"
    )
    assert link.rewritten(sdp) == (
        "v=0\r\nm=audio 9 X 96\r\n"
        "a=candidate:1 1 udp 99 127.0.0.3 1111 typ host\r\n"
        "a=candidate:3 1 tcp 97 127.0.0.3 2222 typ host tcptype passive\r\n"
        "a=end-of-candidates\r\nm=video 9 X 97\r\na=candidate:1 1 udp 99 127.0.0.3 1111 typ host\r\n"
    )


# --- an aiortc peer behind it ---


@pytest.fixture
async def plane() -> AsyncIterator[tuple[Plane, str, int]]:
    """aiortc gathers no loopback candidate, so the peers meet at this machine's own address."""
    address = local_addresses()[0]
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    config = WorkerConfig(socket_path="", addresses=(address,), port=port)
    async with open_plane(config) as (plane, _door, _ports):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(tick_until(stop, plane))
            yield plane, address, port
            stop.set()


async def join(plane: Plane, name: str, media: Media, link: BadLink | None = None) -> None:
    opened = plane.apply(
        OpenEndpoint(
            room=RoomId("room"),
            endpoint=EndpointId(name),
            offer=await media.offer(),
            gates=OPEN,
            local=True,
        )
    )
    assert isinstance(opened, Opened), opened
    await media.accept(opened.answer if link is None else link.rewritten(opened.answer))


async def sees_the_counter_move(media: Media) -> None:
    seen: set[int] = set()
    async with asyncio.timeout(STEP_S):
        while len(seen) < 3:
            frame = await media.tracks[STAGE].recv()
            assert isinstance(frame, VideoFrame)
            counter = read_counter(frame.to_ndarray(format="rgb24").astype(np.uint8))
            if counter is not None:
                seen.add(counter)


async def hears_on(media: Media) -> None:
    """Sound from later than the gap: more than aiortc's buffer holds."""
    begun: int | None = None
    async with asyncio.timeout(STEP_S):
        while True:
            frame = await media.tracks[0].recv()
            assert isinstance(frame, AudioFrame)
            assert frame.pts is not None
            begun = frame.pts if begun is None else begun
            if frame.pts - begun > 8 * frame.sample_rate:
                return


async def test_a_peer_behind_a_bad_link_is_served_before_and_after_it_has_moved(
    plane: tuple[Plane, str, int],
) -> None:
    media_plane, address, port = plane
    station, centre = Media(0, decode=True), Media(1)
    async with bad_link(address, port, port) as link:
        # aiortc's picture buffer waits for ever for lost packets, so loss is tried on its voice.
        link.become(Quality(delay_s=0.03), Quality(delay_s=0.03))
        try:
            await join(media_plane, "station", station, link)
            await join(media_plane, "centre", centre)
            stage = SetStage(room=RoomId("room"), endpoint=EndpointId("centre"))
            assert media_plane.apply(stage) == Done()
            centre.switch(Source.CAMERA, on=True)
            centre.switch(Source.MICROPHONE, on=True)
            await sees_the_counter_move(station)
            link.become(Quality(loss=0.03, delay_s=0.03), Quality(loss=0.03, delay_s=0.03))
            await until(lambda: link.down.record.dropped > 3, STEP_S)
            link.move()
            link.record_anew()
            # aiortc asks for consent every five seconds, and only then finds the way again.
            await until(lambda: link.down.record.packets > 50, STEP_S)
            await hears_on(station)
        finally:
            await station.close()
            await centre.close()
