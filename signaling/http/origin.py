"""Whether a request comes from one of our pages: its Origin, held against where the request went. Pure.

Both are brought into one form first: small letters, the port always named. Behind a reverse proxy that is
trusted, the outside is what the proxy says it is.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from signaling.model.addresses import address_of

MAX_PLACE_CHARACTERS = 300
"""Of an origin or a Host header: a host name has 253 at most."""
_PLACE = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORT = {"http": 80, "https": 443}


class BadPlace(Exception):
    """No host with or without a port."""


class BadOrigin(Exception):
    """Not where a page comes from: "null", or no origin at all."""


class Place(NamedTuple):
    host: str
    port: int | None
    """None: not said."""


class PageOrigin(NamedTuple):
    """RFC 6454: what a browser says of the page that asks."""

    scheme: str
    host: str
    port: int


def origin_untrusted(text: str) -> PageOrigin:
    """A browser's Origin header. Raises BadOrigin."""
    scheme, _, place = text.lower().partition("://")
    if scheme not in _DEFAULT_PORT:
        raise BadOrigin("neither https nor http")
    try:
        host, port = place_untrusted(place)
    except BadPlace as error:
        raise BadOrigin(str(error)) from None
    return PageOrigin(scheme, host, _DEFAULT_PORT[scheme] if port is None else port)


def place_untrusted(text: str) -> Place:
    """A Host header, in the form in which it can be compared. Raises BadPlace."""
    found = _PLACE.fullmatch(text.strip().lower()) if len(text) <= MAX_PLACE_CHARACTERS else None
    if found is None:
        raise BadPlace("no host")
    host, port = found[1], None if found[2] is None else int(found[2])
    if host.startswith("["):
        address = address_of(host[1:-1])
        if address is None:
            raise BadPlace("no address in brackets")
        host = f"[{address}]"
    if port is not None and not 0 < port < 1 << 16:
        raise BadPlace("no port")
    return Place(host, port)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request went, as far as its headers say."""

    host: str
    """The Host header."""
    tls: bool
    """The connection is encrypted."""
    forwarded_host: str = ""
    """X-Forwarded-Host, -Proto: "" if missing."""
    forwarded_proto: str = ""


def ours(origin: str, asked: Asked, proxy: bool) -> bool:
    """A page of this origin is one of ours: it has the scheme, host and port that were asked. Behind a
    trusted proxy scheme and host are the ones that it names, and a port that it leaves out may be any."""
    try:
        page = origin_untrusted(origin)
    except BadOrigin:
        return False
    scheme = "https" if asked.tls else ""
    if proxy:
        scheme = _last(asked.forwarded_proto)
    if scheme not in ("", page.scheme):
        return False
    hosts = [asked.host, _last(asked.forwarded_host)] if proxy else [asked.host]
    return any(_same_place(page, host, proxy) for host in hosts)


def _same_place(page: PageOrigin, host: str, proxy: bool) -> bool:
    try:
        place = place_untrusted(host)
    except BadPlace:
        return False
    if place.port is None:
        return place.host == page.host and (proxy or page.port == _DEFAULT_PORT[page.scheme])
    return place == (page.host, page.port)


def _last(header: str) -> str:
    """What the nearest proxy said."""
    return header.rpartition(",")[2].strip().lower()
