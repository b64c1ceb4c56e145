"""From the recording's time to the film's and back: what is played, where a slate stands for a hole, and
which part of the work each piece belongs to. Pure.

A film has FPS pictures a second, each with SAMPLES of sound; everything is counted in them, so nothing
drifts.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from recorder.opening.film.contents import Hole, Survey

FPS = 25
FRAME_MS = 1000 // FPS
RATE = 48_000
SAMPLES = RATE // FPS
SHORT_MS = 5000
"""A shorter hole is left as long as it was."""
SLATE_FRAMES = 2 * FPS
"""A longer one is told instead."""


class Stretch(msgspec.Struct, frozen=True):
    """Pictures of the film that lie side by side."""

    first: int
    """Number of its first picture in the film."""
    frames: int
    at_ms: int
    """Of its first picture; the others follow every FRAME_MS, unless it is a slate."""
    segment: int
    hole: Hole | None = None
    """It is told that nothing was recorded here."""

    @property
    def until_ms(self) -> int:
        """Where the recording's time goes on behind it."""
        return self.hole.until_ms if self.hole else self.at_ms + self.frames * FRAME_MS


def reel(survey: Survey, *, real_time: bool = False) -> tuple[Stretch, ...]:
    """The whole film, in order. With `real_time` a hole's slate lasts as long as the hole."""
    stretches: list[Stretch] = []
    frame = 0
    for from_ms, until_ms, hole in _pieces(survey, real_time):
        if hole is not None:
            frames = SLATE_FRAMES if not real_time else max(1, (until_ms - from_ms) // FRAME_MS)
            stretches.append(Stretch(frame, frames, from_ms, _segment_at(survey, from_ms), hole))
            frame += frames
            continue
        stretches += _played(survey, frame, from_ms, until_ms)
        frame = stretches[-1].first + stretches[-1].frames
    return tuple(stretches)


def frames_of(stretches: Sequence[Stretch]) -> int:
    """How many pictures the film has."""
    return stretches[-1].first + stretches[-1].frames if stretches else 0


def parts(stretches: Iterable[Stretch]) -> list[tuple[Stretch, ...]]:
    """What is worked on at once: the stretches of one segment."""
    return [tuple(part) for _, part in groupby(stretches, key=lambda each: each.segment)]


def from_frame(stretches: Sequence[Stretch], number: int) -> tuple[Stretch, ...]:
    """The rest of the film from this picture on, counted from it."""
    rest: list[Stretch] = []
    for stretch in stretches:
        late = max(0, number - stretch.first)
        if late >= stretch.frames:
            continue
        at_ms = stretch.at_ms if stretch.hole else stretch.at_ms + late * FRAME_MS
        rest.append(
            Stretch(
                stretch.first + late - number, stretch.frames - late, at_ms, stretch.segment, stretch.hole
            )
        )
    return tuple(rest)


def frame_at(stretches: Sequence[Stretch], at_ms: int) -> int:
    """Number of the film's picture that shows this instant, or the nearest behind it."""
    for stretch in stretches:
        if at_ms < stretch.until_ms:
            late = 0 if stretch.hole else max(0, (at_ms - stretch.at_ms) // FRAME_MS)
            return stretch.first + min(late, stretch.frames - 1)
    return max(0, frames_of(stretches) - 1)


def segment_before(survey: Survey, at_ms: int) -> int:
    """From which segment on is to be read so that the picture of this instant can be decoded. The one of the
    instant where that has run for a while already, because each begins with a keyframe or soon has one."""
    number = _segment_at(survey, at_ms)
    return max((each.number for each in survey.segments if each.number < number), default=number)


def _pieces(survey: Survey, real_time: bool) -> Iterator[tuple[int, int, Hole | None]]:
    """What is between the holes, and the holes that are told."""
    begins = 0
    for hole in _told(survey):
        if hole.from_ms - begins >= FRAME_MS:
            yield begins, hole.from_ms, None
        yield max(begins, hole.from_ms), hole.until_ms, hole
        begins = hole.until_ms
    if survey.until_ms - begins >= FRAME_MS or not begins:
        yield begins, max(survey.until_ms, begins + FRAME_MS), None


def _told(survey: Survey) -> Iterator[Hole]:
    first = survey.segments[0].from_ms
    if first > SHORT_MS and not any(hole.from_ms < SHORT_MS for hole in survey.holes):
        yield Hole(0, first)
    yield from (hole for hole in survey.holes if hole.until_ms - hole.from_ms > SHORT_MS)


def _played(survey: Survey, first: int, from_ms: int, until_ms: int) -> Iterator[Stretch]:
    """One piece without a hole, from the film's picture `first` on: cut where segments begin, on whole
    pictures."""
    total = max(1, round((until_ms - from_ms) / FRAME_MS))
    cuts = {0: _segment_at(survey, from_ms)}
    for segment in survey.segments:
        frame = -((from_ms - segment.from_ms) // FRAME_MS)
        if 0 < frame < total:
            cuts[frame] = segment.number
    begins = sorted(cuts)
    for frame, end in zip(begins, [*begins[1:], total], strict=True):
        yield Stretch(first + frame, end - frame, from_ms + frame * FRAME_MS, cuts[frame])


def _segment_at(survey: Survey, at_ms: int) -> int:
    numbers = [segment.number for segment in survey.segments if segment.from_ms <= at_ms]
    return numbers[-1] if numbers else survey.segments[0].number
