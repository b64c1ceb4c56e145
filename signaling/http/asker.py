"""Who asks: the client's address, for the audit log, the throttle, and what only this machine is shown. Pure.

A reverse proxy names the client that it asks for (X-Forwarded-For). That is believed only of proxies that
the settings name, and only what stands right-most: the client may have brought along what is left of it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from signaling.model.addresses import MAX_ADDRESS_CHARACTERS, Address, Proxies, address_of

MAX_HOPS = 16
"""Entries of X-Forwarded-For that are looked at, from the right."""
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded")
"""Headers that a browser never sends: who has one of them asks for somebody else."""
_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


class BadForwarding(Exception):
    """A proxy named something that is no address."""


@dataclass(frozen=True, slots=True)
class Asker:
    address: str
    """Of the client; "" if the connection does not say."""
    local: bool
    """The client is on this machine. A forwarded one never is."""
    proxy: bool
    """The other end of the connection is a trusted proxy: what it says of host and scheme counts."""


def asker_of(peer: str, forwarded_for: Iterable[str], forwarded: bool, proxies: Proxies) -> Asker:
    """Shapes: `peer` is the other end of the connection, `forwarded_for` the lines of that header,
    `forwarded` whether any of the headers FORWARDED is there."""
    there = address_of(peer)
    local = there is not None and there.is_loopback and not forwarded
    if there is None or not proxies.trusts(there):
        return Asker(peer if there is None else str(there), local, proxy=False)
    return Asker(str(_client(there, forwarded_for, proxies)), local, proxy=True)


def _client(proxy: Address, forwarded_for: Iterable[str], proxies: Proxies) -> Address:
    """The right-most address that is not a proxy's. If there is none, the last proxy that we know."""
    client = proxy
    entries = [entry for line in forwarded_for for entry in line.split(",")]
    for entry in reversed(entries[-MAX_HOPS:]):
        try:
            client = forwarded_untrusted(entry)
        except BadForwarding:
            break
        if not proxies.trusts(client):
            break
    return client


def forwarded_untrusted(entry: str) -> Address:
    """One entry of X-Forwarded-For: an address, perhaps with brackets and a port. Raises BadForwarding."""
    text = entry.strip()
    found = _WITH_PORT.fullmatch(text) if len(text) <= MAX_ADDRESS_CHARACTERS else None
    address = address_of(text if found is None else found[1] or found[2])
    if address is None:
        raise BadForwarding("no address")
    return address
