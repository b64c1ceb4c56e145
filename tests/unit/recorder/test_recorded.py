"""The counters and beeps that other tests rely on can be read back."""

import pytest

from recorder.format.blocks import Track
from tests.support.recorded import beeps, beeps_in, counters, in_order, pictures, sound_of, tone

pytestmark = pytest.mark.record


def test_each_picture_shows_its_own_counter() -> None:
    shown = counters(pictures(30, 15, (640, 360), first=90, at_ms=500))
    assert [number for _, number in shown] == [*range(90, 100), *range(20)]
    assert [at_ms for at_ms, _ in shown[:3]] == [500, 566, 633]


def test_a_beep_is_heard_at_its_instant() -> None:
    blocks = in_order(beeps([1100, 2004], Track.VOICE_2, from_ms=1000), tone(1, 500.0, Track.VOICE_3))
    assert beeps_in(sound_of(blocks, Track.VOICE_2)) == pytest.approx([1100, 2004], abs=4)
    assert beeps_in(sound_of(blocks, Track.VOICE_3)) == []
