"""Temporal layers: what a slot's receiver sees while frames are left out and others come late or never."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.fastpath_stage import Publisher, Seen, Stage, Viewer, rtp, vp8

pytestmark = pytest.mark.timeout(300)  # the kernel may have to be compiled first


@dataclass(frozen=True, slots=True)
class Part:
    """A packet of the publisher's picture."""

    number: int
    frame: int
    tid: int
    key: bool
    last: bool
    payload: bytes

    def packet(self, layer: int) -> bytes:
        return rtp(1000 + layer, self.number, self.payload, ts=3000 * self.frame, marker=self.last)

    def again(self, layer: int, rtx_number: int) -> bytes:
        """As the publisher resends it (RFC 4588)."""
        payload = (self.number & 0xFFFF).to_bytes(2, "big") + self.payload
        return rtp(2000 + layer, rtx_number, payload, ts=3000 * self.frame, marker=self.last)


@dataclass(frozen=True, slots=True)
class Frame:
    tid: int
    sync: bool = False
    key: bool = False
    parts: int = 1


def film(frames: Iterable[Frame], *, layer: int = 0, bits: int = 15, first: int = 65_500) -> list[list[Part]]:
    """The packets of each frame."""
    made: list[list[Part]] = []
    number, tl0 = first, 250
    for index, frame in enumerate(frames):
        tl0 += frame.tid == 0
        parts = []
        for part in range(frame.parts):
            payload = vp8(
                key=frame.key and part == 0,
                start=part == 0,
                picture=32_750 + index,
                tl0=tl0,
                bits=bits,
                tid=frame.tid,
                sync=frame.sync,
                body=b"|%d.%d.%d.%d" % (layer, index, part, frame.parts),
            )
            key = frame.key and part == 0
            parts.append(Part(number, index, frame.tid, key, part == frame.parts - 1, payload))
            number += 1
        made.append(parts)
    return made


def pattern(count: int, parts: int = 1) -> list[Frame]:
    """libwebrtc's three temporal layers, after a key frame."""
    four = [Frame(0), Frame(2, sync=True), Frame(1, sync=True), Frame(2)]
    frames = [four[i % 4] for i in range(count)]
    frames = [Frame(frame.tid, frame.sync, i == 0, parts) for i, frame in enumerate(frames)]
    return frames


def place_of(packet: Seen) -> tuple[int, int, int, int]:
    """(layer, frame, part, parts) as its body says."""
    layer, frame, part, parts = packet.payload.rsplit(b"|", 1)[1].split(b".")
    return int(layer), int(frame), int(part), int(parts)


def frames_of(packets: Iterable[Seen]) -> list[int]:
    return sorted({place_of(packet)[1] for packet in packets if packet.payload})


def picture_of(packet: Seen) -> int:
    long = packet.payload[2] & 0x80
    return packet.picture if long else packet.payload[2]


class Place:
    """A camera with two layers and a viewer's slot on the first."""

    def __init__(self, *, compiled: bool = False) -> None:
        self.stage = Stage(compiled=compiled)
        self.camera: Publisher = self.stage.publisher(layers=2)
        self.viewer: Viewer = self.stage.viewer()
        self.slot = self.viewer.open_slot()
        self.fastpath = self.stage.fastpath
        self.fastpath.switch(self.slot, self.camera.layers[0])

    def play(self, frames: Iterable[list[Part]], layer: int = 0) -> None:
        for frame in frames:
            self.camera.send(*(part.packet(layer) for part in frame), now=33_000 * frame[0].frame)


def assert_unbroken(packets: list[Seen], pictures: int = 0x7FFF) -> None:
    """In the order of their numbers: no hole in these, nor in picture ids, and nothing twice."""
    numbers = [packet.seq - packets[0].seq & 0xFFFF for packet in packets]
    assert sorted(numbers) == list(range(len(numbers)))
    ordered = [packet for _, packet in sorted(zip(numbers, packets, strict=True), key=lambda pair: pair[0])]
    full = [packet for packet in ordered if packet.payload]
    for before, after in itertools.pairwise(full):
        _, frame, part, parts = place_of(before)
        _, next_frame, next_part, _ = place_of(after)
        if frame == next_frame:
            assert next_part == part + 1
            assert picture_of(after) == picture_of(before)
        else:
            assert (part, next_part) == (parts - 1, 0)
            assert picture_of(after) - picture_of(before) & pictures == 1
            assert 0 < after.ts - before.ts & 0xFFFFFFFF < 1 << 31


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(("highest", "every"), [(2, 1), (1, 2), (0, 4)])
def test_only_the_wanted_layers_pass_and_leave_no_hole(highest: int, every: int, parts: int) -> None:
    place = Place()
    place.fastpath.set_temporal(place.slot, highest)
    place.play(film(pattern(40, parts)))
    packets = place.stage.seen()
    assert frames_of(packets) == list(range(0, 40, every))
    assert_unbroken(packets)
    assert place.stage.count("temporal_dropped") == 40 * parts - len(packets)
    tl0 = [packet.tl0 for packet in packets if place_of(packet)[2] == 0]
    assert all(after - before & 255 <= 1 for before, after in itertools.pairwise(tl0))


def test_it_is_lowered_at_the_next_frame_and_not_inside_one() -> None:
    place = Place()
    frames = film(pattern(12, 3))
    place.play(frames[:1])
    second = frames[1]
    place.camera.send(second[0].packet(0))
    place.fastpath.set_temporal(place.slot, 0)
    place.camera.send(second[1].packet(0), second[2].packet(0))
    place.play(frames[2:])
    packets = place.stage.seen()
    assert frames_of(packets) == [0, 1, 4, 8]
    assert_unbroken(packets)


def test_it_is_raised_only_where_the_receiver_can_follow() -> None:
    place = Place()
    plain = [Frame(0, key=True), Frame(2), Frame(1), Frame(2), Frame(0), Frame(2), Frame(1), Frame(2)]
    synced = [Frame(0), Frame(2), Frame(1, sync=True), Frame(2), Frame(0), Frame(2, sync=True), Frame(1)]
    place.fastpath.set_temporal(place.slot, 0)
    frames = film(plain + synced)
    place.play(frames[:2])
    place.fastpath.set_temporal(place.slot, 2)
    place.play(frames[2:])
    packets = place.stage.seen()
    assert frames_of(packets) == [0, 4, 8, 10, 12, 13, 14]
    assert_unbroken(packets)


def test_a_key_frame_raises_to_all_at_once() -> None:
    place = Place()
    frames = film([Frame(0, key=True), Frame(2), Frame(0), Frame(2), Frame(0, key=True), Frame(2), Frame(1)])
    place.fastpath.set_temporal(place.slot, 0)
    place.play(frames[:2])
    place.fastpath.set_temporal(place.slot, 2)
    place.play(frames[2:])
    packets = place.stage.seen()
    assert frames_of(packets) == [0, 2, 4, 5, 6]
    assert_unbroken(packets)


def test_a_picture_without_temporal_layers_is_untouched() -> None:
    place = Place()
    place.fastpath.set_temporal(place.slot, 0)
    for number in range(10):
        key = b"\x10\0\0\x9d\x01\x2a\x40\x01\xc8\x00" if number == 0 else b"\x11\0\0"
        place.camera.send(rtp(1000, number, b"\x90\x80" + bytes([number]) + key, ts=number))
    assert len(place.stage.seen()) == 10


def test_after_a_switch_the_wanted_layer_still_holds() -> None:
    place = Place()
    place.fastpath.set_temporal(place.slot, 1)
    place.play(film(pattern(7)))
    place.fastpath.switch(place.slot, place.camera.layers[1])
    place.play(film(pattern(9), layer=1, first=300), layer=1)
    packets = place.stage.seen()
    assert [place_of(packet)[:2] for packet in packets] == [
        *((0, frame) for frame in (0, 2, 4, 6)),
        *((1, frame) for frame in (0, 2, 4, 6, 8)),
    ]
    pictures = [packet.picture for packet in packets]
    assert [(picture - pictures[0]) & 0x7FFF for picture in pictures] == list(range(9))


def test_a_lost_packet_keeps_its_number_and_fills_it_when_it_comes() -> None:
    place = Place()
    place.fastpath.set_temporal(place.slot, 0)
    frames = film(pattern(16, 2))
    lost = frames[8][1]
    for frame in frames:
        place.camera.send(*(part.packet(0) for part in frame if part is not lost))
    before = place.stage.seen()
    numbers = {packet.seq for packet in before}
    hole = {before[0].seq + i & 0xFFFF for i in range(8)} - numbers
    assert len(hole) == 1
    place.camera.send(lost.again(0, 1))
    (late,) = place.stage.seen()
    assert {late.seq} == hole
    assert_unbroken([*before, late])


def test_a_late_packet_of_a_frame_that_was_left_out_fills_its_number_with_nothing() -> None:
    place = Place()
    place.fastpath.set_temporal(place.slot, 0)
    frames = film(pattern(6, 2))
    lost = frames[1][0]  # of the second layer: the hole might as well have been the end of the first frame
    for frame in frames:
        place.camera.send(*(part.packet(0) for part in frame if part is not lost))
    place.camera.send(lost.packet(0))
    packets = place.stage.seen()
    assert packets[-1].payload == b""
    assert frames_of(packets) == [0, 4]
    assert_unbroken(packets)
    sent = place.fastpath.resend(place.slot, [packets[-1].seq], 1, 0)
    assert 0 < sent < 60
    assert place.stage.seen()[0].payload == packets[-1].seq.to_bytes(2, "big")


def test_frames_and_bytes_are_counted_by_temporal_layer() -> None:
    place = Place()
    frames = film(pattern(8, 2))
    place.play(frames)
    row = place.fastpath.layers[place.camera.layers[0]]
    assert [int(row[f"frames{tid}"]) for tid in range(3)] == [2, 2, 4]
    for tid in range(3):
        sent = sum(len(part.payload) for frame in frames for part in frame if part.tid == tid)
        assert row[f"bytes{tid}"] == sent


# --- any film, any line -------------------------------------------------------------------------------

FRAME = st.builds(
    Frame,
    tid=st.sampled_from([0, 0, 1, 2, 2]),
    sync=st.booleans(),
    key=st.just(False),
    parts=st.integers(1, 4),
)


@st.composite
def films(draw: st.DrawFn, most: int = 40) -> list[Frame]:
    frames = draw(st.lists(FRAME, min_size=2, max_size=most))
    keys = {0, *draw(st.sets(st.integers(0, len(frames) - 1), max_size=2))}
    return [
        Frame(0, False, True, frame.parts)
        if index in keys
        else Frame(frame.tid, frame.sync, False, frame.parts)
        for index, frame in enumerate(frames)
    ]


WISHES = st.dictionaries(st.integers(0, 40), st.integers(0, 2), max_size=8)


@settings(max_examples=examples(100), deadline=None)
@given(films(), WISHES)
def test_on_a_good_line_exactly_the_frames_that_the_rule_allows_pass(
    frames: list[Frame], wishes: dict[int, int]
) -> None:
    place = Place(compiled=True)
    now = wish = 2
    expected = []
    for index, frame in enumerate(frames):
        wish = wishes.get(index, wish)
        if frame.key or wish < now:
            now = wish
        elif frame.sync and now < frame.tid <= wish:
            now = frame.tid
        if frame.tid <= now:
            expected.append(index)
    for index, parts in enumerate(film(frames)):
        if index in wishes:
            place.fastpath.set_temporal(place.slot, wishes[index])
        place.camera.send(*(part.packet(0) for part in parts))
    packets = place.stage.seen()
    assert frames_of(packets) == expected
    assert_unbroken(packets)


@st.composite
def lines(
    draw: st.DrawFn, frames: list[list[Part]], *, forgets: bool = False
) -> list[list[tuple[Part, bool]]]:
    """The packets as they arrive, in batches: some late, some only after they were asked for again (true);
    with `forgets`, some never. Key frames begin in time: a slot that begins with a late one has missed what
    overtook it, and must ask for that."""
    arrivals: list[tuple[float, Part, bool]] = []
    for place, part in enumerate(part for frame in frames for part in frame):
        fate = draw(st.sampled_from("iiiiiiiillr" + ("x" if forgets else "")))
        if part.key or fate == "i":
            arrivals.append((place, part, False))
        elif fate == "l":
            arrivals.append((place + draw(st.integers(1, 6)) + 0.5, part, False))
        elif fate == "r":
            arrivals.append((place + draw(st.integers(2, 40)) + 0.5, part, True))
    arrivals.sort(key=lambda arrival: arrival[0])
    newest = 0
    for i, (at_place, part, again) in enumerate(arrivals):
        if again and part.number > newest:
            arrivals[i] = (at_place, part, False)  # nobody can have missed it yet
        newest = max(newest, part.number)
    batches: list[list[tuple[Part, bool]]] = []
    at = 0
    while at < len(arrivals):
        size = draw(st.integers(1, 6))
        batches.append([(part, again) for _, part, again in arrivals[at : at + size]])
        at += size
    return batches


def wire(batch: list[tuple[Part, bool]], layer: int, rtx_number: int) -> list[bytes]:
    return [
        part.again(layer, rtx_number + i) if again else part.packet(layer)
        for i, (part, again) in enumerate(batch)
    ]


STALE = 90_000
"""A second; and a packet counts as the next one, which shows its loss: a frame later at most."""


def newest_key(packets: list[Seen]) -> int:
    """The number with which the newest keyframe begins: a receiver starts from there."""
    first = packets[0].seq
    starts = [packet.seq for packet in packets if b"\x9d\x01\x2a" in packet.payload]
    return max(starts, key=lambda seq: (seq - first) & 0xFFFF)


@settings(max_examples=examples(200), deadline=None)
@given(st.data(), films(), WISHES, st.sampled_from([7, 15]), st.booleans())
def test_when_everything_arrives_in_the_end_no_hole_remains(
    data: st.DataObject, frames: list[Frame], wishes: dict[int, int], bits: int, compiled: bool
) -> None:
    place = Place(compiled=compiled)
    for turn, batch in enumerate(data.draw(lines(film(frames, bits=bits)))):
        if turn in wishes:
            place.fastpath.set_temporal(place.slot, wishes[turn])
        place.camera.send(*wire(batch, 0, 10 * turn))
    packets = place.stage.seen()
    assert_unbroken(packets, 0x7FFF if bits == 15 else 0x7F)
    assert place.stage.count("protect_errors") == place.stage.count("faults") == 0
    key = newest_key(packets)
    first_ts = packets[0].ts
    newest = max((packet.ts - first_ts) & 0xFFFFFFFF for packet in packets)
    stale = 0
    for packet in packets[-60:]:
        behind = newest - ((packet.ts - first_ts) & 0xFFFFFFFF)
        if STALE < behind <= STALE + 3000:
            continue  # the next packet may be of the same frame or not
        sent = place.fastpath.resend(place.slot, [packet.seq], 10_000_000, 0)
        if (packet.seq - key) & 0xFFFF >= 0x8000:
            assert sent == 0, "older than the keyframe"
        elif behind > STALE:
            stale += 1
            assert sent == 0, "stale"
        else:
            assert sent > 0
            (again,) = place.stage.seen()
            assert again.payload == packet.seq.to_bytes(2, "big") + packet.payload
            assert (again.ts, again.marker) == (packet.ts, packet.marker)
    assert place.fastpath.slots[place.slot]["stale"] == stale


def out_of_order(numbers: list[int], total: int) -> int:
    """How many of the numbers did not come, or came after a higher one."""
    highest, in_order = -1, 0
    for number in numbers:
        in_order += number > highest
        highest = max(highest, number)
    return total - in_order


@settings(max_examples=examples(200), deadline=None)
@given(st.data(), films(25), films(25), WISHES, st.sets(st.integers(0, 40), max_size=4))
def test_with_losses_and_switches_nothing_comes_twice_and_only_what_was_lost_is_missing(
    data: st.DataObject, low: list[Frame], high: list[Frame], wishes: dict[int, int], switches: set[int]
) -> None:
    place = Place(compiled=True)
    films_of = [film(low), film(high, layer=1, first=200)]
    arriving = [data.draw(lines(parts, forgets=True)) for parts in films_of]
    carried = 0
    for turn in range(max(len(batches) for batches in arriving)):
        if turn in wishes:
            place.fastpath.set_temporal(place.slot, wishes[turn])
        if turn in switches:
            carried = 1 - carried
            place.fastpath.switch(place.slot, place.camera.layers[carried])
        for layer, batches in enumerate(arriving):
            if turn < len(batches):
                place.camera.send(*wire(batches[turn], layer, 10 * turn), now=turn * 33_000)
    packets = place.stage.seen()  # the viewer's SRTP has refused what came twice
    if not packets:
        return
    base = min(packet.seq - packets[0].seq + 0x8000 & 0xFFFF for packet in packets)
    by_number = {(packet.seq - packets[0].seq + 0x8000 & 0xFFFF) - base: packet for packet in packets}
    assert len(by_number) == len(packets)
    late_or_lost = sum(
        out_of_order([part.number for batch in batches for part, _ in batch], sum(map(len, parts)))
        for batches, parts in zip(arriving, films_of, strict=True)
    )
    assert max(by_number) + 1 - len(by_number) <= late_or_lost
    full = [by_number[number] for number in sorted(by_number) if by_number[number].payload]
    for before, after in itertools.pairwise(full):
        assert picture_of(after) - picture_of(before) & 0x7FFF < 0x4000
    pairs = {(packet.picture, place_of(packet)[:2]) for packet in full}
    assert len(pairs) == len({picture for picture, _ in pairs}) == len({frame for _, frame in pairs})
    bases = {(packet.tl0, place_of(packet)[:2]) for packet in full if packet.payload[5] >> 6 == 0}
    assert len(bases) == len({tl0 for tl0, _ in bases})
    assert place.stage.count("protect_errors") == place.stage.count("faults") == 0
