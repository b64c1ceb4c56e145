"""What the server's messages are made of. Instants are Unix milliseconds. Pure."""

import msgspec

from sfu import SlotKind, Source
from signaling.model.words import (
    Count,
    DepartureKind,
    Millis,
    Permission,
    Presence,
    Role,
    UnitKind,
)
from signaling.protocol.line_views import Quality


class UnitView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit of the health centre: a department, a station, an office."""

    id: str
    name: str
    short: str
    """A short name, for tiles and lists."""
    kind: UnitKind


class MeetingView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meeting that a session is for."""

    code: str
    title: str
    centre: str
    """The health centre's name, for the head of every screen."""


class KnockView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone who waits in the lobby."""

    id: str
    unit: str
    """Unit id."""
    name: str
    role: Role
    """The account's role."""
    present: int | None
    """How many of the unit's people are present, as stated with the knock."""
    total: int | None
    """How many people the unit has."""
    since: Millis
    expected: bool
    """The account belongs to the unit that was chosen, and the unit is part of the meeting's composition."""
    outsider: bool
    """The account belongs to no unit of the composition: only the chair may let it in."""
    online: bool
    """Its browser is connected now."""


class BannedView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account that is banned from the meeting."""

    participant: str
    """What `lift` names."""
    unit: str
    name: str
    reason: str
    until: Millis
    """When the ban ends by itself; 0: it does not."""


class SourceView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A participant's microphone, camera or screen. It is heard or seen when `gate` is empty and `flowing` is
    true."""

    gate: tuple[str, ...]
    """Why it is shut: "self", "host", "floor", "lobby", "left"; empty when it is open."""
    flowing: bool
    """Media of this source reaches the server."""


class ParticipantView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone in the room, or away with the seat kept."""

    id: str
    unit: str
    """Unit id."""
    name: str
    role: Role
    """The role that the person has now."""
    present: int | None
    """How many of the unit's people are present, as stated with the knock."""
    total: int | None
    """How many people the unit has."""
    presence: Presence
    """`here`, or why the person is away."""
    away: Millis
    """Since when the person is away; 0: here."""
    listens: Millis
    """A technician: may hear and see until then, by the chair's permission; 0: may not."""
    may_leave: bool
    """Has permission to leave."""
    since: Millis
    """When the person was admitted."""
    microphone: SourceView
    camera: SourceView
    screen: SourceView
    quality: Quality
    """How good the person's line is."""


class SlotView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the lines (m-sections) on which this client receives, and what it carries."""

    mid: str
    kind: SlotKind
    participant: str | None
    """Null: nothing."""
    source: Source | None
    held: bool = False
    """The line cannot carry this picture now. The last frame stands still until it can."""


class WishView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place in the queue for the floor."""

    participant: str
    topic: str
    registered: bool
    """It was registered in advance."""
    round: bool
    """It is here only because of the go-round."""
    skipped: bool
    """The chair passed it over; it is not invited until brought back."""
    since: Millis


class TurnView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone who has the floor."""

    participant: str
    since: Millis
    until: Millis
    """When the time is up; 0: no limit. Nothing ends by itself then, but everybody can see it."""
    dialogue: bool
    """Was invited beside the one who already had the floor."""
    silent: bool
    """Not heard for 20 s: perhaps the speech is over."""


class Progress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the bridge points of one kind have had the floor."""

    kind: UnitKind
    spoken: int
    """Have had the floor, in this run or since the go-round began."""
    points: int
    """Are inside."""


class RequestView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permission that somebody asked for and nobody has decided yet."""

    participant: str
    permission: Permission
    reason: str
    since: Millis


class DepartureView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody came to be out of the meeting."""

    id: str
    participant: str
    unit: str
    """Unit id."""
    name: str
    kind: DepartureKind
    """As corrected, if it was corrected."""
    was: DepartureKind
    """As the server judged it."""
    reason: str
    at: Millis


class TalkTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long somebody has spoken in this run."""

    participant: str
    unit: str
    """Unit id."""
    seconds: Count


class KeyView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person whose key opens a recording."""

    name: str
    second: bool = False
    """It is a key of the second lock: opening then needs one key of each lock."""
