"""How soon requests begin, in rounds of the event loop."""

import asyncio

import pytest

from signaling.accounts.fair_queue import Full
from signaling.http import rounds
from signaling.http.rounds import MAX_BEGUN, MAX_WAITING_PLACE, Rounds


class Hall:
    """Who has begun, in order, and in which round of the loop."""

    def __init__(self) -> None:
        self.begins = Rounds()
        self.begun: list[tuple[str, int]] = []
        self.asking: list[asyncio.Task[None]] = []
        self._round = 0

    def ask(self, place: str, known: bool = False) -> None:
        async def one() -> None:
            await self.begins.wait(place, known)
            self.begun.append((place, self._round))

        self.asking.append(asyncio.create_task(one()))

    async def rounds(self, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)
            self._round += 1

    def at(self, place: str) -> int:
        return next(when for who, when in self.begun if who == place)


async def test_a_request_that_nobody_is_before_begins_at_once() -> None:
    hall = Hall()
    hall.ask("alone")
    await hall.rounds(1)
    assert hall.at("alone") == 0


async def test_a_crowd_begins_a_few_in_each_round() -> None:
    hall = Hall()
    for _ in range(100):
        hall.ask("crowd")
    await hall.rounds(60)
    assert len(hall.begun) == 100
    assert all(sum(when == at for _, when in hall.begun) <= MAX_BEGUN for at in range(60))


async def test_somebody_from_elsewhere_does_not_wait_behind_a_crowd() -> None:
    hall = Hall()
    for _ in range(500):
        hall.ask("crowd")
    await hall.rounds(3)
    hall.ask("elsewhere")
    hall.ask("account 1", known=True)
    await hall.rounds(4)
    assert hall.at("account 1") <= hall.at("elsewhere") <= 5
    for task in hall.asking:
        task.cancel()


async def test_a_place_that_asks_for_too_much_is_refused_and_nobody_else_is() -> None:
    hall = Hall()
    for _ in range(MAX_WAITING_PLACE + 2 * MAX_BEGUN):
        hall.ask("crowd")
    hall.ask("elsewhere")
    await asyncio.gather(*hall.asking, return_exceptions=True)
    *crowd, other = hall.asking
    refused = [task for task in crowd if isinstance(task.exception(), Full)]
    assert 0 < len(refused) <= 2 * MAX_BEGUN
    assert other.exception() is None


async def test_one_that_goes_away_while_it_waits_takes_no_turn() -> None:
    hall = Hall()
    for _ in range(50):
        hall.ask("crowd")
    await hall.rounds(1)
    for task in hall.asking:
        task.cancel()
    hall.ask("crowd")
    await hall.rounds(4)
    assert hall.begun[-1][0] == "crowd"
    assert len(hall.begun) <= MAX_BEGUN + 1


async def test_a_wait_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "MAX_WAIT_S", 0.0)
    hall = Hall()
    for _ in range(MAX_BEGUN + 1):
        hall.ask("crowd")
    await asyncio.gather(*hall.asking, return_exceptions=True)
    assert isinstance(hall.asking[-1].exception(), TimeoutError)
