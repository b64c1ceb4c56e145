"""What the two sides of a Transport tell each other before they meet: plain values, carried by SDP. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of a DTLS certificate (RFC 8122)."""

    algorithm: str
    """sha-256, sha-384 or sha-512."""
    value: str
    """Upper-case hexadecimal pairs with colons."""


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """The client's side, from its offer."""

    ufrag: str
    pwd: str
    fingerprints: tuple[Fingerprint, ...]


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our side, for the answer."""

    ufrag: str
    pwd: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address of ours, as ICE wants it (RFC 8445 section 5.3, RFC 6544 section 4.5 for TCP)."""

    foundation: str
    priority: int
    protocol: str
    """udp or tcp; the latter is always passive."""
    address: str
    port: int
    loopback: bool
