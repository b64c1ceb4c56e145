"""A budget allows a burst, then a rate; what was done already is waited for."""

from sfu.transport.budget import Budget


def test_a_burst_then_a_rate() -> None:
    budget = Budget(rate_hz=2, burst=3)
    assert [budget.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [budget.take(1.0) for _ in range(3)] == [True, True, False]
    assert [budget.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_as_much_as_is_left() -> None:
    budget = Budget(rate_hz=10, burst=100)
    assert [budget.take_up_to(60, 0.0), budget.take_up_to(60, 0.0), budget.take_up_to(60, 0.0)] == [60, 40, 0]
    assert budget.take_up_to(60, 1.0) == 10


def test_what_was_done_beyond_it_is_waited_for() -> None:
    budget = Budget(rate_hz=10, burst=100)
    assert budget.charge(100, 0.0) == 0
    assert budget.charge(50, 0.0) == 5
    assert budget.charge(0, 5.0) == 0
