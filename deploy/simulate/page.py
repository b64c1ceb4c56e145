"""What a simulated bridge point shows, as a page on a laptop would: the stage, and a page of tiles. Pure."""

from enum import StrEnum

from sfu import TILE_SLOTS
from signaling.model.words import Presence
from signaling.protocol import Roster, Show, TileWish

STAGE_ROWS, TILE_ROWS = 540, 135
WALL_ROWS = 720
"""Of the screen in a station's meeting room: stage or slides fill it, there are no tiles."""


class Shown(StrEnum):
    PAGE = "page"
    NONE = "none"
    """No tiles."""


def shown_by(own: str, roster: Roster | None, wanted: Shown) -> Show:
    """own: the point's participant. Its tiles are those who come after it in the roster: so everybody is on
    somebody's page."""
    if wanted is Shown.NONE:
        return Show((), WALL_ROWS, WALL_ROWS)
    rows = roster.participants if roster is not None else ()
    here = [row.id for row in rows if row.presence is Presence.HERE or row.id == own]
    place = here.index(own) + 1 if own in here else 0
    others = [one for one in (*here[place:], *here[:place]) if one != own][:TILE_SLOTS]
    return Show(tuple(TileWish(one, TILE_ROWS) for one in others), STAGE_ROWS, STAGE_ROWS)
