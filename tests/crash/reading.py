"""What is readable of a recording so far. Runs in a process of its own, because the recorded points live in
the test's process and must not be held up."""

from dataclasses import dataclass
from pathlib import Path

from recorder.format.blocks import Block
from recorder.opening.archive import open_archive
from recorder.opening.faults import Fault
from recorder.opening.film.presence import VOICES
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import identities_untrusted

READINGS = 3


@dataclass(frozen=True, slots=True)
class Read:
    begun_ms: int
    pictures: tuple[int, ...]
    """Their at_ms."""
    sounds: tuple[int, ...]
    grave: int
    """Faults that no crash explains."""


def read(folder: Path, key: Path, first_segment: int) -> Read:
    """Read from this segment on. A file that grows while it is read can look faulty; a real fault stays."""
    for _ in range(READINGS - 1):
        found = _read(folder, key, first_segment)
        if not found.grave:
            return found
    return _read(folder, key, first_segment)


def _read(folder: Path, key: Path, first_segment: int) -> Read:
    opened = OpenedRecording(open_archive(folder), identities_untrusted(key.read_bytes()))
    pictures: list[int] = []
    sounds: list[int] = []
    grave = 0
    for one in opened.blocks(first_segment):
        match one:
            case Block(track=track) if track in VOICES:
                sounds.append(one.at_ms)
            case Block(track=track) if track.kind is not None:
                pictures.append(one.at_ms)
            case Fault(grave=True):
                grave += 1
            case _:
                pass  # of the timeline, or explained by a crash
    return Read(opened.summary.begun_ms, tuple(pictures), tuple(sorted(sounds)), grave)


def in_the_clear(files: list[Path], marks: list[bytes]) -> list[Path]:
    """The files that contain one of the marks."""
    found = []
    for file in files:
        data = file.read_bytes()
        if any(mark in data for mark in marks):
            found.append(file)
    return found
