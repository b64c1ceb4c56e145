from sfu.fastpath import MediaKind
from tests.support.fastpath_stage import OUT_TWCC, RTX_PT, Publisher, Seen, Stage, rtp, vp8


def picture(seq: int, *, key: bool = False) -> bytes:
    return rtp(1000, seq, vp8(key=key, picture=seq, body=b"%05d" % seq), ts=seq * 3000)


def rtx(number: int, original: int, payload: bytes) -> bytes:
    return rtp(2000, number, original.to_bytes(2, "big") + payload, ts=original * 3000)


def resend(stage: Stage, slot: int, seqs: list[int], now: int = 0, interval: int = 0) -> int:
    """How many packets were resent."""
    before = stage.count("resent")
    sent = stage.fastpath.resend(slot, seqs, now, interval)
    count = stage.count("resent") - before
    assert (sent > 0) == (count > 0)
    return count


def lossy(stage: Stage) -> tuple[Publisher, int, list[Seen]]:
    """A slot that got numbers 100 to 109 of a picture, except 105, which was lost on the way to us."""
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    for seq in range(100, 110):
        if seq != 105:
            publisher.send(picture(seq, key=seq == 100))
    return publisher, slot, stage.seen()


def test_a_publishers_retransmission_fills_the_gap() -> None:
    stage = Stage()
    publisher, _, before = lossy(stage)
    publisher.send(rtx(1, 105, vp8(picture=105, body=b"00105")))
    (packet,) = stage.seen()
    assert packet.seq == before[0].seq + 5
    assert packet.ts - before[0].ts == 5 * 3000
    assert packet.payload.endswith(b"00105")
    assert (packet.picture - before[0].picture) & 0x7FFF == 5
    assert stage.fastpath.layers[publisher.layers[0]]["recovered"] == 1


def test_a_packet_that_came_already_is_not_sent_twice() -> None:
    stage = Stage()
    publisher, _, _ = lossy(stage)
    publisher.send(
        rtx(1, 105, vp8(picture=105)), rtx(2, 105, vp8(picture=105)), rtx(3, 104, vp8(picture=104))
    )
    publisher.send(rtp(1000, 105, vp8(picture=105)))
    assert len(stage.seen()) == 1
    assert stage.count("rtx_duplicates") == 2
    assert stage.fastpath.layers[publisher.layers[0]]["duplicates"] == 3


def test_a_retransmission_of_padding_is_dropped_early() -> None:
    stage = Stage()
    publisher, _, _ = lossy(stage)
    publisher.send(*(rtp(2000, number, b"", padding=255) for number in range(5)))
    assert stage.seen() == []
    assert stage.count("rtx_padding") == 5


def test_a_retransmission_from_the_future_or_from_long_ago_is_dropped() -> None:
    stage = Stage()
    publisher, _, _ = lossy(stage)
    publisher.send(rtx(1, 4000, vp8()), rtx(2, 109 - 512 & 0xFFFF, vp8()))
    assert stage.seen() == []
    assert stage.count("late") == 2


def test_a_nack_is_answered_as_rtx_with_the_slots_own_numbers() -> None:
    stage = Stage()
    _, slot, before = lossy(stage)
    assert resend(stage, slot, [before[3].seq, before[0].seq], 10_000_000, 100_000) == 2
    first, second = stage.seen()
    assert (first.pt, first.ssrc) == (RTX_PT, stage.fastpath.slots[slot]["rtx_ssrc"])
    assert first.payload == before[3].seq.to_bytes(2, "big") + before[3].payload
    assert (first.ts, first.marker) == (before[3].ts, before[3].marker)
    assert second.payload[2:] == before[0].payload
    assert second.seq == first.seq + 1
    assert first.extension[0] == OUT_TWCC << 4 | 1
    assert stage.fastpath.slots[slot]["resent"] == 2


def test_the_same_packet_is_resent_once_in_an_interval() -> None:
    stage = Stage()
    _, slot, before = lossy(stage)
    seqs = [before[1].seq, before[1].seq, before[2].seq]
    assert resend(stage, slot, seqs, 1_000_000, 80_000) == 2
    assert resend(stage, slot, seqs, 1_079_000, 80_000) == 0
    assert resend(stage, slot, seqs, 1_081_000, 80_000) == 2


def test_a_resend_keeps_to_the_bytes_it_is_given() -> None:
    stage = Stage()
    _, slot, before = lossy(stage)
    seqs = [packet.seq for packet in before]
    whole = stage.fastpath.resend(slot, seqs, 1_000_000, 0)
    one = whole // len(seqs)
    stage.seen()
    part = stage.fastpath.resend(slot, seqs, 2_000_000, 0, 3 * one + one // 2)
    assert 0 < part <= 3 * one + one // 2
    assert len(stage.seen()) in (2, 3)
    assert stage.count("resent_bytes") == whole + part
    assert stage.fastpath.resend(slot, seqs, 3_000_000, 0, 0) == 0


def test_packets_that_never_came_or_were_never_sent_are_not_resent() -> None:
    stage = Stage()
    _, slot, before = lossy(stage)
    newest, oldest = before[-1].seq, before[0].seq
    assert resend(stage, slot, [oldest + 5, newest + 1, oldest - 1, newest + 30_000]) == 0
    assert stage.count("resend_refused") == 4


def test_a_packet_that_is_seconds_late_is_not_resent_and_counts_as_stale() -> None:
    stage = Stage()
    publisher, slot, before = lossy(stage)
    publisher.send(rtp(1000, 110, vp8(picture=110), ts=109 * 3000 + 60_000))
    assert resend(stage, slot, [before[-1].seq]) == 1
    publisher.send(rtp(1000, 111, vp8(picture=111), ts=109 * 3000 + 160_000))
    assert resend(stage, slot, [before[-1].seq, before[1].seq]) == 0
    assert stage.fastpath.slots[slot]["stale"] == 2
    assert resend(stage, slot, [before[-1].seq + 1]) == 1  # it was missed only when the last one came


def test_packets_from_before_a_keyframe_are_not_resent() -> None:
    stage = Stage()
    publisher, slot, before = lossy(stage)
    publisher.send(picture(110, key=True), picture(111))
    newest = before[-1].seq
    assert resend(stage, slot, [newest, newest + 1, newest + 2]) == 2
    assert stage.fastpath.slots[slot]["stale"] == 0


def test_numbers_from_before_the_last_switch_are_not_resent() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(layers=2), stage.viewer()
    slot = viewer.open_slot()
    for turn in range(4):
        layer = turn % 2
        stage.fastpath.switch(slot, publisher.layers[layer])
        for i in range(3):
            seq = 1000 * layer + turn * 3 + i
            payload = vp8(key=i == 0, picture=seq, body=b"%d.%d" % (turn, i))
            publisher.send(rtp(1000 + layer, seq, payload), now=turn * 100_000)
    before = stage.seen()
    assert len(before) == 12
    assert resend(stage, slot, [packet.seq for packet in before], 10_000_000) == 3
    assert [packet.payload[2:] for packet in stage.seen()] == [packet.payload for packet in before[-3:]]


def test_a_number_older_than_the_history_is_refused() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    slot = viewer.open_slot()
    stage.fastpath.switch(slot, publisher.layers[0])
    pictures = (rtp(1000, seq, vp8(key=seq == 0, picture=seq), ts=seq * 90) for seq in range(520))
    publisher.send(*pictures)
    seqs = [packet.seq for packet in stage.seen()]
    assert resend(stage, slot, [seqs[0], seqs[7], seqs[8]]) == 1


def test_only_empty_packets_are_resent_while_the_gate_is_shut() -> None:
    stage = Stage()
    publisher, slot, before = lossy(stage)
    stage.fastpath.set_gate(publisher.producer, 2)
    assert resend(stage, slot, [before[0].seq]) == 1
    assert [packet.payload for packet in stage.seen()] == [before[0].seq.to_bytes(2, "big")]


def test_packets_from_behind_a_shut_gate_do_not_come_in_as_repairs_afterwards() -> None:
    stage = Stage()
    publisher, _, _ = lossy(stage)
    stage.fastpath.set_gate(publisher.producer, 2)
    publisher.send(*(picture(seq, key=True) for seq in (110, 112)))  # 111 was lost
    stage.fastpath.set_gate(publisher.producer, 0)
    publisher.send(rtx(1, 110, vp8(key=True, picture=110)), rtx(2, 111, vp8(key=True, picture=111)))
    publisher.send(picture(114, key=True))
    publisher.send(*(rtx(seq, seq, vp8(key=True, picture=seq)) for seq in range(110, 114)))
    assert [packet.payload[-5:] for packet in stage.seen()] == [b"00114"]
    assert stage.fastpath.take_gaps() == [], "nobody asks for what was sent before"


def test_the_history_of_a_reused_row_is_not_used() -> None:
    stage = Stage()
    publisher, slot, before = lossy(stage)
    stage.fastpath.close_transport(publisher.transport)
    other = stage.publisher()
    assert other.layers == publisher.layers
    for seq in range(100, 110):
        other.send(picture(seq, key=seq == 100))
    assert resend(stage, slot, [packet.seq for packet in before]) == 0


def test_sound_is_not_resent() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    slot = viewer.open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(rtp(1000, 1))
    (packet,) = stage.seen()
    assert resend(stage, slot, [packet.seq]) == 0
