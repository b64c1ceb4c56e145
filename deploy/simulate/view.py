"""A simulated bridge point: its identity, what the server told it, and what it reports to the terminal.
Pure."""

from dataclasses import dataclass, field
from enum import Enum, auto

from signaling.model.words import SeatState
from signaling.protocol import Bye, Floor, Lobby, Recording, Refusal, Roster, SlotView, Speakers, Welcome


@dataclass(frozen=True, slots=True)
class Identity:
    """How a point signs in and introduces itself."""

    index: int
    """Chooses colour, number and voice."""
    cookies: dict[str, str]
    """Of a signed-in session."""
    unit: str
    """Unit id, used when the account has none."""
    name: str
    label: str = ""
    """Its unit's name, for the terminal."""
    present: int | None = None
    total: int | None = None


class Step(Enum):
    """What is reported to the terminal."""

    CONNECTED = auto()
    WAITING = auto()
    ADMITTED = auto()
    SENDING = auto()
    MEDIA_LOST = auto()
    DISCONNECTED = auto()
    ENDED = auto()


@dataclass(slots=True)
class View:
    """The last values the server sent; tests read them through BridgePoint.wait_for."""

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
    """The value of the newest `pong`."""
