"""How much space there is where the server keeps things, looked at while it runs."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

log = logging.getLogger("giaoban.disk")

LOOK_S = 5.0
MIN_FREE_BYTES = 256 << 20
"""Below this a disk is low: it may take another day of meetings, but somebody has to look."""
MIN_USABLE_BYTES = 8 << 20
"""Below this it is full: the database needs some space to write anything."""


class Space(StrEnum):
    OK = "ok"
    LOW = "low"
    FULL = "full"
    UNKNOWN = "unknown"
    """It does not say, or does not answer."""


@dataclass(frozen=True, slots=True)
class Disk:
    path: Path
    low_bytes: int = MIN_FREE_BYTES


@dataclass(frozen=True, slots=True)
class Seen:
    space: Space
    free_bytes: int = 0


def free_bytes(path: Path) -> int:
    """Of the disk that has the path, or will have it: a folder may not be there yet. Raises OSError."""
    while not path.exists() and path != path.parent:
        path = path.parent
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def judged(free: int, low_bytes: int) -> Space:
    if free < MIN_USABLE_BYTES:
        return Space.FULL
    return Space.LOW if free < low_bytes else Space.OK


class DiskWatch:
    """Raises nothing."""

    def __init__(self, disks: Mapping[str, Disk], free: Callable[[Path], int] = free_bytes) -> None:
        self._disks = disks
        self._free = free
        self.seen: Mapping[str, Seen] = {}
        """By the name of the disk; empty until the first look."""

    @property
    def worst(self) -> Space:
        """FULL, else LOW, else OK."""
        found = {seen.space for seen in self.seen.values()}
        return next((space for space in (Space.FULL, Space.LOW) if space in found), Space.OK)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        now = {name: await self._look_at(disk) for name, disk in self._disks.items()}
        for name, seen in now.items():
            before = self.seen.get(name, Seen(Space.OK))
            if seen.space is not before.space:
                level = logging.INFO if seen.space is Space.OK else logging.ERROR
                log.log(level, "disk-space disk=%s is=%s free_mb=%d", name, seen.space, seen.free_bytes >> 20)
        self.seen = now

    async def _look_at(self, disk: Disk) -> Seen:
        try:
            async with asyncio.timeout(LOOK_S):
                free = await asyncio.to_thread(self._free, disk.path)
        except (OSError, TimeoutError):
            return Seen(Space.UNKNOWN)
        return Seen(judged(free, disk.low_bytes), free)
