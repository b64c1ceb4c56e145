"""What crosses the tap line: the second Unix socket of a media worker, over which a recorder gets what a
delegate's slots would get. Pure.

A Tap is a consumer without a network. A recorder that connects and says TapRoom is sent, from then on, the
room's TapSlots at each change and TapMedia some ten times a second, until either side closes the line. A room
that is not open yet, or no longer, is silence: the tap stays, and begins when somebody comes. The line
carries frames as `sfu.wire` makes them.

What a shut gate keeps back never crosses this line.
"""

import msgspec

from sfu import EndpointId, RoomId, SlotKind, Source
from sfu.wire import decoded, framed

TAP_SLOTS = (SlotKind.STAGE, SlotKind.SCREEN, SlotKind.AUDIO, SlotKind.AUDIO, SlotKind.AUDIO)
"""A tap's slots, by number: TapMedia.slot counts in this order."""


class Frame(msgspec.Struct, frozen=True, tag_field="type", array_like=True, forbid_unknown_fields=True):
    """Base of everything that crosses the line."""


class TapRoom(Frame, frozen=True, tag="tap-room"):
    """Recorder -> worker, first and once."""

    room: RoomId


class AskKeyframes(Frame, frozen=True, tag="ask-keyframes"):
    """Recorder -> worker: send new keyframes of stage and screen, because a new segment begins."""


class TapSlot(msgspec.Struct, frozen=True, array_like=True):
    """What one slot carries from now on; both None: nothing."""

    endpoint: EndpointId | None
    source: Source | None


class TapSlots(Frame, frozen=True, tag="tap-slots"):
    """Worker -> recorder, before the first packet of a new feed: one for each of TAP_SLOTS, in that order."""

    at_us: int
    """Microseconds of the machine's monotonic clock, which all its processes share, like every `_us` here."""
    slots: tuple[TapSlot, ...]


class TapPacket(msgspec.Struct, frozen=True, array_like=True):
    number: int
    """Sequence number, unwrapped by the worker; ascending. A hole is a packet that never came."""
    ts: int
    """The publisher's RTP timestamp, 32 bits: 90 kHz for pictures, 48 kHz for sound."""
    marker: bool
    """Last packet of its picture."""
    payload: bytes
    """RTP payload without padding: VP8 with its descriptor (RFC 7741), or one Opus packet (never RED)."""


class TapMedia(Frame, frozen=True, tag="tap-media"):
    """Worker -> recorder: packets of one slot. After a change of `stream`, and after a hole, a picture goes
    on with a keyframe: packets that could not be decoded are not sent."""

    slot: int
    endpoint: EndpointId
    source: Source
    stream: int
    """SSRC of the layer. When it changes, numbers and timestamps begin anew."""
    newest_ts: int
    newest_us: int
    """When the packet with that timestamp, the newest one, arrived at the server: a sample of the stream's
    clock."""
    packets: tuple[TapPacket, ...]


class TapReport(Frame, frozen=True, tag="tap-report"):
    """Worker -> recorder: a publisher's sender report (RFC 3550 section 6.4.1). Streams of one endpoint share
    its clock, so this ties its pictures to its voice."""

    endpoint: EndpointId
    source: Source
    stream: int
    ntp: int
    """64 bits, the publisher's own clock."""
    ts: int
    at_us: int


ToTap = TapRoom | AskKeyframes
FromTap = TapSlots | TapMedia | TapReport

_to_tap: msgspec.msgpack.Decoder[ToTap] = msgspec.msgpack.Decoder(ToTap)
_from_tap: msgspec.msgpack.Decoder[FromTap] = msgspec.msgpack.Decoder(FromTap)


def frame(message: Frame) -> bytes:
    """Raises ValueError when over the bound (our bug)."""
    return framed(message)


def decode_to_tap(body: bytes) -> ToTap:
    """Raises BadFrame."""
    return decoded(_to_tap, body)


def decode_from_tap(body: bytes) -> FromTap:
    """Raises BadFrame."""
    return decoded(_from_tap, body)
