"""Media on a machine whose addresses come and go: meetings go on over those that stay."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sfu import EndpointId, Opened, OpenEndpoint, RoomId
from sfu.addresses import find
from sfu.fastpath import FastPath
from sfu.plane.plane import Plane
from sfu.transport import MediaPorts
from sfu.transport.sockets import BUFFER_BYTES
from sfu.transport.standing import GRACE_S
from sfu.worker import WorkerConfig, follow_addresses, open_plane
from tests.support.media_ports import ShiftedClock, media_ports
from tests.support.network import Network, in_own_network
from tests.support.offer import our_offer
from tests.support.station import RTCP, Station

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
LAN, VPN, SIX = "192.0.2.1", "198.51.100.1", "fd00:1::1"
HERE = ("127.0.0.1", "::1")


@asynccontextmanager
async def machine(
    network: Network, clock: ShiftedClock | None = None
) -> AsyncIterator[tuple[FastPath, MediaPorts]]:
    """Media ports on a machine with a LAN and a VPN."""
    network.plug_in("lan", f"{LAN}/24", f"{SIX}/64 nodad")
    network.plug_in("vpn", f"{VPN}/24")
    async with media_ports(*find().usable, clock=clock) as (fastpath, ports):
        yield fastpath, ports


async def look(ports: MediaPorts) -> None:
    """What the worker does at each notice."""
    assert await ports.follow(find().usable) == {}


def told(ports: MediaPorts) -> set[str]:
    return {candidate.address for candidate in ports.candidates(local=False)}


@pytest.mark.parametrize("path", ["udp", "tcp"])
def test_a_client_of_an_address_that_goes_comes_over_another_and_the_rest_notices_nothing(path: str) -> None:
    async def scene(network: Network) -> None:
        clock = ShiftedClock()
        async with machine(network, clock) as (fastpath, ports):
            cha, lan = Station(fastpath, ports), Station(fastpath, ports)
            await cha.come(path, VPN)
            await cha.talks()
            await lan.come("udp", LAN)
            await lan.talks()
            network.take("vpn", f"{VPN}/24")
            await look(ports)
            assert told(ports) == {LAN, SIX}
            clock.ahead_s += GRACE_S
            await look(ports)
            fastpath.send_rtcp(cha.association.row, RTCP)  # to nowhere
            ports.flush_streams()
            await lan.talks()
            await cha.move(path, SIX)
            await cha.talks()
            await lan.talks()
            assert lan.heard.events.empty()
            network.give("vpn", f"{VPN}/24")
            await look(ports)
            assert told(ports) == {LAN, SIX, VPN}
            await cha.move(path, VPN)
            await cha.talks()
            await cha.client.close()
            await lan.client.close()

    in_own_network(scene)


@pytest.mark.parametrize(("address", "path"), [(LAN, "udp"), (LAN, "tcp"), (SIX, "udp"), (SIX, "tcp")])
def test_an_address_that_is_back_soon_on_whatever_card_has_lost_nobody(address: str, path: str) -> None:
    async def scene(network: Network) -> None:
        prefix = f"{address}/64" if ":" in address else f"{address}/24"
        async with machine(network) as (fastpath, ports):
            cha = Station(fastpath, ports)
            await cha.come(path, address)
            await cha.talks()
            network.take("lan", prefix)
            await look(ports)
            assert address not in told(ports)
            network.give("vpn", f"{prefix} nodad" if ":" in address else prefix)
            await look(ports)
            assert address in told(ports)
            await cha.talks()
            assert cha.heard.events.empty()
            await cha.client.close()

    in_own_network(scene)


def test_the_sockets_of_a_new_address_are_like_those_of_the_start() -> None:
    async def scene(network: Network) -> None:
        async with machine(network) as (fastpath, ports):
            network.give("vpn", "203.0.113.5/24")
            await look(ports)
            assert ports.addresses == (LAN, SIX, VPN, "203.0.113.5", *HERE)
            for number in fastpath.ports["fd"][: len(ports.addresses)]:
                copy = socket.socket(fileno=socket.dup(int(number)))
                with copy:
                    assert copy.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= BUFFER_BYTES
            cha = Station(fastpath, ports)
            await cha.come("udp", "203.0.113.5")
            await cha.talks()
            await cha.client.close()

    in_own_network(scene)


def test_an_address_whose_port_somebody_else_has_is_taken_when_it_is_free() -> None:
    async def scene(network: Network) -> None:
        async with machine(network) as (_, ports):
            network.give("vpn", "203.0.113.5/24")
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                other.bind(("203.0.113.5", ports.port))
                assert await ports.follow(find().usable) == {"203.0.113.5": "in-use"}
            await look(ports)
            assert "203.0.113.5" in told(ports)

    in_own_network(scene)


def test_a_dozen_bridges_of_containers_are_served_and_may_all_go_again() -> None:
    async def scene(network: Network) -> None:
        clock = ShiftedClock()
        async with machine(network, clock) as (fastpath, ports):
            lan = Station(fastpath, ports)
            await lan.come("udp", LAN)
            await lan.talks()
            for turn in range(3):
                for number in range(12):
                    network.plug_in(f"br-{number}", f"172.{17 + number}.0.1/16")
                await look(ports)
                assert len(told(ports)) == 3 + 12
                for number in range(12):
                    network.ip(f"link del dev br-{number}")
                clock.ahead_s += GRACE_S * turn
                await look(ports)
                await lan.talks()
            await lan.client.close()

    in_own_network(scene)


# --- the worker ------------------------------------------------------------------------------------


@asynccontextmanager
async def worker(*configured: str, advertise: tuple[str, ...] = ()) -> AsyncIterator[Plane]:
    config = WorkerConfig(socket_path="", addresses=configured, port=8444, advertise=advertise)
    async with open_plane(config) as (plane, _, ports), asyncio.TaskGroup() as group:
        following = group.create_task(follow_addresses(config, ports))
        yield plane
        following.cancel()


def offered(plane: Plane, *, local: bool = False) -> set[str]:
    """The addresses in the answer that a client would be given now."""
    opened = plane.apply(
        OpenEndpoint(room=RoomId("r"), endpoint=EndpointId("cha"), offer=our_offer(), gates={}, local=local)
    )
    assert isinstance(opened, Opened)
    return {line.split()[4] for line in opened.answer.splitlines() if line.startswith("a=candidate")}


async def until_offered(plane: Plane, *addresses: str) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while offered(plane) != set(addresses):  # noqa: ASYNC110 - the kernel and another task
                await asyncio.sleep(0.05)
    assert offered(plane) == set(addresses)


def test_answers_name_the_addresses_that_the_machine_has_at_that_moment() -> None:
    async def scene(network: Network) -> None:
        async with worker() as plane:
            assert offered(plane) == set()
            assert offered(plane, local=True) == set(HERE)
            network.plug_in("lan", f"{LAN}/24", f"{SIX}/64", cable=False)
            await until_offered(plane, LAN)
            network.ip("link set dev lan-far up")
            await until_offered(plane, LAN, SIX)
            network.take("lan", f"{LAN}/24")
            await until_offered(plane, SIX)

    in_own_network(scene)


def test_a_worker_begins_with_what_is_left_and_takes_up_the_rest() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", f"{LAN}/24")
        await network.duplicate("lan", f"{SIX}/64")
        async with worker() as plane:
            await until_offered(plane, LAN)
            network.take("lan", f"{SIX}/64")
            network.give("lan", f"{SIX}/64 nodad")
            await until_offered(plane, LAN, SIX)

    in_own_network(scene)


def test_configured_addresses_are_waited_for_and_no_other_is_used() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", f"{LAN}/24")
        async with worker(VPN, SIX, "127.0.0.2") as plane:
            assert offered(plane, local=True) == {"127.0.0.2"}
            network.plug_in("vpn", f"{VPN}/24")
            await until_offered(plane, VPN)
            network.give("vpn", f"{SIX}/64 nodad")
            await until_offered(plane, VPN, SIX)
            network.take("vpn", f"{VPN}/24")
            await until_offered(plane, SIX)

    in_own_network(scene)


def test_what_is_served_is_logged_when_it_changes_and_why_something_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "giaoban.media")

    def logged() -> list[str]:
        return [record.getMessage() for record in caplog.records if "media-addresses" in record.msg]

    async def scene(network: Network) -> None:
        network.plug_in("lan", f"{LAN}/24", f"{SIX}/64", cable=False)
        async with worker() as plane:
            await until_offered(plane, LAN)
            network.ip("link set dev lan-far up")
            while len(logged()) < 2:  # noqa: ASYNC110 - another task writes it; the scene has a limit
                await asyncio.sleep(0.05)

    in_own_network(scene)
    here = ",".join(HERE)
    assert logged() == [
        f"media-addresses open={LAN},{here} missing={SIX}/not-there left_out=0",
        f"media-addresses open={LAN},{SIX},{here} missing= left_out=0",
    ]


def test_behind_a_nat_the_advertised_address_is_told_whatever_comes_and_goes() -> None:
    async def scene(network: Network) -> None:
        async with worker(advertise=("203.0.113.9",)) as plane:
            assert offered(plane) == {"203.0.113.9"}
            network.plug_in("lan", f"{LAN}/24")
            async with asyncio.timeout(20):
                while LAN not in offered(plane, local=True):  # noqa: ASYNC110 - the kernel and another task
                    await asyncio.sleep(0.05)
            assert offered(plane) == {"203.0.113.9"}

    in_own_network(scene)


def test_a_machine_without_ipv6_and_one_with_nothing_but_loopback_serve_themselves() -> None:
    async def scene(network: Network) -> None:
        network.ip("addr del ::1/128 dev lo")
        async with worker() as plane:
            assert offered(plane, local=True) == {"127.0.0.1"}

    in_own_network(scene)


def test_a_machine_with_only_a_link_local_address_is_reached_there() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", "169.254.7.7/16")
        async with worker() as plane:
            assert offered(plane) == {"169.254.7.7"}

    in_own_network(scene)
