"""How much sound a packet claims to hold."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.voice.ears import BadSound
from sfu.voice.toc import MAX_MS, duration_ms


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (bytes([0 << 3]), 10),
        (bytes([3 << 3]), 60),
        (bytes([13 << 3]), 20),
        (bytes([16 << 3]), 2.5),
        (bytes([31 << 3]), 20),
        (bytes([31 << 3 | 1]), 40),
        (bytes([31 << 3 | 3, 6]), 120),
        (bytes([16 << 3 | 3, 48]), 120),
    ],
)
def test_the_first_bytes_say_how_much_sound_there_is(payload: bytes, expected: float) -> None:
    assert duration_ms(payload) == expected


@pytest.mark.parametrize(
    "payload", [b"", bytes([31 << 3 | 3]), bytes([31 << 3 | 3, 0]), bytes([31 << 3 | 3, 7]), b"\x1b\x3f"]
)
def test_a_length_that_no_packet_may_have_is_refused(payload: bytes) -> None:
    with pytest.raises(BadSound):
        duration_ms(payload)


@given(st.binary(max_size=8))
def test_any_bytes_are_refused_or_bounded(payload: bytes) -> None:
    with contextlib.suppress(BadSound):
        assert 0 < duration_ms(payload) <= MAX_MS
