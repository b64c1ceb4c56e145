"""The figures of make bench-sync come from what was seen and heard."""

import pytest

from tests.lips.rows import APART, apart, waits
from tests.support.browser.lips import Line, Lines, Mark, Marks, Way

FIRST, SECOND = 0, 1


def way(*claps: tuple[float, float, int]) -> Way:
    """(seen, heard, who) of each clap."""
    return Way(
        tuple(Mark(seen, who) for seen, _, who in claps), tuple(Mark(heard, who) for _, heard, who in claps)
    )


def test_a_picture_counts_as_late_only_beyond_what_a_direct_connection_shows() -> None:
    direct = way((1020, 1000, FIRST), (2020, 2000, FIRST), (3030, 3000, FIRST))
    product = way((1120, 1050, FIRST), (2030, 2050, FIRST), (3120, 3050, FIRST))
    figures = apart(Marks(product, direct))
    assert (figures["median"], figures["worst"], figures["p95"]) == (50, 50, 50)
    assert (figures["product_median"], figures["direct_median"]) == (70, 20)
    assert not APART[0].holds(figures)
    assert APART[1].holds(figures)


def test_a_flash_belongs_to_its_own_speakers_beep() -> None:
    mixed = way((1000, 1300, FIRST), (1010, 1005, SECOND), (5000, 6000, FIRST))
    assert mixed.offsets_ms == [-300, 5]


def test_what_was_never_seen_reaches_no_bar() -> None:
    nothing = Marks(way(), way((1000, 1000, FIRST)))
    assert not any(bound.holds(apart(nothing) | waits([])) for bound in APART[:2])


def test_only_the_longest_wait_for_the_pictures_sake_counts() -> None:
    def read(target: float, least: float, emitted: int) -> Lines:
        return Lines((Line("3", "audio", target, target, least, emitted, emitted),), ())

    second = 48_000
    lines = [
        read(0, 0, 0),
        read(0.1 * second, 0.08 * second, second),
        read(0.5 * second, 0.18 * second, 2 * second),
    ]
    figures = waits(lines)
    assert figures["voice_later"] == pytest.approx(300)
    assert figures["voice_waits"] == pytest.approx(250)
