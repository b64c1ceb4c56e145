"""Databases for tests: always SQLite, and PostgreSQL if GIAOBAN_TEST_POSTGRES names one.

It is an SQLAlchemy address (postgresql+psycopg://...) of a database that may be emptied.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from signaling.store import Store
from signaling.store.tables import metadata

DATABASES = ("sqlite", "postgres")
POSTGRES = os.environ.get("GIAOBAN_TEST_POSTGRES", "")


@asynccontextmanager
async def emptied_store(kind: str, folder: Path) -> AsyncIterator[Store]:
    """One of DATABASES, upgraded and emptied; skips the test if there is none."""
    if kind == "postgres" and not POSTGRES:
        pytest.skip("GIAOBAN_TEST_POSTGRES names no database")
    opened = await Store.open(POSTGRES if kind == "postgres" else f"sqlite:///{folder / 'giaoban.db'}")
    try:
        await opened.database.write(_empty)
        yield opened
    finally:
        await opened.close()


def _empty(db: Connection) -> None:
    if db.dialect.name == "postgresql":  # it may hold the entries of an earlier test
        db.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        db.execute(text("DELETE FROM audit"))
        db.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
    for table in reversed(metadata.sorted_tables):
        db.execute(table.delete())
