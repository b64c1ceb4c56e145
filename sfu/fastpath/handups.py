"""What the fast path does not handle itself: it hands those datagrams up as they came."""

import socket
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

Address = tuple[str, int]


class MediaKind(IntEnum):
    AUDIO = 0
    VIDEO = 1


class HandUpKind(IntEnum):
    STUN = 0
    DTLS = 1
    RTCP = 2
    """A plain, authenticated compound RTCP packet."""
    STRANGER = 3
    """A plain, authenticated RTP packet, header and all, of an SSRC that is not bound yet."""


@dataclass(frozen=True, slots=True)
class HandUp:
    kind: HandUpKind
    transport: int
    """-1 if the address is unknown."""
    port: int
    """STREAM if it came over a stream."""
    address: Address
    data: bytes


class Outgoing(NamedTuple):
    """A protected datagram that the slow path sends: over TCP, or paced."""

    transport: int
    packet: bytes
    producer: int
    """Whose picture or sound it is, -1: nobody's."""


def pack_sockaddr(family: int, address: Address) -> bytes:
    """A sockaddr_in or sockaddr_in6. Raises OSError when the host is not an address of the family."""
    host, _, scope = address[0].partition("%")
    if family == socket.AF_INET:
        return (
            family.to_bytes(2, "little") + address[1].to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)
        )
    scope_id = int(scope) if scope.isdigit() else socket.if_nametoindex(scope) if scope else 0
    return (
        family.to_bytes(2, "little")
        + address[1].to_bytes(2, "big")
        + bytes(4)
        + socket.inet_pton(socket.AF_INET6, host)
        + scope_id.to_bytes(4, "little")
    )


def unpack_sockaddr(name: bytes) -> Address:
    port = int.from_bytes(name[2:4], "big")
    if int.from_bytes(name[:2], "little") == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    host = socket.inet_ntop(socket.AF_INET6, name[8:24])
    scope = int.from_bytes(name[24:28], "little")
    return (f"{host}%{scope}" if scope else host), port


def address_key(port: int, name: bytes) -> tuple[int, ...]:
    """The key of a packed address in the table of addresses: port index + family + UDP port, and four words
    of IP address."""
    family = int.from_bytes(name[:2], "little")
    head = port << 24 | family << 16 | int.from_bytes(name[2:4], "big")
    if family == socket.AF_INET:
        return head, int.from_bytes(name[4:8], "big"), 0, 0, 0
    return head, *(int(word) for word in np.frombuffer(name[8:24], ">u4"))


def port_of(key: tuple[int, ...]) -> int:
    """The port index in an address_key."""
    return key[0] >> 24
