"""The one place that knows both clocks, the machine's own and the wall's.

When the wall clock is set (by hand, by a time server, after a pause of a virtual machine), that is logged and
noted in the audit log. Sign-ins go on as if nothing had happened, and no recording is deleted by a leap.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec

from signaling.accounts.accounts import LIFETIME_MS
from signaling.audit.log import AuditLog
from signaling.model.ids import Instant
from signaling.model.lasting import Clocks, Mark, passed, resumed, step_ms
from signaling.store import StorageUnavailable, Store

log = logging.getLogger("giaoban.clock")

LOOK_S = 1.0
KEEP_EVERY = 60
"""Looks between two marks that are stored."""
MARK = "clock-mark"
"""Setting: the newest Mark."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def clock() -> Instant:
    """Now, by both."""
    return Instant(time.monotonic(), time.time_ns() // 1_000_000)


class ClockWatch:
    """Raises nothing once it is made; what cannot be stored is stored at the next time."""

    def __init__(self, store: Store, audit: AuditLog, now: Callable[[], Instant], mark: Mark) -> None:
        self._store = store
        self._audit = audit
        self.now = now
        self._mark = mark

    def served(self) -> Instant:
        """Now, its Unix time as if the clock had never been set."""
        now = self.now()
        return Instant(now.s, self._mark.served_ms + self._since(now))

    def believed(self) -> Instant:
        """Now, its Unix time never ahead of what the clock is believed to say."""
        now = self.now()
        return Instant(now.s, min(now.unix_ms, self._mark.believed_ms + self._since(now)))

    async def run(self) -> None:
        """Until cancelled."""
        looks = 0
        while True:
            stepped = self._look()
            if stepped or looks % KEEP_EVERY == 0:
                await self._keep()
            looks += 1
            await asyncio.sleep(LOOK_S)

    def _look(self) -> bool:
        now = clocks(self.now())
        step = step_ms(self._mark, now)
        self._mark = passed(self._mark, now)
        if step:
            log.warning("clock-stepped by_s=%d", round(step / 1000))
            self._audit.note("clock-stepped", fields=(("by_ms", step),))
        return step != 0

    async def _keep(self) -> None:
        with contextlib.suppress(StorageUnavailable):
            await self._store.set_setting(MARK, msgspec.json.encode(self._mark).decode())
            # A sign-in that another clock made longer is no longer than any other.
            await self._store.people.shorten_sign_ins(self.served().unix_ms + LIFETIME_MS)

    def _since(self, now: Instant) -> int:
        return clocks(now).elapsed_ms - self._mark.elapsed_ms


async def watched(store: Store, audit: AuditLog, now: Callable[[], Instant]) -> ClockWatch:
    """Goes on from the mark that is stored. Raises StorageUnavailable."""
    return ClockWatch(store, audit, now, resumed(await _stored(store), clocks(now())))


async def served(store: Store, now: Instant) -> Instant:
    """What ClockWatch.served says, for another process that signs somebody in. Raises StorageUnavailable."""
    return Instant(now.s, resumed(await _stored(store), clocks(now)).served_ms)


async def believed(store: Store, now: Instant) -> Instant:
    """What ClockWatch.believed says, for another process that deletes. Raises StorageUnavailable."""
    mark = resumed(await _stored(store), clocks(now))
    return Instant(now.s, min(now.unix_ms, mark.believed_ms))


async def _stored(store: Store) -> Mark | None:
    try:
        return msgspec.json.decode(await store.setting(MARK), type=Mark)
    except msgspec.DecodeError:  # there is none yet
        return None


def clocks(now: Instant) -> Clocks:
    """The machine's own clock does not count the time asleep."""
    asleep_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return Clocks(_boot(), round((now.s + asleep_s) * 1000), now.unix_ms)


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""  # then only a clock that went back tells another run of the machine
