"""Transport-wide feedback: what we read from subscribers, and what we write to publishers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.errors import BadPacket
from sfu.rtp import rtcp
from sfu.rtp.twcc import (
    MAX_FEEDBACK_BYTES,
    MAX_REPORTED_LOST,
    MAX_SEGMENTS,
    FeedbackWriter,
    TwccFeedback,
    parse_feedback_untrusted,
)
from tests.support.feedback import packets_of

T0 = 64_000 * 1000


def _read(packets: list[bytes]) -> list[TwccFeedback]:
    parts = [part for packet in packets for part in rtcp.parse_untrusted(packet)]
    assert all(isinstance(part, TwccFeedback) for part in parts)
    return [part for part in parts if isinstance(part, TwccFeedback)]


def _arrived(feedbacks: list[TwccFeedback]) -> dict[int, int]:
    return {n: at for feedback in feedbacks for n, at in packets_of(feedback) if at is not None}


def _lost(feedbacks: list[TwccFeedback]) -> list[int]:
    return [n for feedback in feedbacks for n, at in packets_of(feedback) if at is None]


def test_packets_that_arrived_in_order_are_reported() -> None:
    arrivals = [(n, T0 + 5_000 * n) for n in range(20)]
    (feedback,) = _read(FeedbackWriter(1).write(2, arrivals))
    assert (feedback.sender_ssrc, feedback.media_ssrc, feedback.base) == (1, 2, 0)
    assert packets_of(feedback) == list(arrivals)


def test_a_hole_is_a_loss() -> None:
    assert _lost(_read(FeedbackWriter(1).write(2, [(1, T0), (4, T0 + 250)]))) == [2, 3]


def test_packets_lost_between_two_feedbacks_are_reported_by_the_second() -> None:
    writer = FeedbackWriter(1)
    first = _read(writer.write(2, [(10, T0), (11, T0)]))
    second = _read(writer.write(2, [(14, T0 + 1000)]))
    assert [(x.base, x.count) for x in first + second] == [(10, 0), (12, 1)]
    assert _lost(second) == [12, 13]


def test_a_packet_after_its_loss_was_reported_is_reported_again() -> None:
    writer = FeedbackWriter(1)
    writer.write(2, [(10, T0), (12, T0 + 500)])
    late = _read(writer.write(2, [(13, T0 + 1000), (11, T0 + 750)]))
    assert _arrived(late) == {11: T0 + 750, 13: T0 + 1000}
    assert _lost(late) == []


def test_numbers_wrap() -> None:
    (feedback,) = _read(FeedbackWriter(1).write(2, [(n, T0) for n in range(65534, 65538)]))
    assert [n for n, _ in packets_of(feedback)] == [65534, 65535, 0, 1]


def test_times_may_run_backwards() -> None:
    arrivals = [(1, T0 + 50_000), (2, T0), (3, T0 + 25_000)]
    assert _arrived(_read(FeedbackWriter(1).write(2, arrivals))) == dict(arrivals)


def test_a_pause_too_long_for_a_delta_begins_a_new_feedback() -> None:
    arrivals = [(1, T0), (2, T0 + 60_000_000)]
    feedbacks = _read(FeedbackWriter(1).write(2, arrivals))
    assert len(feedbacks) == 2
    assert _arrived(feedbacks) == dict(arrivals)


def test_a_jump_of_the_numbers_is_not_thousands_of_losses() -> None:
    feedbacks = _read(FeedbackWriter(1).write(2, [(1, T0), (30_000, T0 + 250)]))
    assert _lost(feedbacks) == []
    assert set(_arrived(feedbacks)) == {1, 30_000}


def test_a_long_feedback_is_split_to_fit_a_datagram() -> None:
    arrivals = [(n, T0 + 70_000 * n) for n in range(0, 4000, 2)]
    packets = FeedbackWriter(1).write(2, arrivals)
    assert max(map(len, packets)) <= MAX_FEEDBACK_BYTES
    assert _arrived(_read(packets)) == dict(arrivals)


def test_no_arrivals_no_feedback() -> None:
    assert FeedbackWriter(1).write(2, []) == []


def test_a_run_costs_two_bytes() -> None:
    (packet,) = FeedbackWriter(1).write(2, [(n, T0) for n in range(200)])
    assert len(packet) == 20 + 2 + 200 + 2  # head, one chunk, deltas, padding


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 20_000_000)), max_size=60), max_size=4)
)
def test_every_first_arrival_is_reported_correctly(rounds: list[list[tuple[int, int]]]) -> None:
    writer = FeedbackWriter(1)
    start = 0
    for arrivals in rounds:
        shifted = [(number + start, T0 + at // 250 * 250) for number, at in arrivals]
        packets = writer.write(2, shifted)
        assert all(len(packet) <= MAX_FEEDBACK_BYTES and len(packet) % 4 == 0 for packet in packets)
        expected: dict[int, int] = {}
        for number, at in shifted:
            expected.setdefault(number & 0xFFFF, at)
        found = _arrived(_read(packets))
        assert found.items() <= expected.items()
        if start == 0 or len(shifted) <= 16:  # more late runs than that are dropped
            assert found == expected
        start += 1000


def test_a_feedback_with_each_kind_of_chunk_is_read() -> None:
    # run of 3 small; vector of 14 with the first bit; vector of 7: large, small, lost...
    fci = struct.pack("!HHI", 100, 24, 5 << 8 | 7)
    fci += (0x2003).to_bytes(2, "big") + (0xA000).to_bytes(2, "big") + (0xE400).to_bytes(2, "big")
    fci += bytes((4, 4, 4)) + bytes((8,)) + struct.pack("!h", -2) + bytes((1,))
    feedback = parse_feedback_untrusted(1, 2, fci)
    start = 5 * 64_000
    assert feedback.count == 7
    assert _arrived([feedback]) == {
        100: start + 1000,
        101: start + 2000,
        102: start + 3000,
        103: start + 5000,
        117: start + 4500,
        118: start + 4750,
    }
    assert len(packets_of(feedback)) == 24


def test_the_last_chunk_may_hold_more_than_the_count() -> None:
    feedback = parse_feedback_untrusted(1, 2, struct.pack("!HHI", 1, 2, 0) + b"\x3f\xff" + bytes((4, 4)))
    assert [n for n, _ in packets_of(feedback)] == [1, 2]


@pytest.mark.parametrize(
    "fci",
    [
        b"",
        struct.pack("!HHI", 1, 0, 0),  # reports nothing
        struct.pack("!HHI", 1, 65535, 0) + b"\x1f\xff" * 9,  # claims a whole wrap of losses
        struct.pack("!HHI", 1, 5, 0),  # no chunk
        struct.pack("!HHI", 1, 5, 0) + b"\x20\x05" + bytes(4),  # five deltas, four there
        struct.pack("!HHI", 1, 5, 0) + b"\x60\x05" + bytes(8),  # reserved symbol
        struct.pack("!HHI", 1, 5, 0) + b"\x00\x00" * 8,  # empty runs
    ],
)
def test_a_damaged_feedback_is_refused(fci: bytes) -> None:
    with pytest.raises(BadPacket):
        parse_feedback_untrusted(1, 2, fci)


@given(st.binary(max_size=100), st.integers(0, 300))
def test_anything_is_read_or_refused(noise: bytes, count: int) -> None:
    try:
        feedback = parse_feedback_untrusted(1, 2, struct.pack("!HH", 1, count) + noise)
    except BadPacket:
        return
    assert len(packets_of(feedback)) == count


def test_what_two_bytes_declare_is_only_counted() -> None:
    """8,191 packets that did not arrive: nothing is made for each of them."""
    feedback = parse_feedback_untrusted(1, 2, struct.pack("!HHI", 0, 8191, 0) + b"\x1f\xff")
    assert (feedback.reported, feedback.arrivals) == (8191, ())


@pytest.mark.parametrize("chunk", [b"\x3f\xff", b"\x5f\xff", b"\xbf\xff", b"\xd5\x55"])
def test_arrivals_that_have_no_times_are_refused_whatever_declares_them(chunk: bytes) -> None:
    with pytest.raises(BadPacket):
        parse_feedback_untrusted(1, 2, struct.pack("!HHI", 0, 8000, 0) + chunk * 600)


@given(st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 2_000_000)), min_size=1, max_size=200))
def test_numbers_that_leap_are_reported_within_bounds(steps: list[tuple[int, int]]) -> None:
    """Whatever a publisher does, a report declares a bounded number of lost packets."""
    writer = FeedbackWriter(1)
    writer.write(2, [(70_000, 1_000_000)])
    number, at, arrivals = 70_000, 1_000_000, []
    for step, later in steps:
        number, at = number + step, at + later
        arrivals.append((number, at))
    told = _read(writer.write(2, arrivals))
    assert len(told) <= MAX_SEGMENTS + len(steps)
    assert len(_lost(told)) <= MAX_REPORTED_LOST
    assert set(_arrived(told)) <= {number & 0xFFFF for number, _ in arrivals}
    assert (arrivals[-1][0] & 0xFFFF) in _arrived(told)
