"""A UDP socket and a TCP listener for each address that the machine has now, all on one port number."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sfu.fastpath import MAX_PORTS, FastPath
from sfu.transport.sockets import AddressUnusable, Pair, PortTaken, bind, pick_port
from sfu.transport.standing import Standing
from sfu.transport.tcp import TcpConnections

ACCEPTED_AT_ONCE, MAX_BACKLOG = 16, 512
"""TCP connections that are taken in before anything else gets its turn, and that may wait for it."""


class SiteOwner(Protocol):
    def on_site_closed(self, port: int) -> None:
        """That index leads nowhere any more."""


@dataclass(frozen=True, slots=True)
class Site:
    pair: Pair
    port: int
    """Index in the fast path."""
    listener: asyncio.Server


class Sites:
    def __init__(self, fastpath: FastPath, connections: TcpConnections, owner: SiteOwner) -> None:
        self._fastpath = fastpath
        self._connections = connections
        self._owner = owner
        self._standing = Standing(MAX_PORTS)
        self._open: dict[str, Site] = {}

    @property
    def told(self) -> tuple[str, ...]:
        """The addresses where clients can reach us, the best first."""
        return self._standing.told

    async def start(self, addresses: Sequence[str], number: int, now: float) -> int:
        """Open what can be opened. Returns the port number; 0 leaves it to us. Raises PortTaken when nothing
        could be opened because somebody else has the number."""
        number = number or pick_port(addresses)
        refused = await self.follow(addresses, number, now)
        if not self._open:
            for address, why in refused.items():
                if why == PortTaken.why:
                    raise PortTaken(address, number)
        return number

    async def follow(self, addresses: Sequence[str], number: int, now: float) -> dict[str, str]:
        """These are the machine's addresses now. Returns those that could not be opened, and why; they are
        tried again next time."""
        change = self._standing.note(addresses, now)
        for address in change.to_close:
            self._close(address)
        refused: dict[str, str] = {}
        for address in change.to_open:
            try:
                pair = bind(address, number)
            except (PortTaken, AddressUnusable) as error:
                refused[address] = error.why
            else:
                self._standing.opened(address, now)
                await self._begin(pair)
        return refused

    async def _begin(self, pair: Pair) -> None:
        loop = asyncio.get_running_loop()
        port = self._fastpath.add_port(pair.udp.fileno())
        accept = partial(self._connections.accept, pair.address)
        # Nothing is awaited until it stands in the table, from which it will be closed.
        listener = await loop.create_server(
            accept, sock=pair.tcp, backlog=ACCEPTED_AT_ONCE, start_serving=False
        )
        self._open[pair.address] = site = Site(pair, port, listener)
        await listener.start_serving()
        if self._open.get(pair.address) is site:
            pair.tcp.listen(MAX_BACKLOG)  # the loop takes its number for both

    def _close(self, address: str) -> asyncio.Server:
        site = self._open.pop(address)
        site.listener.close()
        self._connections.close_to(address)
        self._owner.on_site_closed(site.port)
        self._fastpath.remove_port(site.port)
        site.pair.udp.close()
        return site.listener

    async def close(self) -> None:
        self._connections.close()
        for listener in [self._close(address) for address in list(self._open)]:
            await listener.wait_closed()
