"""The database: accounts, units, meetings and the seats that survive a restart. Frozen values in and out.

SQLite in WAL mode by default; portable SQL only, so that PostgreSQL stays possible.
"""

from signaling.store.database import AlreadyThere, Database, StorageUnavailable
from signaling.store.meetings import Meetings, UnreadableRecord
from signaling.store.migrate import StateIsNewer
from signaling.store.people import LoginSession, People, StoredPassword
from signaling.store.store import Store

__all__ = [
    "AlreadyThere",
    "Database",
    "LoginSession",
    "Meetings",
    "People",
    "StateIsNewer",
    "StorageUnavailable",
    "Store",
    "StoredPassword",
    "UnreadableRecord",
]
