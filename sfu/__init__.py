"""The media plane's door: the only names of `sfu` that the control plane may use. Pure.

A media worker is a process of its own. The control plane sends it Commands and gets exactly one
Result for each; the worker also sends Events, unasked. All of them cross a Unix socket as
msgpack (see `sfu.wire`), so they are plain values: no objects, callables or clocks.

The media plane knows endpoints, not people. An EndpointId is chosen by the control plane (it is the
participant's id) and stays the same over reconnects; opening an endpoint that is open replaces it.
What others wanted to see of it is remembered, and filled again when it returns.
"""

from enum import IntFlag, StrEnum
from typing import NewType

import msgspec

RoomId = NewType("RoomId", str)
EndpointId = NewType("EndpointId", str)

AUDIO_SLOTS = 3
TILE_SLOTS = 12
MAX_HEIGHT = 4320
"""Rows of the largest picture that can be asked for."""


class Source(StrEnum):
    """What a Producer carries. The client's offer has its three sending lines in this order."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"


class GateReason(IntFlag):
    """Why a Producer is silent. Its Gate is a set of reasons and is open only when that set is empty, so
    unmuting yourself (SELF) cannot undo what the operator did (HOST)."""

    OPEN = 0
    SELF = 1
    HOST = 2
    FLOOR = 4
    LOBBY = 8
    LEFT = 16


class SlotKind(StrEnum):
    """What an outgoing line is for. The offer has its receiving lines in this order: 3 audio, 1 stage,
    1 screen, 12 tiles."""

    AUDIO = "audio"
    STAGE = "stage"
    SCREEN = "screen"
    TILE = "tile"


class EndpointState(StrEnum):
    CONNECTING = "connecting"
    """Opened; ICE or DTLS not yet done."""
    CONNECTED = "connected"
    LOST = "lost"
    """No valid packet for some seconds. It returns to CONNECTED by itself, or is closed by command."""
    CLOSED = "closed"
    """The other side ended DTLS, or the handshake failed: open it again with a new offer."""


# --- commands: control plane -> media worker -----------------------------------------------------


class Command(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all commands."""


class OpenEndpoint(Command, frozen=True, tag="open-endpoint"):
    """Admit an endpoint to the media plane. Result: Opened or Failed."""

    room: RoomId
    endpoint: EndpointId
    offer: str
    """SDP offer of the client, untrusted."""
    gates: dict[Source, GateReason]
    """A source that is not named here starts shut by LOBBY."""
    local: bool = False
    """The client is on this machine: loopback candidates are offered too."""
    check: bool = False
    """Only to measure the line, before admission: it is alone in its own room, nothing that it sends reaches
    anybody, and it is sent only padding."""


class RestartEndpoint(Command, frozen=True, tag="restart-endpoint"):
    """ICE restart: a new offer for the same association. Result: Opened or Failed."""

    endpoint: EndpointId
    offer: str
    local: bool = False


class CloseEndpoint(Command, frozen=True, tag="close-endpoint"):
    """Result: Done, even when it is not open."""

    endpoint: EndpointId


class CloseRoom(Command, frozen=True, tag="close-room"):
    """Close every endpoint of a room. Result: Done."""

    room: RoomId


class SetGates(Command, frozen=True, tag="set-gates"):
    """Replace the gates of the named sources. After Done has arrived, no packet passes a shut gate."""

    endpoint: EndpointId
    gates: dict[Source, GateReason]


class TileWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tile: whose camera, and how high it is shown, in rows of device pixels. 0: not seen now."""

    endpoint: EndpointId
    height: int


class Show(Command, frozen=True, tag="show"):
    """What the endpoint's person really sees: whose cameras the tile slots carry, in order (at most
    TILE_SLOTS, missing ones are empty), and how high every picture is shown, in rows of device pixels; a
    picture with 0 is not sent at all. Before the first Show, stage and screen count as MAX_HEIGHT and there
    are no tiles. Endpoints that are not open are remembered and filled in when they come. Result: Done."""

    endpoint: EndpointId
    tiles: tuple[TileWish, ...] = ()
    stage: int = MAX_HEIGHT
    screen: int = MAX_HEIGHT


class SetStage(Command, frozen=True, tag="set-stage"):
    """Put one endpoint on the stage, or None to follow the speaker. Result: Done."""

    room: RoomId
    endpoint: EndpointId | None


class Ping(Command, frozen=True, tag="ping"):
    """Result: Pong."""


AnyCommand = OpenEndpoint | RestartEndpoint | CloseEndpoint | CloseRoom | SetGates | Show | SetStage | Ping

# --- results: one for each command ---------------------------------------------------------------


class Result(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all results."""


class SlotLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which m-line of the offer became which slot."""

    mid: str
    kind: SlotKind


class Opened(Result, frozen=True, tag="opened"):
    answer: str
    slots: tuple[SlotLine, ...]


class Done(Result, frozen=True, tag="done"):
    pass


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the durations of the last ten seconds."""

    p50_us: int = 0
    p99_us: int = 0
    longest_us: int = 0


class Pong(Result, frozen=True, tag="pong"):
    endpoints: int
    copies: int
    """Copies forwarded since the worker started."""
    sent_bytes: int = 0
    """Protected bytes sent since then; the next two are part of it."""
    resent_bytes: int = 0
    padding_bytes: int = 0
    """Sent only to measure a line."""
    tick: Spread = Spread()
    """How long a tick takes."""
    late: Spread = Spread()
    """How late the worker's loop wakes for what it does fifty times a second."""


class Failure(StrEnum):
    BAD_OFFER = "bad-offer"
    UNKNOWN_ENDPOINT = "unknown-endpoint"
    FULL = "full"


class Failed(Result, frozen=True, tag="failed"):
    code: Failure
    detail: str = ""


AnyResult = Opened | Done | Pong | Failed

# --- events: media worker -> control plane, unasked ----------------------------------------------


class Event(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all events."""


class EndpointChanged(Event, frozen=True, tag="endpoint-changed"):
    endpoint: EndpointId
    state: EndpointState
    path: str = ""
    """"udp" or "tcp" once connected."""
    silent_s: float = 0.0
    """When lost: how long nothing had come."""


class SlotView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mid: str
    kind: SlotKind
    endpoint: EndpointId | None
    source: Source | None
    held: bool = False
    """The line cannot carry this picture now; it stands still until it can."""


class SlotsChanged(Event, frozen=True, tag="slots-changed"):
    """Sent before the first packet of the new source, with all slots of the endpoint."""

    endpoint: EndpointId
    slots: tuple[SlotView, ...]


class SpeakersChanged(Event, frozen=True, tag="speakers-changed"):
    room: RoomId
    heard: tuple[EndpointId, ...]
    """Those in the audio slots who are speaking now, in the order they took their places."""
    stage: EndpointId | None


class VoicesChanged(Event, frozen=True, tag="voices-changed"):
    """What the server's own ears hear in a room, sent at each change. Open microphones are judged by their
    sound. Nothing from shut ones is decoded; only what their level header claims is known."""

    room: RoomId
    speaking: tuple[EndpointId, ...]
    """Open microphones with speech, by the sound itself."""
    noisy: tuple[EndpointId, ...]
    """Open microphones that have brought steady noise, and no speech, for some seconds."""
    shut: tuple[EndpointId, ...]
    """Shut microphones whose header claims speech: only a hint to the person."""


class FlowChanged(Event, frozen=True, tag="flow-changed"):
    """Media of a source began to arrive, or stopped some seconds ago (a frozen picture)."""

    endpoint: EndpointId
    source: Source
    flowing: bool


class SendPlan(Event, frozen=True, tag="send-plan"):
    """Which encodings of the endpoint's camera and screen somebody receives, by rid (a source without
    simulcast has the rid ""); the others would only cost uplink. Sent on each change."""

    endpoint: EndpointId
    camera: tuple[str, ...]
    screen: tuple[str, ...]
    red: bool
    """Its voice is to be sent with redundancy (RFC 2198), if it can do that: its uplink loses packets."""


class Pictures(StrEnum):
    """How much of what a person wishes to see the downlink carries."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


class LineReport(Event, frozen=True, tag="line-report"):
    """How well an endpoint's link works: every two seconds, every second during a check."""

    endpoint: EndpointId
    rtt_ms: int
    """-1 while unknown."""
    loss_up_permille: int
    loss_down_permille: int
    up_bps: int
    down_bps: int
    estimate_bps: int = -1
    """What the downlink is believed to carry; -1 while unknown."""
    queue_ms: int = 0
    """Queueing delay on the way down, beyond the line's own delay."""
    pictures: Pictures = Pictures.ALL
    path: str = ""
    """"udp" or "tcp"."""


AnyEvent = (
    EndpointChanged | SlotsChanged | SpeakersChanged | VoicesChanged | FlowChanged | SendPlan | LineReport
)
