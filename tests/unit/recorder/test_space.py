"""The guard of the disk warns at half an hour and stops at the reserve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.writing.space import SpaceGuard, SpaceLeft

pytestmark = pytest.mark.record

MB = 1_000_000
GB = 1000 * MB


def recorded(guard: SpaceGuard, free: int, rate: int, seconds: int, from_s: int = 0) -> SpaceLeft:
    """We write this many bytes per second, for this long."""
    left = guard.look(from_s, free, 0)
    for at in range(1, seconds + 1):
        left = guard.look(from_s + at, free - at * rate, at * rate)
    return left


def test_the_time_left_is_unknown_at_first() -> None:
    assert SpaceGuard(GB).look(0.0, 50 * GB, 0) == SpaceLeft(-1, False, False)
    assert recorded(SpaceGuard(GB), 50 * GB, MB, 5).minutes == -1


def test_it_counts_the_minutes_to_the_reserve() -> None:
    left = recorded(SpaceGuard(GB), GB + 3660 * MB, MB, 60)
    assert left == SpaceLeft(60, False, False)


def test_it_warns_at_half_an_hour_without_flickering() -> None:
    guard = SpaceGuard(GB)
    assert not recorded(guard, GB + 34 * 60 * MB, MB, 60).warn
    assert recorded(guard, GB + 31 * 60 * MB, MB, 60, 1000).warn
    assert recorded(guard, GB + 33 * 60 * MB, MB, 60, 2000).warn
    assert not recorded(guard, GB + 40 * 60 * MB, MB, 60, 3000).warn


def test_it_stops_at_the_reserve() -> None:
    guard = SpaceGuard(GB)
    assert not guard.look(0.0, GB + 1, 0).stop
    assert guard.look(1.0, GB, 0) == SpaceLeft(0, True, True)


def test_what_others_write_counts_too() -> None:
    guard = SpaceGuard(0)
    found = [guard.look(at, 600 * MB - at * 5 * MB, at * MB) for at in range(61)]
    assert found[-1].minutes == 1


def test_a_disk_that_does_not_fill_up_lasts() -> None:
    left = recorded(SpaceGuard(GB), 2 * GB, 0, 60)
    assert left.minutes > 10_000
    assert not left.warn


def test_old_samples_do_not_count() -> None:
    guard = SpaceGuard(0)
    recorded(guard, 100 * GB, 100 * MB, 60)
    assert recorded(guard, 60 * GB, MB, 300, 60).minutes > 900


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 1 << 44), st.integers(0, 1 << 44)), max_size=400))
def test_it_stops_only_at_the_reserve_whatever_the_disk_says(steps: list[tuple[float, int, int]]) -> None:
    guard, now_s = SpaceGuard(1 << 30), 0.0
    for step_s, free, written in steps:
        now_s += step_s
        left = guard.look(now_s, free, written)
        assert left.stop is (free <= 1 << 30)
        assert left.minutes >= -1
        assert left.warn or not left.stop
