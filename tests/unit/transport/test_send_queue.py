"""What waits for a TCP line: voices first, nothing for long, and a thin line is not filled for seconds."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.transport.send_queue import (
    MAX_ROOM_BYTES,
    MAX_WAIT_BYTES,
    MAX_WAIT_S,
    MIN_ROOM_BYTES,
    URGENT_BYTES,
    LineGauge,
    SendQueue,
)

PLENTY = 1 << 20
STEP_S = 0.005


def taken(queue: SendQueue, now: float, room: int = PLENTY) -> list[bytes]:
    found: list[bytes] = []
    while (packet := queue.take(now, room)) is not None:
        found.append(packet)
    return found


def test_a_voice_overtakes_waiting_pictures() -> None:
    queue = SendQueue()
    for packet, urgent in ((b"p1", False), (b"v1", True), (b"p2", False), (b"v2", True)):
        queue.put(packet, urgent, 0.0)
    assert taken(queue, 0.1) == [b"v1", b"v2", b"p1", b"p2"]


def test_what_comes_from_behind_a_shut_gate_is_taken_out() -> None:
    queue = SendQueue()
    for n in range(9):
        queue.put(bytes([n]), n % 2 == 0, 0.0, producer=n % 3)
    queue.withdraw({0, 2})
    assert len(queue) == 3
    assert taken(queue, 0.1) == [b"\4", b"\1", b"\7"]


def test_packets_that_waited_too_long_are_dropped_and_counted() -> None:
    queue = SendQueue()
    for n in range(10):
        queue.put(bytes([n]), n % 2 == 0, n / 10)
    assert taken(queue, 0.55 + MAX_WAIT_S) == [b"\x06", b"\x08", b"\x07", b"\x09"]
    assert queue.dropped == 6
    assert len(queue) == 0


def test_a_line_that_pictures_have_filled_still_has_room_for_a_voice() -> None:
    queue = SendQueue()
    queue.put(b"picture", False, 0.0)
    assert queue.take(0.0, 0) is None
    queue.put(b"voice", True, 0.0)
    assert queue.take(0.0, 1 - URGENT_BYTES) == b"voice"
    assert queue.take(0.0, 0) is None
    assert queue.take(0.0, 1) == b"picture"


@given(st.lists(st.tuples(st.floats(0, 0.2), st.booleans(), st.integers(1, 2000)), max_size=200))
def test_waiting_packets_are_bounded_and_every_loss_is_counted(puts: list[tuple[float, bool, int]]) -> None:
    queue = SendQueue()
    now = 0.0
    for pause, urgent, size in puts:
        now += pause
        queue.put(bytes(size), urgent, now)
    waiting = taken(queue, now)
    assert sum(len(packet) for packet in waiting) <= MAX_WAIT_BYTES
    assert len(waiting) + queue.dropped == len(puts)


# --- the gauge -----------------------------------------------------------------------------------


class Line:
    """A TCP line on a virtual clock: a rate, a delay, and buffers without end."""

    def __init__(self, bps: int, rtt_s: float) -> None:
        self.gauge = LineGauge()
        self.bps, self.rtt_s = bps, rtt_s
        self.now = self.free_at = 0.0
        self.written = self.acked = 0
        self.longest_s = 0.0
        """Queue in the line's buffers."""
        self._under_way: deque[tuple[float, int]] = deque()

    def room(self) -> int:
        while self._under_way and self._under_way[0][0] <= self.now:
            self.acked += self._under_way.popleft()[1]
        return self.gauge.room(self.written, self.acked, self.rtt_s, self.now)

    def write(self, size: int) -> None:
        self.free_at = max(self.free_at, self.now) + size * 8 / self.bps
        self.longest_s = max(self.longest_s, self.free_at - self.now)
        self.written += size
        self._under_way.append((self.free_at + self.rtt_s, size))

    def run(self, seconds: float, offered_bps: int | None = None) -> int:
        """Write what there is room for (or what is offered). Returns the bits per second that got through."""
        begun, before, owed = self.now, self.written, 0.0
        while self.now < begun + seconds:
            owed += PLENTY if offered_bps is None else offered_bps * STEP_S / 8
            while owed >= 1000 and self.room() > 0:
                self.write(1000)
                owed -= 1000
            if offered_bps is not None:
                owed = min(owed, offered_bps * MAX_WAIT_S / 8)  # what waited too long
            self.now += STEP_S
        return int((self.written - before) * 8 / seconds)


@pytest.mark.parametrize("rtt_s", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("bps", [128_000, 300_000, 1_000_000, 4_000_000])
def test_a_line_is_used_and_its_buffers_do_not_hold_seconds(bps: int, rtt_s: float) -> None:
    line = Line(bps, rtt_s)
    line.run(5)
    line.longest_s = 0
    assert line.run(5) > 0.9 * min(bps, MAX_ROOM_BYTES * 8 / rtt_s)
    assert line.longest_s < max(0.3, 1.3 * (MIN_ROOM_BYTES + 1000) * 8 / bps)


@pytest.mark.parametrize("rtt_s", [0.01, 0.1, 0.25])
def test_a_good_line_carries_pictures_within_two_seconds(rtt_s: float) -> None:
    line = Line(5_000_000, rtt_s)
    line.run(2, 2_000_000)
    assert line.run(2, 2_000_000) > 0.95 * 2_000_000


def test_voices_alone_do_not_make_a_good_line_seem_thin() -> None:
    line = Line(5_000_000, 0.1)
    line.run(3, 2_000_000)
    line.run(20, 80_000)
    assert line.run(0.2) >= 1_500_000


def test_a_line_that_becomes_thin_is_overfilled_only_for_a_moment() -> None:
    line = Line(4_000_000, 0.05)
    line.run(3)
    line.bps = 300_000
    line.run(4)
    line.longest_s = 0
    line.run(2)
    assert line.longest_s < 0.4


def test_a_line_that_stands_still_is_given_no_more_and_comes_back() -> None:
    line = Line(1_000_000, 0.1)
    line.run(3)
    line.free_at = line.now + 10
    standing = line.run(10)
    assert standing * 10 / 8 <= 40_000
    line.run(1)
    assert line.run(2) > 900_000


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 1 << 40), st.integers(0, 1 << 40)), max_size=40))
def test_whatever_the_system_says_the_room_is_bounded(steps: list[tuple[float, int, int]]) -> None:
    gauge = LineGauge()
    now = 0.0
    for pause, written, acked in steps:
        now += pause
        assert gauge.room(written, acked, pause, now) <= MAX_ROOM_BYTES
