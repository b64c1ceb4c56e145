import pytest

from sfu.fastpath import STREAM, FastPath, HandUpKind, MediaKind, Size, SlotFormat, SrtpProfile, TableFull
from tests.support.fastpath_stage import (
    LEVEL,
    OUT_LEVEL,
    OUT_TWCC,
    TWCC,
    Stage,
    key,
    parse,
    rtp,
    session,
    vp8,
)


def watched(stage: Stage, kind: MediaKind = MediaKind.AUDIO) -> tuple[int, int]:
    """A publisher's producer and the slot of a viewer who gets it."""
    publisher, viewer = stage.publisher(kind), stage.viewer()
    slot = viewer.open_slot(kind)
    stage.fastpath.switch(slot, publisher.layers[0])
    return publisher.producer, slot


@pytest.mark.parametrize("profile", list(SrtpProfile))
def test_a_packet_arrives_with_the_slots_ssrc_and_the_publishers_payload(profile: SrtpProfile) -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO, profile=profile), stage.viewer(profile)
    slot = viewer.open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(rtp(1000, 7, b"sound", ts=4711, marker=True, extensions=((LEVEL, b"\x14"),)))
    (packet,) = stage.seen()
    assert (packet.payload, packet.ts, packet.marker) == (b"sound", 4711, True)
    assert packet.ssrc == stage.fastpath.slots[slot]["ssrc"]


def test_every_viewer_gets_a_copy_and_nobody_else() -> None:
    stage = Stage()
    publisher = stage.publisher(MediaKind.AUDIO)
    viewers = [stage.viewer() for _ in range(4)]
    for viewer in viewers[:3]:
        stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    viewers[3].open_slot(MediaKind.AUDIO)
    publisher.send(rtp(1000, 1), rtp(1000, 2))
    assert sorted(packet.transport for packet in stage.seen()) == sorted(
        viewer.transport for viewer in viewers[:3] for _ in range(2)
    )
    assert stage.count("copies") == 6


def test_numbers_continue_over_the_wrap_around() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    for seq in (65533, 65534, 65535, 0, 1, 2):
        publisher.send(rtp(1000, seq))
    seqs = [packet.seq for packet in stage.seen()]
    assert [(seq - seqs[0]) & 0xFFFF for seq in seqs] == [0, 1, 2, 3, 4, 5]


def test_a_lost_number_stays_a_gap_and_a_late_packet_fills_it() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    for seq in (10, 11, 13, 12):
        publisher.send(rtp(1000, seq))
    seqs = [packet.seq for packet in stage.seen()]
    assert [seq - seqs[0] for seq in seqs] == [0, 1, 3, 2]


def test_nothing_passes_a_shut_gate_and_the_numbers_show_no_gap_afterwards() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    slot = viewer.open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(rtp(1000, 1, b"before"))
    stage.fastpath.set_gate(publisher.producer, 2)
    for seq in range(2, 50):
        publisher.send(rtp(1000, seq, b"secret", extensions=((LEVEL, b"\x05"),)))
    stage.fastpath.set_gate(publisher.producer, 0)
    publisher.send(rtp(1000, 50, b"after"), now=1_000_000)
    before, after = stage.seen()
    assert (before.payload, after.payload) == (b"before", b"after")
    assert after.seq == before.seq + 1
    assert after.ts - before.ts == 48_000
    row = stage.fastpath.producers[publisher.producer]
    assert (row["gated"], row["level_count"], row["shut_level"]) == (48, 0, 5)


@pytest.mark.timeout(300)  # the kernel may have to be compiled first
def test_sound_returns_after_a_mute_of_more_than_32768_packets() -> None:
    stage = Stage(compiled=True)
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    publisher.send(rtp(1000, 1))
    stage.fastpath.set_gate(publisher.producer, 2)
    for start in range(2, 70_002, 50):
        publisher.send(*(rtp(1000, seq) for seq in range(start, start + 50)))
    stage.fastpath.set_gate(publisher.producer, 0)
    publisher.send(rtp(1000, 70_002, b"back"))
    assert [packet.payload for packet in stage.seen()] == [b"payload", b"back"]


def test_the_level_is_forwarded_and_counted() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    slot = viewer.open_slot(MediaKind.AUDIO, level=OUT_LEVEL)
    stage.fastpath.switch(slot, publisher.layers[0])
    publisher.send(rtp(1000, 1, extensions=((LEVEL, b"\x8a"),)), rtp(1000, 2, extensions=((LEVEL, b"\x14"),)))
    first, second = stage.seen()
    assert first.extension == bytes([OUT_TWCC << 4 | 1, 0, 0, OUT_LEVEL << 4, 0x8A, 0, 0, 0])
    assert second.extension[:3] == bytes([OUT_TWCC << 4 | 1, 0, 1])
    row = stage.fastpath.producers[publisher.producer]
    assert (row["level"], row["level_sum"], row["level_count"], row["has_level"]) == (20, 30, 2, 1)


def test_the_publishers_own_extensions_are_not_forwarded() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO, twcc=0), publisher.layers[0])
    publisher.send(rtp(1000, 1, b"x", extensions=((4, b"mid"), (TWCC, b"\0\1"))))
    (packet,) = stage.seen()
    assert (packet.extension, packet.payload) == (b"", b"x")


def test_outgoing_transport_wide_numbers_count_all_slots_of_a_transport_and_are_remembered() -> None:
    stage = Stage()
    publishers = [stage.publisher(MediaKind.AUDIO), stage.publisher(MediaKind.AUDIO)]
    viewer = stage.viewer()
    for publisher in publishers:
        stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    for i in range(3):
        for publisher in publishers:
            publisher.send(rtp(1000, i), now=1000 * i)
    assert [int.from_bytes(packet.extension[1:3], "big") for packet in stage.seen()] == list(range(6))
    assert stage.fastpath.sent_packet(viewer.transport, 4) == (2000, 20 + len(b"payload"))
    assert stage.fastpath.sent_packet(viewer.transport, 6) is None


def test_arrivals_are_reported_once_and_unwrapped() -> None:
    stage = Stage()
    publisher = stage.publisher(MediaKind.AUDIO)
    for i, number in enumerate((65534, 65535, 0, 1)):
        publisher.send(rtp(1000, i, extensions=((TWCC, number.to_bytes(2, "big")),)), now=i)
    arrivals = stage.fastpath.take_arrivals(publisher.transport)
    assert [(number & 0xFFFF, at) for number, at in arrivals] == [(65534, 0), (65535, 1), (0, 2), (1, 3)]
    assert [number - arrivals[0][0] for number, _ in arrivals] == [0, 1, 2, 3]
    assert stage.fastpath.take_arrivals(publisher.transport) == []


def test_padding_is_removed_and_a_packet_with_only_padding_keeps_its_number() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    publisher.send(rtp(1000, 1, b"sound", padding=9), rtp(1000, 2, b"", padding=200), rtp(1000, 3, b"more"))
    packets = stage.seen()
    assert [packet.payload for packet in packets] == [b"sound", b"", b"more"]
    assert packets[2].seq == packets[0].seq + 2
    assert not any(packet.padded for packet in packets)


def test_impossible_padding_is_malformed() -> None:
    stage = Stage()
    watched(stage)
    publisher = stage.publisher(MediaKind.AUDIO)
    bad = bytearray(rtp(1000, 1, b"sound", padding=3))
    bad[-1] = 100
    publisher.send(bytes(bad))
    assert stage.count("malformed") == 1
    assert stage.seen() == []


def test_receiver_statistics_follow_rfc_3550() -> None:
    stage = Stage()
    publisher = stage.publisher(MediaKind.AUDIO)
    for seq, late in ((1, 0), (2, 0), (4, 10_000), (3, 0)):
        publisher.send(rtp(1000, seq, ts=960 * seq), now=1_000_000 + 20_000 * seq + late)
    row = stage.fastpath.layers[publisher.layers[0]]
    assert row["packets"] == 4
    assert row["max_seq"] - row["first_seq"] == 3
    assert row["jitter"] == 58  # two steps of 480 units, each a sixteenth


def test_the_size_of_the_picture_is_read_from_its_key_frame() -> None:
    stage = Stage()
    publisher = stage.publisher()
    publisher.send(rtp(1000, 1, vp8(key=True)), rtp(1000, 2, vp8()))
    row = stage.fastpath.layers[publisher.layers[0]]
    assert (row["width"], row["height"], row["keyframes"]) == (320, 200, 1)


def test_rtcp_is_handed_up_when_it_is_authentic() -> None:
    stage = Stage()
    publisher = stage.publisher()
    report = bytes.fromhex("80c90001000003e8")
    protected = publisher.srtp.protect_rtcp(report)
    forged = protected[:-5] + bytes((protected[-5] ^ 1,)) + protected[-4:]
    assert stage.fastpath.ingest(publisher.transport, [forged], 0) == []
    (up,) = stage.fastpath.ingest(publisher.transport, [protected, protected], 0)
    assert (up.kind, up.transport, up.port) == (HandUpKind.RTCP, publisher.transport, STREAM)
    assert up.data == report
    assert (stage.count("bad_auth"), stage.count("replayed")) == (1, 1)


def test_rtcp_that_we_send_can_be_opened_by_the_viewer() -> None:
    stage = Stage()
    viewer = stage.viewer()
    report = bytes.fromhex("80c90001000003e8")
    stage.fastpath.send_rtcp(viewer.transport, report)
    ((transport, data, _),) = stage.fastpath.take_stream_out()
    assert transport == viewer.transport
    assert viewer.srtp.unprotect_rtcp(data) == report


def test_before_the_keys_are_there_srtp_is_dropped() -> None:
    stage = Stage()
    transport = stage.fastpath.open_transport()
    stage.fastpath.ingest(transport, [rtp(1, 1)], 0)
    assert stage.count("no_keys") == 1


def test_keys_may_come_after_the_slots_were_switched() -> None:
    stage = Stage()
    publisher = stage.publisher(MediaKind.AUDIO)
    fastpath = stage.fastpath
    transport = fastpath.open_transport()
    slot = fastpath.open_slot(
        transport, MediaKind.AUDIO, SlotFormat(ssrc=9, pt=96, rtx_ssrc=0, rtx_pt=0, twcc_ext=0)
    )
    fastpath.switch(slot, publisher.layers[0])
    fastpath.set_destination(transport, STREAM, None)
    publisher.send(rtp(1000, 1, b"lost"))
    fastpath.set_keys(transport, SrtpProfile.AEAD_AES_128_GCM, key(90), key(91))
    publisher.send(rtp(1000, 2, b"seen"))
    ((_, data, _),) = fastpath.take_stream_out()
    viewer = session(SrtpProfile.AEAD_AES_128_GCM, key(91), inbound=True)
    assert parse(transport, viewer.unprotect(data)).payload == b"seen"


def test_a_full_table_raises_and_rows_return_when_a_transport_closes() -> None:
    fastpath = FastPath(Size(transports=2, producers=1, layers=1, slots=1, ssrcs=1), compiled=False)
    first, second = fastpath.open_transport(), fastpath.open_transport()
    with pytest.raises(TableFull):
        fastpath.open_transport()
    producer = fastpath.open_producer(first, MediaKind.VIDEO, 0)
    with pytest.raises(TableFull):
        fastpath.open_producer(second, MediaKind.VIDEO, 0)
    layer = fastpath.open_layer(producer)
    fastpath.bind_ssrc(first, 1, layer)
    with pytest.raises(TableFull):
        fastpath.bind_ssrc(first, 2, layer)
    fastpath.close_transport(first)
    again = fastpath.open_transport()
    layer = fastpath.open_layer(fastpath.open_producer(again, MediaKind.AUDIO, 0))
    fastpath.bind_ssrc(again, 2, layer)
    assert fastpath.layers[layer]["packets"] == 0


def test_a_transport_that_closes_takes_nothing_from_the_others() -> None:
    stage = Stage()
    staying, leaving = stage.publisher(MediaKind.AUDIO), stage.publisher(MediaKind.AUDIO)
    viewers = [stage.viewer() for _ in range(3)]
    slots = [viewer.open_slot(MediaKind.AUDIO) for viewer in viewers]
    stage.fastpath.switch(slots[0], staying.layers[0])
    stage.fastpath.switch(slots[1], leaving.layers[0])
    stage.fastpath.switch(slots[2], staying.layers[0])
    staying.send(rtp(1000, 1))
    leaving.send(rtp(1000, 1))
    stage.seen()
    stage.fastpath.close_transport(leaving.transport)
    stage.fastpath.close_transport(viewers[2].transport)
    staying.send(rtp(1000, 2))
    assert [packet.transport for packet in stage.seen()] == [viewers[0].transport]
    assert stage.fastpath.slots[slots[1]]["layer"] == stage.fastpath.slots[slots[1]]["target"] == -1


def test_a_closed_transports_row_is_clean_for_the_next() -> None:
    stage = Stage()
    old = stage.publisher(MediaKind.AUDIO)
    viewer = stage.viewer()
    slot = viewer.open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, old.layers[0])
    old.send(rtp(1000, 1))
    stage.seen()
    stage.fastpath.close_transport(old.transport)
    new = stage.publisher(MediaKind.AUDIO)
    assert new.transport == old.transport
    new.send(rtp(1000, 1))
    assert stage.seen() == []
    stage.fastpath.switch(slot, new.layers[0])
    new.send(rtp(1000, 2, b"new"))
    assert [packet.payload for packet in stage.seen()] == [b"new"]


def test_more_than_a_batch_goes_through_in_order() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    publisher.send(*(rtp(1000, seq) for seq in range(150)))
    seqs = [packet.seq for packet in stage.seen()]
    assert seqs == list(range(seqs[0], seqs[0] + 150))


@pytest.mark.timeout(300)
def test_a_stream_that_nobody_reads_is_bounded() -> None:
    stage = Stage(compiled=True)
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    for seq in range(5000):
        publisher.send(rtp(1000, seq, bytes(1200)), now=seq * 20_000)
    assert stage.count("stream_dropped") > 0
    assert len(stage.seen()) + stage.count("stream_dropped") == 5000
