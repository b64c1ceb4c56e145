"""How punctual the media worker's loop is, as /metrics tells it."""

from sfu import Spread
from sfu.plane.beats import TICKS, Beats


def test_before_the_first_tick_nothing_is_told() -> None:
    assert Beats().tick == Beats().late == Spread()


def test_a_single_long_tick_is_the_longest_and_moves_no_median() -> None:
    beats = Beats()
    for _ in range(TICKS - 1):
        beats.ticked(0.001)
    beats.ticked(0.25)
    assert beats.tick == Spread(p50_us=1_000, p99_us=1_000, longest_us=250_000)


def test_what_is_longer_ago_than_ten_seconds_is_forgotten() -> None:
    beats = Beats()
    beats.ticked(0.25)
    for _ in range(TICKS):
        beats.ticked(0.001)
    assert beats.tick.longest_us == 1_000


def test_a_wake_before_its_time_is_not_late() -> None:
    beats = Beats()
    beats.woke(-0.001)
    beats.woke(0.002)
    assert beats.late == Spread(0, 2_000, 2_000)
