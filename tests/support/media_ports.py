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
    """The loop's clock, which a test may set forward or stop."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._stopped_at: float | None = None

    def stop(self) -> None:
        self._stopped_at = self()

    def __call__(self) -> float:
        if self._stopped_at is not None:
            return self._stopped_at
        return asyncio.get_running_loop().time() + self.ahead_s


@asynccontextmanager
async def media_ports(
    *addresses: str, clock: ShiftedClock | None = None, advertise: Sequence[str] = ()
) -> AsyncIterator[tuple[FastPath, MediaPorts]]:
    fastpath = FastPath()
    clock = clock or ShiftedClock()
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
