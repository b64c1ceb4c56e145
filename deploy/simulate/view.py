"""Who a simulated bridge point is, what it was told, and what it tells the terminal."""

from dataclasses import dataclass, field
from enum import Enum, auto

from signaling.model.words import SeatState
from signaling.protocol import Bye, Floor, Lobby, Recording, Refusal, Roster, SlotView, Speakers, Welcome


@dataclass(frozen=True, slots=True)
class Identity:
    """Who knocks."""

    index: int
    """Chooses colour, number and voice."""
    cookies: dict[str, str]
    """Of a session that is signed in."""
    unit: str
    """Unit id, used when the account has none of its own."""
    name: str
    label: str = ""
    """Its unit's name, for the terminal."""
    present: int | None = None
    total: int | None = None


class Step(Enum):
    """What the terminal is told."""

    CONNECTED = auto()
    WAITING = auto()
    ADMITTED = auto()
    SENDING = auto()
    MEDIA_LOST = auto()
    DISCONNECTED = auto()
    ENDED = auto()


@dataclass(slots=True)
class View:
    """What the point was last told; tests read it through BridgePoint.wait_for."""

    welcome: Welcome | None = None
    seat: SeatState = SeatState.OUTSIDE
    roster: Roster | None = None
    lobby: Lobby | None = None
    slots: tuple[SlotView, ...] = ()
    speakers: Speakers | None = None
    refusals: list[Refusal] = field(default_factory=list)
    sending: bool = False
    bye: Bye | None = None
    floor: Floor | None = None
    recording: Recording | None = None
    pong: int = 0
    """What the newest `pong` answers."""
