"""The folder of recordings: what can be known about them without a key, and how one is handed out or deleted.

The list shows what the manifests claim; signatures are checked where a recording is opened.
"""

import os
import shutil
import stat
import tarfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from recorder import RecordingId
from recorder.format.chain import segments
from recorder.format.manifest import (
    MAX_MANIFEST_BYTES,
    AnyLine,
    BadManifest,
    EndLine,
    KeyInfo,
    OpeningLine,
    parse_line_untrusted,
)
from recorder.storage.segment_file import MANIFEST, segment_name, segment_number

MAX_ID_LETTERS = 64
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_TAIL_BYTES = 64 << 10
_MAX_FIRST_LINE_BYTES = 256 << 10
_TAR_BLOCK = tarfile.BLOCKSIZE
_READ_BYTES = 256 << 10
_DELETED = ".deleted-"


class NoRecording(Exception):
    """There is no such recording on the shelf, or it cannot be read."""


class ShelfFailed(Exception):
    """The disk failed."""


@dataclass(frozen=True, slots=True)
class ShelvedRecording:
    """A recording on the shelf, according to its manifest."""

    id: RecordingId
    meeting: str
    title: str
    begun_ms: int
    """Unix time."""
    ended_ms: int
    """Unix time of its last line; 0 until it has ended in order."""
    size_bytes: int
    segments: int
    keys: tuple[KeyInfo, ...]
    finished: bool
    last_ms: int
    """Unix time of the last write."""


def is_id(text: str) -> bool:
    """Whether this can be a recording's id, so that it can only name a folder."""
    return 0 < len(text) <= MAX_ID_LETTERS and _LETTERS.issuperset(text) and not text.startswith("-")


def recordings(directory: Path) -> list[ShelvedRecording]:
    """All that can be read, oldest first. Raises ShelfFailed."""
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ShelfFailed(str(error)) from error
    found: list[ShelvedRecording] = []
    for name in names:
        try:
            found.append(recording(directory, name))
        except NoRecording:
            continue
    return sorted(found, key=lambda kept: (kept.begun_ms, kept.id))


def recording(directory: Path, name: str) -> ShelvedRecording:
    """Raises NoRecording."""
    path = _folder(directory, name)
    try:
        with open(path / MANIFEST, "rb") as file:
            first = file.readline(_MAX_FIRST_LINE_BYTES)
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES)
        opening = parse_line_untrusted(first)[0]
        last = _last_line(tail)
        sizes = _segment_sizes(path)
    except (OSError, BadManifest) as error:
        raise NoRecording(f"{name}: {error}") from None
    if not isinstance(opening, OpeningLine):
        raise NoRecording(f"{name}: the manifest does not begin with an opening")
    finished = isinstance(last, EndLine)
    last_ms = last.unix_ms if last is not None else opening.unix_ms
    return ShelvedRecording(
        RecordingId(name),
        opening.meeting,
        opening.title,
        opening.unix_ms,
        last_ms if finished else 0,
        sum(sizes.values()),
        len(sizes),
        opening.keys,
        finished,
        last_ms,
    )


def delete(directory: Path, name: str) -> None:
    """Delete it for good. It is renamed first, so it is either gone or complete. Raises NoRecording,
    ShelfFailed.

    The caller has made sure that it is not being recorded.
    """
    path = _folder(directory, name)
    gone = directory / f"{_DELETED}{name}"
    try:
        path.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise ShelfFailed(str(error)) from error


def sweep(directory: Path) -> None:
    """Finish deletions that a crash interrupted. Raises ShelfFailed."""
    try:
        for entry in os.scandir(directory):
            if entry.name.startswith(_DELETED) and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ShelfFailed(str(error)) from error


class _TarMember(NamedTuple):
    header: bytes
    path: Path
    size: int

    @property
    def length(self) -> int:
        return len(self.header) + self.size + -self.size % _TAR_BLOCK


class TarPlan:
    """A recording's folder as a .tar of known length. It gives the same bytes each time as long as nothing is
    added to the folder, so a download can be resumed. What is added later is not part of it."""

    def __init__(self, members: tuple[_TarMember, ...], name: str) -> None:
        self.name = f"{name}.tar"
        self._members = members
        self.length = sum(member.length for member in members) + 2 * _TAR_BLOCK
        digest = sha256(b"".join(member.header for member in members)).hexdigest()
        self.etag = f'"{digest[:32]}"'
        """Changes when the bytes do."""

    def read(self, start: int = 0, end: int | None = None) -> Generator[bytes, None, None]:
        """The bytes from `start` up to but not including `end`, in parts. Close it if you stop early.

        Errors: raises NoRecording if the recording was deleted meanwhile or is shorter than it was.
        """
        end = self.length if end is None else min(end, self.length)
        at = 0
        for member in self._members:
            if at + member.length > start and at < end:
                yield from _member_bytes(member, max(0, start - at), min(member.length, end - at))
            at += member.length
        if end > max(at, start):
            yield bytes(end - max(at, start))


def tar_plan(directory: Path, name: str) -> TarPlan:
    """Raises NoRecording."""
    path = _folder(directory, name)
    try:
        with open(path / MANIFEST, "rb") as file:
            manifest = file.read(MAX_MANIFEST_BYTES)
        lines = _lines(manifest)
        sizes = _segment_sizes(path)
    except OSError as error:
        raise NoRecording(f"{name}: {error}") from None
    if not lines:
        raise NoRecording(f"{name}: the manifest cannot be read")
    known = {segment_name(record.number) for record in segments(tuple(lines))}
    mtime = lines[0].unix_ms // 1000
    members = [_tar_member(name, path / MANIFEST, len(manifest), mtime)]
    members += [_tar_member(name, path / each, sizes[each], mtime) for each in sorted(known & sizes.keys())]
    return TarPlan(tuple(members), name)


def _tar_member(name: str, path: Path, size: int, mtime: int) -> _TarMember:
    info = tarfile.TarInfo(f"{name}/{path.name}")
    info.size, info.mtime, info.mode = size, max(0, mtime), 0o600
    return _TarMember(info.tobuf(tarfile.USTAR_FORMAT if size < 8 << 30 else tarfile.GNU_FORMAT), path, size)


def _member_bytes(member: _TarMember, start: int, end: int) -> Iterator[bytes]:
    """`start` and `end` count from the member's own header."""
    if start < len(member.header):
        yield member.header[start:end]
    first, last = max(0, start - len(member.header)), min(member.size, end - len(member.header))
    if first < last:
        yield from _file_bytes(member.path, first, last)
    padding = end - max(start, len(member.header) + member.size)
    if padding > 0:
        yield bytes(padding)


def _file_bytes(path: Path, first: int, last: int) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            file.seek(first)
            while first < last:
                part = file.read(min(_READ_BYTES, last - first))
                if not part:
                    raise NoRecording(f"{path.name} is shorter than it was")
                first += len(part)
                yield part
    except OSError as error:
        raise NoRecording(str(error)) from None


def _folder(directory: Path, name: str) -> Path:
    if not is_id(name):
        raise NoRecording(f"{name[:80]!r} is no recording's id")
    path = directory / name
    try:
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise NoRecording(f"{name}: not a folder")
    except OSError:
        raise NoRecording(f"{name}: no such recording") from None
    return path


def _segment_sizes(path: Path) -> dict[str, int]:
    with os.scandir(path) as entries:
        return {
            entry.name: entry.stat(follow_symlinks=False).st_size
            for entry in entries
            if segment_number(entry.name) and entry.is_file(follow_symlinks=False)
        }


def _lines(manifest: bytes) -> list[AnyLine]:
    """The lines that can be read."""
    found: list[AnyLine] = []
    for raw in manifest.rpartition(b"\n")[0].split(b"\n"):
        try:
            found.append(parse_line_untrusted(raw)[0])
        except BadManifest:
            continue
    return found


def _last_line(tail: bytes) -> AnyLine | None:
    """The newest whole line; anything after it was torn by a crash."""
    for raw in reversed(tail.split(b"\n")[:-1]):
        try:
            return parse_line_untrusted(raw)[0]
        except BadManifest:
            continue
    return None
