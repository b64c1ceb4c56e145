"""Offers: ours from four kinds of client, and others that are refused."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import SlotKind, Source
from sfu.errors import BadOffer, OfferFault
from sfu.sdp import Offer, parse_offer_untrusted
from sfu.sdp.offer import MAX_CHARACTERS
from tests.support.offer import OPUS, RED, our_offer

CAPTURED = sorted((Path(__file__).parents[2] / "wire" / "data").glob("*.sdp"))
OURS = our_offer()
LINES = OURS.splitlines()


def _captured(name: str) -> Offer:
    return parse_offer_untrusted(next(path for path in CAPTURED if path.name == name).read_text())


def _without(pattern: str, text: str = OURS) -> str:
    return "\r\n".join(line for line in text.splitlines() if not re.match(pattern, line)) + "\r\n"


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: path.name)
def test_the_offers_of_browsers_are_accepted(path: Path) -> None:
    offer = parse_offer_untrusted(path.read_text())
    assert [line.source for line in offer.sending] == [Source.MICROPHONE, Source.CAMERA, Source.SCREEN]
    kinds = [SlotKind.AUDIO] * 3 + [SlotKind.STAGE, SlotKind.SCREEN] + [SlotKind.TILE] * 12
    assert [line.kind for line in offer.receiving] == kinds
    assert offer.mids == tuple(str(mid) for mid in range(20))
    simulcast = "single" not in path.name
    assert [line.rids for line in offer.sending] == [(), ("q", "h", "f") if simulcast else (), ()]
    assert all(line.extensions.mid and line.extensions.twcc for line in offer.sending)
    assert [bool(line.rtx_pt) for line in offer.lines] == [False, True, True] + [False] * 3 + [True] * 14
    assert offer.extensions.mid
    assert bool(offer.extensions.rrid) or not simulcast
    assert offer.sending[0].extensions.level
    assert len(offer.remote.fingerprints) == 1


def test_chromium_uses_its_own_numbers() -> None:
    camera = _captured("chromium.preferred.sdp").sending[1]
    assert (camera.pt, camera.rtx_pt) == (96, 97)
    assert camera.format.feedback >= {"nack", "nack pli", "transport-cc", "ccm fir"}


def test_firefox_has_its_fingerprint_before_the_lines() -> None:
    offer = _captured("firefox.preferred.sdp")
    assert offer.remote.fingerprints[0].algorithm == "sha-256"
    assert (offer.sending[1].pt, offer.sending[1].rtx_pt) == (120, 124)


@pytest.mark.parametrize("tiles", [1, 12, 16])
def test_the_number_of_tiles_may_differ(tiles: int) -> None:
    offer = parse_offer_untrusted(our_offer(tiles=tiles))
    assert [line.kind for line in offer.receiving].count(SlotKind.TILE) == tiles


@pytest.mark.parametrize("rids", [(), ("f",), ("q", "h"), ("low", "mid", "high")])
def test_a_camera_has_up_to_three_layers(rids: tuple[str, ...]) -> None:
    assert parse_offer_untrusted(our_offer(rids=rids)).sending[1].rids == rids


def test_a_layer_that_is_paused_at_first_is_a_layer() -> None:
    text = OURS.replace("send q;h;f", "send q;~h;~f")
    assert parse_offer_untrusted(text).sending[1].rids == ("q", "h", "f")


def test_a_rid_without_simulcast_is_a_single_layer() -> None:
    assert parse_offer_untrusted(_without("a=simulcast")).sending[1].rids == ()


def test_lines_in_the_bundle_may_leave_out_what_the_first_has_said() -> None:
    head, first, *others = re.split(r"(?=m=)", OURS)
    bare = [_without("a=(ice-ufrag|ice-pwd|fingerprint|setup|rtcp-mux)", other) for other in others]
    assert parse_offer_untrusted(head + first + "".join(bare)) == parse_offer_untrusted(OURS)


def test_stronger_fingerprints_are_accepted_and_unknown_ones_ignored() -> None:
    weak = "a=fingerprint:sha-1 " + ":".join(["AB"] * 20)
    strong = "a=fingerprint:sha-512 " + ":".join(["ab"] * 64)
    offer = parse_offer_untrusted(OURS.replace("a=setup", f"{weak}\r\n{strong}\r\na=setup"))
    assert [x.algorithm for x in offer.remote.fingerprints] == ["sha-256", "sha-512"]
    assert offer.remote.fingerprints[1].value == ":".join(["AB"] * 64)


def test_an_extension_id_that_needs_two_byte_headers_counts_as_not_offered() -> None:
    text = OURS.replace("a=extmap:5 ", "a=extmap:15 ")
    assert parse_offer_untrusted(text).extensions.twcc == 0


def _swapped() -> str:
    head, microphone, camera, *others = re.split(r"(?=m=)", OURS)
    return head + camera + microphone + "".join(others)


NOT_OURS = {
    "nonsense": ("hello", OfferFault.LINES),
    "nothing": ("", OfferFault.LINES),
    "a broken m-line": (OURS.replace("m=audio 9", "m=audio nine", 1), OfferFault.NOT_SDP),
    "an absurd payload type": (OURS.replace("SAVPF 96 97", "SAVPF 96 999"), OfferFault.NOT_SDP),
    "a setup nobody knows": (OURS.replace("setup:actpass", "setup:holdconn"), OfferFault.NOT_SDP),
    "too long": (OURS + "a=x\r\n" * (MAX_CHARACTERS // 4), OfferFault.TOO_LARGE),
    "a thousand codecs": (OURS + "a=rtpmap:96 VP8/90000\r\n" * 1000, OfferFault.TOO_LARGE),
    "a hundred lines": (OURS + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 100, OfferFault.LINES),
    "a data channel": (OURS + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", OfferFault.BUNDLE),
    "no tiles": (our_offer(tiles=0), OfferFault.LINES),
    "too many tiles": (our_offer(tiles=17), OfferFault.LINES),
    "camera before microphone": (_swapped(), OfferFault.BUNDLE),
    "no bundle": (_without("a=group"), OfferFault.BUNDLE),
    "not all in the bundle": (OURS.replace(" 18 19\r\n", " 18\r\n", 1), OfferFault.BUNDLE),
    "one mid twice": (OURS.replace("a=mid:1\r\n", "a=mid:0\r\n"), OfferFault.BUNDLE),
    "a mid that would break a line": (OURS.replace("a=mid:0", "a=mid:0 x"), OfferFault.BUNDLE),
    "no mids": (_without("a=mid"), OfferFault.BUNDLE),
    "no rtcp-mux": (_without("a=rtcp-mux"), OfferFault.BUNDLE),
    "no ice": (_without("a=ice-ufrag"), OfferFault.ICE),
    "a short password": (OURS.replace("x" * 24, "x" * 21), OfferFault.ICE),
    "no fingerprint": (_without("a=fingerprint"), OfferFault.DTLS),
    "a weak fingerprint": (OURS.replace("sha-256", "sha-1"), OfferFault.DTLS),
    "a cut fingerprint": (OURS.replace("CD:CD:CD", "CD:CD"), OfferFault.DTLS),
    "no setup": (_without("a=setup"), OfferFault.DTLS),
    "a passive client": (OURS.replace("actpass", "passive"), OfferFault.DTLS),
    "plain RTP": (OURS.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), OfferFault.LINES),
    "a microphone that listens": (OURS.replace("a=sendonly", "a=recvonly", 1), OfferFault.LINES),
    "a slot that sends": (OURS.replace("a=recvonly", "a=sendrecv"), OfferFault.LINES),
    "no opus": (OURS.replace("opus/48000/2", "PCMU/8000"), OfferFault.CODEC),
    "mono opus": (OURS.replace("opus/48000/2", "opus/48000"), OfferFault.CODEC),
    "no VP8": (OURS.replace("VP8/90000", "H264/90000"), OfferFault.CODEC),
    "VP8 that is not on the m-line": (OURS.replace("SAVPF 96 97", "SAVPF 97"), OfferFault.CODEC),
    "a microphone with layers": (
        OURS.replace("a=mid:0\r\n", "a=mid:0\r\na=rid:q send\r\na=simulcast:send q\r\n"),
        OfferFault.SIMULCAST,
    ),
    "four layers": (our_offer(rids=("a", "b", "c", "d")), OfferFault.SIMULCAST),
    "one layer twice": (our_offer(rids=("a", "a")), OfferFault.SIMULCAST),
    "a layer that is not declared": (_without("a=rid:h"), OfferFault.SIMULCAST),
    "a rid that would break a line": (our_offer(rids=("a b",)), OfferFault.SIMULCAST),
    "no mid extension": (_without("a=extmap:1 "), OfferFault.EXTENSION),
    "one id for two extensions": (OURS.replace("a=extmap:2 ", "a=extmap:1 "), OfferFault.EXTENSION),
    "one extension under two ids": (
        OURS.replace("a=mid:1\r\n", "a=mid:1\r\na=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"),
        OfferFault.EXTENSION,
    ),
    "ids that differ between lines": (OURS.replace("a=extmap:5 ", "a=extmap:9 ", 1), OfferFault.EXTENSION),
}


@pytest.mark.parametrize("case", NOT_OURS)
def test_an_offer_that_is_not_ours_is_refused_by_name(case: str) -> None:
    text, fault = NOT_OURS[case]
    with pytest.raises(BadOffer) as refused:
        parse_offer_untrusted(text)
    assert refused.value.fault is fault, refused.value.detail


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadOffer):
        parse_offer_untrusted(text)


CUT = st.integers(0, len(LINES) - 1)
WORDS = st.sampled_from(
    (
        *(
            "a=rtpmap:",
            "a=fmtp:96 apt",
            "a=extmap:",
            "a=rid:",
            "a=simulcast:send",
            "a=group:",
            "m=audio",
            "v=",
        ),
        *("m=video 9 ", "a=fingerprint:sha-256", "a=setup:", "a=mid:", "a=rtcp-fb:", "a=ice-pwd"),
        *("a=rtpmap:96 opus", "a=fmtp:7 x", "a=rtpmap:96 VP8/", "a=extmap:99999999999999999999 x"),
    )
)


@given(CUT, st.one_of(WORDS, st.tuples(WORDS, st.text(max_size=12)).map("".join), st.text(max_size=20)))
def test_an_offer_with_a_damaged_line_is_read_or_refused(at: int, line: str) -> None:
    _read_or_refuse([*LINES[:at], line, *LINES[at + 1 :]])


@given(CUT, st.integers(0, 60), st.characters())
def test_an_offer_with_a_damaged_character_is_read_or_refused(at: int, place: int, char: str) -> None:
    damaged = LINES[at][:place] + char + LINES[at][place + 1 :]
    _read_or_refuse([*LINES[:at], damaged, *LINES[at + 1 :]])


@given(CUT, CUT)
def test_an_offer_with_lines_missing_is_read_or_refused(start: int, end: int) -> None:
    _read_or_refuse(LINES[:start] + LINES[end:])


def _read_or_refuse(lines: list[str]) -> None:
    try:
        offer = parse_offer_untrusted("\r\n".join(lines) + "\r\n")
    except BadOffer:
        return
    for mid in offer.mids:
        assert re.fullmatch(r"[\w.-]+", mid, re.ASCII)
    for line in offer.lines:
        assert 0 < line.pt < 128
        assert 0 <= line.rtx_pt < 128


def test_a_voice_with_redundancy_is_known_by_its_payload_type() -> None:
    offer = parse_offer_untrusted(our_offer(red=True))
    assert {line.red_pt for line in offer.lines if not line.rtx_pt} == {RED}
    assert {line.red_pt for line in offer.lines if line.rtx_pt} == {0}
    assert all(line.red_pt == 0 for line in parse_offer_untrusted(OURS).lines)


@pytest.mark.parametrize("blocks", ["0/0", "111/96", "", "111/111;x=1", "/".join(["111"] * 3) + "/8"])
def test_redundancy_of_anything_except_the_voice_counts_as_not_offered(blocks: str) -> None:
    text = our_offer(red=True).replace(f"a=fmtp:{RED} {OPUS}/{OPUS}", f"a=fmtp:{RED} {blocks}")
    assert {line.red_pt for line in parse_offer_untrusted(text).lines} == {0}


def test_a_payload_type_that_looks_like_rtcp_is_not_used_for_redundancy() -> None:
    text = our_offer(red=True).replace(f"{OPUS} {RED}", f"{OPUS} 90")
    text = text.replace(f"rtpmap:{RED} red", "rtpmap:90 red").replace(f"fmtp:{RED} ", "fmtp:90 ")
    assert {line.red_pt for line in parse_offer_untrusted(text).lines} == {0}


def test_a_screen_may_come_in_layers() -> None:
    offer = parse_offer_untrusted(our_offer(screen_rids=("q", "f")))
    assert [line.rids for line in offer.sending] == [(), ("q", "h", "f"), ("q", "f")]
