"""The hint that somebody speaks into a shut microphone."""

from sfu.voice.hint import Hint


def hold(hint: Hint, level: int, tenths: int) -> bool:
    for _ in range(tenths):
        hint.step(level)
    return hint.speaking


def test_a_claim_that_lasts_is_a_hint() -> None:
    assert hold(Hint(), 25, 3)


def test_a_click_is_not_a_hint() -> None:
    assert not hold(Hint(), 25, 2)


def test_a_quiet_room_is_not_a_hint() -> None:
    assert not hold(Hint(), 65, 50)


def test_a_hint_bridges_a_pause_and_then_ends() -> None:
    hint = Hint()
    assert hold(hint, 25, 20)
    assert hold(hint, 127, 10)
    assert not hold(hint, 127, 6)
