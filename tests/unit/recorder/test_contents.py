"""What a recording contains, who speaks when, and how its time maps to a film's."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.format.blocks import Block, Track
from recorder.format.entries import GapEntry, GapKind
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.film.contents import (
    MAX_AT_MS,
    Contents,
    Hole,
    NothingReadable,
    SegmentSpan,
    read_contents,
)
from recorder.opening.film.edit_list import (
    FRAME_MS,
    SLATE_FRAMES,
    by_segment,
    edit_list,
    edits_from,
    frame_at,
    frame_count,
    segment_before,
)
from tests.support.rolls import STATION, WARD, Roll, briefing, quiet_segment

pytestmark = pytest.mark.record


def test_turns_marks_and_pauses_are_found() -> None:
    found = read_contents(briefing())
    assert (found.title, found.meeting) == ("Giao ban hằng ngày", "giao-ban")
    assert [(turn.name, turn.from_ms // 1000, round(turn.until_ms / 1000)) for turn in found.turns] == [
        (STATION.name, 0, 4),
        (WARD.name, 4, 8),
        (STATION.name, 16, 19),
    ]
    assert [(mark.at_ms, mark.text) for mark in found.marks] == [(5000, "Chỉ đạo")]
    assert found.holes == (Hole(8000, 16_000, GapKind.PAUSE),)
    assert [segment.number for segment in found.segments] == [1, 2, 3]
    assert found.faults == ()


def test_a_lost_segment_is_a_hole_and_the_rest_is_shown() -> None:
    lost = Fault(2, 4000, FaultCode.MISSING, "missing")
    found = read_contents(Roll(quiet_segment(1, 0, 4), [lost], quiet_segment(3, 20_000, 4)))
    (hole,) = found.holes
    assert (hole.from_ms // 1000, hole.until_ms, hole.kind) == (4, 20_000, None)
    assert found.faults == ("segment 2: missing",)


def test_a_gap_written_in_several_segments_is_one_hole() -> None:
    crash = GapEntry(at_ms=4000, until_ms=12_000, kind=GapKind.CRASH)
    broken = Fault(1, 4000, FaultCode.INTERRUPTED, "interrupted", grave=False)
    recording = Roll(
        [*quiet_segment(1, 0, 4), broken],
        quiet_segment(2, 12_000, 4, STATION, crash),
        quiet_segment(3, 16_000, 4, STATION, crash),
    )
    assert read_contents(recording).holes == (Hole(4000, 12_000, GapKind.CRASH),)


def test_silence_is_not_a_hole() -> None:
    assert read_contents(Roll(quiet_segment(1, 0, 1), quiet_segment(2, 60_000, 1))).holes == ()


def test_a_recording_without_anything_readable_says_why() -> None:
    fault = Fault(1, 0, FaultCode.WRONG_KEY, "none of the keys opens it")
    with pytest.raises(NothingReadable, match="none of the keys"):
        read_contents(Roll([fault]))


@given(
    st.lists(st.tuples(st.sampled_from(list(Track)), st.integers(-(2**40), 2**40), st.binary(max_size=40)))
)
def test_any_contents_give_a_film_that_ends(blocks: list[tuple[Track, int, bytes]]) -> None:
    recording = Roll([Block(track, at_ms, data) for track, at_ms, data in blocks], quiet_segment(1, 0, 1))
    found = read_contents(recording)
    assert 0 < frame_count(edit_list(found)) * FRAME_MS <= MAX_AT_MS + 10_000


def test_a_pause_becomes_a_slate_or_keeps_its_length() -> None:
    found = read_contents(briefing())
    short, long = edit_list(found), edit_list(found, real_time=True)
    assert [edit.frames for edit in short if edit.hole] == [SLATE_FRAMES]
    assert frame_count(short) == pytest.approx((8 + 2 + 3) * 25, abs=2)
    assert frame_count(long) == pytest.approx(19 * 25, abs=2)


def contents(bounds: list[int], holes: tuple[Hole, ...]) -> Contents:
    segments = tuple(SegmentSpan(number, a, b) for number, (a, b) in enumerate(pairwise(bounds), 1))
    return Contents("r", "m", "", 0, (), segments, (), (), (), holes, (), bounds[-1])


@given(
    st.lists(st.integers(1, 300_000), min_size=1, max_size=6),
    st.lists(st.integers(1, 40_000), max_size=8),
    st.booleans(),
)
def test_the_film_has_no_hole_and_time_only_moves_forward(
    lengths: list[int], steps: list[int], real_time: bool
) -> None:
    bounds = [0]
    for length in lengths:
        bounds.append(bounds[-1] + length)
    places = [sum(steps[:end]) for end in range(len(steps) + 1)]
    holes = tuple(Hole(a, b) for a, b in list(pairwise(places))[::2] if b < bounds[-1])
    found = contents(bounds, holes)
    film = edit_list(found, real_time=real_time)
    assert film[0].first == 0
    for one, other in pairwise(film):
        assert other.first == one.first + one.frames
        assert other.at_ms >= one.until_ms - FRAME_MS
        assert other.segment >= one.segment
    assert all(edit.frames > 0 for edit in film)
    assert [edit for part in by_segment(film) for edit in part] == list(film)
    told = sum(hole.until_ms - hole.from_ms for hole in holes if hole.until_ms - hole.from_ms > 5000)
    slates = sum(edit.frames for edit in film if edit.hole)
    played = (frame_count(film) - slates) * FRAME_MS
    assert played == pytest.approx(bounds[-1] - told, abs=FRAME_MS * (2 + 2 * len(holes)))


@given(st.integers(0, 349))
def test_the_film_can_begin_anywhere(number: int) -> None:
    film = edit_list(read_contents(briefing_without_media()))
    rest = edits_from(film, number)
    assert frame_count(rest) == max(0, frame_count(film) - number)
    if not rest:
        return
    assert rest[0].first == 0
    assert rest[-1].until_ms == film[-1].until_ms
    if rest[0].hole is None:
        assert frame_at(film, rest[0].at_ms) == number


def briefing_without_media() -> Roll:
    pause = GapEntry(at_ms=8000, until_ms=16_000, kind=GapKind.PAUSE)
    return Roll(quiet_segment(1, 0, 8), quiet_segment(2, 16_000, 4, WARD, pause))


def test_reading_starts_one_segment_earlier() -> None:
    """A segment's first picture may need the last keyframe of the one before."""
    found = read_contents(briefing())
    assert [segment_before(found, at_ms) for at_ms in (0, 3999, 4000, 9000, 17_000)] == [1, 1, 1, 1, 2]
