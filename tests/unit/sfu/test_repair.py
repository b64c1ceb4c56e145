"""Packets missing on the way up are asked for soon, not too often, and not for ever."""

from hypothesis import given
from hypothesis import strategies as st

from sfu.recovery.repair import MAX_AGE_S, MAX_MISSING, MAX_TRIES, Missing


def test_a_hole_is_asked_for_at_once_and_then_once_in_a_round_trip() -> None:
    missing = Missing()
    missing.add(10, 12, now=1.0)
    assert missing.due(1.0, rtt_s=0.2) == [10, 11, 12]
    assert missing.due(1.1, rtt_s=0.2) == []
    assert missing.due(1.23, rtt_s=0.2) == [10, 11, 12]


def test_packets_that_have_come_are_not_asked_for_again() -> None:
    missing = Missing()
    missing.add(10, 12, now=1.0)
    missing.due(1.0, rtt_s=0.05)
    missing.keep([11])
    assert missing.due(1.5, rtt_s=0.05) == [11]


def test_a_packet_is_given_up_when_it_is_of_no_more_use() -> None:
    missing = Missing()
    missing.add(1, 3, now=1.0)
    assert missing.due(1.0 + MAX_AGE_S + 0.01, rtt_s=0.05) == []
    assert not missing
    assert missing.given_up == 3


def test_without_a_known_round_trip_the_publisher_is_not_flooded() -> None:
    missing = Missing()
    missing.add(1, 1, now=0.0)
    asked = sum(len(missing.due(tick * 0.02, rtt_s=None)) for tick in range(60))
    assert 2 <= asked <= MAX_TRIES


def test_after_an_interruption_only_the_newest_are_asked_for() -> None:
    missing = Missing()
    missing.add(0, 100_000, now=0.0)
    assert missing.numbers() == list(range(100_001 - MAX_MISSING, 100_001))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 300), st.floats(0, 0.1)), max_size=50))
def test_missing_numbers_and_tries_are_bounded(
    holes: list[tuple[int, int, float]],
) -> None:
    missing = Missing()
    now = 0.0
    asked: dict[int, int] = {}
    for first, length, pause in holes:
        now += pause
        missing.add(first, first + length, now)
        assert len(missing.numbers()) <= MAX_MISSING
        for number in missing.due(now, rtt_s=0.05):
            asked[number] = asked.get(number, 0) + 1
    while missing:
        now += 0.02
        for number in missing.due(now, rtt_s=0.05):
            asked[number] = asked.get(number, 0) + 1
    assert missing.asked == sum(asked.values())
