"""Exporting a recording: a film to watch, only its sound, or its tracks as they are.

An export is not encrypted: anyone who has the file can watch it, and also the parts beside it while the
export runs. Both are closed to other accounts on this machine. An interrupted export continues where it
stopped: each part is a finished file that belongs to one recording and one style.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from recorder.opening.film.composer import FilmSource, FilmStyle
from recorder.opening.film.contents import BlockSource, Contents, read_contents
from recorder.opening.film.edit_list import FRAME_MS, Edit, by_segment, edit_list, frame_at, frame_count
from recorder.opening.film.encoding import FILE_FORMATS, CannotEncode, FileFormat, join_parts, write_part
from recorder.opening.film.tracks import write_tracks, write_words

VERSION = 1
"""Version of the parts; parts of another version are not continued."""
PARTS = ".parts"
_ABOUT = "about.json"
_UNFINISHED = "unfinished"
_MAX_CHAPTERS = 500
_JOINED_PER_COMPOSED = 20


class CannotExport(Exception):
    """Why the export failed; finished parts are kept."""


class ExportKind(StrEnum):
    FILM = "film"
    SOUND = "sound"
    TRACKS = "tracks"


Progress = Callable[[int, int], None]
"""Milliseconds of the film done and in total: a measure of the work, a little more than the film's length."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to make."""

    kind: ExportKind
    out: Path
    """The suffix says how: .mp4, .mkv, .webm for a film; .m4a, .ogg, .opus for sound; .mkv for tracks."""
    style: FilmStyle | None = None
    """For a film."""
    real_time: bool = False
    """Pauses keep their length; otherwise a slate of two seconds stands for each."""

    @property
    def file_format(self) -> FileFormat:
        """The format of a film or of its sound. Raises CannotExport."""
        fitting = sorted(
            each
            for each, file_format in FILE_FORMATS.items()
            if (file_format.video is None) is (self.kind is ExportKind.SOUND)
        )
        if self.out.suffix not in fitting:
            raise CannotExport(f"{self.out.name}: the name of a {self.kind} ends in {', '.join(fitting)}")
        return FILE_FORMATS[self.out.suffix]

    def beside(self, ending: str) -> Path:
        return self.out.with_suffix(ending)


@dataclass(frozen=True, slots=True)
class Exported:
    files: tuple[Path, ...]
    contents: Contents
    broken: int = 0
    """Pictures and sounds that could not be decoded in this run."""


class TimelineFile(msgspec.Struct, frozen=True):
    """The JSON file of the timeline, written beside the tracks; its keys are part of the format."""

    contents: Contents = msgspec.field(name="survey")
    film: tuple[Edit, ...]
    """Which instants of the recording (at_ms) a film of it shows, in runs of frames of 40 ms."""


class _PartsNote(msgspec.Struct, frozen=True):
    """Which export the parts belong to."""

    version: int
    recording: str
    work: str
    """Hash of everything that a part depends on."""


def export(recording: BlockSource, request: ExportRequest, progress: Progress) -> Exported:
    """Make the export. Raises CannotExport, NothingReadable, BadFont. Ctrl-C leaves the parts; the same
    export continues with them."""
    file_format = request.file_format if request.kind is not ExportKind.TRACKS else None
    if file_format is None and request.out.suffix != ".mkv":
        raise CannotExport(f"{request.out.name}: the tracks become an .mkv file")
    if request.out.exists():
        raise CannotExport(f"{request.out} is there already")
    found = read_contents(recording)
    work = _Export(recording, found, request, file_format, progress)
    try:
        return work.tracks() if file_format is None else work.film(file_format)
    except OSError as error:
        raise CannotExport(f"{request.out} cannot be written: {error.strerror or error}") from None
    except CannotEncode as error:
        raise CannotExport(f"{request.out} cannot be made: {error}") from None


class _Export:
    """One export, with a folder of its own."""

    def __init__(
        self,
        recording: BlockSource,
        found: Contents,
        request: ExportRequest,
        file_format: FileFormat | None,
        progress: Progress,
    ) -> None:
        self._recording = recording
        self._contents = found
        self._request = request
        self._file_format = file_format
        self._progress = progress
        self._edits = edit_list(found, real_time=request.real_time)
        self._folder = request.out.with_name(request.out.name + PARTS)

    def film(self, file_format: FileFormat) -> Exported:
        """Make a film or its sound, part by part."""
        self._claim()
        todo = by_segment(self._edits)
        done = next((number for number in range(len(todo)) if not self._part(number).exists()), len(todo))
        broken = self._compose(file_format, todo, done) if done < len(todo) else 0
        whole = self._folder / _UNFINISHED
        paths = [str(self._part(number)) for number in range(len(todo))]
        whole_frames = frame_count(self._edits)
        marks = chapters(self._contents, self._edits)
        join_parts(
            paths,
            str(whole),
            file_format,
            self._contents.title,
            marks,
            lambda joined: self._tell(whole_frames, joined),
        )
        _move_into_place(whole, self._request.out)
        shutil.rmtree(self._folder)
        return Exported((self._request.out,), self._contents, broken)

    def tracks(self) -> Exported:
        """Copy the tracks. This is quick: after an interruption it starts again."""
        self._claim()
        request, found = self._request, self._contents
        files = {
            "tracks": request.out,
            "timeline": request.beside(".timeline.json"),
            "words": request.beside(".srt"),
        }
        made = {name: self._folder / name for name in files}
        words = write_tracks(
            self._recording.blocks(),
            str(made["tracks"]),
            found.title,
            found.begun_ms,
            lambda at_ms: self._progress(min(at_ms, found.until_ms), found.until_ms),
        )
        timeline = msgspec.json.format(msgspec.json.encode(TimelineFile(found, self._edits)), indent=2)
        made["timeline"].write_bytes(timeline + b"\n")
        with made["words"].open("w", encoding="utf-8") as file:
            write_words(words, file)
        for name in reversed(files):
            _move_into_place(made[name], files[name])
        shutil.rmtree(self._folder)
        return Exported(tuple(files.values()), found)

    def _claim(self) -> None:
        """Create the folder of the parts, or take over one of the same export. Raises CannotExport,
        OSError."""
        about = _PartsNote(VERSION, self._contents.recording, self._fingerprint())
        note = self._folder / _ABOUT
        try:
            self._folder.mkdir(mode=0o700)
        except FileExistsError:
            begun = note.exists() or any(self._folder.iterdir())
            if begun and _read_note(note) != about:
                raise CannotExport(
                    f"{self._folder} holds parts of another export: finish that one, or remove it"
                ) from None
        note.write_bytes(msgspec.json.encode(about))

    def _fingerprint(self) -> str:
        style, file_format = self._request.style, self._file_format
        depends_on = (
            (
                self._request.kind,
                file_format and file_format.container,
                file_format and file_format.video,
                self._contents,
                self._edits,
            ),
            (style.layout, style.language, style.watermark, style.offset_ms) if style else None,
            hashlib.sha256(style.font).hexdigest() if style else "",
        )
        return hashlib.sha256(msgspec.json.encode(depends_on)).hexdigest()

    def _compose(self, file_format: FileFormat, todo: Sequence[tuple[Edit, ...]], done: int) -> int:
        """Make the missing parts. Returns how many pictures and sounds could not be decoded."""
        frames = todo[done][0].first

        def tell() -> None:
            nonlocal frames
            frames += 1
            self._tell(frames)

        style = self._request.style if file_format.video else None
        source = FilmSource(self._recording, self._contents, style, todo[done][0].at_ms)
        unfinished = self._folder / _UNFINISHED
        try:
            for number in range(done, len(todo)):
                write_part(str(unfinished), file_format.video, source.frames(todo[number]), tell)
                _move_into_place(unfinished, self._part(number))
        finally:
            source.close()
        return source.film.broken

    def _tell(self, composed: int, joined: int = 0) -> None:
        """Progress in frames; joining one is much less work than composing it."""
        total = frame_count(self._edits)
        self._progress(
            (composed + joined // _JOINED_PER_COMPOSED) * FRAME_MS,
            (total + total // _JOINED_PER_COMPOSED) * FRAME_MS,
        )

    def _part(self, number: int) -> Path:
        return self._folder / f"{number + 1:04}.nut"


def chapters(found: Contents, edits: Sequence[Edit]) -> list[tuple[int, str]]:
    """Turns and marks as (frame, title), for a player to jump to."""
    points: dict[int, str] = {}
    for turn in found.turns[:_MAX_CHAPTERS]:
        words = " · ".join(filter(None, (turn.unit, turn.name)))
        if words:
            points[frame_at(edits, turn.from_ms)] = words
    for mark in found.marks[:_MAX_CHAPTERS]:
        points[frame_at(edits, mark.at_ms)] = mark.text or mark.by
    return sorted(points.items())


def _read_note(note: Path) -> _PartsNote | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=_PartsNote)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return None


def _move_into_place(made: Path, out: Path) -> None:
    """Sync it, close it to other accounts and move it into place. Raises OSError."""
    os.chmod(made, 0o600)
    descriptor = os.open(made, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(made, out)
