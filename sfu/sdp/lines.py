"""The m-lines of our client's offer, as values."""

from dataclasses import dataclass

from sfu import SlotKind, Source

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
RRID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TWCC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


@dataclass(frozen=True, slots=True)
class Extensions:
    """Header extension ids by purpose, 1..14; 0 when not offered."""

    mid: int = 0
    rid: int = 0
    rrid: int = 0
    level: int = 0
    twcc: int = 0
    abs_send_time: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """The codec of a line: Opus, or VP8 with its retransmissions."""

    pt: int
    rtx_pt: int
    """0 without RTX (always so for audio)."""
    feedback: frozenset[str]
    """RTCP feedback that the client can use for it, as in a=rtcp-fb: "nack", "nack pli", "transport-cc"..."""
    red_pt: int = 0
    """Of a voice with redundancy (RFC 2198); 0 without."""


@dataclass(frozen=True, slots=True)
class SendLine:
    """The client sends: one of our Producers."""

    mid: str
    source: Source
    format: Format
    extensions: Extensions
    rids: tuple[str, ...] = ()
    """Simulcast encodings in the order of a=simulcast; empty when there is only one."""

    @property
    def pt(self) -> int:
        return self.format.pt

    @property
    def rtx_pt(self) -> int:
        return self.format.rtx_pt

    @property
    def red_pt(self) -> int:
        return self.format.red_pt


@dataclass(frozen=True, slots=True)
class ReceiveLine:
    """The client receives: one of our Slots."""

    mid: str
    kind: SlotKind
    format: Format
    extensions: Extensions

    @property
    def pt(self) -> int:
        return self.format.pt

    @property
    def rtx_pt(self) -> int:
        return self.format.rtx_pt

    @property
    def red_pt(self) -> int:
        return self.format.red_pt
