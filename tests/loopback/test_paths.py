"""Clients whose network changes: media returns as soon as their checks allow."""

import asyncio
import secrets

import pytest

from sfu.transport import stun, tcp
from sfu.transport.ice import QUIET_S, STALE_AFTER_S
from sfu.transport.stun import Attribute, Kind
from tests.support.media_ports import ShiftedClock, media_ports
from tests.support.station import Station

pytestmark = pytest.mark.loopback


async def test_after_a_cut_at_the_same_address_media_flows_before_any_check() -> None:
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come()
        clock.ahead_s += 10
        await station.hears()
        await station.is_heard()
        assert station.heard.events.empty()
        await station.client.close()


@pytest.mark.parametrize("path", ["udp", "tcp"])
async def test_a_new_address_that_is_not_nominated_is_followed_when_the_old_one_went_quiet(path: str) -> None:
    """A router that restarts: Chromium's first check afterwards does not nominate."""
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come()
        await station.is_heard()
        await station.client.check()  # it was sending then
        clock.ahead_s += QUIET_S + 0.1
        assert QUIET_S + 0.2 < STALE_AFTER_S
        await station.go(path)
        await station.client.check(nominate=False)
        assert await station.heard.next() == ("moved", path)
        await station.hears()
        await station.is_heard()
        await station.client.close()


async def test_a_second_network_that_is_only_tried_does_not_take_over() -> None:
    clock = ShiftedClock()
    async with media_ports(clock=clock) as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come()
        await station.is_heard()
        await station.client.check()
        clock.ahead_s += QUIET_S + 0.1
        await station.is_heard()  # from the old address
        await station.go("udp")
        await station.client.check(nominate=False)
        assert station.heard.events.empty()
        await station.client.close()


@pytest.mark.parametrize("path", ["udp", "tcp"])
async def test_when_a_tcp_connection_dies_the_next_check_is_followed_at_once(path: str) -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come("tcp")
        lost = station.client.tcp
        await station.go(path)  # closes the old one
        assert lost is not None
        await asyncio.wait_for(lost.lost.wait(), 5)
        await station.client.check(nominate=False)
        assert await station.heard.next() == ("moved", path)
        await station.hears()
        await station.is_heard()
        await station.client.close()


async def test_udp_takes_over_from_tcp_when_it_comes_back() -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come("tcp", nominate=False)
        await station.hears()
        connection = station.client.stream
        station.client.stream = None  # kept open, as a browser does
        await station.go("udp")
        await station.client.check(nominate=True)
        assert await station.heard.next() == ("moved", "udp")
        await station.hears()
        assert connection is not None
        connection.abort()
        await station.is_heard()
        assert station.association.path == "udp"
        await station.client.close()


@pytest.mark.parametrize(("first", "second"), [("udp", "tcp"), ("tcp", "udp"), ("tcp", "tcp")])
async def test_a_restart_from_another_network_keeps_the_session(first: str, second: str) -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come(first)
        station.client.ufrag = "fresh0"
        station.client.server = station.association.restart(station.client.remote())
        await station.go(second)
        await station.client.check()
        assert await station.heard.next() == ("moved", second)
        await station.hears()
        await station.is_heard()
        await station.client.close()


async def test_behind_a_router_that_restarts_one_station_may_get_the_port_that_another_had() -> None:
    async with media_ports() as (fastpath, ports):
        lan, cha = Station(fastpath, ports), Station(fastpath, ports)
        await lan.come()
        await cha.come()
        lans = lan.client._datagrams
        lan.client._datagrams = None
        await lan.go("udp")
        await lan.client.check()
        assert await lan.heard.next() == ("moved", "udp")
        # The port is cha's now: its check comes from there, and is believed at once.
        cha.client.close_socket()
        assert lans is not None
        lans.get_protocol()._client = cha.client  # type: ignore[attr-defined] # the test's own protocol
        cha.client._datagrams = lans
        await cha.client.check()
        assert await cha.heard.next() == ("moved", "udp")
        for station in (lan, cha):
            await station.hears()
            await station.is_heard()
            await station.client.close()


# --- bad input -----------------------------------------------------------------------------------

ALLOCATED = b"\x01\x03\0\0" + stun.COOKIE + bytes(12)
"""A relay's answer to Allocate, which belongs to its client and not to us."""
DATA_INDICATION = b"\0\x17\0\x08" + stun.COOKIE + bytes(12) + b"\0\x13\0\x04data"
CHANNEL_DATA = b"\x40\0\0\x04data"


@pytest.mark.parametrize("path", ["udp", "tcp"])
@pytest.mark.parametrize("words", [ALLOCATED, DATA_INDICATION, CHANNEL_DATA, b"\0\1\0\0", b"\0" * 1500])
async def test_a_relay_that_confuses_its_two_sides_disturbs_nobody(path: str, words: bytes) -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come(path)
        for _ in range(5):
            station.client.send(words)
        await station.is_heard()
        await station.hears()
        assert station.client.answers.empty()
        assert station.heard.events.empty()
        await station.client.close()


async def test_malformed_checks_over_tcp_are_counted_and_end_the_connection() -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.go("tcp")
        connection = station.client.tcp
        assert connection is not None
        username = [(int(Attribute.USERNAME), f"{station.client.server.ufrag}:x".encode())]
        for n in range(3 * tcp.MAX_BAD_CHECKS):
            guess = stun.build(Kind.REQUEST, secrets.token_bytes(12), username, b"guess")
            station.client.send(guess if n % 2 else b"\0")
        await asyncio.wait_for(connection.lost.wait(), 5)
        assert ports.counters.bad_stun > 0
        await station.come("tcp")
        await station.client.close()


async def test_a_few_bad_checks_over_tcp_are_forgiven_after_a_valid_one() -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come("tcp")
        for _ in range(3):
            for _ in range(tcp.MAX_BAD_CHECKS // 2):
                station.client.send(station.client.request(pwd="wrong"))
            await station.client.check()
        await station.is_heard()
        await station.client.close()


async def test_a_frame_larger_than_any_packet_closes_the_connection_of_a_participant_too() -> None:
    async with media_ports() as (fastpath, ports):
        station = Station(fastpath, ports)
        await station.come("tcp")
        assert station.client.stream is not None
        assert station.client.tcp is not None
        station.client.stream.write(b"\xff\xff" + bytes(100))
        await asyncio.wait_for(station.client.tcp.lost.wait(), 5)
        await station.go("tcp")
        await station.client.check(nominate=False)
        assert await station.heard.next() == ("moved", "tcp")
        await station.is_heard()
        await station.client.close()
