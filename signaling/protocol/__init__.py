"""The WebSocket protocol: one frozen type for each message, client's and server's apart. Pure.

Messages are JSON text frames; the field "type" names the message. The client speaks first, with `hello`. The
JSON schema in `schema/` is generated from these types, and a test fails when it is stale. The files in
`schema/examples/` are the contract that Python and JavaScript are both held to.

The session tells who acts, never a message: no client message names its sender.
"""

import msgspec

from signaling.protocol.client import (
    Admit,
    AdmitAll,
    AnyClientMessage,
    Ask,
    Ban,
    CheckLine,
    ClientMessage,
    CorrectDeparture,
    Decide,
    EndCheck,
    EndMeeting,
    EndTurn,
    ExtendTurn,
    GoRound,
    HandChair,
    Hello,
    Invite,
    InviteNext,
    Kick,
    Knock,
    Leave,
    LendChair,
    Lift,
    Lock,
    LowerHand,
    MarkRecording,
    Mute,
    MuteAll,
    Offer,
    PauseRecording,
    Ping,
    RaiseHand,
    Refuse,
    RegisterSpeech,
    Return,
    SendBack,
    SetRules,
    SetSource,
    Show,
    Skip,
    StartRecording,
    StopRecording,
    TakeChair,
    Talk,
    TileWish,
    Unask,
    Unmute,
    Withdraw,
)
from signaling.protocol.frame import Frame
from signaling.protocol.server import (
    Answer,
    AnyServerMessage,
    Bye,
    CheckOver,
    Decision,
    Departures,
    Floor,
    Hint,
    Lines,
    Lobby,
    LobbyTalk,
    MediaLost,
    OwnLine,
    Pong,
    Recording,
    Refusal,
    Requests,
    Roster,
    SeatChanged,
    SendPlan,
    ServerMessage,
    Slots,
    Speakers,
    Voices,
    Welcome,
)
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
    SourceView,
    TalkTime,
    TurnView,
    UnitView,
    WishView,
)

PROTOCOL = 2
MAX_MESSAGE_BYTES = 256 * 1024
"""An offer with 20 media sections from Firefox is 45 kB; nothing else comes near."""


class BadMessage(Exception):
    """What arrived is not a message of this protocol."""


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


__all__ = [
    "MAX_MESSAGE_BYTES",
    "PROTOCOL",
    "Admit",
    "AdmitAll",
    "Answer",
    "AnyClientMessage",
    "AnyServerMessage",
    "Ask",
    "BadMessage",
    "Ban",
    "BannedView",
    "Bye",
    "CheckLine",
    "CheckOver",
    "ClientMessage",
    "CorrectDeparture",
    "Decide",
    "Decision",
    "DepartureView",
    "Departures",
    "EndCheck",
    "EndMeeting",
    "EndTurn",
    "ExtendTurn",
    "Floor",
    "Frame",
    "GoRound",
    "HandChair",
    "Hello",
    "Hint",
    "Invite",
    "InviteNext",
    "KeyView",
    "Kick",
    "Knock",
    "KnockView",
    "Leave",
    "LendChair",
    "Lift",
    "Lines",
    "Lobby",
    "LobbyTalk",
    "Lock",
    "LowerHand",
    "MarkRecording",
    "MediaLost",
    "MeetingView",
    "Mute",
    "MuteAll",
    "Offer",
    "OwnLine",
    "ParticipantView",
    "PauseRecording",
    "Ping",
    "Pong",
    "Progress",
    "RaiseHand",
    "Recording",
    "Refusal",
    "Refuse",
    "RegisterSpeech",
    "RequestView",
    "Requests",
    "Return",
    "Roster",
    "SeatChanged",
    "SendBack",
    "SendPlan",
    "ServerMessage",
    "SetRules",
    "SetSource",
    "Show",
    "Skip",
    "SlotView",
    "Slots",
    "SourceView",
    "Speakers",
    "StartRecording",
    "StopRecording",
    "TakeChair",
    "Talk",
    "TalkTime",
    "TileWish",
    "TurnView",
    "Unask",
    "UnitView",
    "Unmute",
    "Voices",
    "Welcome",
    "WishView",
    "Withdraw",
    "decode_server",
    "decode_untrusted",
    "encode",
]
