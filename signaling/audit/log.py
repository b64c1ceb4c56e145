"""The audit log's way to the database: events are noted at once and written a moment later, in order.

Noting never waits: a mute is no slower for being written down. While the database is away, events wait in
memory up to a bound; beyond it they are only counted, and the count becomes an entry.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from pathlib import Path

from signaling.audit.chain import Actor, AuditEvent, Head
from signaling.audit.checkpoint import Damaged, SignedCut, Term
from signaling.audit.table import AuditTable, HeadDiffers, HeadNotKept, HeadUnreadable
from signaling.model.ids import Instant
from signaling.store import AlreadyThere, StorageUnavailable

log = logging.getLogger("giaoban.audit")

MAX_WAITING = 20_000
"""Events in memory: more than a whole briefing has, about twenty megabytes."""
MAX_BATCH = 200
"""Entries per transaction."""
RETRY_S = 2.0
HEAD_RETRY_S = 10.0
SERVER = Actor()


class AuditState(StrEnum):
    OK = "ok"
    WAITING = "waiting"
    """The database takes no entries now; they wait, none is lost."""
    LOSING = "losing"
    """So many are waiting that new ones are only counted."""
    HEAD_NOT_KEPT = "head-not-kept"
    """The file with the newest head cannot be written: entries could be cut off unnoticed."""
    HEAD_NOT_COPIED = "head-not-copied"
    """Today's copy of the head cannot be written to the folder elsewhere."""
    DIFFERS = "differs"
    """The log was cut off or rewritten: `giaoban audit verify` says where."""


ALARMS = frozenset(
    {AuditState.LOSING, AuditState.HEAD_NOT_KEPT, AuditState.HEAD_NOT_COPIED, AuditState.DIFFERS}
)
"""The log cannot be relied on, or soon will not be."""


class AuditLog:
    def __init__(self, table: AuditTable, clock: Callable[[], Instant], head_file: Path | None) -> None:
        self._table = table
        self._clock = clock
        self._head_file = head_file
        self._waiting: deque[AuditEvent] = deque()
        self._lost = 0
        self._failing = False
        self._differs = False
        self._unkept = False
        self.copy_is_late = False
        self.head = Head()
        """The newest that this process has seen."""
        self._more = asyncio.Event()
        self._writing = asyncio.Lock()
        self._life = secrets.token_hex(8)
        self._noted = 0

    @property
    def state(self) -> AuditState:
        if self._lost:
            return AuditState.LOSING
        if self._failing:
            return AuditState.WAITING
        if self._differs:
            return AuditState.DIFFERS
        if self._unkept:
            return AuditState.HEAD_NOT_KEPT
        return AuditState.HEAD_NOT_COPIED if self.copy_is_late else AuditState.OK

    def note(
        self,
        event: str,
        *,
        meeting: str = "",
        run: int = 0,
        who: Actor = SERVER,
        fields: Iterable[tuple[str, str | int]] = (),
        words: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Write this down as soon as possible. Never waits, never fails."""
        if len(self._waiting) >= MAX_WAITING:
            self._lost += 1
        else:
            self._push(event, meeting, run, who, tuple(fields), tuple(words))
        self._more.set()

    def _push(
        self,
        event: str,
        meeting: str = "",
        run: int = 0,
        who: Actor = SERVER,
        fields: tuple[tuple[str, str | int], ...] = (),
        words: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._noted += 1
        mark, now_ms = f"{self._life}-{self._noted}", self._clock().unix_ms
        who = replace(who, address=who.address[:64])
        self._waiting.append(AuditEvent(mark, now_ms, event, meeting, run, who, fields, words))

    async def run(self) -> None:
        """Keep the head and write what was noted, until cancelled."""
        await self.keep_head()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEAD_RETRY_S if self._unkept else None):
                    await self._more.wait()
            self._more.clear()
            if self._unkept:
                await self.keep_head()
            if not await self.flush():
                self._more.set()
                await asyncio.sleep(RETRY_S)

    async def keep_head(self) -> None:
        """As the log is now, so that a head that cannot be kept is known before it is needed."""
        try:
            self.head = await self._table.head()
            await self._keep_head(self.head)
        except StorageUnavailable as error:
            log.error("audit-head-not-kept why=%s", error)

    async def shorten(self, term: Term, who: Actor = SERVER) -> SignedCut | None:
        """Cut off the oldest entries whose time is over; there may be more. None: there are none. Evidence is
        never cut off. Raises StorageUnavailable, AlreadyThere, Damaged."""
        await self.keep_head()
        if self._differs or self._unkept:
            raise Damaged("audit.head does not follow the log")
        async with self._writing:
            self._noted += 1
            mark, now_ms = f"{self._life}-{self._noted}", self._clock().unix_ms
            checkpoint = await self._table.cut(
                term, lambda cut: AuditEvent(mark, now_ms, "audit-cut", who=who, fields=cut.fields)
            )
        if checkpoint is not None:
            log.info("audit-cut number=%d years=%d", checkpoint.number, checkpoint.years)
            await self.keep_head()
        return checkpoint

    async def flush(self) -> bool:
        """Write everything that is waiting. False when the database cannot take it now."""
        async with self._writing:
            while self._waiting:
                batch = list(islice(self._waiting, MAX_BATCH))
                if not await self._write(batch):
                    return False
                for _ in batch:
                    self._waiting.popleft()
                if self._lost:
                    lost, self._lost = self._lost, 0
                    self._push("entries-lost", fields=(("count", lost),))
        return True

    async def _write(self, batch: list[AuditEvent]) -> bool:
        try:
            head = self.head = await self._table.append(batch)
        except (StorageUnavailable, AlreadyThere) as error:
            if not self._failing:
                log.error("audit-not-written waiting=%d why=%s", len(self._waiting), error)
            self._failing = True
            return False
        self._failing = False
        if any(each.event == "meeting-ended" for each in batch):
            log.info("audit-head number=%d hash=%s", head.number, head.hash)  # a witness outside the database
        await self._keep_head(head)
        return True

    async def _keep_head(self, head: Head) -> None:
        """The entries are written in any case. A head that differs is left alone: it is the evidence."""
        if self._head_file is None:
            return
        try:
            fresh = await self._table.keep_head(head, self._head_file)
        except (StorageUnavailable, HeadNotKept) as error:
            if not self._unkept:
                log.error("audit-head-not-kept why=%s", error)
            self._unkept = True
            return
        except (HeadDiffers, HeadUnreadable) as error:
            if not self._differs:
                log.error("audit-head-differs why=%s", error)
            self._differs = True
            return
        if fresh and head.number:
            log.warning("audit-head-made number=%d", head.number)
            self.note("audit-head-made", fields=(("number", head.number),))
        if self._unkept:
            self._unkept = False
            log.info("audit-head-kept number=%d", head.number)
