"""Our own client's offer; no other is accepted.

The client offers once, with fixed m-lines: microphone, camera, screen (sending), then audio slots, stage,
screen and tile slots (receiving), all in one BUNDLE with rtcp-mux. Anything else is refused.

aiortc reads the lines that it knows. It is given only those that matter, because its parser is generous with
time and memory (it looks up codecs and SSRCs by linear search) and may raise anything. What it does not know
(rid, simulcast, feedback of one format) is read here. Source: RFC 8866, RFC 9429 section 5, RFC 8851 and 8853
for simulcast.
"""

import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from sfu import AUDIO_SLOTS, SlotKind, Source
from sfu.errors import BadOffer, OfferFault
from sfu.sdp import lines as uris
from sfu.sdp.lines import Extensions, Format, ReceiveLine, SendLine
from sfu.sdp.parameters import Fingerprint, RemoteTransport

MAX_CHARACTERS = 200_000
"""Chromium with all its codecs writes 90 kB for our 20 lines."""
MAX_LINES = 6000
"""Of text. Chromium writes 2,500; 200,000 characters may be as many lines, and the media worker waits for all
of them."""
MAX_TILES = 16
MAX_RIDS = 3
MAX_ATTRIBUTES = 128
"""Of one name in one section: a browser lists some 40 codecs."""

_SENDING = (Source.MICROPHONE, Source.CAMERA, Source.SCREEN)
_SLOTS_BEFORE_TILES = (*[SlotKind.AUDIO] * AUDIO_SLOTS, SlotKind.STAGE, SlotKind.SCREEN)
_BEFORE_TILES = len(_SENDING) + len(_SLOTS_BEFORE_TILES)
_FOR_AIORTC = frozenset(
    ("group", "ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid", "rtcp-mux", "extmap", "rtpmap", "fmtp")
) | {"sendonly", "recvonly", "sendrecv", "inactive"}
_FOR_US = frozenset(("rid", "simulcast", "rtcp-fb"))
_PURPOSES = {
    uris.MID_URI: "mid",
    uris.RID_URI: "rid",
    uris.RRID_URI: "rrid",
    uris.LEVEL_URI: "level",
    uris.TWCC_URI: "twcc",
    uris.ABS_SEND_TIME_URI: "abs_send_time",
}
_ONE_BYTE_IDS = range(1, 15)
_MID = re.compile(r"[A-Za-z0-9_.-]{1,16}", re.ASCII)
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_PWD = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_DIGEST = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    remote: RemoteTransport
    sending: tuple[SendLine, ...]
    receiving: tuple[ReceiveLine, ...]
    extensions: Extensions
    """Of all sending lines together: within one BUNDLE an id means the same everywhere."""

    @property
    def lines(self) -> tuple[SendLine | ReceiveLine, ...]:
        """In the order of the m-lines."""
        return (*self.sending, *self.receiving)

    @property
    def mids(self) -> tuple[str, ...]:
        return tuple(line.mid for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Section:
    """One m-line: what aiortc made of it, and what we read ourselves."""

    media: MediaDescription
    own: tuple[tuple[str, str], ...]
    """(attribute, value) of those in _FOR_US."""

    def values(self, name: str) -> Iterator[str]:
        return (value for attribute, value in self.own if attribute == name)


def parse_offer_untrusted(text: str) -> Offer:
    """Read an offer. Raises BadOffer."""
    session, sections = _sections_untrusted(text)
    tiles = len(sections) - _BEFORE_TILES
    if tiles < 1:
        raise BadOffer(OfferFault.LINES, f"{len(sections)} lines")
    kinds = (*_SLOTS_BEFORE_TILES, *[SlotKind.TILE] * tiles)
    _check_bundle(session, sections)
    sending = tuple(map(_send_line, sections, _SENDING))
    receiving = tuple(map(_receive_line, sections[len(_SENDING) :], kinds))
    return Offer(_remote(sections[0].media), sending, receiving, _merged(sending))


# --- text to lines -------------------------------------------------------------------------------


def _sections_untrusted(text: str) -> tuple[SessionDescription, list[_Section]]:
    if len(text) > MAX_CHARACTERS:
        raise BadOffer(OfferFault.TOO_LARGE, f"{len(text)} characters")
    kept, own = _sifted(text)
    try:
        session = SessionDescription.parse("\r\n".join(kept))
    except (
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        AssertionError,
        StopIteration,
        struct.error,
    ) as error:
        raise BadOffer(OfferFault.NOT_SDP, type(error).__name__) from None
    return session, [_Section(media, tuple(mine)) for media, mine in zip(session.media, own, strict=True)]


def _sifted(text: str) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """The lines for aiortc, and for each m-line those that we read."""
    kept: list[str] = []
    own: list[list[tuple[str, str]]] = []
    counted: Counter[str] = Counter()
    if text.count("\n") > MAX_LINES:
        raise BadOffer(OfferFault.TOO_LARGE, f"more than {MAX_LINES} lines of text")
    for line in text.splitlines():
        kind, value = line[:2], line[2:]
        if kind == "m=":
            own.append([])
            counted.clear()
            kept.append(line)
            if len(own) > _BEFORE_TILES + MAX_TILES:
                raise BadOffer(OfferFault.LINES, f"more than {MAX_TILES} tiles")
        elif kind == "v=":
            kept.append(line)
        if kind != "a=":
            continue
        name, _, value = value.partition(":")
        counted[name] += 1
        if name not in _FOR_AIORTC and name not in _FOR_US:
            continue
        if counted[name] > MAX_ATTRIBUTES * (2 if name == "rtcp-fb" else 1):
            raise BadOffer(OfferFault.TOO_LARGE, f"{name} lines")
        if name in _FOR_AIORTC:
            kept.append(line)
        elif own:
            own[-1].append((name, value))
    return kept, own


# --- the association -----------------------------------------------------------------------------


def _check_bundle(session: SessionDescription, sections: Sequence[_Section]) -> None:
    mids = [section.media.rtp.muxId for section in sections]
    if len(set(mids)) != len(mids) or not all(_MID.fullmatch(mid) for mid in mids):
        raise BadOffer(OfferFault.BUNDLE, "mids")
    bundles = [group.items for group in session.group if group.semantic == "BUNDLE"]
    if bundles != [mids]:
        raise BadOffer(OfferFault.BUNDLE, "not one group of all lines")
    # RFC 9429 section 5.2.1: bundle-only lines may leave it out.
    if not sections[0].media.rtcp_mux:
        raise BadOffer(OfferFault.BUNDLE, "rtcp-mux")


def _remote(media: MediaDescription) -> RemoteTransport:
    """From the first line, which speaks for the BUNDLE."""
    ice = media.ice
    ufrag, pwd = (ice.usernameFragment or "", ice.password or "") if ice else ("", "")
    if not _UFRAG.fullmatch(ufrag) or not _PWD.fullmatch(pwd):
        raise BadOffer(OfferFault.ICE, "credentials")
    # We are the DTLS server: the client says active, or leaves it to us.
    if media.dtls is None or media.dtls.role not in ("auto", "client"):
        raise BadOffer(OfferFault.DTLS, "setup")
    fingerprints = tuple(
        Fingerprint(fingerprint.algorithm.lower(), fingerprint.value.upper())
        for fingerprint in media.dtls.fingerprints
        if fingerprint.algorithm.lower() in _DIGEST_BYTES
    )
    if not fingerprints or len(fingerprints) > 8:
        raise BadOffer(OfferFault.DTLS, "fingerprint")
    for one in fingerprints:
        if not _DIGEST.fullmatch(one.value) or len(one.value) != 3 * _DIGEST_BYTES[one.algorithm] - 1:
            raise BadOffer(OfferFault.DTLS, "fingerprint")
    return RemoteTransport(ufrag, pwd, fingerprints)


# --- the lines -----------------------------------------------------------------------------------


def _send_line(section: _Section, source: Source) -> SendLine:
    kind = "audio" if source is Source.MICROPHONE else "video"
    _check_line(section.media, kind, "sendonly")
    rids = _rids(section)
    if rids and source is Source.MICROPHONE:
        raise BadOffer(OfferFault.SIMULCAST, f"on {source}")
    return SendLine(section.media.rtp.muxId, source, _format(section), _extensions(section.media), rids)


def _receive_line(section: _Section, slot: SlotKind) -> ReceiveLine:
    _check_line(section.media, "audio" if slot is SlotKind.AUDIO else "video", "recvonly")
    return ReceiveLine(section.media.rtp.muxId, slot, _format(section), _extensions(section.media))


def _check_line(media: MediaDescription, kind: str, direction: str) -> None:
    if media.kind != kind or media.profile != "UDP/TLS/RTP/SAVPF":
        raise BadOffer(OfferFault.LINES, f"{media.rtp.muxId}: no {kind} over DTLS-SRTP")
    if media.direction != direction:
        raise BadOffer(OfferFault.LINES, f"{media.rtp.muxId}: not {direction}")


def _format(section: _Section) -> Format:
    media = section.media
    name, clock_rate = ("opus", 48_000) if media.kind == "audio" else ("vp8", 90_000)
    listed = [codec for codec in media.rtp.codecs if codec.payloadType in media.fmt]
    codec = next((x for x in listed if x.name.lower() == name and x.clockRate == clock_rate), None)
    if codec is None or (media.kind == "audio" and codec.channels != 2):
        raise BadOffer(OfferFault.CODEC, f"{media.rtp.muxId}: no {name}")
    rtx = next((x for x in listed if _repairs(x, codec)), None)
    red = next((x for x in listed if _repeats(x, codec)), None)
    red_pt = (red.payloadType or 0) if red is not None else 0
    pt, rtx_pt = codec.payloadType or 0, (rtx.payloadType or 0) if rtx else 0
    # RFC 5761 section 4: with rtcp-mux 64..95 would look like RTCP. 0 is taken (RFC 3551).
    if not _is_usable(pt) or (rtx and (not _is_usable(rtx_pt) or rtx_pt == pt)):
        raise BadOffer(OfferFault.CODEC, f"{media.rtp.muxId}: payload type")
    if not _is_usable(red_pt) or red_pt == pt:
        red_pt = 0  # a voice works without it
    return Format(pt, rtx_pt, _feedback(section, pt), red_pt)


def _is_usable(pt: int) -> bool:
    return 0 < pt < 64 or 96 <= pt < 128


def _repairs(codec: RTCRtpCodecParameters, repaired: RTCRtpCodecParameters) -> bool:
    return codec.name.lower() == "rtx" and codec.parameters.get("apt") == repaired.payloadType


def _repeats(codec: RTCRtpCodecParameters, repeated: RTCRtpCodecParameters) -> bool:
    """RFC 2198 with only this codec in it: a=fmtp:63 111/111."""
    if codec.name.lower() != "red" or (codec.clockRate, codec.channels) != (48_000, 2):
        return False
    blocks = {block for text in codec.parameters for block in str(text).split("/")}
    return blocks == {str(repeated.payloadType)}


def _feedback(section: _Section, pt: int) -> frozenset[str]:
    found: set[str] = set()
    for value in section.values("rtcp-fb"):
        of, _, feedback = value.partition(" ")
        if of in ("*", str(pt)):
            found.add(feedback.strip())
    return frozenset(found)


def _extensions(media: MediaDescription) -> Extensions:
    """Ids above 14 would need two-byte headers, which we do not write: they count as not offered."""
    ids: dict[str, int] = {}
    for extension in media.rtp.headerExtensions:
        purpose = _PURPOSES.get(extension.uri)
        if purpose is None or extension.id not in _ONE_BYTE_IDS:
            continue
        if ids.setdefault(purpose, extension.id) != extension.id:
            raise BadOffer(OfferFault.EXTENSION, f"{media.rtp.muxId}: {purpose} twice")
    if len(set(ids.values())) != len(ids):
        raise BadOffer(OfferFault.EXTENSION, f"{media.rtp.muxId}: one id, two meanings")
    return Extensions(**ids)


def _merged(sending: Sequence[SendLine]) -> Extensions:
    merged: dict[str, int] = {}
    for line in sending:
        for purpose in fields(Extensions):
            ident = getattr(line.extensions, purpose.name)
            if ident and merged.setdefault(purpose.name, ident) != ident:
                raise BadOffer(OfferFault.EXTENSION, f"{purpose.name} differs between lines")
    if len(set(merged.values())) != len(merged):
        raise BadOffer(OfferFault.EXTENSION, "one id, two meanings")
    if not merged.get("mid"):
        raise BadOffer(OfferFault.EXTENSION, "no mid")
    return Extensions(**merged)


def _rids(section: _Section) -> tuple[str, ...]:
    """The encodings that a=simulcast sends, each declared by a=rid. A leading ~ means paused at first: it is
    still a layer."""
    declared = {words[0] for value in section.values("rid") if (words := value.split())[1:2] == ["send"]}
    lists = [
        words[1]
        for value in section.values("simulcast")
        if (words := value.split())[:1] == ["send"] and words[1:]
    ]
    if not lists:
        return ()
    rids = tuple(alternatives.split(",")[0].removeprefix("~") for alternatives in lists[0].split(";"))
    if len(lists) > 1 or len(rids) > MAX_RIDS or len(set(rids)) != len(rids):
        raise BadOffer(OfferFault.SIMULCAST, "layers")
    if not all(_RID.fullmatch(rid) and rid in declared for rid in rids):
        raise BadOffer(OfferFault.SIMULCAST, "rid")
    return rids
