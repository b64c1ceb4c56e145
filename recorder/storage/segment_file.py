"""One segment's file on the disk: ciphertext, synced as it comes, and its hash so far."""

import errno
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from recorder.format.chunks import MAX_HEADER_BYTES, header_hash

MANIFEST = "manifest.jsonl"
_SEGMENT = ".mkv.age"
_DIGITS = 6
_READ_BYTES = 1 << 20


class DiskFailed(Exception):
    """The disk is full or fails. Nothing more can be written to this segment."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"{error.strerror} ({error.filename})" if error.filename else error.strerror)
        self.full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BadFolder(Exception):
    """The folder cannot be continued: another server's, in use, finished, or unreadable."""


class FileState(NamedTuple):
    """How far a segment's file has come."""

    size_bytes: int
    sha256: str
    header: str


def segment_name(number: int) -> str:
    return f"{number:0{_DIGITS}}{_SEGMENT}"


def segment_number(name: str) -> int:
    """The number in a segment file's name; 0 if it is no such name."""
    digits = name.removesuffix(_SEGMENT)
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= 9
    return int(digits) if plain and segment_name(int(digits)) == name else 0


def free_bytes(directory: Path) -> int:
    """What is free for us on this disk. Raises DiskFailed."""
    try:
        found = os.statvfs(directory)
    except OSError as error:
        raise DiskFailed(error) from error
    return found.f_bavail * found.f_frsize


class SegmentFile:
    """One file of ciphertext and its hash so far."""

    def __init__(self, path: Path, number: int, at_ms: int) -> None:
        self.number = number
        self.at_ms = at_ms
        self.size_bytes = 0
        self._hash = sha256()
        self._beginning = b""
        self._header = ""
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            size = os.fstat(self._file).st_size
            sync_directory(path.parent)
        except OSError as error:
            raise DiskFailed(error) from error
        if size:
            os.close(self._file)
            raise BadFolder(f"{path} is there already")

    def append(self, data: bytes) -> bool:
        """Returns whether this completed the header. Raises DiskFailed; what was written by then is
        counted."""
        try:
            for part in write_all(self._file, data):
                self.size_bytes += len(part)
                self._hash.update(part)
            os.fdatasync(self._file)
        except OSError as error:
            raise DiskFailed(error) from error
        if self._header or len(self._beginning) >= MAX_HEADER_BYTES:
            return False
        self._beginning += data[:MAX_HEADER_BYTES]
        self._header = header_hash(self._beginning)
        return bool(self._header)

    def found(self) -> FileState:
        return FileState(self.size_bytes, self._hash.hexdigest(), self._header)

    def close(self) -> None:
        os.close(self._file)


def file_state(path: Path, hashed: bool) -> FileState:
    """A segment's file as it is now, with hashes if `hashed`. Raises DiskFailed."""
    total = sha256()
    try:
        with open(path, "rb") as file:
            if not hashed:
                return FileState(os.fstat(file.fileno()).st_size, "", "")
            size_bytes = 0
            header = header_hash(file.read(MAX_HEADER_BYTES))
            file.seek(0)
            while part := file.read(_READ_BYTES):
                size_bytes += len(part)
                total.update(part)
            return FileState(size_bytes, total.hexdigest(), header)
    except FileNotFoundError:
        return FileState(0, total.hexdigest(), "")
    except OSError as error:
        raise DiskFailed(error) from error


def write_all(file: int, data: bytes) -> Iterator[memoryview]:
    """Write all of it, part by part as the system takes them, and yield each part. Raises OSError."""
    rest = memoryview(data)
    while rest:
        taken = os.write(file, rest)
        yield rest[:taken]
        rest = rest[taken:]


def sync_directory(directory: Path) -> None:
    """A new name in a directory survives a power cut only once the directory is synced."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
