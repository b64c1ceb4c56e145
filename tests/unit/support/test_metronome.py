"""What the points that keep time are measured by does not invent lateness where packets were lost."""

import pytest

from recorder.format.blocks import Block, Track
from tests.support.metronome import beeping_voice
from tests.support.record_reading import read

SECOND = 50
"""Packets."""


@pytest.mark.record
@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize(("first", "lost"), [(-4, 5), (-1, 2), (0, 1), (0, 4), (1, 6), (4, 2)])
def test_a_beep_that_lost_packets_is_not_taken_for_a_late_one(index: int, first: int, lost: int) -> None:
    hurt = (2, 5)
    missing = {second * SECOND + first + number for second in hurt for number in range(lost)}
    reading = read(
        Block(Track.VOICE_1, number * 20, piece.data, True)
        for number, piece in enumerate(beeping_voice(index).pieces[: 8 * SECOND])
        if number not in missing
    )
    heard = reading.beeps_of(index)
    assert all(abs(second - round(second)) < 0.02 for second in heard), heard
    assert {1, 3, 4, 6, 7} <= {round(second) for second in heard}, "a whole one is found"
