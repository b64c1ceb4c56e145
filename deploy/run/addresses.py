"""This machine's addresses and name, as others on the network may reach it; and when they change.

What depends on the addresses (a certificate) has them followed beside its own work:

    async def renew(found: tuple[str, ...]) -> None: ...

    async with asyncio.TaskGroup() as group:
        group.create_task(addresses.follow_addresses(renew))

`renew` is called at once with the addresses of now, so nothing is missed between a start and the first
change.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable

from deploy.problem import Problem
from sfu.addresses import AddressesUnreadable, Found, find, follow


def found_addresses() -> Found:
    """The addresses of this machine, loopback among them. Raises Problem."""
    try:
        return find()
    except AddressesUnreadable as error:
        raise Problem(
            f"this machine's addresses cannot be read: {error}",
            "Let this program use netlink sockets (AF_NETLINK).",
        ) from None


def local_addresses(*, loopback: bool = False) -> tuple[str, ...]:
    """Those that can be used now, the best first; optionally with 127.0.0.1 and ::1. Raises Problem."""
    usable = found_addresses().usable
    return tuple(found for found in usable if loopback or not ipaddress.ip_address(found).is_loopback)


async def follow_addresses(changed: Callable[[tuple[str, ...]], Awaitable[None]]) -> None:
    """Call `changed` with the addresses, loopback among them: at once, and each time the set is another.

    Runs until it is cancelled. What `changed` raises ends it."""
    before: frozenset[str] | None = None

    async def tell(found: Found) -> None:
        nonlocal before
        if before != frozenset(found.usable):
            before = frozenset(found.usable)
            await changed(found.usable)

    await follow(tell)


def host_name() -> str:
    return socket.gethostname()


def url(host: str, port: int) -> str:
    """Shapes: an IPv6 address gets its brackets, port 443 is left out."""
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if port == 443 else f"https://{shown}:{port}"
