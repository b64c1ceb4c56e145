"""One UDP socket and one TCP listener for each local address, all on the same port number."""

import contextlib
import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

BACKLOG = 128
BUFFER_BYTES = 4 << 20
"""A keyframe of every camera at once must fit while the loop is briefly busy."""
_PORT_TRIES = 50
"""The first socket chooses a number, which must then be free for all the others."""


class PortTaken(Exception):
    """Somebody else listens on the port."""

    why: ClassVar[str] = "in-use"

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"port {port} on {address} is in use by another program")
        self.address = address
        self.port = port


class AddressUnusable(Exception):
    """The system does not let us listen there: it is not an address of this machine now, or not permitted."""

    why: ClassVar[str] = "unusable"

    def __init__(self, address: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {address} port {port}: {reason}")
        self.address = address
        self.port = port


@dataclass(frozen=True, slots=True)
class Pair:
    """Bound, non-blocking, not read yet."""

    address: str
    udp: socket.socket
    tcp: socket.socket


def bind(address: str, port: int) -> Pair:
    """Both protocols on one address; port 0 picks a number. Raises PortTaken, AddressUnusable."""
    with ExitStack() as undo:
        udp = undo.enter_context(_bound(address, port, socket.SOCK_DGRAM))
        tcp = undo.enter_context(_bound(address, udp.getsockname()[1], socket.SOCK_STREAM))
        undo.pop_all()
    return Pair(address, udp, tcp)


def pick_port(addresses: Sequence[str]) -> int:
    """A number that is free for both protocols on all these addresses now. Raises PortTaken."""
    tries = _PORT_TRIES
    while True:
        tries -= 1
        try:
            return _pick(addresses)
        except PortTaken:
            if not tries:
                raise


def _pick(addresses: Sequence[str]) -> int:
    number = 0
    with ExitStack() as trial:
        for address in addresses:
            with contextlib.suppress(AddressUnusable):
                pair = bind(address, number)
                trial.enter_context(pair.udp)
                trial.enter_context(pair.tcp)
                number = pair.udp.getsockname()[1]
    return number


def can_bind(address: str) -> bool:
    """Whether the machine has that address now and may use it."""
    try:
        _bound(address, 0, socket.SOCK_DGRAM).close()
    except (PortTaken, AddressUnusable):
        return False
    return True


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_DGRAM:
            _enlarge(sock)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(address, port) from None
        raise AddressUnusable(address, port, error.strerror or str(error)) from None
    return sock


def _enlarge(sock: socket.socket) -> None:
    """The forced form exceeds the system's limit, if we may; the other accepts what the limit allows."""
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, plain, BUFFER_BYTES)


# socket(7); the socket module does not name these.
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33
