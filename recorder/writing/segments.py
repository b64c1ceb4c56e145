"""Where a recording's bytes go: a sealer for each segment, and the folder.

Methods that may wait for the disk say so and are called in a thread, one job after another; `put` and `pad`
never wait.
"""

from collections.abc import Callable
from pathlib import Path

import recorder
from recorder.storage.folder import BadFolder, DiskFailed, Folder, RecordingFacts
from recorder.storage.segment_file import free_bytes
from recorder.storage.signing import SigningKey
from recorder.writing.sealer import Sealer, SealerFailed, SealerFull, check_recipients

CLOSE_S = 60.0
"""A disk that does not respond for longer is broken."""


class NoSpace(Exception):
    """The disk reserve is already reached."""


class SegmentWriter:
    """One recording's way to the disk."""

    def __init__(self, folder: Folder, keys: tuple[list[str], list[str]], *, again: bool) -> None:
        """Use `opened` instead."""
        self.folder = folder
        self.again = again
        """Resumed: a process that is gone began it."""
        self.segment = 0
        self._keys = keys
        self._sealer: Sealer | None = None

    @classmethod
    def opened(
        cls, directory: Path, start: recorder.Start, key: SigningKey, reserve_bytes: int
    ) -> "SegmentWriter":
        """In a thread. Creates nothing if nothing could be recorded. Raises BadRecipient, NoSpace,
        DiskFailed, BadFolder."""
        recipients = start.recipients
        keys = (
            [one.key for one in recipients if not one.second],
            [one.key for one in recipients if one.second],
        )
        check_recipients(*keys)
        if free_bytes_at(directory) <= reserve_bytes:
            raise NoSpace
        again = (directory / start.recording).exists()
        if again:
            folder = Folder.open_again(directory, start.recording, recipients, key)
        else:
            facts = RecordingFacts(start.recording, start.meeting, start.title, recipients, start.audit)
            folder = Folder.create(directory, facts, key)
        return cls(folder, keys, again=again)

    def begin_segment(self, number: int, at_ms: int, beginning: bytes) -> None:
        """In a thread, after the previous segment has ended. Raises DiskFailed, BadFolder, SealerFailed."""
        self.folder.begin_segment(number, at_ms)
        self._sealer = Sealer(*self._keys, self.folder.append)
        self._sealer.write(beginning)
        self.segment = number

    def end_segment(self, at_ms: int, why: str) -> None:
        """In a thread: waits until the last chunk is on the disk. Raises SealerFailed, DiskFailed,
        BadFolder."""
        sealer = self._current()
        try:
            sealer.close(CLOSE_S)
        except SealerFailed:
            _explain(sealer)
            raise
        self.folder.end_segment(at_ms, why)

    def put(self, data: bytes) -> bool:
        """False: the disk does not keep up, and this was dropped. Raises SealerFailed, DiskFailed,
        BadFolder."""
        sealer = self._current()
        try:
            sealer.write(data)
        except SealerFull:
            return False
        except SealerFailed:
            _explain(sealer)
            raise
        return True

    def pad(self, void: Callable[[int], bytes]) -> None:
        """Get everything put so far sealed and onto the disk. Raises as `put`."""
        sealer = self._current()
        try:
            sealer.pad(void)
        except SealerFull:
            pass  # more than a chunk is waiting anyway
        except SealerFailed:
            _explain(sealer)
            raise

    def let_go(self) -> None:
        """Close the files as they are."""
        if self._sealer is not None:
            self._sealer.abandon()
        self.folder.close()

    def _current(self) -> Sealer:
        assert self._sealer is not None
        return self._sealer


def free_bytes_at(directory: Path) -> int:
    """Bytes free on the disk where `directory` is or will be. Raises DiskFailed."""
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return free_bytes(directory)


def _explain(sealer: Sealer) -> None:
    """Raise the disk's own error if that is what ended the sealer."""
    if isinstance(sealer.failed, DiskFailed | BadFolder):
        raise sealer.failed
