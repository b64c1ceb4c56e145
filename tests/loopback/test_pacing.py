"""Pacing over real sockets: a keyframe leaves spread over time; the voice and the reports pass it."""

import asyncio
from dataclasses import dataclass

import pytest

from sfu.fastpath import FastPath, MediaKind, SlotFormat
from sfu.transport import Association, MediaPorts
from tests.support.fastpath_stage import OUT_TWCC, rtp, vp8
from tests.support.ice_client import IceClient
from tests.support.media_ports import Heard, media_ports

pytestmark = pytest.mark.loopback
RTCP = bytes.fromhex("80c90001 00000001")
PICTURE, VOICE = 7701, 7702
"""SSRCs of the two slots."""
BODY = bytes(1000)
PACKETS = 30
BPS = 1_000_000
"""A keyframe of 30 packets lasts a quarter of a second."""
REPORT = -1


@dataclass
class Viewer:
    """A connected client, and a publisher from whom it gets a picture and a voice."""

    fastpath: FastPath
    ports: MediaPorts
    association: Association
    client: IceClient
    publisher: int
    sent: int = 0

    def pictures(self, count: int) -> None:
        """Packets of one key frame, forwarded at once."""
        for n in range(count):
            payload = vp8(key=True, start=self.sent == 0 and n == 0, body=BODY)
            packet = rtp(1000, 100 + self.sent + n, payload)
            self.fastpath.inject(self.publisher, packet, self._now_us())
        self.sent += count
        self.ports.flush_streams()

    def voice(self, seq: int = 1) -> None:
        self.fastpath.inject(self.publisher, rtp(2000, seq, b"opus", pt=111), self._now_us())
        self.ports.flush_streams()

    def report(self) -> None:
        self.fastpath.send_rtcp(self.association.row, RTCP)
        self.ports.flush_streams()

    async def received(self, count: int) -> list[int]:
        """What the next packets are: the number of a picture's (counted from 0), VOICE or REPORT."""
        return [self._name(await asyncio.wait_for(self.client.media.get(), 5)) for _ in range(count)]

    def received_by_now(self) -> int:
        return self.client.media.qsize()

    def _name(self, packet: bytes) -> int:
        if packet[1] in range(192, 224):
            return REPORT
        ssrc = int.from_bytes(packet[8:12], "big")
        return VOICE if ssrc == VOICE else self._number(packet)

    def _number(self, packet: bytes) -> int:
        first = 0x1_0000 + (PICTURE & 0x7FFF) + 1
        return int.from_bytes(packet[2:4], "big") - (first & 0xFFFF)

    def _now_us(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e6)


async def _viewer(fastpath: FastPath, ports: MediaPorts, path: str = "udp") -> Viewer:
    heard = Heard()
    association = ports.open_association(heard)
    client = IceClient(association.local_parameters())
    association.start(client.remote())
    await _go(client, ports, path)
    await client.check()
    assert await client.handshake() == "connected"
    assert await heard.next() == ("connected", path)
    publisher = fastpath.open_transport()
    for kind, ssrc, slot_ssrc in ((MediaKind.VIDEO, 1000, PICTURE), (MediaKind.AUDIO, 2000, VOICE)):
        layer = fastpath.open_layer(fastpath.open_producer(publisher, kind, 0))
        fastpath.bind_ssrc(publisher, ssrc, layer)
        slot = fastpath.open_slot(
            association.row,
            kind,
            SlotFormat(ssrc=slot_ssrc, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=OUT_TWCC),
        )
        fastpath.switch(slot, layer)
    return Viewer(fastpath, ports, association, client, publisher)


async def _go(client: IceClient, ports: MediaPorts, path: str) -> None:
    if path == "udp":
        await client.by_udp("127.0.0.1", ports.port)
    else:
        await client.by_tcp("127.0.0.1", ports.port)


@pytest.mark.parametrize("path", ["udp", "tcp"])
async def test_a_keyframe_is_spread_over_time_and_voice_and_reports_pass_it(path: str) -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports, path)
        viewer.association.pace(BPS, frozenset({VOICE}))
        begun = asyncio.get_running_loop().time()
        viewer.pictures(PACKETS)
        assert 0.2 < viewer.association.backlog_s < 0.3
        viewer.voice()
        viewer.report()
        assert await viewer.received(3) == [0, VOICE, REPORT]
        assert await viewer.received(PACKETS - 1) == list(range(1, PACKETS)), "in order, and all of them"
        took = asyncio.get_running_loop().time() - begun
        assert took > 0.2, "a quarter of a second is what the line needs for it"
        assert viewer.association.backlog_s == 0
        assert viewer.association.late == 0
        await viewer.client.close()


async def test_without_pacing_everything_leaves_at_once() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(BPS)
        viewer.pictures(3)
        viewer.association.pace(0)
        viewer.pictures(PACKETS)
        assert viewer.association.backlog_s == 0
        assert await viewer.received(PACKETS + 3) == list(range(PACKETS + 3))
        await viewer.client.close()


async def test_waiting_packets_follow_the_client_to_its_new_address() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(BPS)
        viewer.pictures(PACKETS)
        assert await viewer.received(1) == [0]
        await viewer.client.by_udp("127.0.0.1", ports.port)
        await viewer.client.check()
        # What left before the move is lost with the old address, but nothing after it.
        rest = await viewer.received(1)
        rest += await viewer.received(PACKETS - 1 - rest[0])
        assert rest == list(range(rest[0], PACKETS))
        assert len(rest) > PACKETS // 2
        viewer.pictures(3)
        assert await viewer.received(3) == [PACKETS, PACKETS + 1, PACKETS + 2]
        await viewer.client.close()


@pytest.mark.parametrize(("first", "second"), [("udp", "tcp"), ("tcp", "udp"), ("tcp", "tcp")])
async def test_pacing_goes_on_when_the_path_changes_its_kind(first: str, second: str) -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports, first)
        viewer.association.pace(BPS, frozenset({VOICE}))
        await _go(viewer.client, ports, second)
        await viewer.client.check()
        viewer.pictures(10)
        viewer.voice()
        assert await viewer.received(11) == [0, VOICE, *range(1, 10)]
        viewer.association.pace(0)
        viewer.pictures(2)
        assert await viewer.received(2) == [10, 11]
        await viewer.client.close()


async def test_more_than_the_line_carries_is_dropped_from_the_oldest_and_counted() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(200_000)
        viewer.pictures(PACKETS)
        assert viewer.association.late > PACKETS // 2
        left = PACKETS - viewer.association.late
        got = await viewer.received(left)
        assert got == [0, *range(PACKETS - left + 1, PACKETS)]
        viewer.association.pace(0)
        assert viewer.association.late == PACKETS - left, "the count survives the end of pacing"
        await viewer.client.close()


async def test_a_higher_rate_is_used_at_once() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(30_000)
        viewer.pictures(2)
        begun = asyncio.get_running_loop().time()
        viewer.association.pace(5_000_000)
        assert await viewer.received(2) == [0, 1]
        assert asyncio.get_running_loop().time() - begun < 0.2, "at the old rate it was 0.3 s"
        await viewer.client.close()


async def test_feedback_is_compared_with_the_time_a_packet_left() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(BPS)
        viewer.pictures(PACKETS)
        await viewer.received(PACKETS)
        left = [fastpath.sent_packet(viewer.association.row, number) for number in range(PACKETS)]
        times = [sent[0] for sent in left if sent is not None]
        assert len(times) == PACKETS
        assert times == sorted(times)
        assert times[-1] - times[0] > 200_000
        await viewer.client.close()


async def test_a_client_that_leaves_while_packets_wait_is_sent_nothing_more() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports)
        viewer.association.pace(BPS)
        viewer.pictures(PACKETS)
        await viewer.received(1)
        viewer.association.close()
        viewer.association.pace(2 * BPS)
        viewer.association.pace(0)
        waiting = viewer.received_by_now()
        assert await viewer.client.unanswered()  # longer than the timer would have taken
        assert viewer.received_by_now() <= waiting + 1
        await viewer.client.close()


async def test_over_a_full_tcp_line_the_voice_overtakes_the_pictures_and_old_ones_are_dropped() -> None:
    async with media_ports() as (fastpath, ports):
        viewer = await _viewer(fastpath, ports, "tcp")
        viewer.association.pace(0, frozenset({VOICE}))
        assert viewer.client.stream is not None
        viewer.client.stream.pause_reading()
        viewer.pictures(4000)
        viewer.voice()
        viewer.client.stream.resume_reading()
        got: list[int] = []
        while VOICE not in got:
            got += await viewer.received(1)
        rest = 0
        while not await viewer.client.unanswered() or viewer.received_by_now():
            rest += len(await viewer.received(viewer.received_by_now()))
        assert len(got) < 3900, "most were dropped, the system took no more than its buffers"
        assert 0 < rest <= 64, "pictures that waited here come after the voice"
        await viewer.client.close()
