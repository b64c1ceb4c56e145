"""The media ports over real sockets: who is accepted, who moves, who is ignored."""

import asyncio
import contextlib
import secrets
import socket
from functools import partial

import pytest

from sfu.errors import BadOffer
from sfu.sdp import Fingerprint
from sfu.transport import MediaPorts, PortTaken, stun, tcp
from sfu.transport.ice import STALE_AFTER_S
from sfu.transport.ports import CLAIM_AFTER_S
from sfu.transport.stun import Attribute, Kind
from tests.support.media_ports import Heard, ShiftedClock, has_ipv6, media_ports
from tests.support.station import RTCP, is_heard, joined, joining

pytestmark = pytest.mark.loopback


# --- checks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_check_is_answered_with_the_address_it_came_from(address: str) -> None:
    if ":" in address and not has_ipv6():
        pytest.skip("no IPv6 here")
    async with media_ports(address) as (_, ports):
        _, association, client = joining(ports)
        mine = await client.by_udp(address, ports.port)
        answer = await client.check()
        value = answer.attributes[Attribute.XOR_MAPPED_ADDRESS]
        assert stun.unxor_address_untrusted(value, answer.transaction) == mine
        assert association.path == "udp"
        await client.close()


async def test_a_check_over_tcp_is_answered_with_the_address_it_came_from() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        await client.by_tcp("127.0.0.1", ports.port)
        answer = await client.check()
        value = answer.attributes[Attribute.XOR_MAPPED_ADDRESS]
        assert stun.unxor_address_untrusted(value, answer.transaction)[0] == "127.0.0.1"
        assert association.path == "tcp"
        await client.close()


async def test_a_wrong_password_an_unknown_ufrag_and_a_naked_check_get_no_answer() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        await client.by_udp("127.0.0.1", ports.port)
        client.send(client.request(pwd="wrong"))
        stranger = [(int(Attribute.USERNAME), b"nobody:here")]
        client.send(stun.build(Kind.REQUEST, secrets.token_bytes(12), stranger, b"key"))
        ours = [(int(Attribute.USERNAME), f"{client.server.ufrag}:x".encode())]
        client.send(stun.build(Kind.REQUEST, secrets.token_bytes(12), ours, None))
        client.send(client.request()[:-8])  # no fingerprint, and so of a wrong length
        assert await client.unanswered()
        assert association.path == ""
        await client.check()
        assert association.path == "udp"
        await client.close()


async def test_a_client_that_wants_to_be_controlled_is_told_of_the_conflict() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        await client.by_udp("127.0.0.1", ports.port)
        client.send(client.request(role=Attribute.ICE_CONTROLLED))
        answer = await asyncio.wait_for(client.answers.get(), 5)
        assert answer.attributes[Attribute.ERROR_CODE][2:4] == bytes((4, 87))
        assert association.path == ""
        await client.close()


async def test_garbage_does_not_disturb_a_connected_client() -> None:
    async with media_ports() as (_, ports):
        heard, _, client = await joined(ports)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", ports.port))
            for n in range(3000):
                stranger.send(secrets.token_bytes(1 + n % 200))
                if n % 3 == 0:  # shaped like a check
                    name = [(int(Attribute.USERNAME), f"{client.server.ufrag}:x".encode())]
                    stranger.send(stun.build(Kind.REQUEST, secrets.token_bytes(12), name, b"guess"))
                if n % 100 == 0:
                    await asyncio.sleep(0)
        await client.check()
        await is_heard(heard, client)
        assert heard.events.empty()
        await client.close()


# --- moving --------------------------------------------------------------------------------------


async def test_a_nominated_move_is_followed_at_once() -> None:
    async with media_ports() as (fastpath, ports):
        heard, association, client = await joined(ports)
        await client.by_udp("127.0.0.1", ports.port)
        await client.check(nominate=True)
        assert await heard.next() == ("moved", "udp")
        await is_heard(heard, client)
        fastpath.send_rtcp(association.row, RTCP)
        assert await client.rtcp() == RTCP
        await client.close()


async def test_a_client_that_never_nominates_is_followed_when_its_old_address_is_silent() -> None:
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (fastpath, ports):
        heard, association, client = await joined(ports)
        await client.by_udp("127.0.0.1", ports.port)
        await client.check(nominate=False)
        assert heard.events.empty()
        clock.ahead_s += STALE_AFTER_S + 0.1
        await client.check(nominate=False)
        assert await heard.next() == ("moved", "udp")
        fastpath.send_rtcp(association.row, RTCP)
        assert await client.rtcp() == RTCP
        await client.close()


async def test_a_client_moves_from_udp_to_tcp_and_back() -> None:
    async with media_ports() as (fastpath, ports):
        heard, association, client = await joined(ports)
        await client.by_tcp("127.0.0.1", ports.port)
        await client.check()
        assert await heard.next() == ("moved", "tcp")
        await is_heard(heard, client)
        fastpath.send_rtcp(association.row, RTCP)
        ports.flush_streams()
        assert await client.rtcp() == RTCP

        await client.by_udp("127.0.0.1", ports.port)
        await client.check(nominate=False)
        assert await heard.next() == ("moved", "udp")
        await is_heard(heard, client)
        assert association.path == "udp"
        await client.close()


async def test_an_address_cannot_be_taken_from_a_client_that_is_heard_there() -> None:
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (_, ports):
        heard, _, client = await joined(ports)
        _, thief_association, thief = joining(ports)
        client.send(thief.request())  # as if the thief forged our client's source address
        assert await client.unanswered()
        await is_heard(heard, client)
        assert thief_association.path == ""

        clock.ahead_s += CLAIM_AFTER_S + 0.1  # long gone: a NAT may give the address to another
        client.send(thief.request())
        await asyncio.wait_for(client.answers.get(), 5)
        assert thief_association.path == "udp"
        await client.close()


# --- restart -------------------------------------------------------------------------------------


async def test_a_restart_gives_new_credentials_and_leaves_media_alone() -> None:
    async with media_ports() as (_, ports):
        heard, association, client = await joined(ports)
        old = client.server
        client.ufrag = "fresh0"
        new = association.restart(client.remote())
        assert new.ufrag != old.ufrag
        assert new.fingerprint == old.fingerprint
        await client.check()  # still with the old ones
        await is_heard(heard, client)

        client.server = new
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        assert await heard.next() == ("moved", "udp")
        await is_heard(heard, client)
        await client.close()


async def test_the_same_offer_again_is_not_a_restart() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        assert association.restart(client.remote()) == client.server
        await client.close()


async def test_a_restart_with_another_certificate_is_refused() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        client.ufrag = "fresh0"
        with pytest.raises(BadOffer):
            association.restart(client.remote(":".join(["AB"] * 32)))
        await client.close()


# --- life ----------------------------------------------------------------------------------------


async def test_a_line_is_heard_by_its_checks_and_by_its_media() -> None:
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (_, ports):
        heard, association, client = joining(ports)
        opened = association.last_heard()
        clock.ahead_s += 10
        await client.by_udp("127.0.0.1", ports.port)
        await client.check()
        assert association.last_heard() >= opened + 10
        assert await client.handshake() == "connected"
        await heard.next()
        clock.ahead_s += 10
        client.send(client.protect(bytes.fromhex("806f0001 00000001 0000cafe") + b"opus"))
        await asyncio.wait_for(heard.strangers.get(), 5)
        assert association.last_heard() >= opened + 20
        await client.close()


async def test_a_client_that_has_left_is_no_longer_heard() -> None:
    async with media_ports() as (_, ports):
        heard, association, client = await joined(ports)
        association.close()
        client.send(client.protect_rtcp(RTCP))
        client.send(client.request())
        assert await client.unanswered()
        assert heard.rtcp.empty()
        await client.close()


async def test_a_client_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfu.transport.association.PATH_DEADLINE_S", 0.05)
    async with media_ports() as (_, ports):
        heard, association, client = joining(ports)
        assert await heard.next() == ("closed", "no-path")
        association.close()
        await client.close()


# --- TCP -----------------------------------------------------------------------------------------


async def test_a_connection_that_proves_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "PROOF_DEADLINE_S", 0.1)
    async with media_ports() as (_, ports):
        _, _, client = joining(ports)
        connection = await client.by_tcp("127.0.0.1", ports.port)
        client.send(client.request(pwd="wrong"))
        await asyncio.wait_for(connection.lost.wait(), 5)
        await client.close()


async def test_a_proven_connection_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "PROOF_DEADLINE_S", 0.1)
    async with media_ports() as (_, ports):
        _, _, client = joining(ports)
        connection = await client.by_tcp("127.0.0.1", ports.port)
        await client.check()
        assert await client.unanswered()  # waits past the deadline
        assert not connection.lost.is_set()
        await client.check()
        await client.close()


async def test_a_stream_without_valid_frames_is_closed() -> None:
    async with media_ports() as (_, ports):
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await writer.wait_closed()


async def test_a_connection_that_comes_while_the_ports_close_does_not_stay() -> None:
    async with media_ports() as (_, ports):
        connections = tcp.TcpConnections(ports)
        connections.close()
        accept = partial(connections.accept, "127.0.0.1")
        async with await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0) as late:
            reader, writer = await asyncio.open_connection(*late.sockets[0].getsockname())
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()


async def test_a_client_that_does_not_read_loses_packets_and_delays_nobody() -> None:
    async with media_ports() as (fastpath, ports):
        heard, association, client = joining(ports)
        await client.by_tcp("127.0.0.1", ports.port)
        await client.check()
        assert await client.handshake() == "connected"
        await heard.next()
        assert client.stream is not None
        client.stream.pause_reading()
        filler = RTCP + bytes.fromhex("80cc00ff") + bytes(4 * 255)  # an APP packet of a kilobyte
        for _ in range(8000):
            fastpath.send_rtcp(association.row, filler)
            ports.flush_streams()
        client.stream.resume_reading()
        received = 0
        while True:
            try:
                await asyncio.wait_for(client.media.get(), 0.3)
            except TimeoutError:
                break
            received += 1
        assert 10 < received < 4000
        await is_heard(heard, client)
        await client.close()


# --- ports ---------------------------------------------------------------------------------------


async def test_all_addresses_share_one_number() -> None:
    addresses = ["127.0.0.1", "127.0.0.2"] + (["::1"] if has_ipv6() else [])
    async with media_ports(*addresses) as (_, ports):
        for address in addresses:
            _, association, client = joining(ports)
            await client.by_udp(address, ports.port)
            await client.check()
            await client.by_tcp(address, ports.port)
            await client.check()
            assert association.path == "tcp"
            await client.close()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_in_use_is_named(kind: socket.SocketKind) -> None:
    async with media_ports() as (fastpath, _):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            number = taken.getsockname()[1]
            with pytest.raises(PortTaken, match=f"port {number} on 127.0.0.1"):
                await MediaPorts(fastpath, ["127.0.0.1"], number).start()


async def test_an_address_that_is_not_ours_is_passed_over() -> None:
    async with media_ports("203.0.113.9", "127.0.0.1") as (_, ports):
        assert ports.addresses == ("127.0.0.1",)
        assert await ports.follow(["203.0.113.9", "127.0.0.1"]) == {"203.0.113.9": "unusable"}


async def test_candidates_are_given_by_preference_and_loopback_only_to_this_machine() -> None:
    async with media_ports("127.0.0.1", "127.0.0.2") as (_, ports):
        assert ports.candidates(local=False) == ()
        told = ports.candidates(local=True)
        assert [(c.protocol, c.address) for c in told] == [
            ("udp", "127.0.0.1"),
            ("tcp", "127.0.0.1"),
            ("udp", "127.0.0.2"),
            ("tcp", "127.0.0.2"),
        ]
        assert len({c.foundation for c in told}) == 4
        assert all(c.port == ports.port and c.loopback for c in told)
        udp, tcps = told[0::2], told[1::2]
        assert [c.priority for c in (*udp, *tcps)] == sorted((c.priority for c in told), reverse=True)


async def test_behind_a_nat_the_outer_address_is_given() -> None:
    async with media_ports("127.0.0.2", "127.0.0.1", advertise=["198.51.100.1"]) as (_, ports):
        assert {c.address for c in ports.candidates(local=False)} == {"198.51.100.1"}
        told = [c.address for c in ports.candidates(local=True)]
        assert told[::2] == ["198.51.100.1", "127.0.0.2", "127.0.0.1"]


async def test_fingerprints_are_sha_256() -> None:
    async with media_ports() as (_, ports):
        mine = ports.open_association(Heard()).local_parameters().fingerprint
        assert isinstance(mine, Fingerprint)
        assert mine.algorithm == "sha-256"
        assert len(mine.value) == 95
