"""The fast path over real UDP sockets, IPv4 and IPv6: addresses, runs with UDP_SEGMENT, and without."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from sfu.fastpath import FastPath, HandUpKind, MediaKind, ProducerFormat, SlotFormat, SrtpProfile
from tests.support.fastpath_stage import SMALL, TWCC, Seen, key, parse, rtp, session, vp8
from tests.support.network import Network, in_own_network

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(300)]
PROFILE = SrtpProfile.AEAD_AES_128_GCM
SO_NO_CHECK = 11
HOSTS = ("127.0.0.1", "::1")
PLAIN = SlotFormat(ssrc=5, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=0)


@contextlib.contextmanager
def udp(host: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.bind((host, 0))
        made.settimeout(5)
        yield made


class Place:
    """One publisher and one viewer, each with its own socket, at one port of a fast path."""

    def __init__(self, fastpath: FastPath, port: int, server: socket.socket, kind: MediaKind) -> None:
        self.fastpath, self.port, self.server, self.kind = fastpath, port, server, kind
        self.protecting = session(PROFILE, key(1), inbound=False)
        self.opening = session(PROFILE, key(4), inbound=True)

    def connect(self, publisher: socket.socket, viewer: socket.socket) -> None:
        self.publisher, self.viewer = publisher, viewer
        fastpath = self.fastpath
        self.sender, self.receiver = fastpath.open_transport(), fastpath.open_transport()
        fastpath.set_keys(self.sender, PROFILE, key(1), key(2))
        fastpath.set_keys(self.receiver, PROFILE, key(3), key(4))
        fastpath.bind_address(self.sender, self.port, publisher.getsockname()[:2])
        fastpath.set_destination(self.receiver, self.port, viewer.getsockname()[:2])
        producer = fastpath.open_producer(self.sender, self.kind, 0, ProducerFormat(twcc_ext=TWCC))
        layer = fastpath.open_layer(producer)
        fastpath.bind_ssrc(self.sender, 1000, layer)
        self.slot = fastpath.open_slot(
            self.receiver, self.kind, SlotFormat(ssrc=77, pt=96, rtx_ssrc=78, rtx_pt=97, twcc_ext=5)
        )
        fastpath.switch(self.slot, layer)

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.publisher.sendto(self.protecting.protect(packet), self.server.getsockname())
        self.server.recv(1, socket.MSG_PEEK)
        self.fastpath.drain(self.port, 1_000)

    def receive(self, count: int) -> list[Seen]:
        return [parse(0, self.opening.unprotect(self.viewer.recv(2048))) for _ in range(count)]


@pytest.fixture(params=[False, True], ids=["uncompiled", "compiled"])
def fastpath(request: pytest.FixtureRequest) -> Iterator[FastPath]:
    made = FastPath(SMALL, compiled=request.param)
    yield made
    made.close()


@pytest.fixture(params=HOSTS)
def place(request: pytest.FixtureRequest, fastpath: FastPath) -> Iterator[Place]:
    host = request.param
    with udp(host) as server, udp(host) as publisher, udp(host) as viewer:
        place = Place(fastpath, fastpath.add_port(server.fileno()), server, MediaKind.VIDEO)
        place.connect(publisher, viewer)
        yield place


def frame(sizes: list[int], first: int = 1) -> list[bytes]:
    """One key frame whose packets have payloads of these sizes."""
    packets = []
    for i, size in enumerate(sizes):
        start = vp8(key=i == 0, start=i == 0, picture=9, body=b"")
        packets.append(
            rtp(1000, first + i, start.ljust(size, bytes([i])), ts=3000, marker=i == len(sizes) - 1)
        )
    return packets


def test_a_packet_comes_in_at_one_socket_and_leaves_by_another(place: Place) -> None:
    place.send(rtp(1000, 1, vp8(key=True, body=b"hello")))
    (packet,) = place.receive(1)
    assert packet.payload.endswith(b"hello")
    assert place.fastpath.counters.sent == 1


@pytest.mark.parametrize(
    ("sizes", "messages", "padded"),
    [
        ([900, 900, 900, 900], 1, 0),
        ([900, 900, 900, 300], 1, 0),
        ([899, 899, 900, 900, 900], 1, 2),
        ([899, 900, 899, 900], 1, 2),
        ([900, 899, 898], 1, 1),
        ([900, 300, 900], 1, 0),
        ([300, 900, 900], 1, 0),
        ([100, 200, 300], 0, 0),
    ],
)
def test_a_frames_packets_go_as_one_run_where_sizes_allow(
    place: Place, sizes: list[int], messages: int, padded: int
) -> None:
    place.send(*frame(sizes))
    packets = place.receive(len(sizes))
    assert [len(packet.payload) for packet in packets] == sizes
    assert [packet.seq - packets[0].seq for packet in packets] == list(range(len(sizes)))
    assert [packet.payload[20:] for packet in packets] == [
        bytes([i]) * (size - 20) for i, size in enumerate(sizes)
    ]
    assert sum(packet.padded for packet in packets) == padded
    assert place.fastpath.counters.gso_messages == messages
    assert place.fastpath.counters.sent == place.fastpath.counters.copies == len(sizes)


def test_a_long_frame_goes_as_several_runs(place: Place) -> None:
    place.send(*frame([700] * 60))
    assert [len(packet.payload) for packet in place.receive(60)] == [700] * 60
    assert place.fastpath.counters.gso_messages == 2


def test_without_segmentation_packets_go_one_by_one(fastpath: FastPath) -> None:
    with udp("127.0.0.1") as server, udp("127.0.0.1") as publisher, udp("127.0.0.1") as viewer:
        server.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)  # Linux then refuses UDP_SEGMENT with EINVAL
        place = Place(fastpath, fastpath.add_port(server.fileno()), server, MediaKind.VIDEO)
        place.connect(publisher, viewer)
        for turn in range(3):
            place.send(*frame([500, 500, 500, 200], first=1 + 4 * turn))
            assert [len(packet.payload) for packet in place.receive(4)] == [500, 500, 500, 200]
        assert fastpath.counters.gso_fallbacks == 1
        assert fastpath.counters.send_errors == 0
        assert fastpath.counters.sent == 12


def test_resending_goes_over_the_socket_too(place: Place) -> None:
    place.send(*frame([400, 400]))
    first, _ = place.receive(2)
    assert place.fastpath.resend(place.slot, [first.seq], 1_000, 0) > 0
    (packet,) = place.receive(1)
    assert (packet.ssrc, packet.payload[2:]) == (78, first.payload)


def layered(index: int, tid: int, first: int, parts: int = 3) -> list[bytes]:
    """A frame of a temporal layer; that with index 0 is a key frame."""
    packets = []
    for i in range(parts):
        start = vp8(key=index == 0 and i == 0, start=i == 0, picture=index, tid=tid, body=b"")
        packet = rtp(
            1000, first + i, start.ljust(700, bytes([index])), ts=3000 * index, marker=i == parts - 1
        )
        packets.append(packet)
    return packets


def test_a_run_stays_one_message_where_frames_are_left_out(place: Place) -> None:
    place.fastpath.set_temporal(place.slot, 0)
    got = []
    for index in range(8):
        place.send(*layered(index, [0, 2, 1, 2][index % 4], 3 * index))
    got += place.receive(6)
    assert place.fastpath.counters.gso_messages == 2
    place.send(*layered(8, 0, 24), *layered(9, 2, 27), *layered(10, 1, 30))
    got += place.receive(3)
    assert place.fastpath.counters.gso_messages == 2  # a run of several frames goes one by one
    place.send(*layered(12, 0, 36))
    got += place.receive(3)
    assert [packet.payload[-1] for packet in got] == [0] * 3 + [4] * 3 + [8] * 3 + [12] * 3
    # Three numbers stay reserved: frame 11 has not come.
    assert [packet.seq - got[0].seq for packet in got] == [*range(9), *range(12, 15)]
    assert [packet.picture for packet in got[::3]] == [got[0].picture + step for step in (0, 1, 2, 4)]


def test_padding_goes_as_few_messages(place: Place) -> None:
    place.send(rtp(1000, 1, vp8(key=True)))
    place.receive(1)
    sent = place.fastpath.send_padding(place.slot, 20_000, 2_000)
    count = place.fastpath.counters.padding
    packets = place.receive(int(count))
    assert 20_000 <= sent < 20_300
    assert {(packet.ssrc, packet.payload) for packet in packets} == {(78, b"")}
    assert place.fastpath.counters.gso_messages == -(-count // 32)


def test_checks_from_unknown_addresses_are_handed_up_when_they_name_somebody(place: Place) -> None:
    request = bytes.fromhex("000100102112a442") + bytes(12) + b"\0\x06\0\x0bfeedcafe:xy\0"
    place.fastpath.bind_ufrag(place.receiver, "feedcafe")
    with udp(place.server.getsockname()[0]) as stranger:
        stranger.sendto(request.replace(b"cafe", b"face"), place.server.getsockname())
        stranger.sendto(request, place.server.getsockname())
        stranger.sendto(b"\x16" + bytes(40), place.server.getsockname())
        stranger.sendto(rtp(1000, 1), place.server.getsockname())
        place.server.recv(1, socket.MSG_PEEK)
        ups = place.fastpath.drain(place.port, 0)
        assert {(up.kind, up.transport, up.port, up.data) for up in ups} == {
            (HandUpKind.STUN, -1, place.port, request)
        }
        assert {up.address for up in ups} == {stranger.getsockname()[:2]}
    assert len(ups) == 1
    assert place.fastpath.counters.unknown_ufrag == 1
    assert place.fastpath.counters.unknown_address == 2


def test_an_address_can_move_to_another_transport_and_be_forgotten(place: Place) -> None:
    dtls = b"\x16" + bytes(40)
    other = place.fastpath.open_transport()
    address = place.publisher.getsockname()[:2]
    for expected in (place.sender, other):
        place.fastpath.bind_address(expected, place.port, address)
        place.publisher.sendto(dtls, place.server.getsockname())
        place.server.recv(1, socket.MSG_PEEK)
        assert [up.transport for up in place.fastpath.drain(place.port, 0)] == [expected]
    place.fastpath.unbind_address(place.port, address)
    place.publisher.sendto(dtls, place.server.getsockname())
    place.server.recv(1, socket.MSG_PEEK)
    assert place.fastpath.drain(place.port, 0) == []


def test_rtcp_and_plain_datagrams_leave_by_the_port(place: Place) -> None:
    report = bytes.fromhex("80c90001000003e8")
    place.fastpath.send_rtcp(place.receiver, report)
    assert place.opening.unprotect_rtcp(place.viewer.recv(2048)) == report
    place.fastpath.send_plain(place.port, place.viewer.getsockname()[:2], b"stun")
    assert place.viewer.recv(2048) == b"stun"


def test_packets_that_cannot_be_sent_are_counted_and_the_rest_goes_on(place: Place) -> None:
    silent = place.fastpath.open_transport()
    place.fastpath.set_keys(silent, PROFILE, key(8), key(9))
    place.fastpath.set_destination(silent, place.port, (place.server.getsockname()[0], 0))  # port 0: EINVAL
    slot = place.fastpath.open_slot(silent, MediaKind.VIDEO, PLAIN)
    place.fastpath.switch(slot, int(place.fastpath.slots[place.slot]["target"]))
    place.send(*frame([200, 200, 200]))
    assert len(place.receive(3)) == 3
    assert place.fastpath.counters.send_errors == 3


def test_both_families_at_once_share_a_batch(fastpath: FastPath) -> None:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(udp(host)) for host in HOSTS]
        ports = [fastpath.add_port(server.fileno()) for server in servers]
        place = Place(fastpath, ports[0], servers[0], MediaKind.VIDEO)
        place.connect(stack.enter_context(udp(HOSTS[0])), stack.enter_context(udp(HOSTS[0])))
        there = stack.enter_context(udp(HOSTS[1]))
        transport = fastpath.open_transport()
        fastpath.set_keys(transport, PROFILE, key(8), key(9))
        fastpath.set_destination(transport, ports[1], there.getsockname()[:2])
        slot = fastpath.open_slot(transport, MediaKind.VIDEO, PLAIN)
        fastpath.switch(slot, int(fastpath.slots[place.slot]["target"]))
        place.send(*frame([300, 300]))
        opening = session(PROFILE, key(9), inbound=True)
        assert [len(parse(0, opening.unprotect(there.recv(2048))).payload) for _ in range(2)] == [300, 300]
        assert len(place.receive(2)) == 2


def test_a_socket_that_is_removed_harms_no_other_and_its_index_is_used_again(fastpath: FastPath) -> None:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(udp(host)) for host in HOSTS]
        ports = [fastpath.add_port(server.fileno()) for server in servers]
        place = Place(fastpath, ports[1], servers[1], MediaKind.VIDEO)
        place.connect(stack.enter_context(udp(HOSTS[1])), stack.enter_context(udp(HOSTS[1])))
        there = stack.enter_context(udp(HOSTS[0]))
        transport = fastpath.open_transport()
        fastpath.set_keys(transport, PROFILE, key(8), key(9))
        fastpath.bind_address(transport, ports[0], there.getsockname()[:2])
        fastpath.set_destination(transport, ports[0], there.getsockname()[:2])
        slot = fastpath.open_slot(transport, MediaKind.VIDEO, PLAIN)
        fastpath.switch(slot, int(fastpath.slots[place.slot]["target"]))
        fastpath.remove_port(ports[0])
        servers[0].close()
        place.send(*frame([300, 300]))
        assert len(place.receive(2)) == 2
        assert fastpath.drain(ports[0], 2_000) == []
        fastpath.send_rtcp(transport, bytes.fromhex("80c90001000003e8"))
        assert fastpath.counters.sent == 2
        assert fastpath.counters.send_errors == 0

        new = stack.enter_context(udp(HOSTS[0]))
        assert fastpath.add_port(new.fileno()) == ports[0]
        there.sendto(b"\x16" + bytes(40), new.getsockname())
        new.recv(1, socket.MSG_PEEK)
        assert fastpath.drain(ports[0], 3_000) == []  # nobody's: the address was forgotten
        fastpath.set_destination(transport, ports[0], there.getsockname()[:2])
        place.send(*frame([300, 300], first=3))
        opening = session(PROFILE, key(9), inbound=True)
        assert [len(parse(0, opening.unprotect(there.recv(2048))).payload) for _ in range(2)] == [300, 300]


def test_a_run_that_finds_no_way_is_lost_and_the_next_ones_go_as_runs_again(fastpath: FastPath) -> None:
    """Our address goes and comes back: that says nothing of what the line takes."""

    async def scene(network: Network) -> None:
        network.plug_in("lan", "192.0.2.1/24")
        with udp("192.0.2.1") as server, udp("192.0.2.1") as publisher, udp("192.0.2.1") as viewer:
            place = Place(fastpath, fastpath.add_port(server.fileno()), server, MediaKind.VIDEO)
            place.connect(publisher, viewer)
            for number, is_there in enumerate((True, False, True)):
                if number:
                    (network.give if is_there else network.take)("lan", "192.0.2.1/24")
                packets = [place.protecting.protect(packet) for packet in frame([500] * 4, 1 + 4 * number)]
                fastpath.ingest(place.sender, packets, 1_000)
            assert len(place.receive(8)) == 8
            assert fastpath.counters.gso_messages == 2
            assert fastpath.counters.gso_fallbacks == 0
            assert fastpath.counters.send_errors == 4

    in_own_network(scene)
