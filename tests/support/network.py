"""A machine's network of its own: cards can be plugged in and addresses taken away without touching ours.

A network namespace belongs to a thread in Linux, and processes inherit it from the thread that starts them.
"""

import asyncio
import ctypes
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable

import pytest

_CLONE_NEWNET = 0x4000_0000
MAX_SCENE_S = 170.0
MAX_LOOKS = 1000


class Network:
    """The network of the thread that made it, empty at first except for loopback."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.ip("link set dev lo up")

    def ip(self, command: str) -> str:
        """One command of iproute2. Returns what it prints."""
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ip {command}: {done.stderr}"
        return done.stdout

    def plug_in(self, card: str, *addresses: str, cable: bool = True) -> None:
        """A card with these addresses ("192.0.2.1/24", "fd00::1/64 nodad"). Without a cable, those of IPv6
        stay tentative."""
        self.ip(f"link add name {card} type veth peer name {card}-far")
        self.ip(f"link set dev {card} up")
        if cable:
            self.ip(f"link set dev {card}-far up")
        for address in addresses:
            self.give(card, address)

    def give(self, card: str, address: str) -> None:
        self.ip(f"addr add dev {card} {address}")
        if address.endswith("nodad"):
            # The kernel answers before others can reach it.
            host = address.partition("/")[0]
            assert any(f"{host} " in self.ip("-6 route show table local") for _ in range(MAX_LOOKS))

    async def duplicate(self, card: str, address: str) -> None:
        """Give the card an address of IPv6 that its neighbour has, until the kernel has found that out and
        does not use it."""
        self.give(f"{card}-far", f"{address} nodad")
        await self._until(lambda: "tentative" not in self.ip("addr show"))
        self.give(card, address)
        await self._until(lambda: "dadfailed" in self.ip(f"addr show dev {card}"))
        self.take(f"{card}-far", address)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():  # noqa: ASYNC110 - the kernel becomes ready; the scene has a limit
            await asyncio.sleep(0.05)

    def take(self, card: str, address: str) -> None:
        self.ip(f"addr del dev {card} {address}")


def in_own_network(scene: Callable[[Network], Awaitable[None]]) -> None:
    """Play the scene with a network of its own, to its end."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes a network namespace")
    failed: list[BaseException] = []

    async def play() -> None:
        async with asyncio.timeout(MAX_SCENE_S):
            await scene(Network())

    def there() -> None:
        try:
            asyncio.run(play())
        except BaseException as error:  # noqa: BLE001 - raised again below, where the test is
            failed.append(error)

    thread = threading.Thread(target=there, name="own network", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
