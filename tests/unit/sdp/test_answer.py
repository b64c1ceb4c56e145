"""Our answer, read by another implementation's parser."""

from pathlib import Path

import pytest
from aiortc.sdp import MediaDescription, SessionDescription

from sfu.sdp import (
    Candidate,
    Fingerprint,
    LocalTransport,
    Offer,
    SlotStream,
    parse_offer_untrusted,
    write_answer,
)
from sfu.sdp.lines import ABS_SEND_TIME_URI, LEVEL_URI, MID_URI, RID_URI, RRID_URI, TWCC_URI
from tests.support.offer import OPUS, RED, RTX, VP8, our_offer

LOCAL = LocalTransport("ourufrag", "p" * 32, Fingerprint("sha-256", ":".join(["AB"] * 32)))
CANDIDATES = (
    Candidate("1", 2130706431, "udp", "192.0.2.7", 8444, loopback=False),
    Candidate("2", 1518280447, "tcp", "192.0.2.7", 8444, loopback=False),
    Candidate("3", 2130706175, "udp", "2001:db8::7", 8444, loopback=False),
)
CAPTURED = sorted((Path(__file__).parents[2] / "wire" / "data").glob("*.sdp"))


def _answer(offer: Offer) -> str:
    slots = [SlotStream(1000 + 2 * i, 1001 + 2 * i, "giaoban") for i in range(len(offer.receiving))]
    return write_answer(offer, LOCAL, slots, CANDIDATES)


def _media(text: str | None = None) -> list[MediaDescription]:
    return SessionDescription.parse(_answer(parse_offer_untrusted(text or our_offer()))).media


def _uris(media: MediaDescription) -> set[str]:
    return {extension.uri for extension in media.rtp.headerExtensions}


def _feedback(media: MediaDescription) -> set[str]:
    return {f"{x.type} {x.parameter or ''}".strip() for x in media.rtp.codecs[0].rtcpFeedback}


def test_each_line_is_answered_in_its_place() -> None:
    media = _media()
    assert [m.rtp.muxId for m in media] == [str(mid) for mid in range(20)]
    assert [m.direction for m in media] == ["recvonly"] * 3 + ["sendonly"] * 17
    assert {m.kind: m.fmt for m in media} == {"audio": [OPUS], "video": [VP8, RTX]}


def test_we_are_ice_lite_and_passive_and_send_our_fingerprint() -> None:
    media = _media()
    assert all(m.ice is not None and m.ice.iceLite and m.ice.usernameFragment == "ourufrag" for m in media)
    assert all(m.dtls is not None and m.dtls.role == "server" for m in media)
    assert all(m.dtls and m.dtls.fingerprints[0].value == LOCAL.fingerprint.value for m in media)
    assert all(m.rtcp_mux for m in media)


def test_every_address_is_a_candidate_of_every_line() -> None:
    first, *others = _media()
    assert [(c.protocol, c.ip, c.port, c.tcpType) for c in first.ice_candidates] == [
        ("udp", "192.0.2.7", 8444, None),
        ("tcp", "192.0.2.7", 8444, "passive"),
        ("udp", "2001:db8::7", 8444, None),
    ]
    assert first.ice_candidates_complete
    assert all(other.ice_candidates == first.ice_candidates for other in others)


def test_incoming_lines_are_named_by_extensions_and_repaired() -> None:
    microphone, camera, *_ = _media()
    assert _uris(microphone) == {MID_URI, RID_URI, RRID_URI, LEVEL_URI, TWCC_URI}
    assert _uris(camera) == {MID_URI, RID_URI, RRID_URI, TWCC_URI}
    assert _feedback(microphone) == {"transport-cc"}
    assert _feedback(camera) == {"nack", "nack pli", "transport-cc"}
    assert microphone.rtp.codecs[0].parameters["useinbandfec"] == 1
    assert microphone.rtp.codecs[0].parameters["usedtx"] == "1"


def test_outgoing_lines_are_named_by_ssrcs() -> None:
    *_, tile = _media()
    assert [x.ssrc for x in tile.ssrc] == [1032, 1033]
    assert [(x.semantic, x.items) for x in tile.ssrc_group] == [("FID", [1032, 1033])]
    assert _uris(tile) == {TWCC_URI}
    assert ABS_SEND_TIME_URI not in _uris(tile)


def test_the_first_voice_is_in_the_stages_stream_and_any_other_slot_in_its_own() -> None:
    first, second, third, stage, *others = [(slot.msid or "").split()[0] for slot in _media()[3:]]
    assert first == stage
    assert len({stage, second, third, *others}) == 3 + len(others)


def test_each_slot_is_a_track_of_its_own() -> None:
    slots = _media()[3:]
    assert len({(slot.msid or "").split()[1] for slot in slots}) == len(slots)


def test_layers_are_received_as_offered() -> None:
    text = _answer(parse_offer_untrusted(our_offer(rids=("q", "h", "f"))))
    assert "a=simulcast:recv q;h;f\r\n" in text
    assert [line for line in text.splitlines() if line.startswith("a=rid:")] == [
        "a=rid:q recv",
        "a=rid:h recv",
        "a=rid:f recv",
    ]
    assert "simulcast" not in _answer(parse_offer_untrusted(our_offer(rids=())))


def test_nothing_is_accepted_that_was_not_offered() -> None:
    bare = "".join(
        line + "\r\n"
        for line in our_offer().splitlines()
        if not line.startswith(("a=rtcp-fb", "a=extmap:5", f"a=rtpmap:{RTX}", f"a=fmtp:{RTX}"))
    )
    for media in _media(bare.replace(f"{VP8} {RTX}", f"{VP8}")):
        assert TWCC_URI not in _uris(media)
        assert not _feedback(media)
        assert len(media.fmt) == 1
        assert len(media.ssrc) == (1 if media.direction == "sendonly" else 0)


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: path.name)
def test_the_answer_to_a_browser_uses_its_numbers(path: Path) -> None:
    offer = parse_offer_untrusted(path.read_text())
    for asked, answered in zip(offer.lines, _media(path.read_text()), strict=True):
        assert answered.rtp.muxId == asked.mid
        assert answered.fmt[0] == asked.pt
        ids = {extension.id for extension in answered.rtp.headerExtensions}
        offered = asked.extensions
        assert ids <= {offered.mid, offered.rid, offered.rrid, offered.level, offered.twcc}


def test_only_an_answer_with_every_line_can_be_written() -> None:
    offer = parse_offer_untrusted(our_offer())
    with pytest.raises(ValueError, match="argument"):
        write_answer(offer, LOCAL, [], CANDIDATES)


def test_a_voice_stays_first_and_redundancy_is_taken_both_ways() -> None:
    voices = [m for m in _media(our_offer(red=True)) if m.kind == "audio"]
    assert {m.direction for m in voices} == {"recvonly", "sendonly"}
    for media in voices:
        assert media.fmt == [OPUS, RED]
        assert [codec.mimeType for codec in media.rtp.codecs] == ["audio/opus", "audio/red"]
        assert list(media.rtp.codecs[1].parameters) == [f"{OPUS}/{OPUS}"]
