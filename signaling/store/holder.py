"""One appliance serves a database at a time; whoever comes second is told who does.

In PostgreSQL the lock is a session's, and it is the session that writes: whoever has lost the connection has
lost the lock and writes nothing before both are back. Commands at the terminal write without it.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Any

from signaling.store.lane import StorageUnavailable

_KEY = 0x67696F62616E  # "giaoban"
_WHO_HOLDS = (
    "SELECT a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI TZ'), a.pid,"
    " a.application_name = current_setting('application_name')"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
    " AND l.classid = %s AND l.objid = %s AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
MAX_NAME = 60
"""PostgreSQL cuts an application's name off."""
TRIES = 50
PAUSE_S = 0.1


class HeldElsewhere(StorageUnavailable):
    """Another appliance serves the database. The text says which."""


def take_postgresql(connection: Any, who: str) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    """Make a new connection the one that serves. Raises HeldElsewhere."""
    cursor = connection.cursor()
    # A machine that vanishes without a word gives the lock back within half a minute.
    for setting, seconds in (("idle", 10), ("interval", 5), ("count", 3)):
        cursor.execute(f"SET tcp_keepalives_{setting} = {seconds}")
    cursor.execute("SELECT set_config('application_name', %s, false)", (who[:MAX_NAME],))
    for _ in range(TRIES):
        cursor.execute("SELECT pg_try_advisory_lock(%s::bigint)", (_KEY,))
        taken = cursor.fetchone()[0]
        holder = None if taken else _holder(cursor)
        connection.commit()
        if taken:
            cursor.close()
            return
        if holder is not None and holder[0] != who[:MAX_NAME]:
            raise HeldElsewhere(f"{holder[0]}, since {holder[1]}")
        time.sleep(PAUSE_S)
    raise HeldElsewhere("a connection of our own that does not end")


def _holder(cursor: Any) -> tuple[str, str] | None:  # noqa: ANN401
    """Who serves, and since when. An earlier connection of this same appliance is ended. None: it is gone."""
    cursor.execute(_WHO_HOLDS, (_KEY >> 32, _KEY & 0xFFFFFFFF))
    row = cursor.fetchone()
    if row is None:
        return None
    if row[3]:
        cursor.execute("SELECT pg_terminate_backend(%s)", (row[2],))
    return row[0], row[1]


class FileHolder:
    """For SQLite: a lock beside the database, which the kernel frees with the process."""

    def __init__(self, database: Path, who: str) -> None:
        """Raises HeldElsewhere, OSError."""
        file = database.with_name(f"{database.name}.served")
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()
            self.close()
            raise HeldElsewhere(holder or "another process") from None
        os.ftruncate(self._descriptor, 0)
        since = time.strftime("%Y-%m-%d %H:%M %Z")
        os.pwrite(self._descriptor, f"{who}, since {since}\n".encode(), 0)

    def close(self) -> None:
        os.close(self._descriptor)
