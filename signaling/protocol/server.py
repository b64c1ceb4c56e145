"""What the server sends. Instants are Unix milliseconds."""

from typing import Annotated

import msgspec
from msgspec import Meta

from sfu import SlotKind, Source
from signaling.model.relay import IceServer
from signaling.model.run import TalkLine
from signaling.model.words import (
    Count,
    DepartureKind,
    FloorMode,
    Millis,
    Number,
    Permission,
    Presence,
    RecordingState,
    RecordingTrouble,
    Role,
    SeatState,
    UnitKind,
    Why,
)
from signaling.protocol.line_views import LineSeries, LineView, Quality


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of what the server sends. Instants are Unix milliseconds."""


class UnitView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    short: str
    kind: UnitKind


class MeetingView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    title: str
    centre: str
    """The health centre's name, for the head of every screen."""


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """Answer to `hello`. Followed by `roster` (if admitted) and `lobby` (if it may admit)."""

    session: str
    participant: str
    """Own id in the roster, the same for as long as the seat lasts."""
    role: Role
    meeting: MeetingView
    units: tuple[UnitView, ...]
    unit: str | None
    """The account's own unit; if None the person chooses one of `units`."""
    name: str
    seat: SeatState
    reason: str
    """Why refused, if it was."""
    now: Millis
    opens: Millis
    """When the lobby opens; 0: it is open."""
    starts: Millis
    """When the meeting begins; 0: no time is set."""
    chair: bool
    """Chair by account: may take the chair at any time."""
    seat_grace_s: int
    ice_servers: tuple[IceServer, ...] = ()
    """Empty without a relay: then the server's own address is the only way."""


class Seat(ServerMessage, frozen=True, tag="seat"):
    """The seat's state changed: waiting, admitted, refused (with the reason), outside."""

    seat: SeatState
    reason: str = ""
    since: Millis = 0


class KnockView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    unit: str
    """Unit id."""
    name: str
    role: Role
    present: int | None
    total: int | None
    since: Millis
    expected: bool
    """The account belongs to the unit it says it speaks for, and the unit to the meeting's composition."""
    outsider: bool
    """Its account belongs to no unit of the composition: only the chair may let it in."""
    online: bool
    """Its browser is connected now."""


class BannedView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    participant: str
    unit: str
    name: str
    reason: str


class Lobby(ServerMessage, frozen=True, tag="lobby"):
    """Everyone who waits, oldest first; sent to those who may admit, after each change."""

    version: int
    knocks: tuple[KnockView, ...]
    banned: tuple[BannedView, ...] = ()


class SourceView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source is heard or seen when `gate` is empty and `flowing` is true."""

    gate: tuple[str, ...]
    """Reasons it is shut: "self", "host", "floor", "lobby", "left"; empty when open."""
    flowing: bool


class ParticipantView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    unit: str
    name: str
    role: Role
    present: int | None
    total: int | None
    presence: Presence
    """`here`, or how the seat came to be kept for someone who is not."""
    away: Millis
    """Since when that is so; 0: here."""
    listens: Millis
    """A technician: hears and sees until then, by the chair's permission; 0: does not."""
    may_leave: bool
    since: Millis
    microphone: SourceView
    camera: SourceView
    screen: SourceView
    quality: Quality


class Roster(ServerMessage, frozen=True, tag="roster"):
    """Everyone in the room, in the order of unit kind, then unit name. Versions only grow."""

    version: int
    participants: tuple[ParticipantView, ...]


class Answer(ServerMessage, frozen=True, tag="answer"):
    sdp: str
    restart: bool = False
    to: Number = 0


class SlotView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mid: str
    kind: SlotKind
    participant: str | None
    source: Source | None
    held: bool = False
    """The line cannot carry this picture now; the last one stands still until it can."""


class Slots(ServerMessage, frozen=True, tag="slots"):
    """What each receiving line carries now. Sent before the switch."""

    slots: tuple[SlotView, ...]


class Speakers(ServerMessage, frozen=True, tag="speakers"):
    heard: tuple[str, ...]
    """Participants speaking now, in the order they took their places."""
    stage: str | None


class SendPlan(ServerMessage, frozen=True, tag="send-plan"):
    """Which encodings of one's own camera and screen somebody receives; the others need not be sent. Before
    the first plan of a transport all are. Told on each change, with each answer and after a resume."""

    camera: tuple[str, ...]
    """By rid; a source without simulcast has the rid ""."""
    screen: tuple[str, ...]
    red: bool
    """Send the voice with redundancy (RFC 2198), if possible: the way up loses packets."""


class OwnLine(ServerMessage, frozen=True, tag="line"):
    """One's own line: every two seconds, every second during a check."""

    line: LineView


class Lines(ServerMessage, frozen=True, tag="lines"):
    """The lines of everyone inside, for chairs and operators who are inside."""

    lines: tuple[LineSeries, ...]
    whole: bool
    """True: the last three minutes of everyone, in place of all before, told to one who comes in. False:
    one more point for each of these, every two seconds."""


class CheckOver(ServerMessage, frozen=True, tag="check-over"):
    """The server has ended the line check."""

    why: Why


class MediaLost(ServerMessage, frozen=True, tag="media-lost"):
    """The transport is gone on the server's side: make a new RTCPeerConnection and offer again."""

    why: Why


class Refusal(ServerMessage, frozen=True, tag="refusal"):
    """A message was not carried out and changed nothing."""

    re: str
    """Type of the message refused, "" when it could not be read."""
    code: Why
    to: Number = 0


class Bye(ServerMessage, frozen=True, tag="bye"):
    """Last message of a session: why it ends. The socket closes after it."""

    code: Why
    reason: str = ""


class Pong(ServerMessage, frozen=True, tag="pong"):
    t: Millis


class LobbyTalk(ServerMessage, frozen=True, tag="lobby-talk"):
    """All that was said with one who waits (the newest 20), to that one and to the staff."""

    knock: str
    lines: tuple[TalkLine, ...]


class WishView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place in the queue for the floor."""

    participant: str
    topic: str
    registered: bool
    """Registered in advance."""
    round: bool
    """Stands here only because of the go-round."""
    skipped: bool
    since: Millis


class TurnView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who has the floor."""

    participant: str
    since: Millis
    until: Millis
    """When the time is over; 0: no limit. Nothing happens by itself then but that all can see it."""
    dialogue: bool
    silent: bool
    """Not heard for 20 s: perhaps the turn is over."""


class Progress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the points of one kind that are inside: how many have had the floor."""

    kind: UnitKind
    spoken: int
    points: int


class Floor(ServerMessage, frozen=True, tag="floor"):
    """The rules of the meeting, who has the floor and who waits for it, the same for everyone inside. In rank
    order; versions only grow."""

    version: int
    mode: FloorMode
    order: tuple[UnitKind, ...]
    turn_s: int
    hard_mute: bool
    screen_by_permission: bool
    locked: bool
    go_round: bool
    chairs: tuple[str, ...]
    """Who presides: the participants that have the chair's rights now."""
    turns: tuple[TurnView, ...]
    queue: tuple[WishView, ...]
    next: str | None
    """Whom `invite-next` would invite."""
    progress: tuple[Progress, ...]


class RequestView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    participant: str
    permission: Permission
    reason: str
    since: Millis


class Requests(ServerMessage, frozen=True, tag="requests"):
    """What waits to be decided, oldest first: to staff inside all of it, to others their own. Versions only
    grow."""

    version: int
    requests: tuple[RequestView, ...]


class Decision(ServerMessage, frozen=True, tag="decision"):
    """Of one's own `ask`, or given unasked, or taken back."""

    permission: Permission
    granted: bool
    reason: str = ""
    until: Millis = 0


class DepartureView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    participant: str
    unit: str
    name: str
    kind: DepartureKind
    """As corrected, if it was."""
    was: DepartureKind
    """As the server judged it."""
    reason: str
    at: Millis


class Departures(ServerMessage, frozen=True, tag="departures"):
    """Who left this run of the meeting and how, oldest first, to staff. Versions only grow."""

    version: int
    departures: tuple[DepartureView, ...]


class Hint(ServerMessage, frozen=True, tag="hint"):
    """To one person: you speak while your microphone is shut (by what your own browser says)."""

    speaking_muted: bool


class TalkTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    participant: str
    unit: str
    seconds: Count


class Voices(ServerMessage, frozen=True, tag="voices"):
    """To staff: who brings noise into the room with an open microphone, and how long everybody has spoken
    (the latter at most every ten seconds)."""

    noisy: tuple[str, ...]
    times: tuple[TalkTime, ...]


class KeyView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One whose key opens a recording."""

    name: str
    second: bool = False
    """Of the second lock: opening then needs one key of each."""


class Recording(ServerMessage, frozen=True, tag="recording"):
    """The recorder's light, to everybody inside, in the lobby and in the green room; at each change."""

    state: RecordingState
    since_ms: Millis
    """When it began; 0: it has not."""
    keys: tuple[KeyView, ...]
    """Whose keys lock it or, while nothing is recorded, would lock it."""
    minutes_left: Annotated[int, Meta(ge=-1, le=600)]
    """How long the disk lasts, by the hour above one hour and at most 600; -1: unknown. Warn at 30."""
    trouble: RecordingTrouble
    allowed: bool
    """The meeting's rules let it be recorded."""


AnyServerMessage = (
    Welcome
    | Seat
    | Lobby
    | Roster
    | Answer
    | Slots
    | Speakers
    | SendPlan
    | OwnLine
    | Lines
    | CheckOver
    | MediaLost
    | Refusal
    | Bye
    | Pong
    | LobbyTalk
    | Floor
    | Requests
    | Decision
    | Departures
    | Hint
    | Voices
    | Recording
)
