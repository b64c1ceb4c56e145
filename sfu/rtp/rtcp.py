"""RTCP as values: what browsers send us, and what we send them.

Only plain, authenticated compound packets come here; their content is still untrusted. Everything that can be
long is bounded, and what we do not use (SDES, APP, XR) is skipped. Source: RFC 3550 section 6, RFC 4585
section 6, RFC 5104 section 4.3.1; reduced size (RFC 5506) allowed.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfu.errors import BadPacket
from sfu.rtp.twcc import TwccFeedback, parse_feedback_untrusted

MAX_COMPOUND_BYTES = 2048
"""No path carries a larger datagram to us; a longer one (over TCP) is not from a browser."""
MAX_BLOCKS = 31
MAX_PARTS = 32
"""In a compound packet. Browsers send up to ten."""
MAX_NACKED = 512
"""Numbers read from one request: more are not sent again at a time. 17 are declared by four bytes."""

_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_FMT_NACK, _FMT_TWCC = 1, 15
_FMT_PLI, _FMT_FIR, _FMT_APP = 1, 4, 15
_SENDER_INFO = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_SSRCS = struct.Struct("!II")
_NACK_ITEM = struct.Struct("!HH")
_NACK_ITEMS_A_PACKET = 250


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How the sender of the report receives `ssrc` (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    """0..255, since the last report."""
    cumulative_lost: int
    """Signed, 24 bits."""
    highest_seq: int
    """Extended, 32 bits."""
    jitter: int
    lsr: int
    """Middle 32 bits of the last sender report's NTP instant, 0 before the first."""
    dlsr: int
    """Delay since then, 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    """64 bits: seconds since 1900 and fraction."""
    rtp_timestamp: int
    packets: int
    sent_bytes: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    sender_ssrc: int
    media_ssrc: int
    seqs: tuple[int, ...]
    """16-bit numbers in the order they were asked for, MAX_NACKED or a few more."""


@dataclass(frozen=True, slots=True)
class Pli:
    sender_ssrc: int
    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Fir:
    sender_ssrc: int
    media_ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    sender_ssrc: int
    bitrate_bps: int
    media_ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


Part = SenderReport | ReceiverReport | Nack | Pli | Fir | Remb | Bye | TwccFeedback


# --- in ------------------------------------------------------------------------------------------


def parse_untrusted(compound: bytes) -> tuple[Part, ...]:
    """The parts of one compound packet that we understand. Raises BadPacket. Of transport-wide feedback, the
    last counts: it is the newest, and honest senders need one."""
    if not 4 <= len(compound) <= MAX_COMPOUND_BYTES:
        raise BadPacket("RTCP: size")
    parts: list[Part] = []
    feedback: bytes | None = None
    at = seen = 0
    while at < len(compound):
        seen += 1
        if seen > MAX_PARTS:
            raise BadPacket("RTCP: parts")
        if at + 4 > len(compound) or compound[at] >> 6 != 2:
            raise BadPacket("RTCP: header")
        end = at + 4 + 4 * (compound[at + 2] << 8 | compound[at + 3])
        if end > len(compound):
            raise BadPacket("RTCP: length")
        body = compound[at + 4 : end]
        if compound[at] & 0x20:
            body = _unpadded_untrusted(body, last=end == len(compound))
        if compound[at + 1] == _RTPFB and compound[at] & 0x1F == _FMT_TWCC:
            feedback = body
        elif (parse := _PARSERS.get(compound[at + 1])) is not None:
            part = parse(compound[at] & 0x1F, body)
            if part is not None:
                parts.append(part)
        at = end
    if feedback is not None:
        parts.append(_twcc_untrusted(feedback))
    return tuple(parts)


def _unpadded_untrusted(body: bytes, *, last: bool) -> bytes:
    if not last or not body or not 0 < body[-1] <= len(body):
        raise BadPacket("RTCP: padding")
    return body[: -body[-1]]


def _blocks_untrusted(count: int, body: bytes, at: int) -> tuple[ReportBlock, ...]:
    if at + count * _BLOCK.size > len(body):
        raise BadPacket("RTCP: report blocks")
    blocks: list[ReportBlock] = []
    for offset in range(at, at + count * _BLOCK.size, _BLOCK.size):
        ssrc, lost, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, offset)
        cumulative = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
        blocks.append(ReportBlock(ssrc, lost >> 24, cumulative, highest, jitter, lsr, dlsr))
    return tuple(blocks)


def _sender_report_untrusted(count: int, body: bytes) -> Part:
    if len(body) < _SENDER_INFO.size:
        raise BadPacket("RTCP: sender report")
    ssrc, ntp, rtp_timestamp, packets, sent_bytes = _SENDER_INFO.unpack_from(body)
    blocks = _blocks_untrusted(count, body, _SENDER_INFO.size)
    return SenderReport(ssrc, ntp, rtp_timestamp, packets, sent_bytes, blocks)


def _receiver_report_untrusted(count: int, body: bytes) -> Part:
    if len(body) < 4:
        raise BadPacket("RTCP: receiver report")
    return ReceiverReport(int.from_bytes(body[:4], "big"), _blocks_untrusted(count, body, 4))


def _bye_untrusted(count: int, body: bytes) -> Part:
    if len(body) < 4 * count:
        raise BadPacket("RTCP: bye")
    return Bye(struct.unpack_from(f"!{count}I", body))


def _transport_feedback_untrusted(fmt: int, body: bytes) -> Part | None:
    if len(body) < _SSRCS.size:
        raise BadPacket("RTCP: feedback")
    sender, media = _SSRCS.unpack_from(body)
    if fmt == _FMT_NACK:
        return Nack(sender, media, _nacked_untrusted(body[_SSRCS.size :]))
    return None


def _twcc_untrusted(body: bytes) -> TwccFeedback:
    if len(body) < _SSRCS.size:
        raise BadPacket("RTCP: feedback")
    sender, media = _SSRCS.unpack_from(body)
    return parse_feedback_untrusted(sender, media, body[_SSRCS.size :])


def _nacked_untrusted(items: bytes) -> tuple[int, ...]:
    if len(items) % _NACK_ITEM.size:
        raise BadPacket("RTCP: nack")
    seqs: list[int] = []
    for first, following in _NACK_ITEM.iter_unpack(items):
        if len(seqs) >= MAX_NACKED:
            break
        seqs.append(first)
        seqs += [(first + bit + 1) & 0xFFFF for bit in range(16) if following >> bit & 1]
    return tuple(seqs)


def _payload_feedback_untrusted(fmt: int, body: bytes) -> Part | None:
    if len(body) < _SSRCS.size:
        raise BadPacket("RTCP: feedback")
    sender, media = _SSRCS.unpack_from(body)
    items = body[_SSRCS.size :]
    if fmt == _FMT_PLI:
        return Pli(sender, media)
    if fmt == _FMT_FIR:
        if len(items) % 8:
            raise BadPacket("RTCP: fir")
        return Fir(sender, tuple(ssrc for ssrc, _ in struct.iter_unpack("!II", items)))
    if fmt == _FMT_APP and items[:4] == b"REMB":
        return _remb_untrusted(sender, items)
    return None


def _remb_untrusted(sender: int, items: bytes) -> Remb:
    """Source: draft-alvestrand-rmcat-remb-03 section 2.2."""
    if len(items) < 8 or len(items) < 8 + 4 * items[4]:
        raise BadPacket("RTCP: remb")
    exponent = items[5] >> 2
    mantissa = (items[5] & 3) << 16 | items[6] << 8 | items[7]
    return Remb(sender, mantissa << exponent, struct.unpack_from(f"!{items[4]}I", items, 8))


_PARSERS: dict[int, Callable[[int, bytes], Part | None]] = {
    _SR: _sender_report_untrusted,
    _RR: _receiver_report_untrusted,
    _BYE: _bye_untrusted,
    _RTPFB: _transport_feedback_untrusted,
    _PSFB: _payload_feedback_untrusted,
}


# --- out -----------------------------------------------------------------------------------------


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _block_bytes(block: ReportBlock) -> bytes:
    lost = block.fraction_lost << 24 | (block.cumulative_lost & 0xFFFFFF)
    return _BLOCK.pack(block.ssrc, lost, block.highest_seq, block.jitter, block.lsr, block.dlsr)


def sender_report(
    ssrc: int, ntp: int, rtp_timestamp: int, packets: int, sent_bytes: int, blocks: Sequence[ReportBlock] = ()
) -> bytes:
    """One sender report. Shapes: 32-bit numbers; at most MAX_BLOCKS blocks."""
    info = _SENDER_INFO.pack(ssrc, ntp, rtp_timestamp, packets, sent_bytes)
    return _packet(len(blocks), _SR, info + b"".join(map(_block_bytes, blocks)))


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """Receiver reports with all the blocks, in as many packets as they need; without blocks one empty
    report."""
    packets: list[bytes] = []
    for at in range(0, len(blocks) or 1, MAX_BLOCKS):
        some = blocks[at : at + MAX_BLOCKS]
        body = ssrc.to_bytes(4, "big") + b"".join(map(_block_bytes, some))
        packets.append(_packet(len(some), _RR, body))
    return b"".join(packets)


def sdes_cname(ssrc: int, cname: str) -> bytes:
    """A source description with one CNAME. Shapes: cname in ASCII, at most 255 characters."""
    text = cname.encode("ascii")
    body = ssrc.to_bytes(4, "big") + bytes((1, len(text))) + text
    return _packet(1, _SDES, body + bytes(4 - len(body) % 4))


def pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Picture loss indication: please send a keyframe."""
    return _packet(_FMT_PLI, _PSFB, _SSRCS.pack(sender_ssrc, media_ssrc))


def nack(sender_ssrc: int, media_ssrc: int, seqs: Sequence[int]) -> bytes:
    """Ask for packets again: one or more NACK packets. Shapes: seqs may be unwrapped, any order."""
    items: list[list[int]] = []
    for seq in sorted(set(seqs)):
        if items and 0 < seq - items[-1][0] <= 16:
            items[-1][1] |= 1 << (seq - items[-1][0] - 1)
        else:
            items.append([seq, 0])
    packets: list[bytes] = []
    for at in range(0, len(items), _NACK_ITEMS_A_PACKET):
        some = items[at : at + _NACK_ITEMS_A_PACKET]
        body = b"".join(_NACK_ITEM.pack(first & 0xFFFF, following) for first, following in some)
        packets.append(_packet(_FMT_NACK, _RTPFB, _SSRCS.pack(sender_ssrc, media_ssrc) + body))
    return b"".join(packets)
