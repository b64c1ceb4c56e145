"""What a film shows: whose picture is large or small, when it is grey, and what becomes of broken ones."""

from collections.abc import Iterable

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.simulate.picture import colour_of
from recorder.format.blocks import Block, Track
from recorder.format.entries import AnyEntry, PeopleEntry, SlotItem, SlotsEntry
from recorder.opening.film.captions import Plane
from recorder.opening.film.composer import FilmComposer, FilmFrame, FilmSource, FilmStyle
from recorder.opening.film.contents import Contents, read_contents
from recorder.opening.film.edit_list import FRAME_MS, edit_list, edits_from, frame_at
from recorder.opening.film.fonts import font
from recorder.opening.film.picture import HEIGHT, WIDTH, Layout, SlotDecoder, fits, fitted
from sfu import Source
from tests.support.recorded import counter_of, in_order, on_track, pictures
from tests.support.rolls import STATION, WARD, Roll, briefing, said, told

pytestmark = pytest.mark.record

LARGE, SMALL = (100, 640), (620, 1200)
"""(row, column) of a pixel in the large picture, and of one in the small picture."""


def rgb(picture: Plane) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    return frame.to_ndarray(format="rgb24").astype(np.uint8)


def counter(picture: Plane) -> int | None:
    return counter_of(av.VideoFrame.from_ndarray(picture, format="yuv420p").reformat(320, 180))


def is_colour(picture: Plane, place: tuple[int, int], index: int) -> bool:
    """Whether point `index`'s colour is there."""
    return bool(np.abs(rgb(picture)[place].astype(int) - colour_of(index)).max() < 30)


def slots(at_ms: int, stage: bool, screen: bool) -> AnyEntry:
    """STATION on the stage, WARD's screen."""
    carried = [SlotItem(track=Track.STAGE, endpoint=STATION.endpoint, source=Source.CAMERA)] * stage
    carried += [SlotItem(track=Track.SCREEN, endpoint=WARD.endpoint, source=Source.SCREEN)] * screen
    return SlotsEntry(at_ms=at_ms, slots=tuple(carried))


def recording(entries: Iterable[AnyEntry], *media: list[Block]) -> Roll:
    people = PeopleEntry(at_ms=0, people=(STATION, WARD))
    return Roll(in_order(told(1, 0, STATION)[:1], [said(each) for each in (people, *entries)], *media))


def shown(roll: Roll, *at_ms: int, layout: Layout = Layout.SCREEN) -> list[Plane]:
    """The film's pictures at these instants."""
    film = FilmSource(roll, read_contents(roll), FilmStyle(font(), layout=layout), 0)
    wanted = {at // FRAME_MS * FRAME_MS for at in at_ms}
    every = film.frames(edit_list(read_contents(roll)))
    return [frame.picture.copy() for frame in every if frame.at_ms in wanted]


def test_the_stage_fills_the_film() -> None:
    roll = recording([slots(0, True, False)], pictures(30, 15))
    (picture,) = shown(roll, 1000)
    assert is_colour(picture, LARGE, 0)
    assert is_colour(picture, SMALL, 0)
    assert counter(picture) in (15, 16)


@pytest.mark.parametrize(("layout", "large", "small"), [(Layout.SCREEN, 5, 0), (Layout.STAGE, 0, 5)])
def test_a_screen_and_the_stage_are_both_shown(layout: Layout, large: int, small: int) -> None:
    media = pictures(40, 15), on_track(Track.SCREEN, pictures(15, 5, index=5, at_ms=500))
    roll = recording([slots(0, True, False), slots(500, True, True), slots(1500, True, False)], *media)
    before, during, after = shown(roll, 300, 1000, 2400, layout=layout)
    assert is_colour(before, SMALL, 0)
    assert is_colour(during, LARGE, large)
    assert is_colour(during, SMALL, small)
    assert is_colour(after, LARGE, 0)
    assert is_colour(after, SMALL, 0)


def test_without_a_picture_a_slate_shows_the_name() -> None:
    roll = recording([slots(0, False, False), slots(600, True, False)], pictures(30, 15, at_ms=2000))
    nobody, named, there = shown(roll, 400, 1800, 2400)
    assert nobody.max() > 200  # the title
    assert (nobody[:HEIGHT] != named[:HEIGHT]).any()
    assert not is_colour(named, LARGE, 0)
    assert is_colour(there, LARGE, 0)


def test_a_frozen_picture_turns_grey() -> None:
    roll = recording([slots(0, True, False)], pictures(15, 15), pictures(15, 15, at_ms=8000))
    moving, frozen, again = shown(roll, 900, 6500, 8400)
    assert is_colour(moving, LARGE, 0)
    grey = rgb(frozen)[LARGE].astype(int)
    assert grey.max() - grey.min() < 8
    assert is_colour(again, LARGE, 0)


def test_a_change_of_size_is_shown() -> None:
    small, large = pictures(15, 15, (160, 90)), pictures(15, 15, (1280, 720), first=15, at_ms=1000)
    roll = recording([slots(0, True, False)], small, large)
    first, second = shown(roll, 880, 1880)
    assert counter(second) in (27, 28, 29)
    assert is_colour(first, LARGE, 0)
    assert first.shape == second.shape == (HEIGHT * 3 // 2, WIDTH)


def test_each_picture_is_shown_within_half_a_frame_of_its_instant() -> None:
    roll = recording([slots(0, True, False)], pictures(75, 25, (320, 180)))
    film = FilmSource(roll, read_contents(roll), FilmStyle(font()), 0)
    for number, frame in enumerate(film.frames(edit_list(read_contents(roll)))):
        assert counter(frame.picture) == min(number, 74)


def test_starting_anywhere_shows_the_same_picture() -> None:
    """With few keyframes, it must read from the segment before."""
    roll = briefing()
    found = read_contents(roll)
    whole = {
        frame.at_ms: frame.picture.copy() for frame in frames_from(roll, found, 0) if frame.at_ms % 1000 == 0
    }
    for at_ms in (3000, 5000, 17_000):
        first = next(iter(frames_from(roll, found, at_ms)))
        assert np.abs(whole[at_ms].astype(int) - first.picture).max() < 3


def frames_from(roll: Roll, found: Contents, at_ms: int) -> Iterable[FilmFrame]:
    film = edit_list(found)
    yield from FilmSource(roll, found, FilmStyle(font()), at_ms).frames(
        edits_from(film, frame_at(film, at_ms))
    )


def test_after_a_broken_picture_nothing_is_shown_until_the_next_keyframe() -> None:
    blocks = pictures(60, 15, keyframe_every=20)
    decoder = SlotDecoder()
    for number, block in enumerate(blocks):
        bad = number == 25
        decoder.take(Block(block.track, block.at_ms, b"\x00" if bad else block.data, block.key), None)
        picture = decoder.picture_at(block.at_ms)
        assert picture is not None
        if not 25 <= number < 40:
            assert counter_of(picture.frame) == number
        else:
            assert counter_of(picture.frame) == 24
    assert decoder.broken == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=20))
def test_bytes_that_are_no_picture_are_skipped(data: list[tuple[bytes, bool]]) -> None:
    decoder = SlotDecoder()
    (good,) = pictures(1, 15, (160, 90))
    for number, (body, key) in enumerate(data):
        decoder.take(Block(Track.STAGE, number * 40, body, key), None)
        decoder.picture_at(number * 40)
    decoder.take(Block(Track.STAGE, 10_000, good.data), None)
    picture = decoder.picture_at(10_000)
    assert picture is not None
    assert counter_of(picture.frame) == 0


def test_a_picture_larger_than_any_camera_is_not_decoded() -> None:
    (good,) = pictures(1, 15)
    assert fits(good.data)
    assert not fits(good.data[:6] + b"\xff\x3f\xff\x3f" + good.data[10:])
    assert not fits(b"")


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_a_picture_of_any_shape_fits(width: int, height: int) -> None:
    wide, high = fitted(width, height, (WIDTH, HEIGHT))
    assert 2 <= wide <= WIDTH
    assert 2 <= high <= HEIGHT
    assert wide % 2 == high % 2 == 0


def test_an_unchanged_picture_is_not_redrawn() -> None:
    roll = recording([slots(0, True, False)], pictures(5, 5))
    found = read_contents(roll)
    changed = [
        frame.changed for frame in FilmSource(roll, found, FilmStyle(font()), 0).frames(edit_list(found))
    ]
    assert sum(changed) <= 5 + 1 + 1  # pictures, the clock


def test_sound_without_a_picture_needs_no_font() -> None:
    roll = briefing()
    film = FilmComposer(read_contents(roll), None)
    assert len(film.frame(0).sound) == 1920
