"""Exporting a recording: one film to watch, its sound alone, or its tracks as they are.

What is exported is plain: whoever has the file can watch it, and so can they watch the parts that lie
beside it while the work goes on. Both are closed to other accounts of this machine. Work that was broken off
goes on where it was: each part is a finished file, and belongs to one recording and one way of looking.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from recorder.opening.film.composer import Looks, Showing
from recorder.opening.film.contents import Blocks, Survey, survey
from recorder.opening.film.edit_list import FRAME_MS, Stretch, frame_at, frames_of, parts, reel
from recorder.opening.film.encoding import FORMS, CannotEncode, Form, join, write_part
from recorder.opening.film.tracks import write_tracks, write_words

VERSION = 1
"""Of the parts: others are not gone on with."""
PARTS = ".parts"
_ABOUT = "about.json"
_UNFINISHED = "unfinished"
_MAX_CHAPTERS = 500
_JOINS = 20


class CannotExport(Exception):
    """Why nothing came of it, in words; what was worked off until then is kept."""


class Kind(StrEnum):
    FILM = "film"
    SOUND = "sound"
    TRACKS = "tracks"


Progress = Callable[[int, int], None]
"""Milliseconds of the film done, and in all: a measure of the work, somewhat more than the film is long."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made."""

    kind: Kind
    out: Path
    """Its ending says how: .mp4, .mkv, .webm a film; .m4a, .ogg, .opus sound; .mkv the tracks."""
    looks: Looks | None = None
    """Of a film."""
    real_time: bool = False
    """Pauses are as long as they were; otherwise two seconds tell of each."""

    @property
    def form(self) -> Form:
        """Of a film or its sound. Raises CannotExport."""
        fitting = sorted(
            each for each, form in FORMS.items() if (form.sight is None) is (self.kind is Kind.SOUND)
        )
        if self.out.suffix not in fitting:
            raise CannotExport(f"{self.out.name}: the name of a {self.kind} ends in {', '.join(fitting)}")
        return FORMS[self.out.suffix]

    def beside(self, ending: str) -> Path:
        return self.out.with_suffix(ending)


@dataclass(frozen=True, slots=True)
class Exported:
    files: tuple[Path, ...]
    survey: Survey
    broken: int = 0
    """Pictures and sounds that could not be decoded, of what was worked off this time."""


class Told(msgspec.Struct, frozen=True):
    """The timeline beside the tracks."""

    survey: Survey
    film: tuple[Stretch, ...]
    """Which instants of the recording (at_ms) a film of it shows, so many pictures of 40 ms each."""


class _About(msgspec.Struct, frozen=True):
    """Whose parts they are."""

    version: int
    recording: str
    work: str
    """Hash of everything that makes a part what it is."""


def export(recording: Blocks, wish: Wish, progress: Progress) -> Exported:
    """Make it. Raises CannotExport, NothingReadable, BadFont; Ctrl-C leaves the parts, and the same again
    goes on with them."""
    form = wish.form if wish.kind is not Kind.TRACKS else None
    if form is None and wish.out.suffix != ".mkv":
        raise CannotExport(f"{wish.out.name}: the tracks become an .mkv file")
    if wish.out.exists():
        raise CannotExport(f"{wish.out} is there already")
    found = survey(recording)
    work = _Work(recording, found, wish, form, progress)
    try:
        return work.tracks() if form is None else work.film(form)
    except OSError as error:
        raise CannotExport(f"{wish.out} cannot be written: {error.strerror or error}") from None
    except CannotEncode as error:
        raise CannotExport(f"{wish.out} cannot be made: {error}") from None


class _Work:
    """One export, in a folder of its own."""

    def __init__(
        self, recording: Blocks, found: Survey, wish: Wish, form: Form | None, progress: Progress
    ) -> None:
        self._recording = recording
        self._survey = found
        self._wish = wish
        self._form = form
        self._progress = progress
        self._reel = reel(found, real_time=wish.real_time)
        self._folder = wish.out.with_name(wish.out.name + PARTS)

    def film(self, form: Form) -> Exported:
        """A film or its sound, part by part."""
        self._claim()
        todo = parts(self._reel)
        done = next((number for number in range(len(todo)) if not self._part(number).exists()), len(todo))
        broken = self._compose(form, todo, done) if done < len(todo) else 0
        whole = self._folder / _UNFINISHED
        paths = [str(self._part(number)) for number in range(len(todo))]
        whole_frames = frames_of(self._reel)
        marks = chapters(self._survey, self._reel)
        join(
            paths,
            str(whole),
            form,
            self._survey.title,
            marks,
            lambda joined: self._tell(whole_frames, joined),
        )
        _settle(whole, self._wish.out)
        shutil.rmtree(self._folder)
        return Exported((self._wish.out,), self._survey, broken)

    def tracks(self) -> Exported:
        """So quick that it is begun again when it was broken off."""
        self._claim()
        wish, found = self._wish, self._survey
        files = {"tracks": wish.out, "timeline": wish.beside(".timeline.json"), "words": wish.beside(".srt")}
        made = {name: self._folder / name for name in files}
        words = write_tracks(
            self._recording.blocks(),
            str(made["tracks"]),
            found.title,
            found.begun_ms,
            lambda at_ms: self._progress(min(at_ms, found.until_ms), found.until_ms),
        )
        told = msgspec.json.format(msgspec.json.encode(Told(found, self._reel)), indent=2)
        made["timeline"].write_bytes(told + b"\n")
        with made["words"].open("w", encoding="utf-8") as file:
            write_words(words, file)
        for name in reversed(files):
            _settle(made[name], files[name])
        shutil.rmtree(self._folder)
        return Exported(tuple(files.values()), found)

    def _claim(self) -> None:
        """The folder of the parts: a new one, or one of the same work. Raises CannotExport, OSError."""
        about = _About(VERSION, self._survey.recording, self._fingerprint())
        note = self._folder / _ABOUT
        try:
            self._folder.mkdir(mode=0o700)
        except FileExistsError:
            begun = note.exists() or any(self._folder.iterdir())
            if begun and _about(note) != about:
                raise CannotExport(
                    f"{self._folder} holds parts of another export: finish that one, or remove it"
                ) from None
        note.write_bytes(msgspec.json.encode(about))

    def _fingerprint(self) -> str:
        looks, form = self._wish.looks, self._form
        told = (
            (self._wish.kind, form and form.container, form and form.sight, self._survey, self._reel),
            (looks.layout, looks.language, looks.watermark, looks.offset_ms) if looks else None,
            hashlib.sha256(looks.font).hexdigest() if looks else "",
        )
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    def _compose(self, form: Form, todo: Sequence[tuple[Stretch, ...]], done: int) -> int:
        """The parts that are missing. Returns how much could not be decoded."""
        frames = todo[done][0].first

        def tell() -> None:
            nonlocal frames
            frames += 1
            self._tell(frames)

        looks = self._wish.looks if form.sight else None
        showing = Showing(self._recording, self._survey, looks, todo[done][0].at_ms)
        unfinished = self._folder / _UNFINISHED
        try:
            for number in range(done, len(todo)):
                write_part(str(unfinished), form.sight, showing.frames(todo[number]), tell)
                _settle(unfinished, self._part(number))
        finally:
            showing.close()
        return showing.film.broken

    def _tell(self, composed: int, joined: int = 0) -> None:
        """Frames; putting one into the whole is so much less work than making it."""
        total = frames_of(self._reel)
        self._progress((composed + joined // _JOINS) * FRAME_MS, (total + total // _JOINS) * FRAME_MS)

    def _part(self, number: int) -> Path:
        return self._folder / f"{number + 1:04}.nut"


def chapters(found: Survey, stretches: Sequence[Stretch]) -> list[tuple[int, str]]:
    """Turns and marks as (number of the picture, words), to be jumped to in a player."""
    points: dict[int, str] = {}
    for turn in found.turns[:_MAX_CHAPTERS]:
        words = " · ".join(filter(None, (turn.unit, turn.name)))
        if words:
            points[frame_at(stretches, turn.from_ms)] = words
    for mark in found.marks[:_MAX_CHAPTERS]:
        points[frame_at(stretches, mark.at_ms)] = mark.text or mark.by
    return sorted(points.items())


def _about(note: Path) -> _About | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=_About)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return None


def _settle(made: Path, out: Path) -> None:
    """To its place once it is on the disk, for this account alone. Raises OSError."""
    os.chmod(made, 0o600)
    descriptor = os.open(made, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(made, out)
