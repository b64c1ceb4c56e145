"""What a run of a meeting keeps beside its seats: rules, floor, requests, departures, recording. Pure.

It is stored as one JSON document.
"""

import msgspec

from recorder import Recipient, RecordingId
from signaling.model.ids import AccountId, ParticipantId
from signaling.model.words import DepartureKind, FloorMode, Permission, UnitKind


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of the meeting, as the chair has set them."""

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
    """Order of asking, because instants may be equal."""
    registered: bool = False
    round: bool = False
    skipped: bool = False


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody's having the floor."""

    participant: ParticipantId
    since_ms: int
    until_ms: int
    """0: no limit."""
    dialogue: bool = False


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permission that somebody asked for."""

    participant: ParticipantId
    permission: Permission
    reason: str
    since_ms: int


class Departure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody came to be out of the meeting: `was` as judged, `kind` as corrected."""

    id: str
    participant: ParticipantId
    unit: str
    name: str
    kind: DepartureKind
    was: DepartureKind
    reason: str
    at_ms: int


class RunRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chair's order that this run is recorded."""

    id: RecordingId
    by: AccountId
    since_ms: int
    keys: tuple[Recipient, ...]
    """As everybody was told when it began. They lock all of it, whatever changes at the terminal later."""
    seen_ms: int
    """When somebody was last known to be inside. A restart long after that does not go on recording."""
    paused: bool = False


class RunRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. Frozen: rules replace it, and a change is noticed by identity."""

    rules: Rules = Rules()
    queue: tuple[Wish, ...] = ()
    turns: tuple[Turn, ...] = ()
    spoken: tuple[ParticipantId, ...] = ()
    """The participants who have had the floor in this run, or since the go-round began."""
    go_round: bool = False
    next_number: int = 1
    requests: tuple[Request, ...] = ()
    departures: tuple[Departure, ...] = ()
    talked_ms: dict[ParticipantId, int] = {}
    recording: RunRecording | None = None
    """None: nothing of this run is to be recorded now."""
