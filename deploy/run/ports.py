"""Checks that the ports are free before anything is started, so that the message can be clear."""

import errno
import socket

from deploy.config import Config
from deploy.problem import PortError
from sfu.addresses import Found


def check_ports(config: Config, found: Found) -> None:
    """Raises PortError for the first port that cannot be used.

    An address that was only found may have gone again. One that was configured must be this machine's, though
    it need not be usable yet: after a power cut the check for duplicates still runs, or the cable is missing.
    """
    for host in config.host:
        _try(host, config.https_port, socket.SOCK_STREAM, "https_port", optional=host in found.waiting)
    if not config.host:
        _try("0.0.0.0", config.https_port, socket.SOCK_STREAM, "https_port")  # noqa: S104 - meant
        if socket.has_ipv6:
            _try("::", config.https_port, socket.SOCK_STREAM, "https_port", optional=True)
    for worker in range(config.workers):
        for address in config.media_addresses or found.usable:
            optional = not config.media_addresses or address in found.waiting
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                _try(address, config.media_port + worker, kind, "media_port", optional=optional)


def _try(host: str, port: int, kind: socket.SocketKind, setting: str, *, optional: bool = False) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as trial:
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                # As the servers do: a connection closed a minute ago must not block the port.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            if kind == socket.SOCK_STREAM:
                trial.listen(1)
    except OSError as error:
        if optional and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            return
        raise _explained(error, host, port, kind, setting) from None


def _explained(error: OSError, host: str, port: int, kind: socket.SocketKind, setting: str) -> PortError:
    flag = "--" + setting.replace("_", "-")
    name = f"{'UDP' if kind == socket.SOCK_DGRAM else 'TCP'} port {port}"
    match error.errno:
        case errno.EADDRINUSE:
            return PortError(
                f"{name} on {host} is in use by another program",
                f"Stop that program (ss -lntup | grep :{port} shows it), or choose another port with {flag}.",
            )
        case errno.EACCES:
            return PortError(
                f"{name} may not be used by this user",
                f"Choose one above 1023 with {flag}, or grant the right as deploy/giaoban.service does.",
            )
        case errno.EADDRNOTAVAIL:
            return PortError(
                f"{host} is not an address of this machine",
                "Correct host or media_addresses, or leave them out to use all.",
            )
        case _:
            return PortError(
                f"{name} on {host} cannot be used: {error.strerror}", f"Choose another with {flag}."
            )
