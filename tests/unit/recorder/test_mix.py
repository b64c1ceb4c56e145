"""Three voices mixed: each at its instant, none too loud, silence where nothing came."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.format.blocks import Block, Track
from recorder.opening.film.edit_list import FRAME_MS, RATE, SAMPLES
from recorder.opening.film.mix import MAX_LEVEL, MS, Limiter, Mixer, Sound, stretched
from tests.support.recorded import beeps, beeps_in, in_order, opus, tone

pytestmark = pytest.mark.record


def mixed(blocks: list[Block], until_ms: int, from_ms: int = 0) -> Sound:
    mixer = Mixer()
    for block in blocks:
        mixer.take(block)
    return np.concatenate([mixer.pull(at_ms, SAMPLES) for at_ms in range(from_ms, until_ms, FRAME_MS)])


def late(blocks: list[Block], by_ms: "dict[int, int]") -> list[Block]:
    """The blocks with changed instants, by number."""
    return [
        Block(block.track, block.at_ms + by_ms.get(number, 0), block.data)
        for number, block in enumerate(blocks)
    ]


def test_each_voice_is_heard_at_its_instant() -> None:
    one = beeps([500, 2500], Track.VOICE_1, hz=2400.0)
    other = beeps([1503], Track.VOICE_2, hz=3600.0, from_ms=1203)
    third = beeps([507], Track.VOICE_3, hz=4800.0, from_ms=7)
    sound = mixed(in_order(one, other, third), 3000)
    assert len(sound) == 3 * RATE
    assert beeps_in(sound, 2400.0) == pytest.approx([500, 2500], abs=5)
    assert beeps_in(sound, 3600.0) == pytest.approx([1503], abs=5)
    assert beeps_in(sound, 4800.0) == pytest.approx([507], abs=5)


def test_starting_in_the_middle_gives_the_same_sound() -> None:
    blocks = beeps([500, 2500], until_ms=3500)
    whole, rest = mixed(blocks, 3000), mixed(blocks, 3000, from_ms=2000)
    assert rest == pytest.approx(whole[2 * RATE :], abs=0.02)


def test_missing_packets_are_silence_and_later_ones_stay_in_time() -> None:
    blocks = [block for block in beeps([200, 2000]) if not 600 <= block.at_ms < 1800]
    sound = mixed(blocks, 2400)
    assert np.abs(sound[700 * MS : 1700 * MS]).max() == 0
    assert beeps_in(sound) == pytest.approx([200, 2000], abs=5)


def test_a_drifting_clock_is_followed_without_a_click() -> None:
    """A publisher's clock is 200 ppm slow: 120 ms in ten minutes. Instants are rounded as well."""
    steady = tone(20, 440.0)
    drifted = [Block(block.track, round(number * 20.004), block.data) for number, block in enumerate(steady)]
    sound, calm = mixed(drifted, 20_000), mixed(steady, 20_000)
    steps, usual = np.abs(np.diff(sound[RATE:])), np.abs(np.diff(calm[RATE:]))
    assert steps.max() < usual.max() * 1.3
    loud = np.abs(sound[RATE:]).reshape(-1, SAMPLES // 2).max(axis=1)
    assert loud[:-2].min() > 0.3  # never interrupted


def test_a_jump_in_time_is_followed_at_once() -> None:
    blocks = late(beeps([200, 1000]), dict.fromkeys(range(40, 200), 300))
    assert beeps_in(mixed(blocks, 1800)) == pytest.approx([200, 1300], abs=5)


def test_three_loud_voices_are_turned_down_not_clipped() -> None:
    loud = np.full(2 * RATE, 0.9, np.float32) * np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE)
    quiet = tone(2, 300.0, Track.VOICE_1, at_ms=2000)
    voices = [opus(loud.astype(np.float32), track) for track in (Track.VOICE_1, Track.VOICE_2, Track.VOICE_3)]
    sound = mixed(in_order(*voices, quiet), 4000)
    assert np.abs(sound).max() <= 1.0
    assert np.abs(sound[RATE // 2 : RATE]).max() > 0.8
    flat = np.abs(sound[RATE // 2 : RATE]) > 0.999 * np.abs(sound[RATE // 2 : RATE]).max()
    assert flat.mean() < 0.1  # a clipped sine would be at its maximum half of the time
    assert np.abs(sound[-RATE // 2 :]).max() == pytest.approx(0.4, abs=0.06)  # and up again


@settings(max_examples=40)
@given(st.lists(st.floats(0, 4, allow_nan=False), min_size=1, max_size=12), st.integers(0, 2**31))
def test_the_limiter_never_exceeds_its_maximum(levels: list[float], seed: int) -> None:
    noise = np.random.default_rng(seed)
    limiter = Limiter()
    sound = np.concatenate([level * noise.uniform(-1, 1, SAMPLES) for level in [*levels, 0]])
    step = 5 * MS
    out = [
        limiter.take(sound[at : at + SAMPLES + step].astype(np.float32))
        for at in range(0, len(sound) - SAMPLES, SAMPLES)
    ]
    assert all(len(each) == SAMPLES for each in out)
    assert np.abs(np.concatenate(out)).max() <= MAX_LEVEL + 1e-4


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([Track.VOICE_1, Track.VOICE_2]), st.integers(0, 2000), st.binary(max_size=60)
        ),
        max_size=30,
    )
)
def test_bytes_that_are_no_sound_are_dropped(blocks: list[tuple[Track, int, bytes]]) -> None:
    sound = mixed([Block(track, at_ms, data) for track, at_ms, data in blocks], 800)
    assert len(sound) == 800 * MS
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1.0


def test_stretching_keeps_the_sound() -> None:
    wave = np.sin(np.arange(960) / 20).astype(np.float32)
    longer = stretched(wave, 3)
    assert len(longer) == 963
    assert (longer[0], longer[-1]) == pytest.approx((wave[0], wave[-1]))
