"""What the slow path needs to know and do about lines: padding, holes on the way up, when packets were
sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.fastpath import MediaKind, SlotFormat
from tests.support.fastpath_stage import OUT_TWCC, RTX_PT, Publisher, Stage, rtp, vp8


def camera(stage: Stage, *, watched: bool = True) -> tuple[Publisher, int]:
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    if watched:
        stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(rtp(1000, 100, vp8(key=True)))
    return publisher, slot


def picture(*seqs: int) -> list[bytes]:
    return [rtp(1000, seq, vp8()) for seq in seqs]


# --- padding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("wanted", [1, 300, 5_000])
def test_about_as_much_padding_is_sent_as_was_asked_for(wanted: int, watched: bool) -> None:
    stage = Stage()
    _, slot = camera(stage, watched=watched)
    stage.seen()
    sent = stage.fastpath.send_padding(slot, wanted, 7_000)
    assert wanted <= sent < wanted + 300
    packets = stage.seen()
    row = stage.fastpath.slots[slot]
    assert {(packet.ssrc, packet.pt, packet.payload) for packet in packets} == {
        (int(row["rtx_ssrc"]), RTX_PT, b"")
    }
    assert all(packet.padded for packet in packets)
    assert [packet.seq - packets[0].seq for packet in packets] == list(range(len(packets)))
    numbers = [int.from_bytes(packet.extension[1:3], "big") for packet in packets]
    assert {packet.extension[0] for packet in packets} == {OUT_TWCC << 4 | 1}
    assert all(
        stage.fastpath.sent_packet(int(row["transport"]), number) == (7_000, 275) for number in numbers
    )
    assert stage.count("padding_bytes") == sent
    assert stage.count("padding") == len(packets)
    assert stage.count("sent_bytes") >= sent


def test_padding_does_not_disturb_later_packets() -> None:
    stage = Stage()
    publisher, slot = camera(stage)
    stage.fastpath.send_padding(slot, 2_000, 0)
    publisher.send(*picture(101))
    packets = [packet for packet in stage.seen() if packet.pt != RTX_PT]
    assert packets[1].seq == packets[0].seq + 1
    assert stage.fastpath.resend(slot, [packets[0].seq], 0, 0) > 0


def test_without_rtx_keys_or_a_destination_there_is_no_padding_and_never_more_than_the_bound() -> None:
    stage = Stage(compiled=False)
    _, slot = camera(stage)
    viewer = int(stage.fastpath.slots[slot]["transport"])
    bare = stage.fastpath.open_slot(
        viewer, MediaKind.VIDEO, SlotFormat(ssrc=9, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=0)
    )
    assert stage.fastpath.send_padding(bare, 1_000, 0) == 0
    assert stage.fastpath.send_padding(slot, 1 << 30, 0) < (1 << 17) + 300
    stage.fastpath.set_destination(viewer, 0, None)
    assert stage.fastpath.send_padding(slot, 1_000, 0) == 0
    assert stage.fastpath.send_padding(slot, -5, 0) == 0


# --- holes on the way up --------------------------------------------------------------------------


def test_holes_are_reported_once_with_unwrapped_numbers() -> None:
    stage = Stage()
    publisher, _ = camera(stage)
    layer = publisher.layers[0]
    newest = int(stage.fastpath.layers[layer]["max_seq"])
    publisher.send(*picture(101, 103, 107, 105))
    assert stage.fastpath.take_gaps() == [
        (layer, newest + 2, newest + 2),
        (layer, newest + 4, newest + 6),
    ]
    assert stage.fastpath.take_gaps() == []
    numbers = range(newest + 1, newest + 9)
    assert stage.fastpath.missing(layer, numbers) == [newest + 2, newest + 4, newest + 6]
    publisher.send(rtp(2000, 1, (102).to_bytes(2, "big") + vp8()))
    assert stage.fastpath.missing(layer, numbers) == [newest + 4, newest + 6]


def test_packets_that_would_come_too_late_are_not_missing() -> None:
    stage = Stage()
    publisher, _ = camera(stage)
    layer = publisher.layers[0]
    newest = int(stage.fastpath.layers[layer]["max_seq"])
    publisher.send(*picture(102))
    publisher.send(*picture(*range(103, 700)))
    assert stage.fastpath.missing(layer, [newest + 1]) == []


def test_a_jump_of_the_numbers_is_not_a_hole() -> None:
    stage = Stage()
    publisher, _ = camera(stage)
    publisher.send(*picture(100 + 258))
    assert stage.fastpath.take_gaps() == []
    publisher.send(*picture(100 + 258 + 257))
    ((_, first, last),) = stage.fastpath.take_gaps()
    assert last - first + 1 == 256


def test_no_holes_are_noted_for_sound_or_a_shut_gate_or_without_a_viewer() -> None:
    stage = Stage()
    publisher, _ = camera(stage, watched=False)
    publisher.send(*picture(105))
    watched, _ = camera(stage)
    stage.fastpath.set_gate(watched.producer, 2)
    watched.send(*picture(105))
    microphone = stage.publisher(MediaKind.AUDIO)
    stage.fastpath.switch(stage.viewer().open_slot(MediaKind.AUDIO), microphone.layers[0])
    microphone.send(rtp(1000, 1), rtp(1000, 5))
    assert stage.fastpath.take_gaps() == []


def test_holes_are_noted_while_a_slot_waits_for_a_key_frame() -> None:
    stage = Stage()
    publisher, slot = camera(stage, watched=False)
    stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(*picture(102))
    assert len(stage.fastpath.take_gaps()) == 1


def test_a_publisher_with_many_holes_takes_no_room_from_another() -> None:
    stage = Stage()
    hostile, _ = camera(stage)
    honest, _ = camera(stage)
    hostile.send(*picture(*range(102, 500, 2)))
    honest.send(*picture(102))
    gaps = stage.fastpath.take_gaps()
    assert len([gap for gap in gaps if gap[0] == hostile.layers[0]]) == 32
    assert len([gap for gap in gaps if gap[0] == honest.layers[0]]) == 1
    assert stage.fastpath.layers[hostile.layers[0]]["gaps_lost"] == 199 - 32


def test_a_new_encoder_forgets_the_holes_of_the_old_one() -> None:
    stage = Stage()
    publisher, _ = camera(stage)
    publisher.send(*picture(103))
    stage.fastpath.unbind_ssrc(publisher.transport, 1000)
    stage.fastpath.bind_ssrc(publisher.transport, 1007, publisher.layers[0])
    assert stage.fastpath.take_gaps() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=80, unique=True))
def test_holes_and_missing_numbers_agree_with_a_list_of_arrivals(offsets: list[int]) -> None:
    stage = Stage()
    publisher, _ = camera(stage)
    layer = publisher.layers[0]
    start = int(stage.fastpath.layers[layer]["max_seq"])
    holes: set[int] = set()
    for offset in offsets:
        publisher.send(*picture(101 + offset))
        for _, first, last in stage.fastpath.take_gaps():
            holes |= set(range(first, last + 1))
    came = {start + 1 + offset for offset in offsets}
    everything = range(start + 1, max(came) + 1)
    assert stage.fastpath.missing(layer, everything) == [n for n in everything if n not in came]
    assert {number for number in everything if number not in came} - holes <= _broken(start, offsets)


def _broken(start: int, offsets: list[int]) -> set[int]:
    """Numbers inside jumps that are too large to be holes."""
    newest, broken = start, set[int]()
    for offset in offsets:
        number = start + 1 + offset
        if number - newest - 1 > 256:
            broken |= set(range(newest + 1, number))
        newest = max(newest, number)
    return broken


# --- what was sent when ---------------------------------------------------------------------------


def test_a_paced_packet_counts_from_when_it_left() -> None:
    stage = Stage()
    publisher, slot = camera(stage)
    transport = int(stage.fastpath.slots[slot]["transport"])
    publisher.send(*picture(101), now=5_000)
    before = stage.fastpath.sent_packet(transport, 1)
    assert before is not None
    stage.fastpath.note_sent(transport, 1, 0)
    assert stage.fastpath.sent_packet(transport, 1) is None
    stage.fastpath.note_sent(transport, 1, 45_000)
    assert stage.fastpath.sent_packet(transport, 1) == (45_000, before[1])
    stage.fastpath.note_sent(transport, 2, 46_000)
    assert stage.fastpath.sent_packet(transport, 2) is None


def test_sent_numbers_wrap_and_are_forgotten_after_a_while() -> None:
    stage = Stage()
    _, slot = camera(stage)
    transport = int(stage.fastpath.slots[slot]["transport"])
    stage.fastpath.transports["twcc_out"][transport] = 65_534
    stage.fastpath.send_padding(slot, 275 * 4, 9)
    assert [stage.fastpath.sent_packet(transport, number & 0xFFFF) for number in range(65_534, 65_538)] == [
        (9, 275)
    ] * 4
    assert stage.fastpath.sent_packet(transport, 65_538 & 0xFFFF) is None
    assert stage.fastpath.sent_packet(transport, (65_537 - 4096) & 0xFFFF) is None


def test_resent_bytes_and_padding_are_part_of_what_was_sent() -> None:
    stage = Stage()
    publisher, slot = camera(stage)
    publisher.send(*picture(101, 102))
    seqs = [packet.seq for packet in stage.seen()]
    media = stage.count("sent_bytes")
    assert media == stage.fastpath.transports["tx_bytes"][stage.fastpath.slots[slot]["transport"]]
    resent = stage.fastpath.resend(slot, seqs, 0, 0)
    padding = stage.fastpath.send_padding(slot, 400, 0)
    assert stage.count("sent_bytes") == media + resent + padding
    assert stage.count("resent_bytes") == resent
