"""Cuts off the audit log's entries whose years are over, once a day at most."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recorder.storage.signing import BadSigningKey, fingerprint, load_or_create_key
from signaling.audit.chain import Actor
from signaling.audit.checkpoint import Damaged, Term
from signaling.audit.log import SERVER, AuditLog
from signaling.audit.table import AuditTable
from signaling.custody.custody import DAY_MS
from signaling.model.ids import Instant
from signaling.store import AlreadyThere, StorageUnavailable

log = logging.getLogger("giaoban.audit")

LOOK_S = 3600.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long the audit log's entries are kept, and the file of the key that signs where it was cut."""

    years: int
    key: Path


async def shorten(keeping: Keeping, audit: AuditLog, now_ms: int, who: Actor = SERVER) -> int | None:
    """Cut off all entries whose time is over. Returns the last one's number; None: there are none. Raises
    BadSigningKey, StorageUnavailable, AlreadyThere, Damaged."""
    key = await asyncio.to_thread(load_or_create_key, keeping.key)
    last, term = None, Term(keeping.years, now_ms, key.sign)
    while (checkpoint := await audit.shorten(term, who)) is not None:
        last = checkpoint.number
    return last


class Shortening:
    """Raises nothing; what fails is tried again the next time."""

    def __init__(
        self, keeping: Keeping, table: AuditTable, audit: AuditLog, believed: Callable[[], Instant]
    ) -> None:
        """believed: a clock that no leap puts ahead."""
        self._keeping = keeping
        self._table = table
        self._audit = audit
        self._believed = believed

    async def run(self) -> None:
        """Until cancelled."""
        try:
            key = await asyncio.to_thread(load_or_create_key, self._keeping.key)
            log.info("audit-key fingerprint=%s", fingerprint(key.public).replace(" ", ""))
        except BadSigningKey as error:
            log.error("audit-not-cut why=%s", error)
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        now_ms = self._believed().unix_ms
        try:
            newest = await self._table.checkpoint()
            if newest is None or now_ms - newest.cut_ms >= DAY_MS:
                await shorten(self._keeping, self._audit, now_ms)
        except (BadSigningKey, StorageUnavailable, AlreadyThere, Damaged) as error:
            log.error("audit-not-cut why=%s", error)
