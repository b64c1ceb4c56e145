"""Media ports on this machine, and a listener that remembers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sfu.fastpath import FastPath
from sfu.transport import MediaPorts

WAIT_S = 5.0


class Heard:
    """An AssociationListener that records everything."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.rtcp: asyncio.Queue[bytes] = asyncio.Queue()
        self.strangers: asyncio.Queue[bytes] = asyncio.Queue()

    async def next(self) -> tuple[str, str]:
        """The next of ("connected" | "moved" | "closed", path or reason)."""
        return await asyncio.wait_for(self.events.get(), WAIT_S)

    def on_connected(self, path: str) -> None:
        self.events.put_nowait(("connected", path))

    def on_moved(self, path: str) -> None:
        self.events.put_nowait(("moved", path))

    def on_closed(self, why: str) -> None:
        self.events.put_nowait(("closed", why))

    def on_rtcp(self, packet: bytes) -> None:
        self.rtcp.put_nowait(packet)

    def on_stranger(self, packet: bytes) -> None:
        self.strangers.put_nowait(packet)


class ShiftedClock:
    """The loop's clock, which a test may set forward."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self.fastpath: FastPath | None = None
        """Goes by the same clock."""

    @property
    def ahead_s(self) -> float:
        return self._ahead_s

    @ahead_s.setter
    def ahead_s(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s
        if self.fastpath is not None:
            self.fastpath.shift_clock(int(ahead_s * 1e6))

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self._ahead_s


@asynccontextmanager
async def media_ports(
    *addresses: str, clock: ShiftedClock | None = None, advertise: Sequence[str] = ()
) -> AsyncIterator[tuple[FastPath, MediaPorts]]:
    fastpath = FastPath()
    clock = clock or ShiftedClock()
    clock.fastpath = fastpath
    ports = MediaPorts(fastpath, addresses or ("127.0.0.1",), 0, clock, advertise=advertise)
    await ports.start()
    try:
        yield fastpath, ports
    finally:
        await ports.close()
        fastpath.close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
