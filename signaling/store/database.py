"""One thread, one connection, short transactions.

SQLAlchemy's synchronous engine runs in a thread of its own; the loop awaits it with a deadline. Anything that
keeps the database from answering (unwritable, full, locked, gone) raises StorageUnavailable.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, SQLAlchemyError

T = TypeVar("T")

MAX_PENDING = 256
"""Transactions waiting for the thread; beyond that the store is not keeping up."""
BUSY_MS = 4000
"""How long SQLite waits while another process (a command on the terminal) writes."""


class StorageUnavailable(Exception):
    """The database cannot be read or written now. The text says why."""


class AlreadyThere(Exception):
    """A unique name is taken, or a row that another one refers to is missing."""


def engine_for(url: str) -> Engine:
    """An engine for the store's thread. Raises StorageUnavailable if the address makes no sense."""
    try:
        engine = create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=not url.startswith("sqlite"))
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise StorageUnavailable(str(error)) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    # Python's driver begins and commits by itself, also around schema changes; we want to decide.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MS}",
        "synchronous=FULL",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
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
    """The store's thread and its engine."""

    def __init__(self, url: str, deadline_s: float = 5.0) -> None:
        self.engine = engine_for(url)
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._pending = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Raises StorageUnavailable."""
        return await self._transact(work, writes=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """All of `work` is stored, or nothing. Raises StorageUnavailable, AlreadyThere.

        After the deadline the outcome is unknown; the caller writes its newest state again.
        """
        return await self._transact(work, writes=True)

    async def _transact(self, work: Callable[[Connection], T], writes: bool) -> T:
        engine = self.engine.execution_options(writes=writes)

        def transaction() -> T:
            with engine.begin() as connection:
                return work(connection)

        return await self.call(lambda: guarded(transaction), self._deadline_s)

    async def call(self, work: Callable[[], T], deadline_s: float | None) -> T:
        """Run `work` in the store's thread."""
        if self._pending >= MAX_PENDING:
            raise StorageUnavailable("too much is waiting to be stored")
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(deadline_s):
                return await asyncio.shield(future)
        except TimeoutError:
            raise StorageUnavailable("the database did not answer in time") from None

    def _done(self, future: "asyncio.Future[Any]") -> None:
        self._pending -= 1
        if not future.cancelled():
            future.exception()  # retrieved, so that a late failure that nobody waits for is not logged

    async def close(self) -> None:
        await self.call(self.engine.dispose, None)
        self._thread.shutdown(wait=True)
