"""A person's voice and picture are placed correctly, whatever their clocks and lines do."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.muxing.clocks import MAX_ENDPOINTS, Clocks
from sfu import EndpointId, Source
from sfu.rtp.clocks import MAX_DELAY_US, MAX_STREAMS

pytestmark = pytest.mark.record

A = EndpointId("a")
VOICE, CAMERA = 11, 22
NTP_2025_US = 3_970_000_000_000_000
S = 1_000_000


def ntp(us: float) -> int:
    return round(us * (1 << 32) / 1_000_000)


class Talker:
    """One publisher: what it makes at an instant and what its reports say about it."""

    def __init__(self, clocks: Clocks, *, delay_us: int = 50_000, camera_later_us: int = 0) -> None:
        self.clocks = clocks
        self.delay_us = delay_us
        self.camera_later_us = camera_later_us
        self.set_us = 0
        """By how much its clock has been set since."""
        self.ts_of = {VOICE: 4_294_000_000, CAMERA: 77}

    def ts(self, stream: int, made_us: int) -> int:
        rate = 48_000 if stream == VOICE else 90_000
        return (self.ts_of[stream] + made_us * rate // S) & 0xFFFF_FFFF

    def send(self, stream: int, made_us: int, late_us: int = 0) -> int:
        """Returns how far the estimate is from the true instant, the constant delay allowed for."""
        source = Source.MICROPHONE if stream == VOICE else Source.CAMERA
        arrives_us = made_us + self.delay_us + late_us + (0 if stream == VOICE else self.camera_later_us)
        self.clocks.sample(A, source, stream, self.ts(stream, made_us), arrives_us)
        return self.clocks.at_us(A, stream, self.ts(stream, made_us)) - made_us - self.delay_us

    def report(self, stream: int, made_us: int, wrong_us: int = 0) -> None:
        said_us = NTP_2025_US + made_us + self.set_us + wrong_us
        self.clocks.report(A, stream, ntp(said_us), self.ts(stream, made_us))


def test_without_reports_the_least_delay_decides() -> None:
    dice = random.Random(1)
    talker = Talker(Clocks())
    wrong = [talker.send(VOICE, made, dice.randrange(40_000)) for made in range(S, 10 * S, 20_000)]
    assert all(abs(off) < 41_000 for off in wrong)
    assert all(abs(off) < 3_000 for off in wrong[100:])


def test_early_reports_align_voice_and_picture_within_half_a_second() -> None:
    talker = Talker(Clocks(), camera_later_us=60_000)
    talker.report(VOICE, 0)
    talker.report(CAMERA, 0)
    apart = [talker.send(CAMERA, made) - talker.send(VOICE, made) for made in range(S, 3 * S, 20_000)]
    assert all(abs(off) <= 40_000 for off in apart)
    assert all(abs(off) < 1_000 for off in apart[25:])


def test_a_report_aligns_a_late_camera_with_the_voice_without_a_jump() -> None:
    talker = Talker(Clocks(), camera_later_us=90_000)
    camera: list[int] = []
    for made in range(S, 20 * S, 40_000):
        talker.send(VOICE, made)
        camera.append(talker.send(CAMERA, made))
        if made % (4 * S) == 0:
            talker.report(VOICE, made)
            talker.report(CAMERA, made)
    assert camera[0] == 70_000  # the usual 20 ms of a camera
    assert abs(camera[-1]) < 2_000
    assert all(abs(later - sooner) <= 2_100 for sooner, later in pairwise(camera))


def test_a_new_layer_of_a_late_camera_is_aligned_with_the_voice_at_once() -> None:
    talker = Talker(Clocks(), camera_later_us=90_000)
    for made in range(S, 20 * S, 40_000):
        talker.send(VOICE, made)
        talker.send(CAMERA, made)
        if made % (4 * S) == 0:
            talker.report(VOICE, made)
            talker.report(CAMERA, made)
    talker.ts_of[33] = 4_294_967_000
    assert abs(talker.send(33, 20 * S)) < 3_000


def test_a_report_that_came_before_its_stream_is_used() -> None:
    talker = Talker(Clocks(), camera_later_us=200_000)
    for made in range(S, 3 * S, 20_000):
        talker.send(VOICE, made)
    talker.report(VOICE, 3 * S)
    talker.report(CAMERA, 3 * S)
    assert abs(talker.send(CAMERA, 3 * S + 100_000)) < 2_000


@pytest.mark.parametrize("drift", [-150e-6, 150e-6])
def test_a_sound_card_that_goes_wrong_is_followed(drift: float) -> None:
    """Its timestamps drift against its computer's clock, as the reports show."""
    talker = Talker(Clocks())
    off = 0
    for made in range(S, 900 * S, 20_000):
        talker.ts_of[VOICE] = 4_294_000_000 + round(made * drift * 48_000 / S)
        off = talker.send(VOICE, made)
        if made % (5 * S) == 0:
            talker.report(VOICE, made)
        if made > 10 * S:
            assert abs(off) < 6_000


def test_setting_a_publishers_clock_moves_nothing() -> None:
    talker = Talker(Clocks(), camera_later_us=40_000)
    voice, camera = 0, 0
    for made in range(S, 120 * S, 40_000):
        if made == 60 * S:
            talker.set_us = -3_600 * S
        voice, camera = talker.send(VOICE, made), talker.send(CAMERA, made)
        if made % (5 * S) == 0:
            talker.report(VOICE, made)
        if made % (5 * S) == S:
            talker.report(CAMERA, made)
        if made > 20 * S:
            assert abs(voice) < 3_000
            assert abs(camera) < 3_000


def test_a_growing_delay_is_followed_slowly_and_together() -> None:
    talker = Talker(Clocks(), camera_later_us=20_000)
    voice = 0
    for made in range(S, 200 * S, 40_000):
        later = 200_000 if made > 60 * S else 0
        voice, camera = talker.send(VOICE, made, later), talker.send(CAMERA, made, later)
        if made % (5 * S) == 0:
            talker.report(VOICE, made)
            talker.report(CAMERA, made)
        if made > 20 * S:
            assert abs(voice - camera) < 3_000
    assert voice > 150_000


def test_late_reports_of_a_busy_sender_keep_voice_and_picture_together() -> None:
    dice = random.Random(4)
    talker = Talker(Clocks(), camera_later_us=20_000)
    apart = []
    for made in range(S, 300 * S, 40_000):
        apart.append(talker.send(CAMERA, made) - talker.send(VOICE, made))
        for stream, phase in ((VOICE, 0), (CAMERA, 400_000)):
            if made % S == phase:
                late_us = dice.randrange(150_000) if dice.random() < 0.25 else dice.randrange(5_000)
                talker.report(stream, made, late_us)
    assert max(abs(off) for off in apart[250:]) < 40_000


def test_a_sender_that_was_stuck_returns_to_its_place() -> None:
    talker = Talker(Clocks(), camera_later_us=20_000)
    apart = 0
    for made in range(S, 120 * S, 40_000):
        apart = talker.send(CAMERA, made) - talker.send(VOICE, made)
        stuck = 60 * S < made < 70 * S
        if made % S == 0:
            talker.report(VOICE, made)
        if made % S == 400_000:
            talker.report(CAMERA, made, 500_000 if stuck else 0)
    assert abs(apart) < 5_000


def test_a_stalled_sound_card_is_corrected_by_the_next_reports() -> None:
    talker, off = Talker(Clocks()), 0
    for made in range(S, 60 * S, 20_000):
        if made == 30 * S:
            talker.ts_of[VOICE] -= 48_000 * 300 // 1000
        off = talker.send(VOICE, made)
        if made % (5 * S) == 0:
            talker.report(VOICE, made)
    assert abs(off) < 5_000


def test_a_false_report_moves_nothing_by_more_than_a_second() -> None:
    dice = random.Random(2)
    talker, off = Talker(Clocks()), 0
    for made in range(S, 60 * S, 20_000):
        off = talker.send(VOICE, made)
        assert -MAX_DELAY_US <= off <= 0
        if made % S == 0:
            talker.clocks.report(A, VOICE, dice.getrandbits(64), dice.getrandbits(32))
    assert abs(off) < 300_000


def test_a_jump_of_the_timestamps_starts_afresh() -> None:
    talker = Talker(Clocks())
    for made in range(S, 10 * S, 20_000):
        talker.send(VOICE, made)
    talker.report(VOICE, 10 * S)
    talker.ts_of[VOICE] += 1_000_000_000
    assert abs(talker.send(VOICE, 10 * S)) < 1_000


def test_memory_is_bounded() -> None:
    clocks = Clocks()
    for number in range(1000):
        clocks.sample(EndpointId(str(number)), Source.CAMERA, 1, 0, number)
        clocks.sample(A, Source.CAMERA, number, 0, number)
        clocks.report(A, 10_000 + number, number, number)
    assert len(clocks._endpoints) <= MAX_ENDPOINTS
    assert len(clocks._endpoints[A]._streams) <= MAX_STREAMS
    assert len(clocks._endpoints[A]._waiting) <= MAX_STREAMS


TICKS = st.integers(0, 0xFFFF_FFFF)
STEPS = st.tuples(
    st.sampled_from(("sample", "report")),
    st.sampled_from((VOICE, CAMERA)),
    TICKS,
    st.integers(0, 2**64 - 1),
    st.integers(0, 30 * S),
)


@given(st.lists(STEPS, max_size=40))
def test_nothing_is_placed_after_its_arrival_or_long_before_it(
    steps: list[tuple[str, int, int, int, int]],
) -> None:
    clocks, now = Clocks(), S
    for kind, stream, ts, said, after in steps:
        now += after
        if kind == "report":
            clocks.report(A, stream, said, ts)
        else:
            source = Source.MICROPHONE if stream == VOICE else Source.CAMERA
            clocks.sample(A, source, stream, ts, now)
            for other in (ts, ts ^ 0x8000_0000, 0):
                assert now - MAX_DELAY_US <= clocks.at_us(A, stream, other) <= now
