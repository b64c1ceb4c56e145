"""The audit log's table. Entries are added, read, and cut off up to a checkpoint when their time is over; the
database refuses everything else too.

A small file beside the database holds the newest head: anyone who cuts entries off the end has to know of it
as well.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, delete, insert, select

from signaling.audit.chain import AuditEvent, Head, Stored, chained, head_line, head_of
from signaling.audit.checkpoint import SignedCut, Term, over
from signaling.store.database import Database
from signaling.store.tables import audit, audit_checkpoint

T = TypeVar("T")

MAX_TRIES = 10
PAUSE_S = 0.1
FILE_S = 5.0
MAX_CUT = 2000
"""Entries that are cut off in one transaction."""

_COLUMNS = (audit.c.number, audit.c.mark, audit.c.meeting, audit.c.document, audit.c.hash)


class HeadDiffers(Exception):
    """The head kept beside the database is not in the log: the log was cut off or rewritten."""


class HeadNotKept(Exception):
    """The head's file cannot be written."""


class HeadUnreadable(Exception):
    """The head's file exists but holds no head, or cannot be read."""


class AuditTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, events: Sequence[AuditEvent]) -> Head:
        """Add the events that are not there yet, all or none; return the newest head. Repeating it changes
        nothing. Raises StorageUnavailable, AlreadyThere (two programs at once; try again)."""

        def work(db: Connection) -> Head:
            _lock(db)
            marks = [each.mark for each in events]
            there = set(db.execute(select(audit.c.mark).where(audit.c.mark.in_(marks))).scalars())
            head = _newest(db)
            links = chained(head, [each for each in events if each.mark not in there])
            if links:
                db.execute(insert(audit), [_values(link) for link in links])
            return links[-1].head if links else head

        return await self._database.write(work)

    async def cut(self, term: Term, event: Callable[[SignedCut], AuditEvent]) -> SignedCut | None:
        """Cut off the oldest entries whose time is over, at most MAX_CUT, and add the event that says so, all
        or nothing. None: there are none. Raises StorageUnavailable, AlreadyThere, Damaged."""

        def work(db: Connection) -> SignedCut | None:
            _lock(db)
            begins = _checkpoint(db)
            oldest = select(*_COLUMNS).order_by(audit.c.number).limit(MAX_CUT)
            log = [Stored(*row) for row in db.execute(oldest)]
            checkpoint = over(log, begins.head if begins else Head(), term)
            if checkpoint is None:
                return None
            links = chained(_newest(db), [event(checkpoint)])
            db.execute(insert(audit), [_values(link) for link in links])
            db.execute(insert(audit_checkpoint).values(asdict(checkpoint)))
            db.execute(delete(audit).where(audit.c.number <= checkpoint.number))
            return checkpoint

        return await self._database.write(work)

    async def checkpoint(self) -> SignedCut | None:
        """The newest; None: the log was never cut. Raises StorageUnavailable."""
        return await self._database.read(_checkpoint)

    async def head(self) -> Head:
        """Raises StorageUnavailable."""
        return await self._database.read(_newest)

    async def page(self, after: int, limit: int, meeting: str | None = None) -> tuple[Stored, ...]:
        """The next entries after number `after`, of one meeting or of all. Raises StorageUnavailable."""
        query = select(*_COLUMNS).where(audit.c.number > after).order_by(audit.c.number).limit(limit)
        if meeting is not None:
            query = query.where(audit.c.meeting == meeting)
        rows = await self._database.read(lambda db: db.execute(query).all())
        return tuple(Stored(*row) for row in rows)

    async def before_last(self, count: int, meeting: str | None = None) -> int:
        """The number after which the newest `count` entries begin. Raises StorageUnavailable."""
        query = select(audit.c.number).order_by(audit.c.number.desc()).offset(count - 1).limit(1)
        if meeting is not None:
            query = query.where(audit.c.meeting == meeting)
        first = await self._database.read(lambda db: db.execute(query).scalar_one_or_none())
        return 0 if first is None else first - 1

    async def keep_head(self, head: Head, file: Path) -> bool:
        """Write a newer head into its file, if the head there is in the log. True: there was none.
        Raises StorageUnavailable, HeadNotKept, HeadDiffers, HeadUnreadable."""
        for _ in range(MAX_TRIES):
            seen = await _in_time(partial(_seen, file))
            if seen is not None and seen.number and await self.hash_of(seen.number) != seen.hash:
                raise HeadDiffers(f"entry {seen.number}")
            if await _in_time(partial(_write, file, seen, head)):
                return seen is None
        raise HeadNotKept("another program holds it")

    async def hash_of(self, number: int) -> str | None:
        """Of one entry, or of the last one that was cut off; None: it is not in the log. Raises
        StorageUnavailable."""
        there = select(audit.c.hash).where(audit.c.number == number)
        cut = select(audit_checkpoint.c.hash).where(audit_checkpoint.c.number == number)
        return await self._database.read(lambda db: db.execute(there.union(cut)).scalars().first())


async def _in_time(work: Callable[[], T]) -> T:
    """Work on the file, which may be on a disk that hangs. Raises HeadNotKept, and what `work` raises."""
    try:
        async with asyncio.timeout(FILE_S):
            return await asyncio.to_thread(work)
    except TimeoutError:
        raise HeadNotKept("the disk does not answer") from None
    except OSError as error:
        raise HeadNotKept(error.strerror or str(error)) from None


def kept_head(file: Path) -> Head | None:
    """The head in a file; None: there is none. Raises HeadUnreadable."""
    try:
        line = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HeadUnreadable(str(error)) from None
    if not line:
        return None
    head = head_of(line)
    if head is None:
        raise HeadUnreadable("it is damaged")
    return head


def _seen(file: Path) -> Head | None:
    """None: there is no head yet. Raises OSError, HeadUnreadable."""
    with _opened(file) as descriptor:
        return _read(descriptor)


def _write(file: Path, seen: Head | None, head: Head) -> bool:
    """False: another program has it, or has written it since. Raises OSError, HeadUnreadable."""
    with _opened(file) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE_S)
            return False
        if _read(descriptor) != seen:
            return False
        if seen is None or seen.number < head.number:
            os.pwrite(descriptor, head_line(head), 0)
            os.fsync(descriptor)
        return True


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Head | None:
    line = os.pread(descriptor, 4096, 0)
    head = head_of(line)
    if line and head is None:
        raise HeadUnreadable("it is damaged")
    return head


def _lock(db: Connection) -> None:
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("LOCK TABLE audit IN EXCLUSIVE MODE")  # one writer, as in SQLite


def _checkpoint(db: Connection) -> SignedCut | None:
    newest = select(audit_checkpoint).order_by(audit_checkpoint.c.number.desc()).limit(1)
    row = db.execute(newest).one_or_none()
    return None if row is None else SignedCut(*row)


def _newest(db: Connection) -> Head:
    newest = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    row = db.execute(newest).one_or_none()
    return Head() if row is None else Head(row.number, row.hash)


def _values(link: Stored) -> dict[str, object]:
    return {
        "number": link.number,
        "mark": link.mark,
        "meeting": link.meeting,
        "document": link.document,
        "hash": link.hash,
    }
