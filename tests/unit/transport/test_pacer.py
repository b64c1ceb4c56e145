"""What is sent to one client keeps its rate, its order and its time, and the voice never waits."""

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.transport.pacer import CATCH_UP_S, MAX_WAIT_S, Pacer

PACKET = 1100
RATES = st.integers(64_000, 8_000_000)


@dataclass
class Line:
    """A pacer, the timer that serves it, and what came out."""

    pacer: Pacer
    now: float = 0.0
    late_s: float = 0.0
    """Of each timer."""
    out: list[tuple[float, int, bytes]] = field(default_factory=list)
    """(left, sequence number or -1 for a voice, packet)."""
    came: dict[int, float] = field(default_factory=dict)

    def run(self, until: float) -> None:
        """Serve the timer until then."""
        while (due := self.pacer.next_at()) is not None and max(due, self.now) + self.late_s <= until:
            self.now = max(due, self.now) + self.late_s
            self._take()
        self.now = max(self.now, until)

    def picture(self, size: int = PACKET) -> None:
        number = len(self.came)
        self.came[number] = self.now
        self.pacer.put(number.to_bytes(4, "big") + bytes(size - 4), self.now)
        self._take()

    def voice(self, size: int = 120) -> None:
        self.pacer.charge(size, self.now)
        self.out.append((self.now, -1, bytes(size)))

    def _take(self) -> None:
        for leaving in self.pacer.take(self.now):
            number = int.from_bytes(leaving.packet[:4], "big")
            assert leaving.waited == (self.came[number] < self.now)
            self.out.append((self.now, number, leaving.packet))

    @property
    def pictures(self) -> list[int]:
        return [number for _, number, _ in self.out if number >= 0]

    def seconds(self) -> Iterator[int]:
        """Bytes in each second that begins with a packet."""
        times = [left for left, _, _ in self.out]
        sums = list(itertools.accumulate((len(packet) for _, _, packet in self.out), initial=0))
        for start in times:
            yield sums[bisect_left(times, start + 1)] - sums[bisect_left(times, start)]


@st.composite
def traffic(draw: st.DrawFn) -> list[tuple[float, str, int]]:
    """(pause before, kind, size or rate)."""
    pauses = st.floats(0, 0.3, allow_nan=False)
    pictures = st.tuples(pauses, st.just("picture"), st.integers(40, 1400))
    bursts = st.tuples(st.just(0.0), st.just("picture"), st.integers(900, 1200))
    voices = st.tuples(pauses, st.just("voice"), st.integers(40, 300))
    rates = st.tuples(pauses, st.just("rate"), RATES)
    return draw(st.lists(st.one_of(pictures, bursts, bursts, voices, rates), max_size=150))


def play(line: Line, events: list[tuple[float, str, int]]) -> None:
    for pause, kind, value in events:
        line.run(line.now + pause)
        match kind:
            case "picture":
                line.picture(value)
            case "voice":
                line.voice(value)
            case _:
                line.pacer.set_rate(value, line.now)


@given(RATES, traffic(), st.floats(0, 0.05))
def test_pictures_keep_their_order_and_every_loss_is_counted(
    bps: int, events: list[tuple[float, str, int]], late_s: float
) -> None:
    line = Line(Pacer(bps, 0.0), late_s=late_s)
    play(line, events)
    line.run(line.now + 10)
    assert line.pictures == sorted(set(line.pictures))
    assert len(line.pictures) + line.pacer.dropped == len(line.came)
    assert line.pacer.next_at() is None


@given(RATES, traffic(), st.floats(0, 0.05))
def test_no_packet_leaves_later_than_the_longest_wait(
    bps: int, events: list[tuple[float, str, int]], late_s: float
) -> None:
    line = Line(Pacer(bps, 0.0), late_s=late_s)
    play(line, events)
    line.run(line.now + 10)
    for left, number, _ in line.out:
        if number >= 0:
            assert left - line.came[number] <= MAX_WAIT_S + 1e-9


@given(RATES, traffic())
def test_no_more_waits_than_the_rate_carries_in_the_longest_wait(
    bps: int, events: list[tuple[float, str, int]]
) -> None:
    line = Line(Pacer(bps, 0.0))
    for event in events:
        play(line, [event])
        assert line.pacer.backlog_s <= max(MAX_WAIT_S, 1400 * 8 / line.pacer.bps)


@given(st.integers(200_000, 8_000_000), st.floats(0, 0.01), st.data())
def test_the_rate_is_kept_in_any_second(bps: int, late_s: float, data: st.DataObject) -> None:
    """With frames of any size, up to twice what the line carries, and a voice: within 5 % and one packet."""
    line = Line(Pacer(bps, 0.0), late_s=late_s)
    frame = bps / 8 / 20
    for tick in range(60):
        line.run(tick / 20)
        line.voice(90)
        for _ in range(round(frame * data.draw(st.floats(0, 2)) / PACKET)):
            line.picture()
    line.run(10)
    for sent in line.seconds():
        assert sent <= 1.05 * bps / 8 + PACKET


@pytest.mark.parametrize("bps", [100_000, 300_000, 1_000_000, 5_000_000])
@pytest.mark.parametrize("late_s", [0.0, 0.003, CATCH_UP_S / 2])
def test_a_busy_line_is_used_to_95_percent(bps: int, late_s: float) -> None:
    line = Line(Pacer(bps, 0.0), late_s=late_s)
    for tick in range(300):
        line.run(tick / 100)
        for _ in range(round(bps / 8 / 100 * (1 + tick % 3) / PACKET) + 1):
            line.picture()
    line.run(3)
    sent = sum(len(packet) for left, _, packet in line.out if 1 <= left < 3) / 2
    assert 0.95 * bps / 8 - PACKET / 2 <= sent <= 1.05 * bps / 8 + PACKET / 2


def test_a_keyframe_leaves_spread_over_its_time_and_the_voice_passes_it() -> None:
    line = Line(Pacer(400_000, 0.0))
    for _ in range(16):
        line.picture()
    line.run(0.1)
    line.voice()
    left = [at for at, number, _ in line.out if number >= 0]
    assert len(left) in (5, 6), "a tenth of a second carries 5000 bytes"
    assert line.out[-1][0] == 0.1, "the voice leaves when it comes"
    line.run(1)
    assert line.pictures == list(range(16))
    assert 0.3 < line.out[-1][0] < 0.4


def test_after_a_pause_an_idle_line_sends_no_more_than_a_few_packets_at_once() -> None:
    line = Line(Pacer(1_000_000, 0.0))
    line.run(5)
    for _ in range(10):
        line.picture()
    assert len(line.out) == 1
    assert line.pacer.backlog_s == pytest.approx(9 * PACKET * 8 / 1_000_000)


def test_when_voices_alone_are_too_much_pictures_are_dropped_and_return_at_once_afterwards() -> None:
    line = Line(Pacer(64_000, 0.0))
    for tick in range(100):
        line.run(tick / 50)
        line.voice(300)
        line.picture()
    assert len([1 for _, number, _ in line.out if number < 0]) == 100
    assert line.pacer.dropped > 90
    line.pacer.set_rate(1_000_000, line.now)
    line.run(line.now + 0.1)
    waiting = line.out[-1]
    assert waiting[1] >= 0
    assert waiting[0] < 2.05
    line.picture()
    assert line.out[-1][1] == 100


def test_a_lower_rate_drops_the_oldest_and_counts_them() -> None:
    line = Line(Pacer(2_000_000, 0.0))
    for _ in range(40):
        line.picture()
    line.pacer.set_rate(220_000, line.now)
    assert line.pacer.dropped == 40 - 1 - 10
    line.run(2)
    assert line.pictures == [0, *range(30, 40)]


def test_when_pacing_ends_everything_leaves_in_order() -> None:
    pacer = Pacer(100_000, 0.0)
    for number in range(4):
        pacer.put(bytes([number]) * 900, 0.0)
    left = pacer.take(0.0) + pacer.take_all()
    assert [leaving.packet[0] for leaving in left] == [0, 1, 2, 3]
    assert pacer.next_at() is None
    assert pacer.backlog_s == 0


def test_what_comes_from_behind_a_shut_gate_is_taken_out_and_the_rest_keeps_its_order() -> None:
    pacer = Pacer(1_000_000, 0.0)
    for n in range(12):
        pacer.put(bytes([n]) * PACKET, 0.0, producer=n % 2)
    sent = [leaving.packet[0] for leaving in pacer.take(0.0)]
    before = pacer.backlog_s
    pacer.withdraw({1})
    assert pacer.backlog_s < before
    while (due := pacer.next_at()) is not None:
        sent += [leaving.packet[0] for leaving in pacer.take(due)]
    assert sent == [0, 2, 4, 6, 8, 10]
    assert pacer.dropped == 0
