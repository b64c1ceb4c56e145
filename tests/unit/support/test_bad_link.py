"""The bad link does what it says: the tests of the media plane stand on it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bad_link import Change, Direction, Quality, Waits

PACKET = 1000
GAP_S = 0.01


def fates(direction: Direction, count: int, size: int = PACKET, gap_s: float = GAP_S) -> list[float | None]:
    """Arrivals of packets that are sent one after another."""
    return [direction.send(size, number * gap_s) for number in range(count)]


def test_the_same_packets_have_the_same_fate_again() -> None:
    bad = Quality(loss=0.2, burst=3, delay_s=0.1, jitter_s=0.03, reorder=0.05, rate_bps=900_000, queue_s=0.2)
    assert fates(Direction(bad, 7), 2000) == fates(Direction(bad, 7), 2000)
    assert fates(Direction(bad, 7), 2000) != fates(Direction(bad, 8), 2000)


def test_a_fate_does_not_hang_on_what_the_rate_did_to_others() -> None:
    narrow = fates(Direction(Quality(loss=0.1, rate_bps=400_000, queue_s=0.1), 3), 1000)
    wide = fates(Direction(Quality(loss=0.1), 3), 1000)
    assert all(free is not None for free, held in zip(wide, narrow, strict=True) if held is not None)


@given(loss=st.floats(0.05, 0.4), burst=st.floats(1.0, 6.0), seed=st.integers(0, 1000))
def test_losses_are_as_many_and_as_long_as_asked_for(loss: float, burst: float, seed: int) -> None:
    lost = [due is None for due in fates(Direction(Quality(loss=loss, burst=burst), seed), 20_000)]
    bursts = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
    # Lost by chance, neighbours happen too: 1 / (1 - loss) in a row.
    expected = burst if burst > 1.0 else 1 / (1 - loss)
    # Lengths of bursts are geometric: their deviation is at most their mean. Five deviations of
    # the mean of so many bursts, and of their sum, hold for every seed.
    chance = 5 / math.sqrt(20_000 * loss / expected)
    assert sum(lost) / bursts == pytest.approx(expected, rel=chance)
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=math.sqrt(2) * chance)


def test_what_passes_keeps_its_order_unless_it_is_held_back() -> None:
    in_order = fates(Direction(Quality(jitter_s=0.05, delay_s=0.1), 1), 500)
    assert in_order == sorted(due for due in in_order if due is not None)
    mixed = [due for due in fates(Direction(Quality(reorder=0.1, delay_s=0.1), 1), 500) if due is not None]
    assert mixed != sorted(mixed)
    assert len(mixed) == 500


def test_the_rate_is_kept_and_evenly() -> None:
    direction = Direction(Quality(rate_bps=800_000, queue_s=10), 1)
    arrived = [direction.send(PACKET, 0.0) for _ in range(100)]
    assert arrived == pytest.approx([0.01 * (number + 1) for number in range(100)])


def test_a_full_queue_drops_its_tail_and_empties() -> None:
    direction = Direction(Quality(rate_bps=80_000, queue_s=0.5), 1)
    sent = [direction.send(PACKET, 0.0) for _ in range(20)]
    assert [due is not None for due in sent] == [True] * 6 + [False] * 14
    assert direction.record.overflowed == 14
    assert direction.record.waits.quantile_ms(0.95) == 600
    assert not direction.has_room(0.0)
    assert direction.has_room(0.2)
    assert direction.send(PACKET, 5.0) == pytest.approx(5.1)


def test_nothing_passes_while_the_link_is_cut() -> None:
    direction = Direction(Quality(delay_s=0.03), 1)
    direction.plan([Change(2.0, Quality(is_cut=True)), Change(3.0, Quality(delay_s=0.03))])
    came = [number * GAP_S for number, due in enumerate(fates(direction, 400)) if due is not None]
    assert [at for at in came if 2.0 <= at < 3.0] == []
    assert len(came) == 300


def test_a_slower_link_lets_nothing_overtake_what_waits() -> None:
    direction = Direction(Quality(rate_bps=100_000, queue_s=1), 1)
    before = [direction.send(PACKET, 0.0) for _ in range(5)]
    direction.change(rate_bps=10_000_000)
    after = direction.send(PACKET, 0.0)
    assert after is not None
    assert all(due is not None and due < after for due in before)


def test_tcp_loses_nothing_but_stands_still_where_a_packet_was_lost() -> None:
    direction = Direction(Quality(loss=0.1, delay_s=0.05), 5)
    due, arrivals = 0.0, []
    for number in range(200):
        due = direction.stream(PACKET, number * GAP_S, due)
        arrivals.append(due)
    assert arrivals == sorted(arrivals)
    longest = max(late - early for early, late in itertools.pairwise(arrivals))
    assert 0.2 <= longest <= 0.7
    assert direction.record.dropped == 0


def test_tcp_and_udp_share_rate_and_queue() -> None:
    direction = Direction(Quality(rate_bps=80_000, queue_s=0.5), 1)
    assert direction.stream(PACKET, 0.0, 0.0) == pytest.approx(0.1)
    assert direction.send(PACKET, 0.0) == pytest.approx(0.2)


def test_quantiles_of_waits() -> None:
    waits = Waits()
    assert waits.quantile_ms(0.95) == 0
    for wait_ms in range(1, 101):
        waits.add(wait_ms / 1000)
    assert waits.quantile_ms(0.95) == 95
    waits.add(3600)
    assert waits.quantile_ms(1.0) == 10_000
