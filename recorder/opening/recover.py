"""Recovering: whatever is readable of a recording, written as plain Matroska files that any player opens.

The output is not encrypted. It is written on this machine, into the folder that the owner names.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from recorder.format import matroska
from recorder.format.blocks import Block, Track
from recorder.format.entries import BadEntry, OpeningEntry, parse_entry_untrusted
from recorder.opening.archive import Archive
from recorder.opening.faults import Fault
from recorder.opening.opened import OpenedRecording, Summary
from recorder.opening.unsealed import Identities

CLUSTER_MS = 1000
CLUSTER_BYTES = 4 << 20


class CannotWrite(Exception):
    """The output folder cannot be written to."""


@dataclass(slots=True)
class Recovered:
    summary: Summary
    files: list[Path] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blocks: int = 0
    until_ms: int = 0
    """The last recovered instant."""


def recover(
    archive: Archive,
    identities: Identities,
    out_dir: Path,
    trusted: bytes | None = None,
    unproven: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Recovered:
    """One file for each segment that is at least partly readable, with all whole blocks and a clean end.

    `progress` is called with the number of segments done and the total. Errors: raises BadArchive,
    CannotWrite; what is wrong with the recording is in `faults`. Existing files are not overwritten.
    """
    opened = OpenedRecording(archive, identities, trusted, unproven)
    result = Recovered(opened.summary, faults=list(opened.summary.faults))
    try:
        out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for done, number in enumerate(opened.summary.segments, 1):
            _segment(opened, number, out_dir / f"{number:06}.mkv", result)
            if progress is not None:
                progress(done, len(opened.summary.segments))
    except OSError as error:
        raise CannotWrite(f"{error.filename or out_dir}: {error.strerror}") from error
    return result


def _segment(opened: OpenedRecording, number: int, path: Path, result: Recovered) -> None:
    """Raises OSError."""
    draft = path.with_suffix(".part")
    if path.exists():
        raise FileExistsError(0, "it is there already", str(path))
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        clusters = _ClusterWriter(file, opened.summary)
        for found in opened.segment_blocks(number):
            if isinstance(found, Fault):
                result.faults.append(found)
            else:
                clusters.add(found)
                result.until_ms = max(result.until_ms, found.at_ms)
        clusters.flush()
    if clusters.blocks:
        draft.rename(path)
        result.files.append(path)
        result.blocks += clusters.blocks
    else:
        draft.unlink()


class _ClusterWriter:
    """Writes blocks as a segment's Matroska, one cluster per second."""

    def __init__(self, file: BinaryIO, summary: Summary) -> None:
        self._file = file
        self._summary = summary
        self._held: list[Block] = []
        self._size = 0
        self.blocks = 0

    def add(self, block: Block) -> None:
        if self._held and (
            abs(block.at_ms - self._held[0].at_ms) >= CLUSTER_MS or self._size >= CLUSTER_BYTES
        ):
            self.flush()
        self._held.append(block)
        self._size += len(block.data)

    def flush(self) -> None:
        if not self._held:
            return
        if not self.blocks:
            self._file.write(self._header())
        self._file.write(matroska.cluster(self._held[0].at_ms, self._held))
        self.blocks += len(self._held)
        self._held.clear()
        self._size = 0

    def _header(self) -> bytes:
        """From what the segment says about itself, because the manifest may be gone."""
        for block in self._held:
            if block.track is Track.ENTRIES:
                try:
                    entry = parse_entry_untrusted(block.data)
                except BadEntry:
                    continue
                if isinstance(entry, OpeningEntry):
                    return matroska.header(entry.title, entry.begun_ms)
        return matroska.header(self._summary.title, self._summary.begun_ms)
