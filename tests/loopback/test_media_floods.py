"""Floods at the media ports, over real sockets: each costs whoever sends it, and nobody else."""

import asyncio
import socket

import pytest

from sfu.fastpath.budgets import PARTICIPANT
from sfu.fastpath.kernel.tables import CHECKS
from sfu.transport import stun, tcp
from sfu.transport.ice import MAX_STREAMS
from sfu.transport.stun import Attribute, Kind
from tests.support.ice_client import IceClient
from tests.support.media_ports import media_ports
from tests.support.station import is_heard, joined, joining

pytestmark = pytest.mark.loopback


async def test_checks_that_name_nobody_cost_no_newcomer_the_first_one() -> None:
    """5,000 of them in no time; then one check each of forty clients, from addresses that nobody knows."""
    async with media_ports() as (fastpath, ports):
        newcomers = [joining(ports) for _ in range(40)]
        name = [(int(Attribute.USERNAME), b"deadbeef:x")]
        check = stun.build(Kind.REQUEST, bytes(12), name, b"guess")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", ports.port))
            for n in range(5000):
                stranger.send(check)
                if n % 10 == 0:
                    await asyncio.sleep(0)
                if n % 125 == 0:
                    _, _, client = newcomers[n // 125]
                    await client.by_udp("127.0.0.1", ports.port)
                    client.send(client.request())
        for _, association, client in newcomers:
            await asyncio.wait_for(client.answers.get(), 5)
            assert association.path == "udp"
            client.close_socket()
        assert fastpath.counters.unknown_ufrag > 0
        assert ports.counters.bad_stun == 0, "they are dropped before anything is done for them"


async def test_a_flood_of_valid_checks_uses_up_its_own_budget_and_nobody_elses() -> None:
    async with media_ports() as (fastpath, ports):
        _, association, hostile = await joined(ports)
        heard, _, other = await joined(ports)
        begun = asyncio.get_running_loop().time()
        for n in range(2000):
            hostile.send(hostile.request())
            if n % 10 == 0:
                await asyncio.sleep(0)
        await other.check()
        await is_heard(heard, other)
        passed_s = asyncio.get_running_loop().time() - begun
        allowed = PARTICIPANT[CHECKS]
        assert hostile.answers.qsize() <= allowed.burst + allowed.per_s * passed_s + 1
        assert fastpath.refused(association.row, CHECKS) > 1000
        await hostile.by_udp("127.0.0.1", ports.port)
        await hostile.check()
        await other.close()
        await hostile.close()


async def test_connections_without_a_check_keep_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the same address and from many: the oldest of the largest crowd goes, and a connection that has
    proved whose it is stays."""
    monkeypatch.setattr(tcp, "MAX_UNPROVEN_PER_PLACE", 6)
    monkeypatch.setattr(tcp, "MAX_UNPROVEN", 20)
    async with media_ports() as (_, ports):
        _, _, inside = joining(ports)
        connection = await inside.by_tcp("127.0.0.1", ports.port)
        await inside.check()
        held = [
            await asyncio.open_connection("127.0.0.1", ports.port, local_addr=(f"127.0.0.{2 + n % 9}", 0))
            for n in range(60)
        ]
        for host in ("127.0.0.2", "127.0.0.99"):
            _, newcomer, client = joining(ports)
            client.local = host
            await client.by_tcp("127.0.0.1", ports.port)
            await client.check()
            assert newcomer.path == "tcp"
            await client.close()
        assert not connection.lost.is_set()
        await inside.check()
        for _, writer in held:
            writer.close()
        await inside.close()


async def test_two_buildings_behind_one_address_come_in_over_tcp_at_the_same_moment() -> None:
    """Two times 46 points, each with two networks."""
    async with media_ports() as (_, ports):
        points = [joining(ports) for _ in range(92)]
        second = [IceClient(client.server) for _, _, client in points]
        everybody = [*(client for *_, client in points), *second]
        await asyncio.gather(*(client.by_tcp("127.0.0.1", ports.port) for client in everybody))
        await asyncio.gather(*(client.check() for client in everybody))
        assert all(association.path == "tcp" for _, association, _ in points)
        for client in everybody:
            client.close_socket()
        await asyncio.sleep(0)


async def test_one_association_has_a_few_connections_and_keeps_the_nominated_one() -> None:
    async with media_ports() as (_, ports):
        _, association, client = joining(ports)
        nominated = await client.by_tcp("127.0.0.1", ports.port)
        await client.check()
        more = [IceClient(client.server) for _ in range(2 * MAX_STREAMS)]
        for other in more:
            await other.by_tcp("127.0.0.1", ports.port)
            await other.check(nominate=False)
        assert not nominated.lost.is_set()
        assert sum(1 for path in association.ice.paths if path.connection) == MAX_STREAMS
        await asyncio.wait_for(more[0].tcp.lost.wait(), 5) if more[0].tcp else None
        for one in (client, *more):
            one.close_socket()
        await asyncio.sleep(0)


async def test_a_stream_of_empty_frames_waits_while_others_are_heard() -> None:
    async with media_ports() as (_, ports):
        heard, _, other = await joined(ports)
        _, _, hostile = joining(ports)
        connection = await hostile.by_tcp("127.0.0.1", ports.port)
        await hostile.check()
        assert hostile.stream is not None
        hostile.stream.write(bytes(16 << 20))
        await is_heard(heard, other)
        await other.check()
        assert hostile.stream.get_write_buffer_size() > 0, "it is not read"
        assert not connection.lost.is_set()
        await other.close()
        hostile.close_socket()
        await asyncio.sleep(0)
