"""rtnetlink, as far as addresses go: a question to the kernel and its answers, as bytes. Pure.

A library that does all of netlink (pyroute2) would be larger than the media worker.
Source: netlink(7), rtnetlink(7), linux/if_addr.h.
"""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

TEMPORARY = 0x01
"""Of IPv6: one of the changing addresses of RFC 8981. Of IPv4: a further address of the card."""
OPTIMISTIC = 0x04
DAD_FAILED = 0x08
"""Another machine has it."""
DEPRECATED = 0x20
TENTATIVE = 0x40
"""Whether another machine has it is not known yet, and nothing may be bound to it."""

_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_FLAGS = struct.Struct("=I")
_ERROR, _DONE = 2, 3
_NEW_ADDRESS, _GET_ADDRESS = 20, 22
_REQUEST, _DUMP, _INTERRUPTED = 0x001, 0x300, 0x010
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_TYPE = 0x3FFF
"""The other bits of an attribute's type are about its form."""

ADDRESSES_PLEASE = _HEADER.pack(
    _HEADER.size + _ADDRESS.size, _GET_ADDRESS, _REQUEST | _DUMP, 1, 0
) + _ADDRESS.pack(0, 0, 0, 0, 0)
"""All addresses of both families."""


class BadNetlink(Exception):
    """The kernel's answer cannot be read."""


@dataclass(frozen=True, slots=True)
class CardAddress:
    """An address as the kernel keeps it."""

    ip: IPAddress
    card: int
    """Index of the network interface; the machine counts them as they come."""
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One datagram of the answer."""

    addresses: tuple[CardAddress, ...]
    is_last: bool
    is_torn: bool
    """Addresses changed while they were listed: some may be missing."""


def parse_answer_untrusted(datagram: bytes) -> Answer:
    """Raises BadNetlink."""
    addresses: list[CardAddress] = []
    is_last = is_torn = False
    for kind, flags, body in _messages(datagram):
        is_torn |= bool(flags & _INTERRUPTED)
        if kind == _ERROR:
            raise BadNetlink("the kernel answers with an error")
        if kind == _DONE:
            is_last = True
        elif kind == _NEW_ADDRESS and (address := _address(body)) is not None:
            addresses.append(address)
    return Answer(tuple(addresses), is_last, is_torn)


def _messages(datagram: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, flags and body."""
    at = 0
    while at < len(datagram):
        if at + _HEADER.size > len(datagram):
            raise BadNetlink("a message is cut off")
        size, kind, flags, _, _ = _HEADER.unpack_from(datagram, at)
        if size < _HEADER.size or at + size > len(datagram):
            raise BadNetlink("a message's length")
        yield kind, flags, datagram[at + _HEADER.size : at + size]
        at += _aligned(size)


def _address(body: bytes) -> CardAddress | None:
    """None when it is of another family."""
    if len(body) < _ADDRESS.size:
        raise BadNetlink("an address is cut off")
    _, _, flags, _, card = _ADDRESS.unpack_from(body)
    packed: dict[int, bytes] = {}
    at = _ADDRESS.size
    while at + _ATTRIBUTE.size <= len(body):
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if size < _ATTRIBUTE.size or at + size > len(body):
            raise BadNetlink("an attribute's length")
        packed[kind & _TYPE] = body[at + _ATTRIBUTE.size : at + size]
        at += _aligned(size)
    if _IFA_FLAGS in packed:
        if len(packed[_IFA_FLAGS]) != _FLAGS.size:
            raise BadNetlink("the flags' length")
        (flags,) = _FLAGS.unpack(packed[_IFA_FLAGS])
    # On a line between two points ADDRESS is the other end.
    own = packed.get(_IFA_LOCAL, packed.get(_IFA_ADDRESS, b""))
    if len(own) == 4:
        return CardAddress(ipaddress.IPv4Address(own), card, flags)
    if len(own) == 16:
        return CardAddress(ipaddress.IPv6Address(own), card, flags)
    return None


def _aligned(size: int) -> int:
    return (size + 3) & ~3
