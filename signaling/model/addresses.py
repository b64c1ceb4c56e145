"""Addresses of clients: how one is written, which of them count as one, and which belong to our proxies."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

MAX_ADDRESS_CHARACTERS = 64
"""Of an address as text, with brackets, port and zone."""


def address_of(text: str) -> Address | None:
    """The address, without its zone; one of IPv4 inside IPv6 is the IPv4 one. None: this is no address."""
    if len(text) > MAX_ADDRESS_CHARACTERS:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network(text: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of one IPv6 subscriber."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return text[:MAX_ADDRESS_CHARACTERS] if address is None else str(address)


class Proxies:
    """The reverse proxies that may name the client that they ask for."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """Shapes: addresses, or networks like 10.1.0.0/24. Raises ValueError if one is neither, or if it is
        everybody."""
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(_network_of, trusted))

    def trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in one for one in self._networks)


def _network_of(text: str) -> IPv4Network | IPv6Network:
    one = ip_network(text, strict=False)
    if one.prefixlen == 0:
        raise ValueError(f"{text} is everybody")
    return one


NO_PROXIES = Proxies()
