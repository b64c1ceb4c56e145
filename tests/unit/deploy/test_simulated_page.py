"""What a simulated bridge point asks to be sent."""

import pytest

from deploy.simulate.page import STAGE_ROWS, TILE_ROWS, WALL_ROWS, Shown, shown_by
from sfu import TILE_SLOTS
from signaling.model.words import Presence, Role
from signaling.protocol import ParticipantView, Roster, Show, SourceView, TileWish
from signaling.protocol.line_views import Quality


def roster(*people: str, away: str = "") -> Roster:
    source = SourceView(gate=(), flowing=True)
    return Roster(
        1,
        tuple(
            ParticipantView(
                id=one,
                unit="u",
                name=one,
                role=Role.DELEGATE,
                present=None,
                total=None,
                presence=Presence.LOST if one == away else Presence.HERE,
                away=0,
                listens=0,
                may_leave=False,
                since=0,
                microphone=source,
                camera=source,
                screen=source,
                quality=Quality.GOOD,
            )
            for one in people
        ),
    )


def tiles(own: str, seen: Roster) -> list[str]:
    return [tile.participant for tile in shown_by(own, seen, Shown.PAGE).tiles]


def test_a_page_shows_the_stage_and_everybody_else_as_far_as_there_are_tiles() -> None:
    shown = shown_by("b", roster("a", "b", "c"), Shown.PAGE)
    assert shown == Show((TileWish("c", TILE_ROWS), TileWish("a", TILE_ROWS)), STAGE_ROWS, STAGE_ROWS)


def test_everybody_is_on_as_many_pages_as_everybody_else() -> None:
    people = [f"p{number}" for number in range(30)]
    seen = [one for own in people for one in tiles(own, roster(*people))]
    assert {seen.count(one) for one in people} == {TILE_SLOTS}


def test_somebody_who_is_away_is_not_shown() -> None:
    assert tiles("a", roster("a", "b", "c", away="b")) == ["c"]


def test_before_the_roster_is_known_there_are_no_tiles() -> None:
    assert shown_by("a", None, Shown.PAGE) == Show((), STAGE_ROWS, STAGE_ROWS)


@pytest.mark.parametrize("people", [("a",), ("a", "b", "c")])
def test_a_wall_shows_no_tiles(people: tuple[str, ...]) -> None:
    assert shown_by("a", roster(*people), Shown.NONE) == Show((), WALL_ROWS, WALL_ROWS)
