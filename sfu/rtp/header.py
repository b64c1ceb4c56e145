"""The RTP header of a packet whose SSRC is not known yet.

The fast path reads headers itself; this view is for the slow path, where a new SSRC is matched to a line and
a layer by its header extensions (mid, rid, repaired-rid).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from sfu.errors import BadPacket

_FIXED = struct.Struct("!BBHII")
_PROFILE = struct.Struct("!HH")
ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000


@dataclass(frozen=True, slots=True)
class RtpHeader:
    """Source: RFC 3550 section 5.1, header extensions RFC 8285."""

    marker: bool
    pt: int
    seq: int
    timestamp: int
    ssrc: int
    extensions: Mapping[int, bytes]
    """By extension id. If an id occurs twice, the first counts."""
    payload_start: int
    payload_end: int
    """Without the padding."""

    def text(self, extension: int) -> str:
        """A mid or rid as text; empty when the extension is absent, not negotiated (0) or not ASCII."""
        value = self.extensions.get(extension, b"")
        return value.decode("ascii") if value.isascii() else ""


def parse_header_untrusted(packet: bytes) -> RtpHeader:
    """Read the header of one plain RTP packet. Raises BadPacket."""
    if len(packet) < _FIXED.size:
        raise BadPacket("RTP: short")
    first, second, seq, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != 2:
        raise BadPacket("RTP: version")
    start = _FIXED.size + 4 * (first & 0x0F)
    extensions: dict[int, bytes] = {}
    if first & 0x10:
        if start + _PROFILE.size > len(packet):
            raise BadPacket("RTP: extension header")
        profile, words = _PROFILE.unpack_from(packet, start)
        block_start = start + _PROFILE.size
        start = block_start + 4 * words
        if start > len(packet):
            raise BadPacket("RTP: extension length")
        extensions = _extensions_untrusted(profile, packet[block_start:start])
    if start > len(packet):
        raise BadPacket("RTP: CSRC list")
    end = len(packet) - _padding_untrusted(packet, start) if first & 0x20 else len(packet)
    return RtpHeader(bool(second & 0x80), second & 0x7F, seq, timestamp, ssrc, extensions, start, end)


def _padding_untrusted(packet: bytes, start: int) -> int:
    padding = packet[-1]
    if padding == 0 or padding > len(packet) - start:
        raise BadPacket("RTP: padding")
    return padding


def _extensions_untrusted(profile: int, block: bytes) -> dict[int, bytes]:
    """Both forms of RFC 8285; a profile that is neither is skipped."""
    if profile == ONE_BYTE_PROFILE:
        return _one_byte_untrusted(block)
    if profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _two_byte_untrusted(block)
    return {}


def _one_byte_untrusted(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        ident, length = block[at] >> 4, (block[at] & 0x0F) + 1
        if block[at] == 0:
            at += 1
            continue
        if ident == 15:
            break  # RFC 8285 section 4.2: stop at 15, keep what came before
        end = at + 1 + length
        if end > len(block):
            raise BadPacket("RTP: one-byte extension")
        found.setdefault(ident, block[at + 1 : end])
        at = end
    return found


def _two_byte_untrusted(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        if block[at] == 0:
            at += 1
            continue
        if at + 2 > len(block) or at + 2 + block[at + 1] > len(block):
            raise BadPacket("RTP: two-byte extension")
        end = at + 2 + block[at + 1]
        found.setdefault(block[at], block[at + 2 : end])
        at = end
    return found
