"""How many cookies that nobody knows are looked up at once: a share for each network, and a place in line."""

import asyncio

import pytest

from signaling.http import visitors
from signaling.http.visitors import MAX_LOOKUPS, Visitors

BUILDING = 5 * MAX_LOOKUPS
HERE, ELSEWHERE = "192.0.2.0/24", "198.51.100.0/24"


class Database:
    """Answers nobody until it is told to."""

    def __init__(self) -> None:
        self.visitors = Visitors()
        self.asked, self.most, self.answered = 0, 0, 0
        self.answers = asyncio.Event()

    async def look_up(self, network: str) -> None:
        async with self.visitors.looking_up(network):
            self.asked += 1
            self.most = max(self.most, self.asked)
            await self.answers.wait()
            self.asked -= 1
            self.answered += 1


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_building_whose_pages_come_back_at_once_waits_in_turn_and_nobody_is_refused() -> None:
    database = Database()
    pages = [asyncio.create_task(database.look_up(HERE)) for _ in range(BUILDING)]
    await settled()
    assert database.asked == MAX_LOOKUPS
    database.answers.set()
    await asyncio.gather(*pages)
    assert (database.answered, database.most) == (BUILDING, MAX_LOOKUPS)


async def test_a_network_full_of_strangers_keeps_no_other_waiting() -> None:
    database = Database()
    pages = [asyncio.create_task(database.look_up(HERE)) for _ in range(BUILDING)]
    await settled()
    other = asyncio.create_task(database.look_up(ELSEWHERE))
    await settled()
    assert database.asked == MAX_LOOKUPS + 1
    database.answers.set()
    await asyncio.gather(other, *pages)


async def test_a_page_that_waits_too_long_is_told_so_and_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = Database()
    pages = [asyncio.create_task(database.look_up(HERE)) for _ in range(MAX_LOOKUPS)]
    await settled()
    monkeypatch.setattr(visitors, "MAX_LOOKUP_WAIT_S", 0.0)
    with pytest.raises(TimeoutError):
        await database.look_up(HERE)
    database.answers.set()
    await asyncio.gather(*pages)
    monkeypatch.undo()
    await database.look_up(HERE)
    assert database.answered == MAX_LOOKUPS + 1
