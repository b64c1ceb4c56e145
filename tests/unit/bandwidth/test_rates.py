"""What a layer costs, from counters that grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.bandwidth import LayerRates


class Encoder:
    """Twelve frames a second in three temporal layers, TID 0 2 1 2, read ten times a second."""

    def __init__(self) -> None:
        self.rates = LayerRates()
        self.now = 10.0
        self.payload = [0, 0, 0]
        self.frames = [0, 0, 0]
        self._owed = 0.0
        self._turn = 0

    def send(self, seconds: float, payload_bps: int, fps: float = 12.0, key_bytes: int = 0) -> None:
        self.payload[0] += key_bytes
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self._owed += fps / 10
            while self._owed >= 1:
                self._owed -= 1
                temporal = (0, 2, 1, 2)[self._turn % 4]
                self._turn += 1
                self.frames[temporal] += 1
                self.payload[temporal] += int(payload_bps / 8 / fps)
            self.read()

    def read(self) -> None:
        a, b, c = self.payload
        d, e, f = self.frames
        self.rates.update(self.now, (a, b, c), (d, e, f))


def test_rates_are_those_of_the_frames_up_to_a_temporal_layer_with_headers() -> None:
    encoder = Encoder()
    encoder.send(5, 400_000)
    packets = 12 * 4  # 4167 bytes are four packets
    assert encoder.rates.bps(2) == pytest.approx(400_000 + packets * 20 * 8, rel=0.06)
    assert encoder.rates.bps(1) == pytest.approx(encoder.rates.bps(2) / 2, rel=0.1)
    assert encoder.rates.bps(0) == pytest.approx(encoder.rates.bps(2) / 4, rel=0.15)
    assert [round(encoder.rates.fps(t)) for t in range(3)] == [3, 6, 12]


def test_no_rate_is_known_before_media_flowed() -> None:
    rates = LayerRates()
    for tick in range(30):
        rates.update(tick / 10, (0, 0, 0), (0, 0, 0))
    assert rates.bps(2) == 0
    assert rates.fps(2) == 0


def test_a_doubling_is_seen_within_a_second() -> None:
    encoder = Encoder()
    encoder.send(5, 200_000)
    encoder.send(1, 500_000)
    assert encoder.rates.bps(2) > 450_000


def test_a_keyframe_is_not_a_doubling() -> None:
    encoder = Encoder()
    encoder.send(5, 480_000)
    highest = 0
    for tick in range(20):
        encoder.send(0.1, 480_000, key_bytes=0 if tick else 20_000)
        highest = max(highest, encoder.rates.bps(2))
    assert highest < 1.35 * 500_000


def test_a_layer_that_pauses_keeps_its_rates() -> None:
    encoder = Encoder()
    encoder.send(5, 400_000)
    before = encoder.rates.bps(2), encoder.rates.fps(2)
    for _ in range(300):
        encoder.now += 0.1
        encoder.read()
    assert (encoder.rates.bps(2), encoder.rates.fps(2)) == before
    encoder.send(0.2, 400_000)
    assert (encoder.rates.bps(2), encoder.rates.fps(2)) == before
    encoder.send(2, 100_000)
    assert encoder.rates.bps(2) == pytest.approx(110_000, rel=0.15)


def test_a_new_encoder_begins_its_counters_anew() -> None:
    encoder = Encoder()
    encoder.send(5, 400_000)
    before = encoder.rates.bps(2)
    encoder.payload, encoder.frames = [0, 0, 0], [0, 0, 0]
    encoder.read()
    assert encoder.rates.bps(2) == before
    encoder.send(3, 400_000)
    assert encoder.rates.bps(2) == pytest.approx(before, rel=0.1)


def test_without_temporal_layers_all_of_them_are_one() -> None:
    rates = LayerRates()
    for tick in range(50):
        rates.update(tick / 10, (tick * 5000, 0, 0), (tick, 0, 0))
    assert rates.bps(0) == rates.bps(1) == rates.bps(2) > 400_000
    assert rates.fps(0) == rates.fps(2) == pytest.approx(10, abs=0.5)


counts = st.tuples(st.integers(0, 1 << 50), st.integers(0, 1 << 50), st.integers(0, 1 << 50))


@given(st.lists(st.tuples(st.floats(-1, 5), counts, counts), max_size=30))
def test_no_counters_make_nonsense(
    script: list[tuple[float, tuple[int, int, int], tuple[int, int, int]]],
) -> None:
    rates, now = LayerRates(), 0.0
    for elapsed, payload, frames in script:
        now += elapsed
        rates.update(now, payload, frames)
        assert 0 <= rates.fps(0) <= rates.fps(2) or rates.fps(0) >= 0
        assert all(rates.bps(temporal) >= 0 for temporal in range(3))
