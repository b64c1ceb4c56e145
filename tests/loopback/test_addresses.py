"""A machine whose network changes while it runs: what it is told of its own addresses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.run.addresses import follow_addresses, local_addresses
from sfu.addresses import find
from tests.support.network import Network, in_own_network

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
HERE = ("127.0.0.1", "::1")
SOON_S = 4.0
"""Well below the time between two looks, so that only a notice of the kernel can be the reason."""


@asynccontextmanager
async def told() -> AsyncIterator["asyncio.Queue[tuple[str, ...]]"]:
    """What somebody who has the addresses followed is told."""
    heard: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        following = group.create_task(follow_addresses(heard.put))
        yield heard
        following.cancel()


async def next_of(heard: "asyncio.Queue[tuple[str, ...]]") -> tuple[str, ...]:
    async with asyncio.timeout(SOON_S):
        return await heard.get()


def test_an_address_that_comes_and_one_that_goes_are_told_at_once() -> None:
    async def scene(network: Network) -> None:
        async with told() as heard:
            assert await next_of(heard) == HERE
            network.plug_in("near", "192.0.2.1/24")
            assert await next_of(heard) == ("192.0.2.1", *HERE)
            assert local_addresses() == ("192.0.2.1",)
            network.take("near", "192.0.2.1/24")
            assert await next_of(heard) == HERE

    in_own_network(scene)


def test_an_address_without_a_cable_is_told_when_the_cable_is_plugged_in() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("near", "192.0.2.1/24", "fd00:1::1/64", cable=False)
        assert find().waiting == ("fd00:1::1",)
        async with told() as heard:
            assert await next_of(heard) == ("192.0.2.1", *HERE)
            network.ip("link set dev near-far up")
            assert await next_of(heard) == ("192.0.2.1", "fd00:1::1", *HERE)

    in_own_network(scene)


def test_an_address_that_another_machine_has_is_waited_for_until_it_is_given_anew() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("near")
        await network.duplicate("near", "fd00:1::1/64")
        assert find().waiting == ("fd00:1::1",)
        async with told() as heard:
            assert await next_of(heard) == HERE
            network.take("near", "fd00:1::1/64")
            network.give("near", "fd00:1::1/64")
            assert await next_of(heard) == ("fd00:1::1", *HERE)

    in_own_network(scene)


def test_many_changes_at_once_cost_a_few_looks_and_the_last_state_is_told() -> None:
    """Also when the kernel drops notices, because nobody read them in time."""

    async def scene(network: Network) -> None:
        network.plug_in("near", "192.0.2.1/24")
        async with told() as heard:
            assert await next_of(heard) == ("192.0.2.1", *HERE)
            for number in range(200):  # the loop does not run meanwhile
                network.give("near", f"10.0.0.{number + 1}/32")
                network.take("near", f"10.0.0.{number + 1}/32")
            network.give("near", "198.51.100.1/24")
            assert set(await next_of(heard)) == {"192.0.2.1", "198.51.100.1", *HERE}
            assert heard.empty()

    in_own_network(scene)
