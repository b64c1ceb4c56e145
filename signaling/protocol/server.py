"""What the server sends. Instants are Unix milliseconds. Pure."""

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.model.relay import IceServer
from signaling.model.seat import TalkLine
from signaling.model.words import (
    FloorMode,
    Millis,
    Number,
    Permission,
    RecordingState,
    RecordingTrouble,
    Role,
    SeatState,
    UnitKind,
    Why,
)
from signaling.protocol.line_views import LineSeries, LineView
from signaling.protocol.views import (
    BannedView,
    DepartureView,
    KeyView,
    KnockView,
    MeetingView,
    ParticipantView,
    Progress,
    RequestView,
    SlotView,
    TalkTime,
    TurnView,
    UnitView,
    WishView,
)


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of every message that the server sends. Instants are Unix milliseconds."""


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """The answer to `hello`: who you are here, and what the meeting is. Followed by `roster` for those inside
    and by `lobby` for staff."""

    session: str
    """What `hello.resume` names when this page comes back."""
    participant: str
    """Your own id in the roster, the same for as long as the seat lasts."""
    role: Role
    """The role that you have now."""
    meeting: MeetingView
    units: tuple[UnitView, ...]
    """All units, in their usual order."""
    unit: str | None
    """The account's own unit; null: the person chooses one of `units`."""
    name: str
    """The name given with the last knock, or the account's."""
    seat: SeatState
    reason: str
    """Why the person was refused or removed, if so."""
    now: Millis
    """The server's clock."""
    opens: Millis
    """When the lobby opens; 0: it is open."""
    starts: Millis
    """When the meeting begins; 0: no time is set."""
    chair: bool
    """Chair by account: may take the chair at any time."""
    seat_grace_s: int
    """How long the seat is kept after the connection is lost."""
    ice_servers: tuple[IceServer, ...] = ()
    """Empty without a relay: then the server's own address is the only path."""


class SeatChanged(ServerMessage, frozen=True, tag="seat"):
    """The state of your own seat changed: waiting, admitted, refused or outside."""

    seat: SeatState
    reason: str = ""
    """Why you were refused or sent back."""
    since: Millis = 0


class Lobby(ServerMessage, frozen=True, tag="lobby"):
    """Everyone who waits, and everyone who is banned. Sent after each change to those who may admit. Versions
    only grow."""

    version: int
    knocks: tuple[KnockView, ...]
    """In the order of knocking."""
    banned: tuple[BannedView, ...] = ()


class Roster(ServerMessage, frozen=True, tag="roster"):
    """Everyone in the room, by kind of unit, then by unit. Sent after each change to everyone inside.
    Versions only grow."""

    version: int
    participants: tuple[ParticipantView, ...]


class Answer(ServerMessage, frozen=True, tag="answer"):
    """The SDP answer to an `offer` or a `check-line`."""

    sdp: str
    restart: bool = False
    """The offer was an ICE restart."""
    to: Number = 0


class Slots(ServerMessage, frozen=True, tag="slots"):
    """What each receiving slot carries from now on. Sent before the media switches, and after each
    `answer`."""

    slots: tuple[SlotView, ...]


class Speakers(ServerMessage, frozen=True, tag="speakers"):
    """The participants who speak now, and the one on the stage. Sent on each change."""

    heard: tuple[str, ...]
    """Participants who speak, in the order in which they took the audio slots."""
    stage: str | None
    """The participant on the stage; null: nobody."""


class SendPlan(ServerMessage, frozen=True, tag="send-plan"):
    """Which encodings of your own camera and screen somebody receives. The others need not be sent. Until a
    transport's first plan, all are sent. Sent on each change, with each `answer` and after a resume."""

    camera: tuple[str, ...]
    """Encodings by rid; a source without simulcast has the rid ""."""
    screen: tuple[str, ...]
    """As `camera`."""
    red: bool
    """Send the voice with redundancy (RFC 2198) if you can: packets are lost on the way to the server."""


class OwnLine(ServerMessage, frozen=True, tag="line"):
    """How good your own line is. Sent every two seconds, every second during a line check."""

    line: LineView


class Lines(ServerMessage, frozen=True, tag="lines"):
    """The lines of everyone inside, as a plot. Sent to staff and technicians who are inside."""

    lines: tuple[LineSeries, ...]
    whole: bool
    """True: the last three minutes of everyone, which replace everything before; sent to someone who comes
    in. False: one more point for each of these participants, every two seconds."""


class CheckOver(ServerMessage, frozen=True, tag="check-over"):
    """The server has ended the line check."""

    why: Why


class MediaLost(ServerMessage, frozen=True, tag="media-lost"):
    """The media transport is gone on the server's side. Make a new RTCPeerConnection and send a new
    `offer`."""

    why: Why


class Refusal(ServerMessage, frozen=True, tag="refusal"):
    """A message was not carried out and changed nothing."""

    re: str
    """Type of the refused message; "" when it could not be read."""
    code: Why
    to: Number = 0


class Bye(ServerMessage, frozen=True, tag="bye"):
    """The last message of a session: why it ends. The socket closes after it."""

    code: Why
    reason: str = ""
    """What the person who removed you typed."""


class Pong(ServerMessage, frozen=True, tag="pong"):
    """The answer to `ping`."""

    t: Millis
    """As it was sent."""


class LobbyTalk(ServerMessage, frozen=True, tag="lobby-talk"):
    """The conversation between someone in the lobby and the staff (its newest 20 lines). Sent to that person
    and to the staff after each line."""

    knock: str
    lines: tuple[TalkLine, ...]
    """Oldest first."""


class Floor(ServerMessage, frozen=True, tag="floor"):
    """The rules of the meeting, who has the floor, and who waits for it. The same for everyone inside, sent
    after each change. Versions only grow."""

    version: int
    mode: FloorMode
    order: tuple[UnitKind, ...]
    """Kinds of unit in the order in which they speak."""
    turn_s: int
    """Seconds that a turn lasts; 0: no limit."""
    hard_mute: bool
    """Only `unmute` undoes a mute."""
    screen_by_permission: bool
    """Everybody except staff needs permission to share a screen."""
    locked: bool
    """Nobody except staff can knock or be let in."""
    go_round: bool
    """A go-round is on."""
    chairs: tuple[str, ...]
    """The participants who have the chair's rights now."""
    turns: tuple[TurnView, ...]
    queue: tuple[WishView, ...]
    """In the order in which they will speak."""
    next: str | None
    """Whom `invite-next` would invite."""
    progress: tuple[Progress, ...]


class Requests(ServerMessage, frozen=True, tag="requests"):
    """What waits to be decided, oldest first. Staff inside are sent all of it, others only their own.
    Versions only grow."""

    version: int
    requests: tuple[RequestView, ...]


class Decision(ServerMessage, frozen=True, tag="decision"):
    """A permission of yours was decided, granted without being asked for, or taken back."""

    permission: Permission
    granted: bool
    reason: str = ""
    until: Millis = 0
    """For `listen`: when it ends."""


class Departures(ServerMessage, frozen=True, tag="departures"):
    """Who left this run of the meeting and how, oldest first. Sent to staff inside after each change.
    Versions only grow."""

    version: int
    departures: tuple[DepartureView, ...]


class Hint(ServerMessage, frozen=True, tag="hint"):
    """Only to you: you are speaking while your microphone is shut, by what your own browser says."""

    speaking_muted: bool
    """False: no longer."""


class Voices(ServerMessage, frozen=True, tag="voices"):
    """Who brings noise into the room with an open microphone, and how long everybody has spoken (updated at
    most every ten seconds). Sent to staff inside."""

    noisy: tuple[str, ...]
    times: tuple[TalkTime, ...]


class Recording(ServerMessage, frozen=True, tag="recording"):
    """The recording light. Sent on each change to everybody inside, in the lobby and in the green room."""

    state: RecordingState
    since_ms: Millis
    """When the recording began; 0: there is none."""
    keys: tuple[KeyView, ...]
    """Whose keys lock it or, while nothing is recorded, would lock it."""
    minutes_left: Annotated[int, Meta(ge=-1, le=600)]
    """How long the disk lasts, in whole hours above one hour, at most 600; -1: unknown. Warn at 30."""
    trouble: RecordingTrouble
    allowed: bool
    """The meeting may be recorded."""


AnyServerMessage = (
    Welcome
    | SeatChanged
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
