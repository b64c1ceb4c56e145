"""Numbers that never wrap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.rtp.seq import unwrap_u16, unwrap_u32


@pytest.mark.parametrize(
    ("wire", "newest", "expected"),
    [
        (0, 0, 0),
        (1, 0, 1),
        (0xFFFF, 0, -1),  # late, before the first
        (0, 0xFFFF, 0x10000),  # wrap
        (0xFFFF, 0x10000, 0xFFFF),  # late over the wrap
        (5, 0x1FFFE, 0x20005),
        (0x7FFF, 0, 0x7FFF),  # the largest gap that still counts as ahead
        (0x8000, 0, -0x8000),
        (7, 0x50007, 0x50007),  # duplicate
    ],
)
def test_the_nearest_number_is_meant(wire: int, newest: int, expected: int) -> None:
    assert unwrap_u16(wire, newest) == expected


@given(st.integers(0, 1 << 40), st.integers(-0x8000, 0x7FFF))
def test_a_step_within_half_the_range_is_recovered(newest: int, step: int) -> None:
    assert unwrap_u16((newest + step) & 0xFFFF, newest) == newest + step


@given(st.integers(0, 1 << 50), st.integers(-0x8000_0000, 0x7FFF_FFFF))
def test_timestamps_are_recovered_as_well(newest: int, step: int) -> None:
    assert unwrap_u32((newest + step) & 0xFFFF_FFFF, newest) == newest + step
