"""This machine's addresses, asked from the kernel and watched: a card is unplugged, a lease ends, a tunnel
comes up late."""

from sfu.addresses.choice import MAX_ADDRESSES, Found
from sfu.addresses.watching import AddressesUnreadable, find, follow

__all__ = ["MAX_ADDRESSES", "AddressesUnreadable", "Found", "find", "follow"]
