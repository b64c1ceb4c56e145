"""Unit tests see no network and no moving clock: a test that needs them belongs in loopback/ or world/.

Files are allowed. A test that needs the real world all the same says so: @pytest.mark.real_world("why").
"""

import asyncio
import socket
import time
from typing import Never

import pytest


class Forbidden(AssertionError):
    """A unit test reached for the world."""


def _forbid(what: str) -> Never:
    raise Forbidden(f"a unit test may not use {what}; see tests/unit/conftest.py")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real_world(why): a unit test that may use sockets and sleep")


@pytest.fixture(autouse=True)
def no_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("real_world") is not None:
        return

    def no_socket(self: socket.socket, *args: object) -> Never:
        _forbid("a socket")

    def no_sleep(seconds: float) -> Never:
        _forbid("time.sleep")

    yields_only = asyncio.sleep

    async def no_async_sleep(delay: float, result: object = None) -> object:
        if delay > 0:
            _forbid("asyncio.sleep")
        return await yields_only(0, result)

    for name in ("connect", "connect_ex", "bind", "listen", "sendto"):
        monkeypatch.setattr(socket.socket, name, no_socket)
    monkeypatch.setattr(time, "sleep", no_sleep)
    monkeypatch.setattr(asyncio, "sleep", no_async_sleep)
