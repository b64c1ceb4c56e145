"""The whole store: the database and what each part of it holds."""

import secrets
from contextlib import AsyncExitStack

from sqlalchemy import Connection, insert, inspect, select, text, update

from signaling.store.database import Database
from signaling.store.lane import Share
from signaling.store.meetings import Meetings
from signaling.store.migrate import upgrade
from signaling.store.people import People
from signaling.store.recipients import Recipients
from signaling.store.tables import setting

CENTRE = "centre"
"""Setting: the health centre's name, at the top of every screen."""

IDENTITY = "identity"


class OtherDatabase(Exception):
    """This is not the database that was expected: an empty one, or that of another appliance."""


class Store:
    """Everything that is stored, one part per aggregate. The audit log's table is in the same `database`, and
    `signaling.audit.table` works on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.people = People(database)
        self.meetings = Meetings(database)
        self.recipients = Recipients(database)

    @staticmethod
    async def open(url: str, deadline_s: float = 5.0, *, expected: str = "", served_by: str = "") -> "Store":
        """Open the database, upgraded to this program's version. `expected`: its identity, without which it
        is left as it is; `served_by`: see Database.

        Raises StorageUnavailable (unwritable, full, no database at all, served by another appliance),
        OtherDatabase and StateIsNewer.
        """
        database = Database(url, deadline_s, served_by)
        async with AsyncExitStack() as opening:
            opening.push_async_callback(database.close)
            if expected and await database.read(_identity) != expected:
                raise OtherDatabase
            await database.set_up(upgrade)
            opening.pop_all()  # it stays open
        return Store(database)

    def shared(self, share: Share) -> "Store":
        """The same store for those who wait in another share."""
        return Store(self.database.shared(share))

    async def close(self) -> None:
        """Of all its shares."""
        await self.database.close()

    async def identity(self) -> str:
        """Tells this database from every other one, wherever it is moved. Raises StorageUnavailable."""
        found = await self.setting(IDENTITY)
        if not found:
            found = secrets.token_hex(16)
            await self.set_setting(IDENTITY, found)
        return found

    async def ping(self) -> None:
        """Raises StorageUnavailable when the database does not answer."""
        await self.database.read(lambda db: db.execute(text("SELECT 1")))

    async def setting(self, key: str, default: str = "") -> str:
        """Raises StorageUnavailable."""
        query = select(setting.c.value).where(setting.c.key == key)
        found = await self.database.read(lambda db: db.execute(query).scalar_one_or_none())
        return default if found is None else found

    async def set_setting(self, key: str, value: str) -> None:
        """Raises StorageUnavailable."""

        def work(db: Connection) -> None:
            if db.execute(update(setting).where(setting.c.key == key).values(value=value)).rowcount == 0:
                db.execute(insert(setting).values(key=key, value=value))

        await self.database.write(work)


def _identity(db: Connection) -> str:
    if not inspect(db).has_table(setting.name):
        return ""
    query = select(setting.c.value).where(setting.c.key == IDENTITY)
    return db.execute(query).scalar_one_or_none() or ""
