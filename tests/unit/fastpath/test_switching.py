import pytest

from sfu.fastpath import STREAM, MediaKind
from tests.support.fastpath_stage import Publisher, Seen, Stage, rtp, vp8


def frames(
    publisher: Publisher,
    layer: int,
    seqs: range,
    *,
    now: int,
    ts: int,
    key: bool = False,
    picture: int = 0,
    tl0: int = 0,
    bits: int = 15,
) -> None:
    """One-packet frames 33 ms apart; the first may be a key frame."""
    for i, seq in enumerate(seqs):
        payload = vp8(
            key=key and i == 0, picture=picture + i, tl0=tl0 + i, bits=bits, body=b"layer %d" % layer
        )
        publisher.send(rtp(1000 + layer, seq, payload, ts=ts + 2970 * i), now=now + 33_000 * i)


def layers_of(packets: list[Seen]) -> list[int]:
    return [packet.payload[-1] - ord("0") for packet in packets]


def test_a_slot_begins_with_a_key_frame() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(3), now=0, ts=0)
    assert stage.fastpath.waiting(slot)
    assert stage.seen() == []
    frames(publisher, 0, range(3, 6), now=99_000, ts=9000, key=True)
    assert not stage.fastpath.waiting(slot)
    assert len(stage.seen()) == 3


@pytest.mark.parametrize(
    ("old_seq", "old_picture", "old_tl0", "new_seq", "new_picture", "new_tl0"),
    [
        (10, 10, 10, 500, 300, 90),
        (65530, 32760, 250, 3, 0, 0),
        (0, 0, 0, 65533, 32765, 253),
        (40000, 20000, 200, 100, 32767, 255),
    ],
)
def test_after_a_switch_every_number_continues(
    old_seq: int, old_picture: int, old_tl0: int, new_seq: int, new_picture: int, new_tl0: int
) -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    old = range(old_seq, old_seq + 10)
    frames(publisher, 0, old, now=0, ts=2**32 - 9000, key=True, picture=old_picture, tl0=old_tl0)
    stage.fastpath.switch(slot, publisher.layers[1])
    new = range(new_seq, new_seq + 10)
    frames(publisher, 1, new, now=330_000, ts=77, key=True, picture=new_picture, tl0=new_tl0)
    packets = stage.seen()
    assert layers_of(packets) == [0] * 10 + [1] * 10
    first = packets[0]
    for i, packet in enumerate(packets):
        assert (packet.seq - first.seq) & 0xFFFF == i
        assert (packet.picture - first.picture) & 0x7FFF == i
        assert (packet.tl0 - first.tl0) & 0xFF == i
        assert (packet.ts - first.ts) & 0xFFFFFFFF == 2970 * i


def test_the_old_layer_goes_on_until_the_key_frame_of_the_new_one() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(2), now=0, ts=0, key=True)
    stage.fastpath.switch(slot, publisher.layers[1])
    frames(publisher, 1, range(5), now=66_000, ts=0)
    frames(publisher, 0, range(2, 4), now=66_000, ts=6000)
    frames(publisher, 1, range(5, 7), now=132_000, ts=20_000, key=True)
    frames(publisher, 0, range(4, 6), now=132_000, ts=12_000)
    assert layers_of(stage.seen()) == [0, 0, 0, 0, 1, 1]


def test_a_packet_older_than_the_key_frame_of_the_switch_is_not_forwarded() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[1])
    publisher.send(rtp(1001, 9, vp8(body=b"1")))
    publisher.send(rtp(1001, 12, vp8(key=True, body=b"3")))
    publisher.send(rtp(1001, 11, vp8(start=False, body=b"2")))
    publisher.send(rtp(1001, 14, vp8(start=False, body=b"5")), rtp(1001, 13, vp8(start=False, body=b"4")))
    packets = stage.seen()
    assert layers_of(packets) == [3, 5, 4]
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 2, 1]


def test_a_seven_bit_picture_id_stays_seven_bits_long() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(3), now=0, ts=0, key=True, picture=126, bits=7)
    stage.fastpath.switch(slot, publisher.layers[1])
    frames(publisher, 1, range(3), now=99_000, ts=0, key=True, picture=9, bits=7)
    pictures = [packet.payload[2] for packet in stage.seen()]
    assert all(picture < 128 for picture in pictures)
    assert [(picture - pictures[0]) & 127 for picture in pictures] == [0, 1, 2, 3, 4, 5]


def test_the_timestamp_advances_at_least_a_step_at_a_switch() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(1), now=5, ts=1000, key=True)
    stage.fastpath.switch(slot, publisher.layers[1])
    frames(publisher, 1, range(1), now=5, ts=5, key=True)
    before, after = stage.seen()
    assert 0 < after.ts - before.ts < 3000


def test_sound_switches_with_the_next_packet() -> None:
    stage = Stage()
    one, two = stage.publisher(MediaKind.AUDIO), stage.publisher(MediaKind.AUDIO)
    slot = stage.viewer().open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, one.layers[0])
    one.send(rtp(1000, 30_000, b"one", ts=7), now=0)
    stage.fastpath.switch(slot, two.layers[0])
    one.send(rtp(1000, 30_001, b"one", ts=967), now=20_000)
    two.send(rtp(1000, 5, b"two", ts=99), now=40_000)
    one.send(rtp(1000, 30_002, b"one", ts=1927), now=40_000)
    packets = stage.seen()
    assert [packet.payload for packet in packets] == [b"one", b"one", b"two"]
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 1, 2]
    assert [packet.ts - packets[0].ts for packet in packets] == [0, 960, 1920]


def test_switching_to_nothing_stops_at_once_and_a_pending_switch_can_be_taken_back() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(2), now=0, ts=0, key=True)
    stage.fastpath.switch(slot, publisher.layers[1])
    stage.fastpath.switch(slot, publisher.layers[0])
    assert not stage.fastpath.waiting(slot)
    frames(publisher, 1, range(2), now=66_000, ts=0, key=True)
    frames(publisher, 0, range(2, 4), now=66_000, ts=6000)
    stage.fastpath.switch(slot, None)
    frames(publisher, 0, range(4, 6), now=132_000, ts=12_000, key=True)
    assert layers_of(stage.seen()) == [0, 0, 0, 0]


def test_numbers_continue_after_switching_there_and_back() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    now, seqs = 0, [60_000, 200]
    for turn in range(12):
        layer = turn % 2
        stage.fastpath.switch(slot, publisher.layers[layer])
        start = seqs[layer]
        frames(publisher, layer, range(start, start + 3), now=now, ts=turn * 99_999, key=True)
        seqs[layer] += 3
        now += 99_000
    packets = stage.seen()
    assert [(packet.seq - packets[0].seq) & 0xFFFF for packet in packets] == list(range(36))


def test_many_slots_wait_and_all_begin_with_the_same_key_frame() -> None:
    stage = Stage()
    publisher = stage.publisher()
    slots = [stage.viewer().open_slot() for _ in range(5)]
    for slot in slots:
        stage.fastpath.switch(slot, publisher.layers[0])
    stage.fastpath.switch(slots[2], None)
    frames(publisher, 0, range(2), now=0, ts=0, key=True)
    assert len(stage.seen()) == 8


def test_a_viewer_who_cannot_be_reached_yet_begins_with_a_later_key_frame() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.set_destination(viewer.transport, 0, None)
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(2), now=0, ts=0, key=True)
    assert stage.fastpath.waiting(slot)
    stage.fastpath.set_destination(viewer.transport, STREAM, None)
    frames(publisher, 0, range(2, 4), now=66_000, ts=6000)
    assert stage.seen() == []
    frames(publisher, 0, range(4, 6), now=132_000, ts=12_000, key=True)
    assert len(stage.seen()) == 2


def test_when_the_gate_opens_a_picture_waits_for_a_key_frame() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(2), now=0, ts=0, key=True)
    stage.fastpath.set_gate(publisher.producer, 4)
    assert stage.fastpath.waiting(slot)
    frames(publisher, 0, range(2, 20), now=66_000, ts=6000, key=True)
    stage.fastpath.set_gate(publisher.producer, 0)
    frames(publisher, 0, range(20, 22), now=700_000, ts=60_000)
    frames(publisher, 0, range(22, 24), now=800_000, ts=70_000, key=True)
    packets = stage.seen()
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 1, 2, 3]


def test_a_new_encoder_on_the_same_layer_continues_the_numbers() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    frames(publisher, 0, range(100, 103), now=0, ts=0, key=True)
    stage.fastpath.unbind_ssrc(publisher.transport, 1000)
    stage.fastpath.bind_ssrc(publisher.transport, 1007, publisher.layers[0])
    frames(publisher, 7, range(40_000, 40_003), now=99_000, ts=5, key=True)
    packets = stage.seen()
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 1, 2, 3, 4, 5]
    assert stage.fastpath.layers[publisher.layers[0]]["packets"] == 3


def test_a_jump_of_the_publishers_numbers_is_not_passed_on() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    publisher.send(rtp(1000, 10), rtp(1000, 30_000), rtp(1000, 30_001))
    packets = stage.seen()
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 1, 2]
