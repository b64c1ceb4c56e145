"""The edit list of a film: it maps the recording's time to the film's and back, and says what is played,
where a slate stands for a hole, and which part of the export each edit belongs to. Pure.

A film has FPS frames a second, each with SAMPLES samples of sound. Everything is counted in frames, so
nothing drifts.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from recorder.opening.film.contents import Contents, Hole

FPS = 25
FRAME_MS = 1000 // FPS
RATE = 48_000
SAMPLES = RATE // FPS
SHORT_MS = 5000
"""A shorter hole keeps its length."""
SLATE_FRAMES = 2 * FPS
"""The slate that replaces a longer hole."""


class Edit(msgspec.Struct, frozen=True):
    """A run of consecutive frames of the film."""

    first: int
    """Number of its first frame in the film."""
    frames: int
    at_ms: int
    """Instant of its first frame; the others follow every FRAME_MS, unless it is a slate."""
    segment: int
    hole: Hole | None = None
    """A slate says that nothing was recorded here."""

    @property
    def until_ms(self) -> int:
        """Where the recording continues after it."""
        return self.hole.until_ms if self.hole else self.at_ms + self.frames * FRAME_MS


def edit_list(contents: Contents, *, real_time: bool = False) -> tuple[Edit, ...]:
    """The whole film, in order. With `real_time` a slate lasts as long as the hole it stands for."""
    edits: list[Edit] = []
    frame = 0
    for from_ms, until_ms, hole in _pieces(contents, real_time):
        if hole is not None:
            frames = SLATE_FRAMES if not real_time else max(1, (until_ms - from_ms) // FRAME_MS)
            edits.append(Edit(frame, frames, from_ms, _segment_at(contents, from_ms), hole))
            frame += frames
            continue
        edits += _played(contents, frame, from_ms, until_ms)
        frame = edits[-1].first + edits[-1].frames
    return tuple(edits)


def frame_count(edits: Sequence[Edit]) -> int:
    """How many frames the film has."""
    return edits[-1].first + edits[-1].frames if edits else 0


def by_segment(edits: Iterable[Edit]) -> list[tuple[Edit, ...]]:
    """The units of work: the edits of one segment each."""
    return [tuple(part) for _, part in groupby(edits, key=lambda each: each.segment)]


def edits_from(edits: Sequence[Edit], number: int) -> tuple[Edit, ...]:
    """The rest of the film from this frame on, which becomes frame 0."""
    rest: list[Edit] = []
    for edit in edits:
        late = max(0, number - edit.first)
        if late >= edit.frames:
            continue
        at_ms = edit.at_ms if edit.hole else edit.at_ms + late * FRAME_MS
        rest.append(Edit(edit.first + late - number, edit.frames - late, at_ms, edit.segment, edit.hole))
    return tuple(rest)


def frame_at(edits: Sequence[Edit], at_ms: int) -> int:
    """The frame that shows this instant, or the nearest one after it."""
    for edit in edits:
        if at_ms < edit.until_ms:
            late = 0 if edit.hole else max(0, (at_ms - edit.at_ms) // FRAME_MS)
            return edit.first + min(late, edit.frames - 1)
    return max(0, frame_count(edits) - 1)


def segment_before(contents: Contents, at_ms: int) -> int:
    """The segment to start reading from so that the picture at this instant can be decoded: the one before
    the instant's own, because a segment begins with a keyframe or has one soon."""
    number = _segment_at(contents, at_ms)
    return max((each.number for each in contents.segments if each.number < number), default=number)


def _pieces(contents: Contents, real_time: bool) -> Iterator[tuple[int, int, Hole | None]]:
    """The parts between the holes, and the holes that get a slate."""
    begins = 0
    for hole in _slated_holes(contents):
        if hole.from_ms - begins >= FRAME_MS:
            yield begins, hole.from_ms, None
        yield max(begins, hole.from_ms), hole.until_ms, hole
        begins = hole.until_ms
    if contents.until_ms - begins >= FRAME_MS or not begins:
        yield begins, max(contents.until_ms, begins + FRAME_MS), None


def _slated_holes(contents: Contents) -> Iterator[Hole]:
    first = contents.segments[0].from_ms
    if first > SHORT_MS and not any(hole.from_ms < SHORT_MS for hole in contents.holes):
        yield Hole(0, first)
    yield from (hole for hole in contents.holes if hole.until_ms - hole.from_ms > SHORT_MS)


def _played(contents: Contents, first: int, from_ms: int, until_ms: int) -> Iterator[Edit]:
    """One part without a hole, from frame `first` on, cut where segments begin, on whole frames."""
    total = max(1, round((until_ms - from_ms) / FRAME_MS))
    cuts = {0: _segment_at(contents, from_ms)}
    for segment in contents.segments:
        frame = -((from_ms - segment.from_ms) // FRAME_MS)
        if 0 < frame < total:
            cuts[frame] = segment.number
    begins = sorted(cuts)
    for frame, end in zip(begins, [*begins[1:], total], strict=True):
        yield Edit(first + frame, end - frame, from_ms + frame * FRAME_MS, cuts[frame])


def _segment_at(contents: Contents, at_ms: int) -> int:
    numbers = [segment.number for segment in contents.segments if segment.from_ms <= at_ms]
    return numbers[-1] if numbers else contents.segments[0].number
