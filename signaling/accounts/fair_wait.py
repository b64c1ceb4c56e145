"""Waiting in a fair queue, with a deadline. When there is a turn to give is for its owner to say."""

import asyncio
from collections.abc import Callable

from signaling.accounts.fair_queue import MAX_WAITING, MAX_WAITING_PLACE, FairQueue, Full


def _nothing() -> None:
    """A turn that nobody used costs the owner nothing."""


class FairWait:
    """Belongs to one event loop."""

    def __init__(
        self,
        max_wait_s: float,
        most: int = MAX_WAITING,
        most_of_place: int = MAX_WAITING_PLACE,
        unused: Callable[[], None] = _nothing,
    ) -> None:
        """unused: called when a turn was given to somebody who had just gone."""
        self._max_wait_s = max_wait_s
        self._unused = unused
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue(most, most_of_place)

    def __len__(self) -> int:
        """Those who wait, and those who have gone and are still in line."""
        return len(self._queue)

    async def turn(self, place: str, known: bool) -> None:
        """Return when it is this one's turn. Raises Full, also for one who had to make room, and
        TimeoutError."""
        begins = asyncio.get_running_loop().create_future()
        dropped = self._queue.add(begins, place, known)
        if dropped is not None and not dropped.done():
            dropped.set_exception(Full())
        began = False
        try:
            async with asyncio.timeout(self._max_wait_s):
                await begins
            began = True
        finally:
            if not began and begins.done() and not begins.cancelled() and begins.exception() is None:
                self._unused()

    def give(self) -> bool:
        """Give a turn to the next who still waits. False: nobody does."""
        while (begins := self._queue.take()) is not None:
            if not begins.done():
                begins.set_result(None)
                return True
        return False
