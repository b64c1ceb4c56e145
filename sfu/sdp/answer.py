"""Our answer to an Offer: ICE-lite, passive DTLS, line by line, and nothing that was not offered.

Source: RFC 9429 section 5.3, RFC 8839 (ICE), RFC 8853 (simulcast), RFC 5576 (SSRCs of our slots).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sfu import SlotKind, Source
from sfu.sdp import lines as uris
from sfu.sdp.lines import Extensions, Format, ReceiveLine, SendLine
from sfu.sdp.offer import Offer
from sfu.sdp.parameters import Candidate, LocalTransport

_VIDEO_FEEDBACK = ("nack", "nack pli", "transport-cc")
_AUDIO_FEEDBACK = ("transport-cc",)
_OPUS = "minptime=10;useinbandfec=1;usedtx=1"
"""Loss is repaired in-band; silence is not sent."""
_NOWHERE = "IN IP4 0.0.0.0"


@dataclass(frozen=True, slots=True)
class SlotStream:
    """What we send on one receiving line of the client."""

    ssrc: int
    rtx_ssrc: int
    cname: str


def write_answer(
    offer: Offer, local: LocalTransport, slots: Sequence[SlotStream], candidates: Sequence[Candidate]
) -> str:
    """The answer as text. Shapes: one SlotStream for each of offer.receiving, in order.

    The candidates are on every line: browsers read those of the first, which speaks for the BUNDLE, but
    aiortc (1.16.0) those of the last. Errors: cannot fail.
    """
    head = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(offer.mids)}",
        "a=msid-semantic:WMS *",
    ]
    sections = [_recvonly(line) for line in offer.sending]
    names = _streams(offer.receiving)
    sections += [
        _sendonly(line, stream, name)
        for line, stream, name in zip(offer.receiving, slots, names, strict=True)
    ]
    text: list[str] = head
    for media, attributes in sections:
        text += [media, f"c={_NOWHERE}", *_transport(local, candidates), *attributes]
    return "\r\n".join(text) + "\r\n"


def _transport(local: LocalTransport, candidates: Sequence[Candidate]) -> list[str]:
    return [
        f"a=rtcp:9 {_NOWHERE}",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.pwd}",
        f"a=fingerprint:{local.fingerprint.algorithm} {local.fingerprint.value}",
        "a=setup:passive",
        *map(_candidate, candidates),
        *(["a=end-of-candidates"] if candidates else []),
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]


def _candidate(candidate: Candidate) -> str:
    line = (
        f"a=candidate:{candidate.foundation} 1 {candidate.protocol} {candidate.priority}"
        f" {candidate.address} {candidate.port} typ host"
    )
    return f"{line} tcptype passive" if candidate.protocol == "tcp" else line


def _recvonly(line: SendLine) -> tuple[str, list[str]]:
    """A line on which the client sends."""
    audio = line.source is Source.MICROPHONE
    ids = line.extensions
    accepted = Extensions(mid=ids.mid, rid=ids.rid, rrid=ids.rrid, level=ids.level, twcc=ids.twcc)
    attributes = [f"a=mid:{line.mid}", "a=recvonly", *_extmaps(accepted), *_codec(line.format, audio=audio)]
    attributes += [f"a=rid:{rid} recv" for rid in line.rids]
    if line.rids:
        attributes.append(f"a=simulcast:recv {';'.join(line.rids)}")
    return _media(line.format, audio=audio), attributes


def _streams(lines: Sequence[ReceiveLine]) -> list[str]:
    """The media stream of each line, whose sound and picture browsers play in step.

    The stage and the first voice are one, and sfu/plane/assignment.py sees to it that they are one person's.
    Any other line is by itself: nobody's picture may wait for another person's voice.
    """
    voices = [line.mid for line in lines if line.kind is SlotKind.AUDIO]
    in_step = {line.mid for line in lines if line.kind is SlotKind.STAGE} | set(voices[:1])
    return ["stage" if line.mid in in_step else f"slot-{line.mid}" for line in lines]


def _sendonly(line: ReceiveLine, stream: SlotStream, name: str) -> tuple[str, list[str]]:
    """A line on which we send. Its SSRCs are named, so it needs no mid extension."""
    audio = line.kind is SlotKind.AUDIO
    ids = line.extensions
    accepted = Extensions(level=ids.level if audio else 0, twcc=ids.twcc)
    attributes = [f"a=mid:{line.mid}", "a=sendonly", *_extmaps(accepted), *_codec(line.format, audio=audio)]
    attributes.append(f"a=msid:{name} track-{line.mid}")
    ssrcs = [stream.ssrc]
    if line.rtx_pt:
        ssrcs.append(stream.rtx_ssrc)
        attributes.append(f"a=ssrc-group:FID {stream.ssrc} {stream.rtx_ssrc}")
    attributes += [f"a=ssrc:{ssrc} cname:{stream.cname}" for ssrc in ssrcs]
    return _media(line.format, audio=audio), attributes


def _media(codec: Format, *, audio: bool) -> str:
    pts = " ".join(str(pt) for pt in (codec.pt, codec.rtx_pt, codec.red_pt) if pt)
    return f"m={'audio' if audio else 'video'} 9 UDP/TLS/RTP/SAVPF {pts}"


def _extmaps(ids: Extensions) -> list[str]:
    by_uri = (
        (ids.mid, uris.MID_URI),
        (ids.rid, uris.RID_URI),
        (ids.rrid, uris.RRID_URI),
        (ids.level, uris.LEVEL_URI),
        (ids.twcc, uris.TWCC_URI),
    )
    return [f"a=extmap:{ident} {uri}" for ident, uri in by_uri if ident]


def _codec(codec: Format, *, audio: bool) -> list[str]:
    written = [f"a=rtpmap:{codec.pt} opus/48000/2" if audio else f"a=rtpmap:{codec.pt} VP8/90000"]
    if audio:
        written.append(f"a=fmtp:{codec.pt} {_OPUS}")
    wanted = _AUDIO_FEEDBACK if audio else _VIDEO_FEEDBACK
    written += [f"a=rtcp-fb:{codec.pt} {feedback}" for feedback in wanted if feedback in codec.feedback]
    if codec.red_pt:
        written += [
            f"a=rtpmap:{codec.red_pt} red/48000/2",
            f"a=fmtp:{codec.red_pt} {codec.pt}/{codec.pt}",
        ]
    if codec.rtx_pt:
        written += [f"a=rtpmap:{codec.rtx_pt} rtx/90000", f"a=fmtp:{codec.rtx_pt} apt={codec.pt}"]
    return written
