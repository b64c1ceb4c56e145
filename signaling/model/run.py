"""What a run of a meeting keeps beside its seats: rules, floor, requests, departures, recording. Pure.

It is stored as one JSON document.
"""

import msgspec

from recorder import Recipient, RecordingId
from signaling.model.ids import AccountId, ParticipantId
from signaling.model.words import DepartureKind, FloorMode, Permission, UnitKind


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the chair has set."""

    mode: FloorMode = FloorMode.OPEN
    hard_mute: bool = True
    screen_by_permission: bool = True
    locked: bool = False
    turn_s: int = 0
    order: tuple[UnitKind, ...] = tuple(UnitKind)


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place in the queue for the floor."""

    participant: ParticipantId
    topic: str
    since_ms: int
    number: int
    """Order of asking: instants may be equal."""
    registered: bool = False
    round: bool = False
    skipped: bool = False


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who has the floor."""

    participant: ParticipantId
    since_ms: int
    until_ms: int
    """0: no limit."""
    dialogue: bool = False


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    participant: ParticipantId
    permission: Permission
    reason: str
    since_ms: int


class Departure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    participant: ParticipantId
    unit: str
    name: str
    kind: DepartureKind
    was: DepartureKind
    reason: str
    at_ms: int


class RunRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That this run is being recorded, by order of its chair."""

    id: RecordingId
    by: AccountId
    since_ms: int
    keys: tuple[Recipient, ...]
    """As everybody was told when it began: they lock all of it, whatever is done at the terminal then."""
    seen_ms: int
    """When somebody was known to be inside: a restart long after it goes on with nothing."""
    paused: bool = False


class RunRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: Rules = Rules()
    queue: tuple[Wish, ...] = ()
    turns: tuple[Turn, ...] = ()
    spoken: tuple[ParticipantId, ...] = ()
    """Who has had the floor in this run, or since the go-round began."""
    go_round: bool = False
    next_number: int = 1
    requests: tuple[Request, ...] = ()
    departures: tuple[Departure, ...] = ()
    talked_ms: dict[ParticipantId, int] = {}
    recording: RunRecording | None = None
    """None: nothing of this run is to be recorded now."""
