"""This machine's addresses and name, as others on the network may reach it."""

import ipaddress
import socket

import ifaddr


def local_addresses(*, loopback: bool = False) -> tuple[str, ...]:
    """Addresses of this machine, IPv4 first, without link-local ones; optionally with 127.0.0.1 and ::1."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if not address.is_link_local and (loopback or not address.is_loopback) and address not in found:
                found.append(address)
    return tuple(str(address) for address in sorted(found, key=lambda a: (a.version, a.is_loopback)))


def media_addresses(configured: tuple[str, ...]) -> tuple[str, ...]:
    """Where the media worker listens: what was configured, else every address, loopback last.

    Loopback is always among them: a browser on this machine may have no other way.
    """
    return configured or local_addresses(loopback=True)


def host_name() -> str:
    return socket.gethostname()


def url(host: str, port: int) -> str:
    """Shapes: an IPv6 address gets its brackets, port 443 is left out."""
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if port == 443 else f"https://{shown}:{port}"
