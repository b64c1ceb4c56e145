"""STUN Binding messages, as an ICE-lite agent needs them. Pure.

A parsed message only has the shape of STUN. Whether its sender knows our password is a second step with its
own type: only `verify` makes a Verified, and the agent in `ice.py` accepts nothing else. Source: RFC 8489
(RFC 5389 where ICE still uses it: HMAC-SHA1), attributes of RFC 8445 section 16.1.
"""

import binascii
import hmac
import ipaddress
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from sfu.errors import BadPacket

COOKIE: Final = b"\x21\x12\xa4\x42"
MAX_BYTES: Final = 1500
MAX_ATTRIBUTES: Final = 32
_HEADER: Final = struct.Struct("!HH4s12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_FINGERPRINT_XOR: Final = 0x5354554E
_MAC_BYTES: Final = 20
_COMPREHENSION_OPTIONAL: Final = 0x8000


class Kind(IntEnum):
    """Message types: method Binding in four classes."""

    REQUEST = 0x0001
    INDICATION = 0x0011
    SUCCESS = 0x0101
    ERROR = 0x0111


class Attribute(IntEnum):
    MAPPED_ADDRESS = 0x0001
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    REALM = 0x0014
    NONCE = 0x0015
    MESSAGE_INTEGRITY_SHA256 = 0x001C
    XOR_MAPPED_ADDRESS = 0x0020
    PRIORITY = 0x0024
    USE_CANDIDATE = 0x0025
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028
    ICE_CONTROLLED = 0x8029
    ICE_CONTROLLING = 0x802A


_KNOWN = frozenset(Attribute)


@dataclass(frozen=True, slots=True)
class Message:
    """Well-formed, and nothing more."""

    kind: Kind
    transaction: bytes
    """12 bytes."""
    attributes: Mapping[int, bytes]
    """Those before MESSAGE-INTEGRITY, or all when there is none; of two with one name, the first counts. What
    follows the MAC is not covered by it and is not here."""
    signed: bytes
    """What the MAC covers: the message with its header, whose length is adjusted; empty without a MAC."""
    mac: bytes
    has_fingerprint: bool

    @property
    def username(self) -> tuple[str, str] | None:
        """(ufrag of the receiver, ufrag of the sender), or None."""
        value = self.attributes.get(Attribute.USERNAME, b"")
        ours, colon, theirs = value.partition(b":")
        if not colon or not value.isascii():
            return None
        return ours.decode("ascii"), theirs.decode("ascii")

    def unknown(self) -> tuple[int, ...]:
        """Attributes that the sender requires and we do not know (RFC 8489 section 6.3.1)."""
        return tuple(x for x in self.attributes if x < _COMPREHENSION_OPTIONAL and x not in _KNOWN)


@dataclass(frozen=True, slots=True)
class Verified:
    """A message whose sender knows the password. Only `verify` makes it."""

    message: Message


def parse_untrusted(data: bytes) -> Message:
    """Read one STUN message; a FINGERPRINT, if present, must be right. Raises BadPacket."""
    if not _HEADER.size <= len(data) <= MAX_BYTES or len(data) % 4:
        raise BadPacket("STUN: size")
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if cookie != COOKIE or length + _HEADER.size != len(data):
        raise BadPacket("STUN: header")
    if kind not in Kind.__members__.values():
        raise BadPacket("STUN: not Binding")
    attributes: dict[int, bytes] = {}
    signed = mac = b""
    has_fingerprint = False
    at, seen = _HEADER.size, 0
    while at < len(data):
        name, value, following = _attribute_untrusted(data, at)
        seen += 1
        if seen > MAX_ATTRIBUTES or has_fingerprint:
            raise BadPacket("STUN: attributes")  # FINGERPRINT is the last one
        if name == Attribute.FINGERPRINT:
            _check_fingerprint_untrusted(data, at, value)
            has_fingerprint = True
        elif name == Attribute.MESSAGE_INTEGRITY and not mac:
            if len(value) != _MAC_BYTES:
                raise BadPacket("STUN: MAC size")
            signed, mac = _until(data, at, _ATTRIBUTE.size + _MAC_BYTES), value
        elif not mac:
            attributes.setdefault(name, value)
        at = following
    return Message(Kind(kind), transaction, attributes, signed, mac, has_fingerprint)


def _attribute_untrusted(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Name, value and where the next one starts. Messages are multiples of 4, so 4 bytes are there."""
    name, length = _ATTRIBUTE.unpack_from(data, at)
    start = at + _ATTRIBUTE.size
    if start + length > len(data):
        raise BadPacket("STUN: attribute length")
    return name, data[start : start + length], start + (length + 3 & ~3)


def _until(data: bytes, at: int, more: int) -> bytes:
    """The message up to `at`, with its length field as if it ended `more` bytes later."""
    return data[:2] + (at - _HEADER.size + more).to_bytes(2, "big") + data[4:at]


def _check_fingerprint_untrusted(data: bytes, at: int, value: bytes) -> None:
    if value != _fingerprint(_until(data, at, _ATTRIBUTE.size + 4)):
        raise BadPacket("STUN: fingerprint")


def _fingerprint(message: bytes) -> bytes:
    return (binascii.crc32(message) ^ _FINGERPRINT_XOR).to_bytes(4, "big")


def verify(message: Message, key: bytes) -> Verified:
    """Check the MAC (short-term credential: key is the password). Raises BadPacket, also when there is no
    MAC."""
    if not message.mac or not hmac.compare_digest(hmac.digest(key, message.signed, "sha1"), message.mac):
        raise BadPacket("STUN: not authentic")
    return Verified(message)


# --- out -----------------------------------------------------------------------------------------


def build(
    kind: Kind, transaction: bytes, attributes: Sequence[tuple[int, bytes]], key: bytes | None
) -> bytes:
    """A message with FINGERPRINT, and with MESSAGE-INTEGRITY if there is a key."""
    body = bytearray(_HEADER.size)
    for name, value in attributes:
        body += _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)
    _HEADER.pack_into(body, 0, kind, 0, COOKIE, transaction)
    if key is not None:
        mac = hmac.digest(key, _until(bytes(body), len(body), _ATTRIBUTE.size + _MAC_BYTES), "sha1")
        body += _ATTRIBUTE.pack(Attribute.MESSAGE_INTEGRITY, _MAC_BYTES) + mac
    done = _until(bytes(body), len(body), _ATTRIBUTE.size + 4)
    return done + _ATTRIBUTE.pack(Attribute.FINGERPRINT, 4) + _fingerprint(done)


def success(request: Verified, address: tuple[str, int], key: bytes) -> bytes:
    """The answer to a check: the address it came from."""
    transaction = request.message.transaction
    mapped = xor_address(address, transaction)
    return build(Kind.SUCCESS, transaction, [(Attribute.XOR_MAPPED_ADDRESS, mapped)], key)


def error(request: Verified, code: int, reason: str, key: bytes, unknown: Sequence[int] = ()) -> bytes:
    """An error answer; `unknown` are the attributes of a 420."""
    value = struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode("ascii")
    attributes: list[tuple[int, bytes]] = [(Attribute.ERROR_CODE, value)]
    if unknown:
        attributes.append((Attribute.UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(unknown)}H", *unknown)))
    return build(Kind.ERROR, request.message.transaction, attributes, key)


def xor_address(address: tuple[str, int], transaction: bytes) -> bytes:
    """Value of XOR-MAPPED-ADDRESS. Source: RFC 8489 section 14.2. Raises ValueError: no IP."""
    ip = ipaddress.ip_address(address[0].partition("%")[0]).packed
    mask = COOKIE + transaction
    port = address[1] ^ int.from_bytes(COOKIE[:2], "big")
    masked = bytes(a ^ b for a, b in zip(ip, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if len(ip) == 4 else 2, port) + masked


def unxor_address_untrusted(value: bytes, transaction: bytes) -> tuple[str, int]:
    """The inverse of xor_address. Raises BadPacket."""
    if len(value) < 4 or (value[1], len(value)) not in ((1, 8), (2, 20)):
        raise BadPacket("STUN: address")
    port = int.from_bytes(value[2:4], "big") ^ int.from_bytes(COOKIE[:2], "big")
    ip = bytes(a ^ b for a, b in zip(value[4:], COOKIE + transaction, strict=False))
    return str(ipaddress.ip_address(ip)), port
