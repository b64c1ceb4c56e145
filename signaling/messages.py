"""The WebSocket protocol: one frozen type per message, the client's and the server's apart.

JSON text frames; the field "type" names the message. The client speaks first, with `hello`. The JSON
schema in `signaling/schema/` is generated from these types and a test fails when it is stale; the files
in `signaling/schema/examples/` are the contract that Python and JavaScript are both held to.

Who acts is taken from the session, never from a message: no client message names its sender.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from sfu import MAX_HEIGHT, TILE_SLOTS, SlotKind, Source
from signaling.quality import LineSeries, LineView, Quality

PROTOCOL = 1
MAX_MESSAGE_BYTES = 256 * 1024
"""An offer of 20 lines from Firefox is 45 kB; nothing else comes near."""

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Line = Annotated[str, Meta(max_length=120)]
"""One line of text typed by a person: a name, a unit."""
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=9999)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
"""Chosen by the client for a message; what answers or refuses that message carries it as `to`. 0: none."""
Height = Annotated[int, Meta(ge=0, le=MAX_HEIGHT)]
"""Rows of device pixels that a picture fills on the screen; 0: it is not seen."""
Sdp = Annotated[str, Meta(max_length=200_000)]


class BadMessage(Exception):
    """What arrived is no message of this protocol."""


class Role(StrEnum):
    CHAIR = "chair"
    OPERATOR = "operator"
    DELEGATE = "delegate"
    TECHNICIAN = "technician"
    SYSADMIN = "sysadmin"


class UnitKind(StrEnum):
    """In the order of the floor queue."""

    BOARD = "board"
    OFFICE = "office"
    DEPARTMENT = "department"
    STATION = "station"


class SeatState(StrEnum):
    """Where an account stands with a meeting."""

    OUTSIDE = "outside"
    """Not knocked yet: the green room."""
    WAITING = "waiting"
    """In the lobby."""
    ADMITTED = "admitted"
    """In the room, or on the way back into it: the seat is kept."""
    REFUSED = "refused"


class Why(StrEnum):
    """Every refusal and ending has one of these; its words are in web/i18n."""

    BAD_MESSAGE = "bad-message"
    OUT_OF_ORDER = "out-of-order"
    PROTOCOL_VERSION = "protocol-version"
    NOT_SIGNED_IN = "not-signed-in"
    UNKNOWN_MEETING = "unknown-meeting"
    MEETING_ENDED = "meeting-ended"
    UNIT_MISSING = "unit-missing"
    NAME_MISSING = "name-missing"
    BAD_HEADCOUNT = "bad-headcount"
    NOT_ADMITTED = "not-admitted"
    NOT_ALLOWED = "not-allowed"
    UNKNOWN_KNOCK = "unknown-knock"
    UNKNOWN_PARTICIPANT = "unknown-participant"
    REASON_MISSING = "reason-missing"
    ROOM_FULL = "room-full"
    LOBBY_FULL = "lobby-full"
    BAD_OFFER = "bad-offer"
    MEDIA_UNAVAILABLE = "media-unavailable"
    STORAGE_UNAVAILABLE = "storage-unavailable"
    MUTED_BY_HOST = "muted-by-host"
    SCREEN_TAKEN = "screen-taken"
    TOO_FAST = "too-fast"
    TOO_SLOW = "too-slow"
    REFUSED = "refused"
    KICKED = "kicked"
    LEFT = "left"
    TAKEN_OVER = "taken-over"
    ENDED = "ended"
    SEAT_EXPIRED = "seat-expired"
    SHUTTING_DOWN = "shutting-down"
    CHECKS_FULL = "checks-full"
    """As many lines are being checked in the house as it does at once."""
    CHECK_ENDED = "check-ended"
    """A line check has had its time, or its person was let in."""


# --- from the client -----------------------------------------------------------------------------


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of what a client may send."""


class Hello(ClientMessage, frozen=True, tag="hello"):
    """First message of a session. Answered by `welcome`."""

    protocol: int
    meeting: Code
    resume: Code | None = None
    """`welcome.session` of the session that this one continues, when the same page lost its line. Its media
    transport then goes on; without it a newcomer on an account that is in takes the seat over afresh."""
    seen: Number | None = None
    """With `resume`: how many messages of that session have arrived here, its `welcome` and every `pong`
    counted. What it was sent beyond them follows the new `welcome`, but for what is told anew anyway: seat,
    roster, lobby, slots, speakers, lines, send-plan. When too much was missed nothing follows. An offer that
    is still with the media plane is then answered to the new session."""


class Knock(ClientMessage, frozen=True, tag="knock"):
    """Ask to enter. Answered by `seat` (waiting) or `refusal`. Knocking again while waiting corrects it."""

    unit: Code | None
    name: Line
    present: Count | None = None
    total: Count | None = None


class Withdraw(ClientMessage, frozen=True, tag="withdraw"):
    """Leave the lobby. Answered by `seat` (outside)."""


class Offer(ClientMessage, frozen=True, tag="offer"):
    """Open the media transport, or with restart renew its ICE. Only when admitted. Answered by `answer`."""

    sdp: Sdp
    restart: bool = False
    id: Number = 0


class CheckLine(ClientMessage, frozen=True, tag="check-line"):
    """Measure the line, before admission: a media transport that reaches nobody. Answered by `answer`, then
    by a `line` about every second. It ends with `end-check`, with the session, or by the server with
    `check-over`, at the latest after 15 s. Another one may begin 5 s after the last."""

    sdp: Sdp
    id: Number = 0


class EndCheck(ClientMessage, frozen=True, tag="end-check"):
    """Enough is known. Not answered; nothing happens when no check runs."""


class SetSource(ClientMessage, frozen=True, tag="set-source"):
    """Open or shut one's own microphone, camera or screen. The roster shows what came of it."""

    source: Source
    on: bool
    id: Number = 0


class TileWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tile: whose camera, and how high its picture is shown."""

    participant: Code
    height: Height


class Show(ClientMessage, frozen=True, tag="show"):
    """What this client really shows: the cameras of its tiles in order, and how high each picture is. What
    is 0 high is not sent. Participants who are not there are passed over."""

    tiles: Annotated[tuple[TileWish, ...], Meta(max_length=TILE_SLOTS)]
    stage: Height
    screen: Height


class Admit(ClientMessage, frozen=True, tag="admit"):
    """Operator or chair."""

    knock: Code


class AdmitAll(ClientMessage, frozen=True, tag="admit-all"):
    """Everyone in the lobby whose account has the unit it says it speaks for."""


class Refuse(ClientMessage, frozen=True, tag="refuse"):
    knock: Code
    reason: Text


class Mute(ClientMessage, frozen=True, tag="mute"):
    """Operator or chair shuts another's source (HOST). Nobody can open another's: unmute lifts HOST only."""

    participant: Code
    source: Source = Source.MICROPHONE


class Unmute(ClientMessage, frozen=True, tag="unmute"):
    participant: Code
    source: Source = Source.MICROPHONE


class MuteAll(ClientMessage, frozen=True, tag="mute-all"):
    """Every microphone but the chair's."""


class Kick(ClientMessage, frozen=True, tag="kick"):
    participant: Code
    reason: Text


class Leave(ClientMessage, frozen=True, tag="leave"):
    """Give up one's seat."""


class EndMeeting(ClientMessage, frozen=True, tag="end-meeting"):
    """Chair (or operator)."""


class Ping(ClientMessage, frozen=True, tag="ping"):
    """Answered by `pong` with the same number: the client's clock, for the delay of the line."""

    t: Millis


AnyClientMessage = (
    Hello
    | Knock
    | Withdraw
    | Offer
    | CheckLine
    | EndCheck
    | SetSource
    | Show
    | Admit
    | AdmitAll
    | Refuse
    | Mute
    | Unmute
    | MuteAll
    | Kick
    | Leave
    | EndMeeting
    | Ping
)

# --- from the server -----------------------------------------------------------------------------


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


class IceServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relay, in the words of RTCIceServer. Its credential is one account's and good for some hours."""

    urls: tuple[str, ...]
    username: str
    credential: str


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
    """The account belongs to the unit it says it speaks for."""
    online: bool
    """Its browser is connected now."""


class Lobby(ServerMessage, frozen=True, tag="lobby"):
    """Everyone who waits, oldest first; sent to those who may admit, after each change."""

    version: int
    knocks: tuple[KnockView, ...]


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
    online: bool
    """False while the seat is kept for someone who dropped."""
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
)

_client_decoder: msgspec.json.Decoder[AnyClientMessage] = msgspec.json.Decoder(AnyClientMessage)
_server_decoder: msgspec.json.Decoder[AnyServerMessage] = msgspec.json.Decoder(AnyServerMessage)


def decode_untrusted(frame: str | bytes) -> AnyClientMessage:
    """Read one client frame. Raises BadMessage, nothing else."""
    if len(frame) > MAX_MESSAGE_BYTES:
        raise BadMessage("too large")
    try:
        return _client_decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(str(error)) from None


def decode_server(frame: str | bytes) -> AnyServerMessage:
    """Read one server frame (simulated participants and tests). Raises BadMessage."""
    try:
        return _server_decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(str(error)) from None


def encode(message: ClientMessage | ServerMessage) -> str:
    """One frame. Cannot fail."""
    return msgspec.json.encode(message).decode()
