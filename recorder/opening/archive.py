"""A recording on the machine that opens it: its folder, or the .tar that was downloaded.

Nothing in it is trusted: links and special files are not followed, a damaged .tar is read as far as its
headers can be found, and anything that does not belong is reported.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recorder.format.manifest import MAX_MANIFEST_BYTES
from recorder.storage.segment_file import MANIFEST, segment_number

_BLOCK = 512
_MAGIC = slice(257, 262)
_MAX_FILES = 100_000


class BadArchive(Exception):
    """Neither a folder nor a .tar of a recording, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class _Location:
    path: Path
    offset: int
    size_bytes: int


class ArchiveFile:
    """One file of the archive, read from its beginning. Close it."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._left = size_bytes
        self.failed: OSError | None = None
        """The disk's error, if any; reading then ends here."""

    def read(self, most: int) -> bytes:
        """Up to `most` bytes; empty at the end."""
        try:
            found = self._file.read(max(0, min(most, self._left)))
        except OSError as error:
            self.failed = error
            found = b""
        self._left -= len(found)
        return found

    def close(self) -> None:
        self._file.close()


class Archive:
    """The files of one recording, by name."""

    def __init__(self, path: Path, places: dict[str, _Location], strange: tuple[str, ...]) -> None:
        self.path = path
        self._places = places
        self.strange = strange
        """What does not belong to a recording, in words."""

    @property
    def segments(self) -> dict[int, int]:
        """Sizes of the segment files, by segment number."""
        found = ((segment_number(name), place.size_bytes) for name, place in self._places.items())
        return {number: size_bytes for number, size_bytes in sorted(found) if number > 0}

    def manifest(self) -> bytes | None:
        """None if there is none. Raises BadArchive."""
        place = self._places.get(MANIFEST)
        if place is None:
            return None
        part = self._open(place)
        try:
            size_bytes = part.read(MAX_MANIFEST_BYTES)
        finally:
            part.close()
        if part.failed is not None:
            raise BadArchive(f"{MANIFEST}: {part.failed.strerror}")
        return size_bytes

    def segment(self, number: int) -> ArchiveFile:
        """Raises BadArchive."""
        for name, place in self._places.items():
            if segment_number(name) == number:
                return self._open(place)
        raise BadArchive(f"segment {number} is missing")

    def _open(self, place: _Location) -> ArchiveFile:
        try:
            file = os.fdopen(os.open(place.path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
            file.seek(place.offset)
        except OSError as error:
            raise BadArchive(f"{place.path.name}: {error.strerror}") from None
        return ArchiveFile(file, place.size_bytes)


def open_archive(path: Path) -> Archive:
    """A recording's folder or its .tar. Raises BadArchive."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if stat.S_ISREG(mode):
            return _tar_untrusted(path)
    except OSError as error:
        raise BadArchive(f"{path}: {error.strerror}") from None
    raise BadArchive(f"{path} is neither a folder nor a .tar")


def _folder(path: Path) -> Archive:
    places: dict[str, _Location] = {}
    strange: list[str] = []
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            plain = entry.is_file(follow_symlinks=False)
            if plain and _belongs(entry.name):
                size = entry.stat(follow_symlinks=False).st_size
                places[entry.name] = _Location(path / entry.name, 0, size)
            else:
                strange.append(_shown(entry.name))
    return _archive(path, places, strange)


def _tar_untrusted(path: Path) -> Archive:
    """Raises BadArchive, OSError."""
    places: dict[str, _Location] = {}
    strange: list[str] = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = lost = 0
        while at + _BLOCK <= size and len(places) + len(strange) < _MAX_FILES:
            file.seek(at)
            block = file.read(_BLOCK)
            member = _tar_header(block)
            if member is None:
                lost += any(block)
                at += _BLOCK
                continue
            name, size_bytes, plain = member
            at += _BLOCK
            there = min(size_bytes, size - at)
            if plain and _belongs(name) and name not in places:
                places[name] = _Location(path, at, there)
            elif plain:
                strange.append(_shown(name))
            at += size_bytes + -size_bytes % _BLOCK
    if lost:
        strange.append(f"{lost * _BLOCK} bytes between the files")
    return _archive(path, places, strange)


def _archive(path: Path, places: dict[str, _Location], strange: list[str]) -> Archive:
    if not places:
        raise BadArchive(f"{path}: neither a manifest nor a segment is in it")
    return Archive(path, places, tuple(strange))


def _tar_header(block: bytes) -> tuple[str, int, bool] | None:
    """Name without folders, size, and whether it is a plain file; None if this is no header."""
    if block[_MAGIC] != b"ustar":
        return None
    try:
        wanted = int(block[148:156].strip(b"\0 "), 8)
        size_bytes = _number(block[124:136])
    except ValueError:
        return None
    if sum(block[:148]) + sum(block[156:]) + 8 * ord(" ") != wanted or size_bytes < 0:
        return None
    name = block[:100].split(b"\0", 1)[0].decode("utf-8", "replace")
    return name.rstrip("/").rsplit("/", 1)[-1], size_bytes, block[156:157] in (b"0", b"\0")


def _number(field: bytes) -> int:
    """Octal, or binary if too large for that."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b"\0 ") or b"0", 8)


def _belongs(name: str) -> bool:
    return name == MANIFEST or segment_number(name) > 0


def _shown(name: str) -> str:
    return ascii(name)[1:-1][:80]
