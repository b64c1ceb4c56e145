"""Checks aiortc's private names: a whole handshake over each path, and how it ends."""

import asyncio

import pytest

from sfu.fastpath import STREAM
from sfu.transport import dtls
from sfu.transport.association import Association
from tests.support.ice_client import IceClient
from tests.support.media_ports import Heard, has_ipv6, media_ports

pytestmark = pytest.mark.loopback
RTP = bytes.fromhex("806f0001 00000001 0000cafe") + b"opus"
RTCP = bytes.fromhex("80c90001 00000001")


async def _connected(client: IceClient, heard: Heard, path: str) -> None:
    assert (await client.check()).kind.name == "SUCCESS"
    assert await client.handshake() == "connected"
    assert await heard.next() == ("connected", path)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_keys_are_in_the_fast_path_after_a_handshake_over_udp(address: str) -> None:
    if ":" in address and not has_ipv6():
        pytest.skip("no IPv6 here")
    async with media_ports(address) as (fastpath, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_udp(address, ports.port)
        await _connected(client, heard, "udp")

        client.send(client.protect(RTP))
        assert await asyncio.wait_for(heard.strangers.get(), 5) == RTP
        client.send(client.protect_rtcp(RTCP))
        assert await asyncio.wait_for(heard.rtcp.get(), 5) == RTCP
        fastpath.send_rtcp(association.row, RTCP)
        assert await client.rtcp() == RTCP
        await client.close()


async def test_keys_are_in_the_fast_path_after_a_handshake_over_tcp() -> None:
    async with media_ports() as (fastpath, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_tcp("127.0.0.1", ports.port)
        await _connected(client, heard, "tcp")

        client.send(client.protect(RTP))
        assert await asyncio.wait_for(heard.strangers.get(), 5) == RTP
        client.send(client.protect_rtcp(RTCP))
        assert await asyncio.wait_for(heard.rtcp.get(), 5) == RTCP
        fastpath.send_rtcp(association.row, RTCP)
        ports.flush_streams()
        assert await client.rtcp() == RTCP
        await client.close()


async def test_we_choose_aes_128_gcm() -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await _connected(client, heard, "udp")
        assert client.dtls._ssl is not None
        assert client.dtls._ssl.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"
        await client.close()


@pytest.mark.parametrize("index", [1, 2])
async def test_a_client_without_aes_128_gcm_gets_a_profile_it_has(index: int) -> None:
    profile = dtls._PROFILES[index][0]
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        client.dtls._srtp_profiles = [profile]
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await _connected(client, heard, "udp")
        client.send(client.protect(RTP))
        assert await asyncio.wait_for(heard.strangers.get(), 5) == RTP
        await client.close()


async def test_an_answer_may_come_after_the_first_check() -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        association.start(client.remote())
        assert await client.handshake() == "connected"
        assert await heard.next() == ("connected", "udp")
        await client.close()


async def test_close_notify_ends_it() -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await _connected(client, heard, "udp")
        await client.goodbye()
        assert await heard.next() == ("closed", dtls.End.CLOSE_NOTIFY)
        association.close()
        association.close()  # closing twice is harmless
        await client.close()


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_we_say_goodbye(over: str) -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        if over == "udp":
            await client.by_udp("127.0.0.1", ports.port)
        else:
            await client.by_tcp("127.0.0.1", ports.port)
        await _connected(client, heard, over)
        task = client.dtls._task
        assert task is not None
        association.close()
        await asyncio.wait_for(asyncio.wait([task]), 5)
        assert client.dtls.state == "closed"
        assert heard.events.empty()  # the side that closes it need not be told
        await client.close()


async def test_another_certificate_than_offered_is_refused() -> None:
    async with media_ports() as (fastpath, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote(fingerprint=":".join(["AB"] * 32)))
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        await client.handshake()
        assert await heard.next() == ("closed", dtls.End.IDENTITY)
        client.send(client.protect(RTP))
        fastpath.send_rtcp(association.row, RTCP)
        await client.check()
        assert heard.strangers.empty()
        assert client.media.empty()
        await client.close()


async def test_nonsense_does_not_end_the_handshake() -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        for _ in range(200):
            client.send(bytes((22,)) + bytes(60))
            client.send(bytes((20, 254, 253)) + b"\xff" * 40)
        assert await client.handshake() == "connected"
        assert await heard.next() == ("connected", "udp")
        for _ in range(200):
            client.send(bytes((21, 254, 253)) + b"\xff" * 40)
        await client.check()
        client.send(client.protect_rtcp(RTCP))
        assert await asyncio.wait_for(heard.rtcp.get(), 5) == RTCP
        assert heard.events.empty()
        await client.close()


@pytest.mark.parametrize(
    "lose",
    [
        pytest.param([True], id="the client's hello"),
        pytest.param([False, True], id="the server's first flight"),
        pytest.param([False, False, True], id="the client's second flight"),
        pytest.param([False, False, False, True], id="the server's last flight"),
    ],
)
async def test_a_handshake_survives_the_loss_of(lose: list[bool]) -> None:
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        client.lose = lose
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await _connected(client, heard, "udp")
        client.send(client.protect_rtcp(RTCP))
        assert await asyncio.wait_for(heard.rtcp.get(), 5) == RTCP
        await client.close()


async def test_a_handshake_that_never_begins_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls, "HANDSHAKE_DEADLINE_S", 0.1)
    async with media_ports() as (_, ports):
        heard = Heard()
        association = ports.open_association(heard)
        client = IceClient(association.local_parameters())
        association.start(client.remote())
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        assert await heard.next() == ("closed", dtls.End.TIMED_OUT)
        association.close()
        await client.close()


async def test_a_closed_association_gives_its_row_back() -> None:
    async with media_ports() as (fastpath, ports):
        rows: list[Association] = []
        for _ in range(3):
            association = ports.open_association(Heard())
            rows.append(association)
            association.close()
        assert len({association.row for association in rows}) == 1
        assert fastpath.take_stream_out() == []
        assert STREAM == -1
