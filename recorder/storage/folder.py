"""A recording's folder on the disk: the sealed segments and the manifest. One process writes it.

Everything is appended and synced (fdatasync); nothing is ever changed, moved or truncated. So after a crash
at any instant, each file is a beginning of what it would have become.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace as changed

from recorder import AuditHead, Recipient
from recorder.format.chain import read_untrusted, segments
from recorder.format.manifest import (
    FORMAT,
    MAX_MANIFEST_BYTES,
    AnyLine,
    AuditLine,
    CheckpointLine,
    EndLine,
    KeyInfo,
    ManifestHead,
    OpeningLine,
    PauseLine,
    ReopenedLine,
    ResumeLine,
    SegmentEndLine,
    SegmentLine,
    head_of,
    key_fingerprint,
    line_bytes,
)
from recorder.storage.segment_file import (
    MANIFEST,
    BadFolder,
    DiskFailed,
    FileState,
    SegmentFile,
    file_state,
    segment_name,
    sync_directory,
    write_all,
)
from recorder.storage.signing import SigningKey, verified

__all__ = ["MANIFEST", "BadFolder", "DiskFailed", "Folder", "RecordingFacts", "segment_name", "unix_now"]


class RecordingFacts(NamedTuple):
    """What the manifest's first line says about a recording."""

    recording: str
    meeting: str
    title: str
    recipients: tuple[Recipient, ...]
    audit: AuditHead | None = None
    """In a line of its own."""


def unix_now() -> int:
    return time.time_ns() // 1_000_000


class Folder:
    """The folder of one recording, held by one process (a lock on the manifest).

    Its methods may be called from several threads; the sealer's thread calls `append`.
    """

    def __init__(self, path: Path, manifest: int, key: SigningKey, clock: Callable[[], int]) -> None:
        """Use `create` or `open_again` instead."""
        self.path = path
        self.begun_ms = 0
        """Unix time of at_ms 0."""
        self.last_at_ms = 0
        """Of the newest line; a line with an earlier instant is given this one."""
        self.reached_ms = 0
        """For a resumed recording: how far it was signed before."""
        self.next_segment = 1
        self.size_bytes = 0
        """Of all segments."""
        self.finished = False
        self._recording = path.name
        self._key = key
        self._clock = clock
        self._manifest = manifest
        self._head = ManifestHead()
        self._segment: SegmentFile | None = None
        self._broken: OSError | None = None
        self._lock = threading.RLock()

    @classmethod
    def create(
        cls, directory: Path, facts: RecordingFacts, key: SigningKey, clock: Callable[[], int] = unix_now
    ) -> "Folder":
        """A new folder `directory`/`facts.recording`, with at_ms 0 now. Raises DiskFailed, BadFolder."""
        path = directory / facts.recording
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
            sync_directory(directory)
        except FileExistsError:
            raise BadFolder(f"{path} is there already") from None
        except OSError as error:
            raise DiskFailed(error) from error
        folder = cls(path, _open_manifest(path, os.O_CREAT | os.O_EXCL), key, clock)
        folder.begun_ms = clock()
        folder._add(
            OpeningLine(
                at_ms=0,
                unix_ms=folder.begun_ms,
                format=FORMAT,
                meeting=facts.meeting,
                title=facts.title,
                keys=key_facts(facts.recipients),
                public=key.public.hex(),
            )
        )
        if facts.audit is not None:
            folder._add(AuditLine(at_ms=0, number=facts.audit.number, hash=facts.audit.hash))
        try:
            sync_directory(path)
        except OSError as error:
            raise DiskFailed(error) from error
        return folder

    @classmethod
    def open_again(
        cls,
        directory: Path,
        recording: str,
        recipients: Sequence[Recipient],
        key: SigningKey,
        clock: Callable[[], int] = unix_now,
    ) -> "Folder":
        """Resume a folder whose process is gone. An unfinished segment's file is signed as it is found; the
        next segment starts a new file.

        Errors: raises BadFolder (no such folder, in use, finished, another server's, a broken manifest),
        DiskFailed.
        """
        path = directory / recording
        folder = cls(path, _open_manifest(path, 0), key, clock)
        try:
            folder._resume(tuple(recipients))
        except BaseException:
            folder.close()
            raise
        return folder

    @property
    def head(self) -> str:
        """Hash of the manifest's newest line."""
        return self._head.sha256

    @property
    def now_at_ms(self) -> int:
        """The present instant in the recording by the wall clock, never before what is already written."""
        return max(self.last_at_ms, self._clock() - self.begun_ms)

    def begin_segment(self, number: int, at_ms: int) -> None:
        """Start a new file, which `append` then writes to. Raises DiskFailed, BadFolder (it exists)."""
        with self._lock:
            if self._segment is not None:
                raise BadFolder("the segment before has not ended")
            segment = SegmentFile(self.path / segment_name(number), number, at_ms)
            self._add(SegmentLine(at_ms=at_ms, segment=number))
            self._segment = segment
            self.next_segment = max(self.next_segment, number + 1)

    def append(self, ciphertext: bytes) -> None:
        """Append to the segment's file; it is on the disk when this returns. Raises DiskFailed, BadFolder."""
        with self._lock:
            segment = self._segment
            if segment is None:
                raise BadFolder("no segment has begun")
            before = segment.size_bytes
            try:
                fresh_header = segment.append(ciphertext)
            finally:
                self.size_bytes += segment.size_bytes - before
            if fresh_header:
                self.checkpoint(max(segment.at_ms, self.last_at_ms))

    def checkpoint(self, at_ms: int) -> None:
        """Sign how far the segment has come. Raises DiskFailed."""
        with self._lock:
            segment = self._segment
            if segment is None:
                return
            found = segment.found()
            self._add(CheckpointLine(at_ms=at_ms, segment=segment.number, **found._asdict()))

    def end_segment(self, at_ms: int, why: str) -> None:
        """The file is complete; call this once its sealer is closed. Raises DiskFailed."""
        with self._lock:
            segment, self._segment = self._segment, None
            if segment is None:
                return
            found = segment.found()
            segment.close()
            self._add(SegmentEndLine(at_ms=at_ms, segment=segment.number, why=why, **found._asdict()))

    def pause(self, at_ms: int) -> None:
        """Raises DiskFailed."""
        self._add(PauseLine(at_ms=at_ms))

    def resume(self, at_ms: int) -> None:
        """Raises DiskFailed."""
        self._add(ResumeLine(at_ms=at_ms))

    def finish(self, at_ms: int = 0, why: str = "stopped") -> None:
        """Write the last line. A segment that is still open is left cut off. Raises DiskFailed."""
        with self._lock:
            self._add(
                EndLine(at_ms=at_ms, segments=self.next_segment - 1, total_bytes=self.size_bytes, why=why)
            )
            self.finished = True
            self.close()

    def close(self) -> None:
        """Close the files; without `finish` the recording can be opened again."""
        with self._lock:
            if self._segment is not None:
                self._segment.close()
                self._segment = None
            if self._manifest >= 0:
                os.close(self._manifest)
                self._manifest = -1

    def _resume(self, recipients: tuple[Recipient, ...]) -> None:
        raw = _read_all(self.path / MANIFEST)
        reading = read_untrusted(raw, verified, self._key.public)
        opening = reading.opening
        if opening is None or opening.recording != self._recording:
            raise BadFolder(f"{self.path}: the manifest is not this server's")
        if reading.end is not None:
            raise BadFolder(f"{self.path}: the recording is finished")
        self.begun_ms = opening.unix_ms
        self.last_at_ms = self.reached_ms = max(line.at_ms for line in reading.lines)
        self._head = reading.head
        if reading.torn:
            self._write(b"\n")
        records = segments(reading.lines)
        last = records[-1] if records else None
        unfinished = last.number if last is not None and not (last.ended or last.crashed) else 0
        found = FileState(0, sha256().hexdigest(), "")
        for record in records:
            present = file_state(self.path / segment_name(record.number), record.number == unfinished)
            self.size_bytes += present.size_bytes
            found = present if record.number == unfinished else found
        self.next_segment = last.number + 1 if last is not None else 1
        while file_state(self.path / segment_name(self.next_segment), False).size_bytes:
            self.next_segment += 1
        self._add(
            ReopenedLine(
                at_ms=self.now_at_ms, segment=unfinished, keys=key_facts(recipients), **found._asdict()
            )
        )

    def _add(self, line: AnyLine) -> None:
        with self._lock:
            line = changed(
                line,
                n=self._head.n + 1,
                recording=self._recording,
                at_ms=max(line.at_ms, self.last_at_ms),
                unix_ms=line.unix_ms or self._clock(),
                prev=self._head.sha256,
            )
            raw = line_bytes(line, self._key.sign)
            self._write(raw)
            self._head = head_of(raw, line.n)
            self.last_at_ms = line.at_ms

    def _write(self, raw: bytes) -> None:
        """After a line that was not written whole nothing more is written: it would become part of that
        line."""
        if self._broken is not None:
            raise DiskFailed(self._broken)
        if self._manifest < 0:
            raise BadFolder("the manifest is closed")
        try:
            for _ in write_all(self._manifest, raw):
                pass
            os.fdatasync(self._manifest)
        except OSError as error:
            self._broken = error
            raise DiskFailed(error) from error


def _open_manifest(path: Path, flags: int) -> int:
    """Open it for appending and lock it. Raises BadFolder, DiskFailed."""
    try:
        manifest = os.open(path / MANIFEST, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | flags, 0o600)
    except FileNotFoundError:
        raise BadFolder(f"{path}: no manifest") from None
    except OSError as error:
        raise DiskFailed(error) from error
    try:
        fcntl.flock(manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(manifest)
        raise BadFolder(f"{path} is being written by another process") from None
    return manifest


def key_facts(recipients: tuple[Recipient, ...]) -> tuple[KeyInfo, ...]:
    return tuple(KeyInfo(each.name, key_fingerprint(each.key), each.second) for each in recipients)


def _read_all(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_MANIFEST_BYTES)
    except OSError as error:
        raise DiskFailed(error) from error
