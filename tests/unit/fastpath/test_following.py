"""What a tap reads from one layer: whole, in order, once, decodable, and nothing from a shut gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.fastpath import MediaKind, StoredPacket
from sfu.fastpath.kernel.tables import HISTORY
from sfu.plane.following import MAX_AT_ONCE, PATIENCE_S, Following
from tests.support.fastpath_stage import RED_PT, RTX_PT, Publisher, Stage, red, rtp, vp8

pytestmark = pytest.mark.record

HOST = 2
PATIENCE = PATIENCE_S[MediaKind.VIDEO] + 0.01


class Camera:
    """A publisher of pictures of one packet each, and a reader that follows it."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.publisher = self.stage.publisher(MediaKind.VIDEO)
        self.following = self.follow()
        self.now = 10.0
        self.repairs = 0

    def follow(self) -> Following:
        return Following(self.stage.fastpath, self.publisher.layers[0], MediaKind.VIDEO)

    def send(self, *seqs: int, key: bool = False) -> None:
        self.publisher.send(*(picture(seq, key=key) for seq in seqs))

    def repair(self, seq: int) -> None:
        self.repairs += 1
        body = (seq & 0xFFFF).to_bytes(2, "big") + vp8(picture=seq, body=b"p%d" % seq)
        self.publisher.send(rtp(2000, self.repairs, body, ts=seq * 3000, marker=True, pt=RTX_PT))

    def read(self, after_s: float = 0.02) -> list[int]:
        self.now += after_s
        return numbers(self.following.step(self.now))


def picture(seq: int, ssrc: int = 1000, *, key: bool = False) -> bytes:
    return rtp(ssrc, seq, vp8(key=key, picture=seq, body=b"p%d" % seq), ts=seq * 3000, marker=True)


def numbers(kept: list[StoredPacket]) -> list[int]:
    return [packet.number & 0xFFFF for packet in kept]


@pytest.fixture
def camera() -> Camera:
    return Camera()


def test_a_picture_begins_with_the_next_keyframe(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.send(2, 3)
    camera.following = camera.follow()
    camera.send(4, 5)
    assert camera.read() == []
    assert camera.following.waits
    camera.send(6, key=True)
    camera.send(7)
    assert camera.read() == [6, 7]
    assert not camera.following.waits
    assert camera.read() == []


def test_payload_time_and_marker_are_the_publishers(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.send(2)
    _, second = camera.following.step(11.0)
    assert (second.ts, second.marker, second.payload) == (6000, True, vp8(picture=2, body=b"p2"))


def test_packets_out_of_order_are_put_in_order(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.send(3, 2, 5, 4)
    assert camera.read() == [1, 2, 3, 4, 5]


def test_a_hole_is_waited_for_and_reported_once(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.send(2, 4, 5, 8)
    assert camera.read() == [1, 2]
    assert [(first & 0xFFFF, last & 0xFFFF) for first, last in camera.following.missing] == [(3, 3), (6, 7)]
    assert camera.read() == []
    assert camera.following.missing == []
    camera.repair(3)
    assert camera.read(0.3) == [3, 4, 5]
    camera.repair(7)
    camera.repair(6)
    camera.send(9)
    assert camera.read() == [6, 7, 8, 9]
    assert camera.following.missing == []


def test_after_a_hole_that_is_not_filled_nothing_comes_until_a_keyframe(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.send(3)
    assert camera.read() == [1]
    camera.send(4)
    assert camera.read(PATIENCE - 0.1) == []
    assert not camera.following.waits
    assert camera.read(0.2) == []
    assert camera.following.waits
    camera.send(5)
    camera.repair(2)
    assert camera.read() == []
    camera.send(6, key=True)
    camera.send(7)
    assert camera.read() == [6, 7]


def test_reading_goes_on_at_a_keyframe_behind_the_hole(camera: Camera) -> None:
    camera.send(1, key=True)
    assert camera.read() == [1]
    camera.send(3)
    camera.send(4, key=True)
    camera.send(5)
    assert camera.read() == []
    assert camera.read(PATIENCE) == []
    assert camera.read() == [4, 5]


def test_the_waits_for_many_holes_do_not_add_up(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.read()
    for seq in range(2, 120):
        if seq % 4 and seq != 100:
            camera.send(seq)
        if seq == 100:
            camera.send(seq, key=True)
        camera.read()
    camera.send(121, key=True)
    camera.send(122)
    assert camera.read(PATIENCE) == []
    assert camera.read() == [121, 122]


def test_nothing_comes_from_a_shut_gate_and_then_a_keyframe_first(camera: Camera) -> None:
    fastpath, publisher = camera.stage.fastpath, camera.publisher
    camera.send(1, key=True)
    assert camera.read() == [1]
    camera.send(2)
    fastpath.set_gate(publisher.producer, HOST)
    camera.send(3, key=True)
    assert camera.read() == []
    fastpath.set_gate(publisher.producer, 0)
    assert camera.read() == []
    camera.send(4)
    camera.repair(3)
    assert camera.read() == []
    camera.send(5, key=True)
    assert camera.read() == [5]


def test_a_gate_shut_and_opened_between_two_looks_is_noticed(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.read()
    camera.stage.fastpath.set_gate(camera.publisher.producer, HOST)
    camera.send(2, 3)
    camera.stage.fastpath.set_gate(camera.publisher.producer, 0)
    camera.send(4)
    assert camera.read() == []
    camera.send(5, key=True)
    assert camera.read() == [5]


def test_a_new_ssrc_begins_anew_with_its_keyframe(camera: Camera) -> None:
    camera.send(60_000, key=True)
    camera.read()
    stream = camera.following.stream
    camera.stage.fastpath.bind_ssrc(camera.publisher.transport, 3000, camera.publisher.layers[0])
    camera.publisher.send(picture(7, 3000), picture(8, 3000, key=True), picture(9, 3000))
    assert camera.read() == [8, 9]
    assert (stream, camera.following.stream) == (1000, 3000)


def test_packets_that_left_the_history_are_not_waited_for(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.read()
    for seq in range(2, HISTORY + 10):
        camera.send(seq)
    assert camera.read() == []
    camera.send(600, key=True)
    assert camera.read() == [600]


def test_one_step_is_bounded(camera: Camera) -> None:
    most = MAX_AT_ONCE[MediaKind.VIDEO]
    camera.send(1, key=True)
    camera.send(*range(2, most + 11))
    assert camera.read() == list(range(1, most + 1))
    assert camera.following.missing == []
    assert camera.read() == list(range(most + 1, most + 11))


def test_a_layer_that_is_gone_gives_nothing(camera: Camera) -> None:
    camera.send(1, key=True)
    camera.stage.fastpath.close_transport(camera.publisher.transport)
    assert camera.read() == []


class Voice:
    def __init__(self) -> None:
        self.stage = Stage()
        self.publisher: Publisher = self.stage.publisher(MediaKind.AUDIO)
        self.following = Following(self.stage.fastpath, self.publisher.layers[0], MediaKind.AUDIO)

    def send(self, *seqs: int) -> None:
        self.publisher.send(*(rtp(1000, seq, b"s%d" % seq, ts=960 * seq) for seq in seqs))

    def read(self, now: float) -> list[bytes]:
        return [packet.payload for packet in self.following.step(now)]


def test_sounds_begin_with_the_next_one_and_go_on_without_lost_ones() -> None:
    voice = Voice()
    voice.send(1, 2)
    assert voice.read(1.0) == [b"s1", b"s2"]
    voice.send(4, 6)
    assert voice.read(1.02) == []
    assert voice.read(1.2) == []
    assert voice.following.missing == [], "sounds are not asked for again"
    assert voice.read(1.35) == [b"s4", b"s6"]
    assert not voice.following.waits


def test_a_lost_sound_that_travels_with_a_later_one_is_put_in_its_place() -> None:
    voice = Voice()
    voice.send(1)
    voice.send(3)
    assert voice.read(1.0) == [b"s1"]
    voice.publisher.send(rtp(1000, 4, red(b"s4", (1920, b"s2"), (960, b"s3")), ts=960 * 4, pt=RED_PT))
    assert voice.read(1.02) == [b"s2", b"s3", b"s4"]


def test_no_sound_comes_from_a_shut_gate() -> None:
    voice = Voice()
    fastpath = voice.stage.fastpath
    voice.send(1)
    voice.read(1.0)
    fastpath.set_gate(voice.publisher.producer, HOST)
    voice.send(2, 3)
    assert voice.read(1.02) == []
    fastpath.set_gate(voice.publisher.producer, 0)
    again = red(b"s5", (1920, b"s3"), (960, b"s4"))
    voice.publisher.send(rtp(1000, 5, again, ts=960 * 5, pt=RED_PT))
    assert voice.read(1.04) == [b"s5"]


def test_a_packets_arrival_is_given_with_its_own_timestamp() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    assert stage.fastpath.arrival(voice.layers[0]) == (0, 0)
    voice.send(rtp(1000, 1, b"one", ts=0xFFFF_FF00), now=5_000_123)
    assert stage.fastpath.arrival(voice.layers[0]) == (0xFFFF_FF00, 5_000_123)
    voice.send(rtp(1000, 3, b"three", ts=1000), now=5_040_777)
    voice.send(rtp(1000, 2, b"two", ts=40), now=5_041_000)
    assert stage.fastpath.arrival(voice.layers[0]) == (40, 5_041_000)


@given(
    events=st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.integers(0, 6), st.booleans()),
            st.tuples(st.just("repair"), st.integers(1, 8), st.just(False)),
            st.tuples(st.just("gate"), st.integers(0, 1), st.just(False)),
            st.tuples(st.just("read"), st.sampled_from((1, 10, 40)), st.just(False)),
        ),
        max_size=60,
    )
)
def test_whatever_arrives_every_packet_is_given_once_in_order_and_can_be_decoded(
    events: list[tuple[str, int, bool]],
) -> None:
    """send: skip this many numbers; repair: this many numbers back; read: after this many hundredths."""
    camera = Camera()
    seq, shut = 1, False
    said_shut: set[int] = set()
    got: list[StoredPacket] = []
    for what, value, flag in events:
        match what:
            case "send":
                seq += 1 + value
                camera.send(seq, key=flag)
                if shut:
                    said_shut.add(seq)
            case "repair":
                camera.repair(max(1, seq - value))
            case "gate":
                shut = bool(value)
                camera.stage.fastpath.set_gate(camera.publisher.producer, HOST if shut else 0)
            case _:
                camera.now += value / 100
                got += camera.following.step(camera.now)
    last = None
    for packet in got:
        if packet.number - 1 != last:
            assert last is None or packet.number > last
            assert packet.payload == vp8(
                key=True, picture=packet.number & 0xFFFF, body=b"p%d" % (packet.number & 0xFFFF)
            )
        last = packet.number
    assert not said_shut & set(numbers(got))
