"""The thread that works on the database: who is served first, and what a database that hangs costs."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from signaling.store.lane import MAX_PENDING, Lane, Share, StorageUnavailable

pytestmark = pytest.mark.loopback

PATIENCE_S = 5.0


class Database:
    """Hangs until it is let go."""

    def __init__(self) -> None:
        self.hangs = threading.Event()
        self.goes_on = threading.Event()
        self.done: list[str] = []

    def hang(self) -> None:
        self.hangs.set()
        assert self.goes_on.wait(PATIENCE_S)

    def noting(self, what: str) -> Callable[[], None]:
        return lambda: self.done.append(what)

    def probe(self) -> None:
        assert self.goes_on.is_set(), "the probe runs in the thread that hangs"


async def hung(lane: Lane, database: Database) -> "asyncio.Task[None]":
    """Work that is in the thread and stays there."""
    task = asyncio.create_task(lane.call(database.hang, Share.DOOR, None))
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(database.hangs.wait, PATIENCE_S)
    return task


async def test_after_the_first_time_out_work_is_refused_at_once_until_the_database_answers() -> None:
    database = Database()
    lane = Lane("tried", database.probe)
    with pytest.raises(StorageUnavailable, match="in time"):
        await lane.call(database.hang, Share.DECISIONS, 0.05)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(StorageUnavailable, match="not tried"):
            await lane.call(database.noting("refused"), Share.DECISIONS, None)  # it would wait for ever
        assert lane.trouble
        database.goes_on.set()
        while lane.trouble:  # noqa: ASYNC110 - the probe's thread ends it
            await asyncio.sleep(0.01)
        await lane.call(database.noting("taken"), Share.DECISIONS, None)
    assert database.done == ["taken"]
    await lane.close(database.noting("closed"), PATIENCE_S)


async def test_what_failed_at_once_was_answered_and_the_next_is_tried() -> None:
    def full() -> None:
        raise StorageUnavailable("full")

    database = Database()
    database.goes_on.set()
    lane = Lane("tried", full)
    with pytest.raises(StorageUnavailable, match="full"):
        await lane.call(full, Share.DECISIONS, None)
    assert lane.trouble == "full"
    await lane.call(database.noting("taken"), Share.DECISIONS, None)
    assert database.done == ["taken"]
    assert lane.trouble == "full", "it was not written that there is space again"
    await lane.close(database.noting("closed"), PATIENCE_S)


async def test_decisions_are_served_before_the_door_in_the_order_they_came() -> None:
    database = Database()
    lane = Lane("tried", database.probe)
    before = await hung(lane, database)
    order = [(Share.DOOR, "a"), (Share.RECORDS, "b"), (Share.DECISIONS, "c"), (Share.DOOR, "d")]
    order.append((Share.DECISIONS, "e"))
    waiting = [asyncio.create_task(lane.call(database.noting(name), share, None)) for share, name in order]
    await asyncio.sleep(0)
    database.goes_on.set()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(before, *waiting)
    assert "".join(database.done) == "cebad"
    await lane.close(database.noting("closed"), PATIENCE_S)


async def test_a_door_that_is_full_of_strangers_keeps_no_decision_out() -> None:
    database = Database()
    lane = Lane("tried", database.probe)
    before = await hung(lane, database)
    strangers = [
        asyncio.create_task(lane.call(database.noting("read"), Share.DOOR, None))
        for _ in range(MAX_PENDING[Share.DOOR] - 1)
    ]
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable, match="too much"):
        await lane.call(database.noting("one too many"), Share.DOOR, None)
    decision = asyncio.create_task(lane.call(database.noting("decided"), Share.DECISIONS, None))
    await asyncio.sleep(0)
    database.goes_on.set()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(before, decision, *strangers)
    assert database.done[0] == "decided"
    assert "one too many" not in database.done
    await lane.close(database.noting("closed"), PATIENCE_S)


async def test_what_was_not_begun_in_time_is_never_done() -> None:
    database = Database()
    lane = Lane("tried", database.probe)
    before = await hung(lane, database)
    with pytest.raises(StorageUnavailable, match="in time"):
        await lane.call(database.noting("late"), Share.DECISIONS, 0.05)
    database.goes_on.set()
    async with asyncio.timeout(PATIENCE_S):
        await before
    await lane.close(database.noting("closed"), PATIENCE_S)
    assert database.done == ["closed"]


async def test_a_database_that_hangs_does_not_keep_the_process_from_ending(
    caplog: pytest.LogCaptureFixture,
) -> None:
    database = Database()
    lane = Lane("tried", database.probe)
    before = await hung(lane, database)
    await lane.close(database.noting("closed"), 0.05)
    assert "store-left-open lane=tried" in caplog.text
    database.goes_on.set()
    await before
