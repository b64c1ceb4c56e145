"""Unit tests cannot reach the network or the clock."""

import asyncio
import socket
import time

import pytest


def test_a_unit_test_cannot_open_a_connection() -> None:
    with (
        socket.socket() as probe,
        pytest.raises(AssertionError, match="may not use a socket"),
    ):
        probe.bind(("127.0.0.1", 0))


def test_a_unit_test_cannot_sleep() -> None:
    with pytest.raises(AssertionError, match=r"may not use time\.sleep"):
        time.sleep(0.01)


async def test_a_unit_test_cannot_wait_but_may_yield() -> None:
    with pytest.raises(AssertionError, match=r"may not use asyncio\.sleep"):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)


@pytest.mark.real_world("to show how it is said")
def test_a_unit_test_may_use_the_world_if_it_says_why() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
