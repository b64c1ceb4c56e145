"""Redundant sound (RFC 2198), towards slots and from publishers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.fastpath import MediaKind, SlotFormat
from tests.support.examples import examples
from tests.support.fastpath_stage import (
    LEVEL,
    OUT_LEVEL,
    OUT_RED_PT,
    PT,
    RED_PT,
    Publisher,
    Seen,
    Stage,
    read_red,
    red,
    rtp,
)

pytestmark = pytest.mark.timeout(300)
STEP = 960


def sound(number: int) -> bytes:
    return b"sound %d" % number


def spoken(number: int, *, level: int | None = None) -> bytes:
    extensions = () if level is None else ((LEVEL, bytes([level])),)
    return rtp(1000, number, sound(number), ts=STEP * number, extensions=extensions)


def repeating(number: int, *earlier: int, level: int | None = None) -> bytes:
    """A publisher's packet with redundancy."""
    blocks = tuple((STEP * (number - other), sound(other)) for other in earlier)
    extensions = () if level is None else ((LEVEL, bytes([level])),)
    payload = red(sound(number), *blocks)
    return rtp(1000, number, payload, ts=STEP * number, pt=RED_PT, extensions=extensions)


class Place:
    """A microphone and a slot that gets it."""

    def __init__(self, *, compiled: bool = False) -> None:
        self.stage = Stage(compiled=compiled)
        self.fastpath = self.stage.fastpath
        self.microphone: Publisher = self.stage.publisher(MediaKind.AUDIO)
        self.viewer = self.stage.viewer()
        self.slot = self.viewer.open_slot(MediaKind.AUDIO, level=OUT_LEVEL)
        self.fastpath.switch(self.slot, self.microphone.layers[0])

    def send(self, *packets: bytes) -> list[Seen]:
        self.microphone.send(*packets)
        return self.stage.seen()


def repeated(packet: Seen) -> list[bytes]:
    """The earlier sounds in a packet, oldest first."""
    return [earlier for _, _, earlier in read_red(packet.payload)[0]] if packet.pt == OUT_RED_PT else []


# --- towards slots --------------------------------------------------------------------------------


@pytest.mark.parametrize(("blocks", "distances"), [(1, [1]), (2, [3, 1]), (3, [4, 2, 1])])
def test_a_packet_repeats_earlier_sounds(blocks: int, distances: list[int]) -> None:
    place = Place()
    place.fastpath.set_redundancy(place.slot, blocks)
    packets = place.send(*(spoken(number, level=30) for number in range(100, 110)))
    last = packets[-1]
    earlier, own = read_red(last.payload)
    assert own == sound(109)
    assert earlier == [(PT, STEP * distance, sound(109 - distance)) for distance in distances]
    assert (last.pt, last.ts) == (OUT_RED_PT, STEP * 109)
    assert last.extension[3:5] == bytes([OUT_LEVEL << 4, 30])
    assert [packet.seq - packets[0].seq for packet in packets] == list(range(10))


def test_it_can_be_switched_on_and_off_in_the_middle() -> None:
    place = Place()
    packets = place.send(*(spoken(number) for number in range(5)))
    place.fastpath.set_redundancy(place.slot, 1)
    packets += place.send(*(spoken(number) for number in range(5, 10)))
    place.fastpath.set_redundancy(place.slot, 0)
    packets += place.send(*(spoken(number) for number in range(10, 15)))
    assert [packet.pt for packet in packets] == [PT] * 5 + [OUT_RED_PT] * 5 + [PT] * 5
    assert [packet.seq - packets[0].seq for packet in packets] == list(range(15))
    assert [packet.ts - packets[0].ts for packet in packets] == [STEP * i for i in range(15)]
    assert repeated(packets[5]) == [sound(4)]


def test_only_receivers_that_negotiated_redundancy_get_it_and_at_most_three_blocks() -> None:
    place = Place()
    without = place.fastpath.open_slot(
        place.viewer.transport, MediaKind.AUDIO, SlotFormat(ssrc=9, pt=PT, rtx_ssrc=0, rtx_pt=0, twcc_ext=0)
    )
    place.fastpath.switch(without, place.microphone.layers[0])
    place.fastpath.set_redundancy(without, 2)
    place.fastpath.set_redundancy(place.slot, 200)
    packets = place.send(*(spoken(number) for number in range(12)))
    assert {packet.pt for packet in packets if packet.ssrc == 9} == {PT}
    assert max(len(repeated(packet)) for packet in packets) == 3


def test_nothing_is_repeated_from_before_a_silence() -> None:
    place = Place()
    place.fastpath.set_redundancy(place.slot, 2)
    place.send(*(spoken(number) for number in range(10)))
    resumed = rtp(1000, 10, b"resumed", ts=STEP * 9 + 14_401)
    (first,) = place.send(resumed)
    assert (first.pt, first.payload) == (PT, b"resumed")
    (second,) = place.send(rtp(1000, 11, b"more", ts=STEP * 9 + 14_401 + STEP))
    assert repeated(second) == [b"resumed"]


def test_nothing_is_repeated_from_before_the_slot_switched() -> None:
    place = Place()
    other = place.stage.publisher(MediaKind.AUDIO)
    place.fastpath.set_redundancy(place.slot, 3)
    other.send(*(rtp(1000, number, b"not for you", ts=STEP * number) for number in range(20)))
    place.send(*(spoken(number) for number in range(10)))
    place.fastpath.switch(place.slot, other.layers[0])
    other.send(*(rtp(1000, number, b"new %d" % number, ts=STEP * number) for number in range(20, 26)))
    packets = place.stage.seen()
    assert repeated(packets[0]) == []
    assert {sound for packet in packets for sound in repeated(packet)} == {
        b"new %d" % number for number in range(20, 25)
    }


def test_sounds_from_behind_a_shut_gate_are_not_repeated() -> None:
    place = Place()
    place.fastpath.set_redundancy(place.slot, 3)
    place.send(*(spoken(number) for number in range(6)))
    place.fastpath.set_gate(place.microphone.producer, 2)
    place.send(*(spoken(number) for number in range(6, 9)))
    place.fastpath.set_gate(place.microphone.producer, 0)
    packets = place.send(*(spoken(number) for number in range(9, 13)))
    assert [repeated(packet) for packet in packets] == [
        [],
        [sound(9)],
        [sound(9), sound(10)],
        [sound(10), sound(11)],
    ]


def test_a_lost_sound_is_left_out_of_the_repeats() -> None:
    place = Place()
    place.fastpath.set_redundancy(place.slot, 2)
    packets = place.send(*(spoken(number) for number in range(10) if number != 8))
    assert repeated(packets[-1]) == [sound(6)]


@pytest.mark.parametrize("size", [380, 400, 511, 513, 900, 1180, 1300])
def test_a_packet_never_grows_beyond_what_every_path_takes(size: int) -> None:
    place = Place()
    place.fastpath.set_redundancy(place.slot, 3)
    packets = place.send(*(rtp(1000, number, bytes(size), ts=STEP * number) for number in range(8)))
    assert len(packets) == 8
    for packet in packets:
        assert packet.pt == PT or len(packet.payload) + 28 <= 1200
        own = packet.payload if packet.pt == PT else read_red(packet.payload)[1]
        assert len(own) == size


# --- from publishers --------------------------------------------------------------------------------


def test_a_publishers_redundant_packet_is_forwarded_as_plain_sound() -> None:
    place = Place()
    packets = place.send(repeating(5), repeating(6, 5, level=17), repeating(7, 5, 6))
    assert [(packet.pt, packet.payload, packet.ts) for packet in packets] == [
        (PT, sound(number), STEP * number) for number in (5, 6, 7)
    ]
    assert packets[1].extension[3:5] == bytes([OUT_LEVEL << 4, 17])
    assert place.stage.count("red_recovered") == 0


def test_a_lost_sound_is_taken_from_a_later_packet() -> None:
    place = Place()
    packets = place.send(repeating(5, level=9), repeating(8, 6, 7, level=11))
    assert [packet.payload for packet in packets] == [sound(number) for number in (5, 6, 7, 8)]
    assert [packet.seq - packets[0].seq for packet in packets] == [0, 1, 2, 3]
    assert [packet.ts - packets[0].ts for packet in packets] == [0, STEP, 2 * STEP, 3 * STEP]
    assert [packet.extension[3] >> 4 == OUT_LEVEL for packet in packets] == [True, False, False, True]
    assert place.stage.count("red_recovered") == 2
    assert place.send(spoken(6), spoken(7)) == []  # too late, they are there already


def test_no_sound_from_behind_a_shut_gate_comes_out_of_a_later_packet() -> None:
    place = Place()
    place.send(repeating(5), repeating(6, 5))
    place.fastpath.set_gate(place.microphone.producer, 2)
    place.send(repeating(7, 6))  # 8 and 9 were lost
    place.fastpath.set_gate(place.microphone.producer, 0)
    packets = place.send(repeating(10, 8, 9), repeating(12, 10, 11))
    assert [packet.payload for packet in packets] == [sound(10), sound(11), sound(12)]


def test_a_microphone_that_begins_shut_does_not_reveal_what_it_sent() -> None:
    stage = Stage()
    microphone = stage.publisher(MediaKind.AUDIO)
    slot = stage.viewer().open_slot(MediaKind.AUDIO)
    stage.fastpath.switch(slot, microphone.layers[0])
    microphone.send(repeating(10, 8, 9))
    assert [packet.payload for packet in stage.seen()] == [sound(10)]


def test_blocks_that_contradict_their_neighbours_are_not_believed() -> None:
    place = Place()
    place.send(spoken(10))
    wrong = red(sound(13), (STEP * 4, b"older than 10"), (STEP, sound(12)))
    packets = place.send(rtp(1000, 13, wrong, ts=STEP * 13, pt=RED_PT))
    assert [packet.payload for packet in packets] == [sound(12), sound(13)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80",
        b"\xe0\x00\x04",
        b"\xe0\x00\x04\x05",
        b"\xe0\x00\x04\x05\x60four",
        red(b"own", (STEP, b"earlier"))[:10],
        red(b"own", *[(STEP * (10 - i), b"earlier") for i in range(10)]),
        b"\xff" * 1200,
    ],
)
def test_a_redundant_packet_that_lies_is_malformed(payload: bytes) -> None:
    place = Place()
    place.send(spoken(1))
    assert place.send(rtp(1000, 2, payload, ts=2 * STEP, pt=RED_PT)) == []
    assert (place.stage.count("malformed"), place.stage.count("faults")) == (1, 0)
    assert [packet.payload for packet in place.send(spoken(3))] == [sound(3)]


def test_a_flood_of_blocks_is_bounded_and_all_own_sounds_pass() -> None:
    place = Place()
    place.send(spoken(0))
    packets = [repeating(10 * i, *range(10 * i - 9, 10 * i)) for i in range(1, 65)]
    seen = place.send(*packets)
    assert place.stage.count("faults") == 0
    assert place.stage.count("red_recovered") == 64
    assert {sound(10 * i) for i in range(1, 65)} <= {packet.payload for packet in seen}


HEADER = st.builds(
    lambda pt, back, length: bytes([0x80 | pt]) + (back << 10 | length).to_bytes(3, "big"),
    st.sampled_from([PT, RED_PT, 0]),
    st.integers(0, (1 << 14) - 1),
    st.integers(0, 40),
)
NONSENSE = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda heads, last, data: b"".join(heads) + bytes([last]) + data,
        st.lists(HEADER, max_size=12),
        st.integers(0, 255),
        st.binary(max_size=200),
    ),
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), NONSENSE), min_size=1, max_size=20), st.booleans())
def test_any_redundant_payload_is_harmless(packets: list[tuple[int, bytes]], compiled: bool) -> None:
    place = Place(compiled=compiled)
    place.fastpath.set_redundancy(place.slot, 3)
    other = place.stage.publisher(MediaKind.AUDIO)
    listener = place.stage.viewer().open_slot(MediaKind.AUDIO)
    place.fastpath.switch(listener, other.layers[0])
    for number, payload in packets:
        place.fastpath.inject(
            place.microphone.transport, rtp(1000, number, payload, ts=STEP * number, pt=RED_PT), 0
        )
    seen = place.stage.seen()  # the viewer's SRTP refuses packets that come twice
    assert place.stage.count("faults") == place.stage.count("protect_errors") == 0
    for packet in seen:
        if packet.pt == OUT_RED_PT:
            assert all(0 < back <= 14_400 for _, back, _ in read_red(packet.payload)[0])
    other.send(rtp(1000, 1, b"well"))
    assert [packet.payload for packet in place.stage.seen()] == [b"well"]


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.booleans(), min_size=10, max_size=120),
    st.lists(st.booleans(), min_size=120, max_size=120),
    st.integers(0, 3),
    st.integers(0, 4),
)
def test_every_sound_that_some_packet_still_held_is_heard(
    up: list[bool], down: list[bool], blocks: int, earlier: int
) -> None:
    """Losses on both lines: what the receiver puts together is right, and as complete as the rule
    promises."""
    place = Place(compiled=True)
    place.fastpath.set_redundancy(place.slot, blocks)
    came = [0, *(number for number, lost in enumerate(up, 1) if not lost)]
    known = {number for sent in came for number in range(max(0, sent - earlier), sent + 1)}
    heard: dict[int, bytes] = {}
    arrived: set[int] = set()
    for number in came:
        packet = repeating(number, *range(max(0, number - earlier), number)) if earlier else spoken(number)
        for out in place.send(packet):
            at = out.ts // STEP
            if down[at % 120]:
                continue
            arrived.add(at)
            blocks_of, own = read_red(out.payload) if out.pt == OUT_RED_PT else ([], out.payload)
            for heard_at, heard_sound in [(out.ts - back, sound) for _, back, sound in blocks_of] + [
                (out.ts, own)
            ]:
                assert heard.setdefault(heard_at // STEP, heard_sound) == heard_sound
    assert all(heard_sound == sound(at) for at, heard_sound in heard.items())
    distances = {0: [0], 1: [0, 1], 2: [0, 1, 3], 3: [0, 1, 2, 4]}[blocks]
    assert set(heard) == {
        number for number in known if any(number + distance in arrived for distance in distances)
    }
