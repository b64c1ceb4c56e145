"""What the generator of make bench-briefing sends and reads, in the eyes of the product's own parsers.

It runs uncompiled here, over two real sockets and real keys."""

import os
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from pylibsrtp import Policy, Session

from deploy.simulate.loops import voice_loop
from sfu import Source
from sfu.fastpath.kernel.native import rows_at, session_pointer, uncompiled
from sfu.rtp import rtcp, vp8
from sfu.rtp.header import RtpHeader, parse_header_untrusted
from sfu.rtp.twcc import TwccFeedback
from sfu.sdp import parse_offer_untrusted
from sfu.voice.decoder import Decoder
from sfu.voice.toc import duration_ms
from tests.bench.peers import PROFILE, outbound
from tests.briefing import receiving, reports, sending
from tests.briefing.lines import BROWSER, CAMERA, ssrcs_of, write_point, write_slots, write_streams
from tests.briefing.tables import (
    CONTEXT,
    HEAD,
    N_SAMPLES,
    PAUSE,
    PICTURE,
    SLOTS,
    SOUND,
    Voices,
    World,
)
from tests.briefing.voices import stampable

OFFER = parse_offer_untrusted(BROWSER.read_text())
ANSWER = "v=0\r\n" + "".join(
    f"m=line\r\na=ssrc:{1000 + 2 * number} cname:x\r\na=ssrc:{1001 + 2 * number} cname:x\r\n"
    for number in range(SLOTS)
)
STAGE = 3
"""The first slot with a picture."""
NOW_US = 1_800_000_000_000_000
send_due = uncompiled(sending.send_due)
send_again = uncompiled(sending.send_again)
take = uncompiled(receiving.take)
ask_missing = uncompiled(reports.ask_missing)


def both_ways(key: bytes) -> tuple[Session, Session]:
    inbound = Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=int(PROFILE))
    return outbound(key), Session(inbound)


class Stage:
    """One point of the generator, and the server's end of its line."""

    def __init__(self) -> None:
        pieces = [stampable(piece.data) for piece in voice_loop(0).pieces[:10]]
        sounds = np.zeros((1, len(pieces), SOUND), np.uint8)
        for place, piece in enumerate(pieces):
            sounds[0, place, : len(piece)] = np.frombuffer(piece, np.uint8)
        sizes = np.array([[len(piece) for piece in pieces]], np.int64)
        self.world = World(1, Voices(sounds, sizes, np.full_like(sizes, 30)))
        self.w = uncompiled(rows_at)(self.world.here, 1, CONTEXT)[0]
        self._mine, self.server = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.server.setblocking(False)
        tx, self._opens = both_ways(os.urandom(28))
        self.seals, rx = both_ways(os.urandom(28))
        self._keep = (tx, rx)
        write_point(self.world, 0, OFFER)
        write_slots(self.world, 0, ANSWER)
        write_streams(self.world, 0, OFFER, CAMERA, voice=True)
        point = self.world.points[0]
        point["fd"] = self._mine.fileno()
        point["tx"], point["rx"] = session_pointer(tx), session_pointer(rx)
        self._number = 0

    def close(self) -> None:
        self._mine.close()
        self.server.close()

    def sent(self) -> Iterator[bytes]:
        """What the server gets, in the clear."""
        while True:
            try:
                packet = self.server.recv(2048)
            except BlockingIOError:
                return
            is_report = 192 <= packet[1] <= 223
            yield self._opens.unprotect_rtcp(packet) if is_report else self._opens.unprotect(packet)

    def arrive(self, packet: bytes, now: int, *, again: bool = False) -> None:
        """A packet from the server. again: through the session of its retransmissions."""
        sealed = self.seals.protect(packet)
        self.world.rx[0, : len(sealed)] = np.frombuffer(sealed, np.uint8)
        take(self.w, 0, 0, len(sealed), now)

    def forwarded(self, layer: int, slot: int, seq: int, *, now: int = NOW_US) -> list[bytes]:
        """The next picture of a layer, as the server forwards it to a slot."""
        send_due(self.w, layer, now)
        found = []
        for packet in self.sent():
            if 192 <= packet[1] <= 223:
                continue  # it asks for the pictures between
            header = parse_header_untrusted(packet)
            self._number += 1
            twcc = OFFER.extensions.twcc << 4 | 1
            head = struct.pack(
                "!BBHIIHHBHB",
                *(0x90, header.marker << 7 | header.pt, seq, header.timestamp, 1000 + 2 * slot),
                *(0xBEDE, 1, twcc, self._number, 0),
            )
            found.append(head + packet[header.payload_start :])
            seq += 1
        return found

    def samples(self, kind: int) -> list[int]:
        rows = self.world.samples[: self.world.state[N_SAMPLES]]
        return [int(row[2]) for row in rows if row[1] == kind]


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def headers(packets: list[bytes]) -> list[RtpHeader]:
    return [parse_header_untrusted(packet) for packet in packets]


def body(packet: bytes) -> bytes:
    header = parse_header_untrusted(packet)
    return packet[header.payload_start : header.payload_end]


def test_a_new_layer_names_its_line_and_rid_and_begins_with_a_keyframe_of_its_size(stage: Stage) -> None:
    for number, (rid, layer) in enumerate(zip("qhf", CAMERA, strict=True), 1):
        send_due(stage.w, number, NOW_US)
        packets = list(stage.sent())
        first = parse_header_untrusted(packets[0])
        camera = OFFER.sending[1]
        assert (first.text(OFFER.extensions.mid), first.text(OFFER.extensions.rid)) == (camera.mid, rid)
        assert first.pt == camera.pt
        size = vp8.keyframe_size(body(packets[0]), vp8.parse_untrusted(body(packets[0])))
        assert size == vp8.PictureSize(layer.width, layer.height)
        assert [header.marker for header in headers(packets)] == [False] * (len(packets) - 1) + [True]


def test_numbers_go_on_without_a_hole_and_pictures_have_temporal_layers(stage: Stage) -> None:
    packets: list[bytes] = []
    for _ in range(8):
        send_due(stage.w, 2, NOW_US)
        packets += stage.sent()
    numbers = [header.seq for header in headers(packets)]
    assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(len(numbers))]
    wide = [int.from_bytes(header.extensions[OFFER.extensions.twcc], "big") for header in headers(packets)]
    assert wide == list(range(wide[0], wide[0] + len(wide)))
    pictures = [vp8.parse_untrusted(body(packet)) for packet in packets]
    starts = [picture for picture in pictures if picture.starts_frame]
    assert [picture.temporal_layer for picture in starts] == [0, 2, 1, 2] * 2
    assert len({picture.picture_id for picture in pictures}) == 8


def test_a_layer_that_nobody_wants_rests(stage: Stage) -> None:
    stage.world.streams[3]["wanted"] = 0
    send_due(stage.w, 3, NOW_US)
    assert not list(stage.sent())


def test_what_the_server_asks_for_again_comes_as_it_was(stage: Stage) -> None:
    send_due(stage.w, 3, NOW_US)
    first, *_ = packets = list(stage.sent())
    assert len(packets) > 1
    send_again(stage.w, 3, parse_header_untrusted(first).seq)
    (again,) = stage.sent()
    header = parse_header_untrusted(again)
    assert header.text(OFFER.extensions.rrid) == "f"
    assert body(again)[:2] == parse_header_untrusted(first).seq.to_bytes(2, "big")
    assert body(again)[2 : 2 + HEAD] == body(first)[:HEAD]
    assert len(body(again)) == len(body(first)) + 2


def test_a_voice_with_a_stamp_is_still_opus_and_sounds_the_same(stage: Stage) -> None:
    plain, stamped = Decoder(), Decoder()
    for piece in voice_loop(0).pieces[:10]:
        send_due(stage.w, 0, NOW_US)
        (packet,) = stage.sent()
        assert duration_ms(body(packet)) == 20
        assert np.array_equal(stamped.decode(body(packet)), plain.decode(piece.data))
        assert parse_header_untrusted(packet).extensions[OFFER.extensions.level] == bytes([30])


def test_a_sound_of_two_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="frame"):
        stampable(b"\x01\x00\x00")


def test_a_way_through_the_server_is_read_from_the_stamp(stage: Stage) -> None:
    stage.world.points[0]["watched"] = 1
    packets = stage.forwarded(3, STAGE, 100)
    stamped_us = int.from_bytes(body(packets[0])[24:32], "big")
    for packet in packets:
        stage.arrive(packet, stamped_us + 7_000)
    ways = stage.samples(PICTURE)
    assert len(ways) == len(packets)
    assert ways[0] == 7_000
    assert all(way <= 7_000 for way in ways)
    assert stage.world.slots[STAGE]["picture_us"] == stamped_us + 7_000


def test_without_a_keyframe_there_is_no_picture_and_one_is_asked_for(stage: Stage) -> None:
    stage.world.streams[3]["key"] = 0
    for packet in stage.forwarded(3, STAGE, 100):
        stage.arrive(packet, NOW_US)
    assert stage.world.slots[STAGE]["picture_us"] == 0
    ssrc = stage.world.slots[STAGE]["ssrc"]
    assert [rtcp.parse_untrusted(report) for report in stage.sent()] == [(rtcp.Pli(1, ssrc),)]


def test_a_pause_is_told_only_of_the_same_persons_picture(stage: Stage) -> None:
    for packet in stage.forwarded(3, STAGE, 100):
        stage.arrive(packet, NOW_US)
    for packet in stage.forwarded(3, STAGE, 200):
        stage.arrive(packet, NOW_US + 250_000)
    assert stage.samples(PAUSE) == [250_000]
    stage.world.slots[STAGE]["publisher"] = 7
    for packet in stage.forwarded(3, STAGE, 300):
        stage.arrive(packet, NOW_US + 900_000)
    assert stage.samples(PAUSE) == [250_000]


def test_a_missing_packet_is_counted_asked_for_and_repaired(stage: Stage) -> None:
    first, lost, *more = stage.forwarded(3, STAGE, 100)
    for packet in (first, *more):
        stage.arrive(packet, NOW_US)
    slot = stage.world.slots[STAGE]
    assert int(slot["newest"] - slot["first"] + 1 - slot["packets"]) == 1
    ask_missing(stage.w, 0, STAGE, NOW_US + 10_000)
    (report,) = stage.sent()
    assert rtcp.parse_untrusted(report) == (rtcp.Nack(1, int(slot["ssrc"]), (101,)),)
    header = parse_header_untrusted(lost)
    rtx = struct.pack("!BBHII", 0x80, 97, 1, header.timestamp, int(slot["rtx_ssrc"]))
    stage.arrive(rtx + (101).to_bytes(2, "big") + body(lost), NOW_US + 20_000)
    assert (slot["repaired"], slot["n_missing"]) == (1, 0)


def test_padding_is_no_media(stage: Stage) -> None:
    rtx_ssrc = int(stage.world.slots[STAGE]["rtx_ssrc"])
    stage.arrive(struct.pack("!BBHII", 0xA0, 97, 1, 0, rtx_ssrc) + bytes(254) + b"\xff", NOW_US)
    assert (stage.world.slots[STAGE]["padding"], stage.world.slots[STAGE]["packets"]) == (1, 0)


@pytest.mark.parametrize("lost", [set(), {3, 4, 9}, set(range(2, 30))])
def test_feedback_tells_the_server_what_came_and_when(stage: Stage, lost: set[int]) -> None:
    at_us = NOW_US
    came = {}
    stage.forwarded(1, STAGE, 0)
    for number in range(40):
        at_us += 300 * (number % 5)
        if number not in lost:
            uncompiled(reports.note_arrival)(
                uncompiled(rows_at)(stage.world.points.ctypes.data, 1, stage.world.points.dtype)[0],
                stage.world.arrivals[0],
                65_520 + number & 0xFFFF,
                at_us,
            )
            came[number] = at_us
    uncompiled(reports.feedback)(stage.w, 0, at_us)
    ((told,),) = [rtcp.parse_untrusted(report) for report in stage.sent()]
    assert isinstance(told, TwccFeedback)
    assert (told.base, told.reported) == (65_520, 40)
    assert [number for number, _ in told.arrivals] == list(came)
    first, first_us = told.arrivals[0][1], came[0]
    for number, arrival in told.arrivals:
        assert abs((arrival - first) - (came[number] - first_us)) <= 250


def test_reports_are_what_the_server_expects(stage: Stage) -> None:
    for packet in stage.forwarded(3, STAGE, 100):
        stage.arrive(packet, NOW_US)
    uncompiled(reports.receiver_report)(stage.w, 0, STAGE, NOW_US)
    (told,) = stage.sent()
    (report,) = rtcp.parse_untrusted(told)
    assert isinstance(report, rtcp.ReceiverReport)
    assert report.blocks[0].ssrc == stage.world.slots[STAGE]["ssrc"]
    assert (report.blocks[0].fraction_lost, report.blocks[0].cumulative_lost) == (0, 0)
    uncompiled(reports.sender_report)(stage.w, 3, NOW_US)
    (told,) = stage.sent()
    (sender,) = rtcp.parse_untrusted(told)
    assert isinstance(sender, rtcp.SenderReport)
    assert sender.packets == stage.world.streams[3]["packets"]
    assert sender.ntp >> 32 == NOW_US // 1_000_000 + reports.NTP_UNIX


def test_a_keyframe_that_is_asked_for_comes_next(stage: Stage) -> None:
    stage.world.streams[1]["key"] = 0
    sealed = stage.seals.protect_rtcp(rtcp.pli(1, int(stage.world.streams[1]["ssrc"])))
    stage.world.rx[0, : len(sealed)] = np.frombuffer(sealed, np.uint8)
    take(stage.w, 0, 0, len(sealed), NOW_US)
    send_due(stage.w, 1, NOW_US)
    first = body(next(stage.sent()))
    assert vp8.starts_keyframe(first, vp8.parse_untrusted(first))


def test_each_line_of_an_answer_has_its_ssrcs() -> None:
    answer = "v=0\r\nm=audio 9\r\na=mid:0\r\nm=audio 9\r\na=ssrc:1 cname:x\r\nm=video 9\r\n"
    answer += "a=ssrc-group:FID 5 6\r\na=ssrc:5 cname:x\r\na=ssrc:6 cname:x\r\n"
    assert ssrcs_of(answer) == [(1, 0), (5, 6)]


def test_the_offer_is_a_browsers_own() -> None:
    assert [line.source for line in OFFER.sending] == list(Source)
    assert OFFER.sending[1].rids == ("q", "h", "f")
    assert len(OFFER.receiving) == SLOTS
