"""Two threads with a connection each, one that writes and one that reads; short transactions.

SQLAlchemy's synchronous engines run in threads of their own (`signaling.store.lane`); the loop awaits them
with a deadline. Anything that keeps the database from answering (unwritable, full, locked, gone) raises
StorageUnavailable.
"""

import asyncio
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    insert,
    literal,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InvalidRequestError, SQLAlchemyError

from signaling.store.holder import FileHolder, HeldElsewhere, take_postgresql
from signaling.store.lane import Lane, Share, StorageUnavailable
from signaling.store.tables import setting

T = TypeVar("T")

CLOSE_S = 5.0
WATCH_S = 5.0
_PROBE = "probe"
"""Setting that is written to see whether the database can be."""
BUSY_MS = 4000
"""How long a statement waits while another process (a command on the terminal) writes."""


_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 2 * BUSY_MS}
"""Of PostgreSQL's client (s, ms): a server that has gone without a word does not hold the thread for ever."""


class AlreadyThere(Exception):
    """A unique name is taken, or a row that another one refers to is missing."""


def engine_for(url: str) -> Engine:
    """An engine for one of the threads. Raises StorageUnavailable if the address makes no sense."""
    try:
        engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=not url.startswith("sqlite"),
            connect_args=_PATIENCE if url.startswith("postgresql+psycopg") else {},
        )
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise StorageUnavailable(str(error)) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def sqlite_file(url: str) -> Path | None:
    """None: another kind of database, or none that makes sense."""
    try:
        address = make_url(url)
    except ArgumentError:
        return None
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def public_name(url: str) -> str:
    """Which database it is, without a password. Raises StorageUnavailable if the address makes no sense."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StorageUnavailable(str(error)) from None
    bare = URL.create(
        address.get_backend_name(), address.username, None, address.host, address.port, address.database
    )
    return bare.render_as_string()


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    # Python's driver begins and commits by itself, also around schema changes; we want to decide.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_up_postgresql(connection: Any, _: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_MS}")
    connection.commit()
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later may find the lock taken, and cannot wait for it.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def guarded(work: Callable[[], T]) -> T:
    """Run database work. Whatever the driver raises becomes StorageUnavailable or AlreadyThere."""
    try:
        return work()
    except IntegrityError as error:
        raise AlreadyThere(str(error.orig)) from error
    except (DBAPIError, InvalidRequestError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StorageUnavailable(str(reason)) from error
    except OSError as error:
        raise StorageUnavailable(str(error)) from error


class Database:
    """The database as one share of those who wait for it sees it: a lane to write, another to read."""

    def __init__(self, url: str, deadline_s: float = 5.0, served_by: str = "") -> None:
        """served_by: the appliance that serves this database from now on, and no other one; empty: a command
        beside it."""
        self._lanes = _Lanes(url, served_by)
        self._deadline_s = deadline_s
        self._share = Share.DECISIONS

    def shared(self, share: Share) -> "Database":
        """The same database for those who wait in another share."""
        other = copy(self)
        other._share = share
        return other

    @property
    def trouble(self) -> str:
        """Why it could not be read or written the last time; empty while it answers."""
        return self._lanes.writing.trouble or self._lanes.reading.trouble

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Raises StorageUnavailable."""
        lanes = self._lanes
        return await lanes.reading.call(
            lambda: transaction(lanes.reader, work), self._share, self._deadline_s
        )

    async def write(self, work: Callable[[Connection], T]) -> T:
        """All of `work` is stored, or nothing. Raises StorageUnavailable, AlreadyThere.

        After the deadline the outcome is unknown; the caller writes its newest state again.
        """
        lanes = self._lanes
        return await lanes.writing.call(
            lambda: transaction(lanes.writer, work), self._share, self._deadline_s
        )

    async def set_up(self, work: Callable[[Engine], None]) -> None:
        """Run `work` before anything else, however long it takes. Raises StorageUnavailable, of which
        HeldElsewhere is one."""
        lanes = self._lanes
        guarded(lanes.take)
        await lanes.writing.call(lambda: guarded(lambda: work(lanes.writer)), self._share, None)

    async def watch(self) -> None:
        """See to it that no other appliance serves the database while ours has lost it. Until cancelled;
        raises HeldElsewhere."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self.write(_answers)
            except HeldElsewhere:
                raise
            except StorageUnavailable:
                continue  # it is away; the lane asks until it answers

    async def close(self) -> None:
        lanes = self._lanes
        await lanes.reading.close(lanes.reader.dispose, CLOSE_S)
        await lanes.writing.close(lanes.writer.dispose, CLOSE_S)
        lanes.let_go()


class _Lanes:
    """Reading never waits for a writer of ours; what is written is written one after the other."""

    def __init__(self, url: str, served_by: str) -> None:
        self.reader = engine_for(url)
        self.writer = engine_for(url).execution_options(writes=True)
        self._file, self._served_by = sqlite_file(url), served_by
        self._holder: FileHolder | None = None
        if served_by and self.writer.dialect.name == "postgresql":
            event.listen(self.writer, "connect", lambda connection, _: take_postgresql(connection, served_by))
        self.reading = Lane("reading", lambda: transaction(self.reader, _answers))
        self.writing = Lane("writing", lambda: transaction(self.writer, _takes))

    def take(self) -> None:
        """Raises HeldElsewhere, OSError."""
        if self._served_by and self._file is not None:
            self._holder = FileHolder(self._file, self._served_by)

    def let_go(self) -> None:
        if self._holder is not None:
            self._holder.close()


def transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Raises StorageUnavailable, AlreadyThere."""

    def whole() -> T:
        with engine.begin() as connection:
            return work(connection)

    return guarded(whole)


def _answers(db: Connection) -> None:
    db.execute(select(literal(1)))


def _takes(db: Connection) -> None:
    """Really writes: a full disk is noticed by nothing less."""
    db.execute(delete(setting).where(setting.c.key == _PROBE))  # SQLite writes no page that stays the same
    db.execute(insert(setting).values(key=_PROBE, value=""))
