"""Every frame of a WebSocket counts, whatever its kind and however it comes in."""

import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from signaling.connections.frames import (
    BYTES_PER_S,
    FRAMES_PER_S,
    MAX_BYTES_AT_ONCE,
    MAX_FRAMES_AT_ONCE,
    FrameMeter,
)

PING, PONG, TEXT, MORE = 0x89, 0x8A, 0x81, 0x00


def frame(first: int, payload: bytes = b"", masked: bool = True) -> bytes:
    length = len(payload)
    mask = 0x80 if masked else 0
    if length < 126:
        head = bytes((first, mask | length))
    elif length < 1 << 16:
        head = bytes((first, mask | 126)) + struct.pack("!H", length)
    else:
        head = bytes((first, mask | 127)) + struct.pack("!Q", length)
    return head + (b"mask" if masked else b"") + payload


def test_control_frames_and_empty_parts_count_like_messages() -> None:
    for first in (PING, PONG, TEXT, MORE):
        meter = FrameMeter(0.0)
        assert meter.within_bounds(frame(first) * MAX_FRAMES_AT_ONCE, 0.0)
        assert not meter.within_bounds(frame(first), 0.0)


def test_a_page_that_talks_all_day_is_within_bounds() -> None:
    meter = FrameMeter(0.0)
    for second in range(3600):
        for _ in range(20):
            assert meter.within_bounds(frame(TEXT, b"x" * 300), float(second))


def test_a_flood_is_noticed_within_its_burst() -> None:
    meter = FrameMeter(0.0)
    sent = 0
    while meter.within_bounds(frame(PING), sent / 16_600):
        sent += 1
    assert MAX_FRAMES_AT_ONCE <= sent <= MAX_FRAMES_AT_ONCE + FRAMES_PER_S


def test_bytes_count_though_they_are_one_frame() -> None:
    meter = FrameMeter(0.0)
    assert meter.within_bounds(frame(TEXT, b"x" * (MAX_BYTES_AT_ONCE - 100)), 0.0)
    assert not meter.within_bounds(frame(TEXT, b"x" * 200), 0.0)
    assert meter.within_bounds(frame(TEXT, b"x" * 200), 200 / BYTES_PER_S + 1)


@given(
    st.lists(
        st.tuples(st.sampled_from((PING, PONG, TEXT, MORE)), st.sampled_from((0, 1, 125, 126, 70_000))),
        max_size=14,
    ),
    st.booleans(),
    st.integers(0, 1 << 30),
)
def test_it_does_not_matter_where_the_bytes_are_cut(
    frames: list[tuple[int, int]], masked: bool, seed: int
) -> None:
    meter, chance = FrameMeter(0.0), random.Random(seed)
    stream = b"".join(frame(first, b"\x89" * length, masked) for first, length in frames)
    while stream:
        cut = chance.choice((1, 2, 3, 7, 500, 16_384))
        assert meter.within_bounds(stream[:cut], 0.0)
        stream = stream[cut:]
    assert meter.within_bounds(frame(PING) * (MAX_FRAMES_AT_ONCE - len(frames)), 0.0)
    assert not meter.within_bounds(frame(PING), 0.0)


@given(st.binary(max_size=4000))
def test_it_counts_whatever_comes(data: bytes) -> None:
    FrameMeter(0.0).within_bounds(data, 0.0)
