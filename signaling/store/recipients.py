"""The keys that lock recordings: only their public halves."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from recorder import Recipient
from signaling.store.database import Database
from signaling.store.tables import recipient


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that locks recordings now, or did once."""

    recipient: Recipient
    added_ms: int
    removed_ms: int | None
    """None: a recording that begins now is locked with it."""


class Recipients:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[Recipient, ...]:
        """The keys that lock a recording that begins now; the first lock's come first.
        Raises StorageUnavailable."""
        locking = [kept.recipient for kept in await self.every() if kept.removed_ms is None]
        return tuple(sorted(locking, key=lambda recipient: recipient.second))

    async def every(self) -> tuple[KeptKey, ...]:
        """All keys, including removed ones; the oldest first. Raises StorageUnavailable."""
        query = select(recipient).order_by(recipient.c.added_ms, recipient.c.key)
        rows = await self._database.read(lambda db: db.execute(query).all())
        return tuple(
            KeptKey(Recipient(row.name, row.key, row.second), row.added_ms, row.removed_ms) for row in rows
        )

    async def add(self, new: Recipient, now_ms: int) -> None:
        """Add a key, or restore a removed one under the name and for the lock given now.
        Raises StorageUnavailable; AlreadyThere if it locks already."""
        values = {"name": new.name, "second": new.second, "added_ms": now_ms, "removed_ms": None}
        removed = update(recipient).where(recipient.c.key == new.key, recipient.c.removed_ms.is_not(None))

        def work(db: Connection) -> None:
            if db.execute(removed.values(values)).rowcount == 0:
                db.execute(insert(recipient).values(key=new.key, **values))

        await self._database.write(work)

    async def remove(self, key: str, now_ms: int) -> bool:
        """Recordings that begin from now on are not locked with it. False: it did not lock any.
        Raises StorageUnavailable."""
        this = update(recipient).where(recipient.c.key == key, recipient.c.removed_ms.is_(None))
        return await self._database.write(lambda db: db.execute(this.values(removed_ms=now_ms)).rowcount > 0)
