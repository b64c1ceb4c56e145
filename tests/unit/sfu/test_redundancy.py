"""Voices are repeated on lines that lose packets, and only there."""

from sfu.recovery.redundancy import EASE_S, Redundancy


def test_a_clean_line_pays_for_nothing() -> None:
    redundancy = Redundancy()
    assert {redundancy.step(0.01, tick / 10) for tick in range(600)} == {0}


def test_more_loss_means_more_redundancy_at_once() -> None:
    redundancy = Redundancy()
    assert [redundancy.step(loss, now) for now, loss in enumerate((0.03, 0.07, 0.2))] == [1, 2, 3]


def test_redundancy_stays_while_the_loss_varies_a_little() -> None:
    redundancy = Redundancy()
    levels = {redundancy.step(0.05 if tick % 7 else 0.015, tick / 10) for tick in range(1, 3000)}
    assert levels == {1}


def test_redundancy_goes_step_by_step_when_the_line_recovers() -> None:
    redundancy = Redundancy()
    redundancy.step(0.2, 0.0)
    levels = [redundancy.step(0.0, tick / 10) for tick in range(1, 500)]
    assert levels[int(EASE_S * 10) - 2] == 3
    assert levels[-1] == 0
    assert levels == sorted(levels, reverse=True)
