"""Writes the audit log's head to the folder elsewhere, once a day."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from signaling.audit.copies import write_copy
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.model.ids import Instant
from signaling.store import StorageUnavailable

log = logging.getLogger("giaoban.audit")

LOOK_S = 60.0
WRITE_S = 20.0
"""A share of another machine may hang."""


class DailyCopy:
    """Raises nothing; a copy that cannot be written is an alarm and is tried again."""

    def __init__(
        self, folder: Path, table: AuditTable, audit: AuditLog, clock: Callable[[], Instant]
    ) -> None:
        self._folder = folder
        self._table = table
        self._audit = audit
        self._clock = clock
        self._done = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        day = f"{datetime.fromtimestamp(self._clock().unix_ms / 1000, UTC):%Y-%m-%d}"
        if day == self._done:
            return
        try:
            head = await self._table.head()
            async with asyncio.timeout(WRITE_S):
                await asyncio.to_thread(partial(write_copy, self._folder, day, head))
        except (OSError, TimeoutError, StorageUnavailable) as error:
            if not self._audit.copy_is_late:
                log.error("audit-head-not-copied day=%s why=%s", day, error)
            self._audit.copy_is_late = True
            return
        self._done, self._audit.copy_is_late = day, False
        log.info("audit-head-copied day=%s number=%d", day, head.number)
