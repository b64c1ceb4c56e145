"""A thread that works on the database: one piece of work at a time, those that decide something first.

A database that does not answer is not waited for again and again. After the first piece of work that took too
long, everything is refused at once, until a probe of the lane's own has shown that the database answers.
"""

import asyncio
import heapq
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

log = logging.getLogger("giaoban.store")

T = TypeVar("T")


class StorageUnavailable(Exception):
    """The database cannot be read or written now. The text says why."""


class Share(IntEnum):
    """Who waits for the database. Each has places of its own; the smaller number is served first."""

    DECISIONS = 0
    """Live rooms: who may come in, what the chair decided."""
    RECORDS = 1
    """What no person waits for: the audit log, retention."""
    DOOR = 2
    """Requests over HTTP, among them those of strangers."""


MAX_PENDING = {Share.DECISIONS: 256, Share.RECORDS: 32, Share.DOOR: 64}
"""Pieces of work that wait or run; beyond that the database is not keeping up."""
PROMPT_S = 0.5
"""A piece of work that fails later than this has waited for the database."""
PROBE_S = 1.0
"""How long after a failed probe the next one comes."""


class Lane:
    """Belongs to one event loop."""

    def __init__(self, name: str, probe: Callable[[], object]) -> None:
        """probe: work that succeeds when the database answers this lane again."""
        self._name = name
        self._probe = probe
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"store {name}")
        self._busy = False
        self._waiting: list[tuple[Share, int, asyncio.Future[Any], Callable[[], Any]]] = []
        self._numbers = itertools.count()
        self._pending: Counter[Share] = Counter()
        self._probing = False
        self._refusing = False
        self._closed = False
        self.trouble = ""
        """Why the newest work failed; empty while the database answers."""

    async def call(self, work: Callable[[], T], share: Share, deadline_s: float | None) -> T:
        """Run `work` in the thread. After the deadline it is not begun any more; if it has begun, its outcome
        is unknown. Raises StorageUnavailable, and what `work` raises."""
        if self._refusing:
            raise StorageUnavailable(f"not tried: {self.trouble}")
        if self._pending[share] >= MAX_PENDING[share]:
            raise StorageUnavailable("too much is waiting for the database")
        begun_s = time.monotonic()
        self._pending[share] += 1
        try:
            async with asyncio.timeout(deadline_s):
                return await self._taken(work, share)
        except TimeoutError:
            why = "the database did not answer in time"
            self._failed(why, refuse=True)
            raise StorageUnavailable(why) from None
        except StorageUnavailable as error:
            self._failed(str(error), refuse=time.monotonic() - begun_s > PROMPT_S)
            raise
        finally:
            self._pending[share] -= 1

    async def close(self, last: Callable[[], object], deadline_s: float) -> None:
        """Run `last` after everything that waits, and end the thread, unless the database does not answer."""
        self._closed = True
        try:
            async with asyncio.timeout(deadline_s):
                await self._taken(last, max(Share))
        except TimeoutError:
            log.error("store-left-open lane=%s", self._name)
        self._thread.shutdown(wait=False)

    # --- one at a time ---

    def _taken(self, work: Callable[[], T], share: Share) -> "asyncio.Future[T]":
        """The outcome of work that has its place now. Cancelling it gives the place back."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (share, next(self._numbers), outcome, work))
        if not self._busy:
            self._begin_next()
        return outcome

    def _begin_next(self) -> None:
        self._busy = False
        while self._waiting and not self._busy:
            _, _, outcome, work = heapq.heappop(self._waiting)
            if not outcome.done():
                self._busy = True
                running = asyncio.get_running_loop().run_in_executor(self._thread, work)
                running.add_done_callback(partial(self._ended, outcome))

    def _ended(self, outcome: "asyncio.Future[Any]", running: "asyncio.Future[Any]") -> None:
        error = running.exception()
        if not outcome.done():  # otherwise nobody waits for it any more
            if error is None:
                outcome.set_result(running.result())
            else:
                outcome.set_exception(error)
        self._begin_next()

    # --- a database that does not answer ---

    def _failed(self, why: str, *, refuse: bool) -> None:
        self.trouble = why
        if refuse and not self._refusing:
            self._refusing = True
            log.error("store-refuses lane=%s why=%s", self._name, why)
        if not self._probing:
            self._probing = True
            self._probe_again()

    def _probe_again(self) -> None:
        if not self._closed:
            self._taken(self._probe, Share.DECISIONS).add_done_callback(self._probed)

    def _probed(self, outcome: "asyncio.Future[Any]") -> None:
        error = outcome.exception()
        if error is not None:
            self.trouble = str(error)
            asyncio.get_running_loop().call_later(PROBE_S, self._probe_again)
            return
        self.trouble, self._probing = "", False
        if self._refusing:
            self._refusing = False
            log.info("store-answers lane=%s", self._name)
