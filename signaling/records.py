"""What the store keeps and the rooms work with, as plain frozen values."""

from dataclasses import dataclass
from typing import NamedTuple, NewType

from signaling.messages import Role, SeatState, UnitKind

AccountId = NewType("AccountId", str)
ParticipantId = NewType("ParticipantId", str)
SessionId = NewType("SessionId", str)


class Instant(NamedTuple):
    """One moment on two clocks."""

    s: float
    """Monotonic seconds: all deadlines."""
    unix_ms: int
    """Wall clock: what people are shown and what is stored."""


@dataclass(frozen=True, slots=True)
class Unit:
    id: str
    name: str
    short: str
    kind: UnitKind
    rank: int = 0
    """Order within the kind; equal ranks go by name."""


@dataclass(frozen=True, slots=True)
class Account:
    id: AccountId
    login: str
    name: str
    role: Role
    unit: str | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    id: str
    code: str
    title: str
    run: int
    """Counts the times the meeting was held under the same code; seats belong to one run."""
    ended: bool


@dataclass(frozen=True, slots=True)
class Gates:
    """Stored form of a seat's three gates, as bits of `sfu.GateReason`."""

    microphone: int
    camera: int
    screen: int


@dataclass(frozen=True, slots=True)
class SeatRow:
    """One account's place in one run of a meeting, as it survives a restart."""

    participant: ParticipantId
    account: Account
    state: SeatState
    unit: str
    name: str
    present: int | None
    total: int | None
    place: int
    """Order of knocking; the lobby is sorted by it."""
    since_ms: int
    """When the state began."""
    reason: str
    kicked: bool
    gates: Gates
