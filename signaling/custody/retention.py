"""Deletes the recordings whose time is over, after noting it in the audit log."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from recorder import RecordingId, shelf
from recorder.shelf import ShelvedRecording
from signaling.audit.log import AuditLog
from signaling.custody import custody
from signaling.model.ids import Instant
from signaling.store import StorageUnavailable, Store

log = logging.getLogger("giaoban.retention")

EVERY_S = 600.0


class Retention:
    """Raises nothing; what fails is tried again the next time."""

    def __init__(
        self,
        directory: Path,
        store: Store,
        audit: AuditLog,
        going_on: Callable[[], frozenset[RecordingId]],
        clock: Callable[[], Instant],
    ) -> None:
        self._directory = directory
        self._store = store
        self._audit = audit
        self._going_on = going_on
        self._clock = clock
        self._due: frozenset[RecordingId] = frozenset()
        """What was due at the last sweep: a clock that is wrong for some minutes deletes nothing."""
        self._noted: set[RecordingId] = set()
        self._failed: set[RecordingId] = set()

    async def run(self) -> None:
        """Until cancelled."""
        await self._finish()
        while True:
            await self.sweep()
            await asyncio.sleep(EVERY_S)

    async def _finish(self) -> None:
        """Finish deleting what a crash left half deleted."""
        try:
            await asyncio.to_thread(shelf.sweep, self._directory)
        except shelf.ShelfFailed as error:
            log.error("retention-failed why=%s", error)

    async def sweep(self) -> None:
        """Delete what was due at the last sweep and still is."""
        try:
            keep_days = await self._store.meetings.keep_days()
            recordings = await asyncio.to_thread(shelf.recordings, self._directory) if keep_days else []
        except (StorageUnavailable, shelf.ShelfFailed) as error:
            log.error("retention-failed why=%s", error)
            return
        over = custody.due(recordings, keep_days, self._going_on(), self._clock().unix_ms)
        for one in over:
            if one.id in self._due:
                await self._delete(one, keep_days[one.meeting])
        self._due = frozenset(one.id for one in over)
        self._noted &= self._due
        self._failed &= self._due

    async def _delete(self, recording: ShelvedRecording, keep_days: int) -> None:
        """Delete a recording once the audit log has the entry for it."""
        if recording.id not in self._noted:
            fields = (*deletion_fields(recording, self._clock().unix_ms), ("keep_days", keep_days))
            self._audit.note("recording-deleted", meeting=recording.meeting, fields=fields)
            self._noted.add(recording.id)
        if not await self._audit.flush() or recording.id in self._going_on():
            return
        try:
            await asyncio.to_thread(shelf.delete, self._directory, recording.id)
        except shelf.NoRecording:
            return  # somebody deleted it at the terminal
        except shelf.ShelfFailed as error:
            log.error("recording-not-deleted recording=%s why=%s", recording.id, error)
            if recording.id not in self._failed:
                self._failed.add(recording.id)
                failed = (("recording", recording.id),)
                self._audit.note("recording-not-deleted", meeting=recording.meeting, fields=failed)
            return
        log.info("recording-deleted recording=%s", recording.id)


def deletion_fields(recording: ShelvedRecording, now_ms: int) -> tuple[tuple[str, str | int], ...]:
    """What the audit log keeps about a deleted recording."""
    age_days = max(0, now_ms - recording.last_ms) // custody.DAY_MS
    return (
        ("recording", recording.id),
        ("begun_ms", recording.begun_ms),
        ("age_days", age_days),
        ("octets", recording.size_bytes),  # the audit log's older word for bytes
    )
