"""A client at media ports of this machine, as the server sees it and as it sees the server."""

import asyncio

from sfu.fastpath import FastPath
from sfu.transport import Association, MediaPorts
from tests.support.ice_client import IceClient
from tests.support.media_ports import Heard

LOCAL = "127.0.0.1"
RTCP = bytes.fromhex("80c90001 00000001")
"""An empty receiver report."""


def joining(ports: MediaPorts) -> tuple[Heard, Association, IceClient]:
    """It knows its name and password, and has sent nothing yet."""
    heard = Heard()
    association = ports.open_association(heard)
    client = IceClient(association.local_parameters())
    association.start(client.remote())
    return heard, association, client


async def joined(ports: MediaPorts) -> tuple[Heard, Association, IceClient]:
    """It is connected over UDP."""
    heard, association, client = joining(ports)
    await client.by_udp(LOCAL, ports.port)
    await client.check()
    assert await client.handshake() == "connected"
    assert await heard.next() == ("connected", "udp")
    return heard, association, client


async def is_heard(heard: Heard, client: IceClient) -> None:
    """What the client sends arrives."""
    client.send(client.protect_rtcp(RTCP))
    assert await asyncio.wait_for(heard.rtcp.get(), 5) == RTCP


class Station:
    """A client in a meeting, whose network changes."""

    def __init__(self, fastpath: FastPath, ports: MediaPorts) -> None:
        self._fastpath, self._ports = fastpath, ports
        self.heard, self.association, self.client = joining(ports)

    async def come(self, path: str = "udp", address: str = LOCAL, *, nominate: bool = True) -> None:
        await self.go(path, address)
        await self.client.check(nominate=nominate)
        assert await self.client.handshake() == "connected"
        assert await self.heard.next() == ("connected", path)

    async def go(self, path: str, address: str = LOCAL) -> None:
        """From a fresh socket, without sending anything."""
        if path == "udp":
            await self.client.by_udp(address, self._ports.port)
        else:
            await self.client.by_tcp(address, self._ports.port)

    async def move(self, path: str, address: str) -> None:
        """An ICE restart, as a page does when its line is lost."""
        self.client.ufrag = "fresh0"
        self.client.server = self.association.restart(self.client.remote())
        await self.go(path, address)
        await self.client.check()
        assert await self.heard.next() == ("moved", path)

    async def hears(self) -> None:
        """What the server sends arrives."""
        self._fastpath.send_rtcp(self.association.row, RTCP)
        self._ports.flush_streams()
        assert await self.client.rtcp() == RTCP

    async def is_heard(self) -> None:
        await is_heard(self.heard, self.client)

    async def talks(self) -> None:
        """Both ways; nothing is lost on the way."""
        await self.hears()
        await self.is_heard()
