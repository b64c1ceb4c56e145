"""Whose keys lock recordings: public halves alone."""

from recorder import Recipient
from signaling.store.database import Database


class Recipients:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[Recipient, ...]:
        """Those that a recording which begins now is locked with. Raises StorageUnavailable."""
        return ()
