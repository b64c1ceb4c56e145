"""The database: accounts, units, meetings, the seats that survive a restart, the keys that lock recordings.

Frozen values in and out. SQLite in WAL mode by default; portable SQL only, so that PostgreSQL stays possible.
"""

from signaling.store.database import AlreadyThere, Database, public_name, sqlite_file
from signaling.store.holder import HeldElsewhere
from signaling.store.lane import Share, StorageUnavailable
from signaling.store.meetings import Meetings, UnreadableRecord
from signaling.store.migrate import StateIsNewer
from signaling.store.people import LoginSession, People, Proof, StoredPassword
from signaling.store.recipients import KeptKey, Recipients
from signaling.store.store import OtherDatabase, Store

__all__ = [
    "AlreadyThere",
    "Database",
    "HeldElsewhere",
    "KeptKey",
    "LoginSession",
    "Meetings",
    "OtherDatabase",
    "People",
    "Proof",
    "Recipients",
    "Share",
    "StateIsNewer",
    "StorageUnavailable",
    "Store",
    "StoredPassword",
    "UnreadableRecord",
    "public_name",
    "sqlite_file",
]
