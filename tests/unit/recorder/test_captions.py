"""The text in a film is legible, and no name breaks it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.format.entries import GapKind
from recorder.instants import time_of_day
from recorder.opening.film.captions import BadFont, CaptionWriter, Language, Plane
from recorder.opening.film.contents import Hole
from recorder.opening.film.fonts import NoFont, font

pytestmark = pytest.mark.record

SIZE = 1280, 720


@pytest.fixture(scope="module")
def captions() -> CaptionWriter:
    return CaptionWriter(font())


def ground(level: int = 60) -> tuple[Plane, Plane, Plane]:
    return (
        np.full((720, 1280), level, np.uint8),
        np.full((360, 640), 128, np.uint8),
        np.full((360, 640), 128, np.uint8),
    )


def test_a_name_covers_only_its_own_background(captions: CaptionWriter) -> None:
    overlay = captions.name("YS. Giàng Thị Dợ", "Trạm Y tế xã Tả Phìn", 640)
    width, height = overlay.picture.size
    y, u, v = ground(200)
    overlay.onto(y, u, v, 16, 600)
    box = y[600 : 600 + height, 16 : 16 + width]
    assert box.max() > 210  # ink
    assert np.median(box) < 100  # dark background, even over a bright picture
    y[600 : 600 + height, 16 : 16 + width] = 200
    assert (y == 200).all()
    assert width % 2 == height % 2 == 0


@pytest.mark.parametrize("one", ["Hường", "Hướng", "Hương"])
def test_vietnamese_letters_differ(captions: CaptionWriter, one: str) -> None:
    others = {"Hường", "Hướng", "Hương"} - {one}
    drawn = captions.name(one, "", 640).picture.y
    for other in others:
        theirs = captions.name(other, "", 640).picture.y
        assert drawn.shape != theirs.shape or (drawn != theirs).any()


def test_composed_and_decomposed_letters_look_the_same(captions: CaptionWriter) -> None:
    """Some keyboards send a letter and its accents separately."""
    whole, apart = captions.name("ế", "", 640), captions.name("e\u0302\u0301", "", 640)
    assert (whole.picture.y == apart.picture.y).all()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_name_fits(name: str, unit: str) -> None:
    overlay = CaptionWriter(font()).name(name, unit, 640)
    width, height = overlay.picture.size
    assert width <= 640
    assert height <= 100
    y, u, v = ground()
    overlay.onto(y, u, v, 0, 0)


def test_a_slate_gives_the_pause_in_local_time(captions: CaptionWriter) -> None:
    hole = Hole(5_000, 112_000, GapKind.PAUSE)
    assert captions.hole(hole, 3_600_000, 7 * 3_600_000) == ("Tạm dừng ghi", "08:00:05 – 08:01:52")
    english = CaptionWriter(font(), Language.EN)
    assert english.hole(Hole(0, 1), 0, 0)[0] == "This part is missing or damaged"
    slate = captions.slate(SIZE, ("Tạm dừng ghi", "08:00:05 – 08:01:52"))
    assert slate.size == SIZE
    assert slate.y[300:440].max() > 200
    assert slate.y[:250].max() < 60


def test_a_watermark_is_everywhere_and_the_picture_shows_through(captions: CaptionWriter) -> None:
    y, u, v = ground()
    captions.watermark("BS. Lý A Sử 23/11/2026", SIZE).onto(y, u, v, 0, 0)
    assert y.max() < 110
    for row in range(0, 720, 240):
        for column in range(0, 1280, 320):
            part = y[row : row + 240, column : column + 320]
            assert 0.01 < (part > 62).mean() < 0.4


def test_blending_is_arithmetic(captions: CaptionWriter) -> None:
    overlay = captions.clock("08:00:00")
    y, u, v = ground(235)
    overlay.onto(y, u, v, 0, 0)
    width, height = overlay.picture.size
    alpha, above = overlay.alpha.astype(float) / 256, overlay.picture.y.astype(float)
    assert y[:height, :width] == pytest.approx(235 + (above - 235) * alpha, abs=1.01)


def test_time_of_day_wraps_at_midnight() -> None:
    assert time_of_day(20 * 3_600_000, 7 * 3_600_000) == "03:00:00"


def test_a_file_that_is_no_font_is_reported(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BadFont):
        CaptionWriter(b"no font at all")
    with pytest.raises(NoFont, match="No such file"):
        font(tmp_path_factory.mktemp("fonts") / "none.ttf")
