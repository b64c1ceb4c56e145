"""A recorder's end of a tap, for tests: keeps the messages and checks that the tap keeps its promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sfu import EndpointId, SlotKind
from sfu.rtp import vp8
from sfu.tapline import TAP_SLOTS, FromTap, TapMedia, TapPacket, TapReport, TapSlot, TapSlots

NOTHING = TapSlot(None, None)


@dataclass
class Tapped:
    """`take` is the tap's `send`. Everything is checked as it comes."""

    messages: list[FromTap] = field(default_factory=list)
    media: list[TapMedia] = field(default_factory=list)
    reports: list[TapReport] = field(default_factory=list)
    slots: tuple[TapSlot, ...] = (NOTHING,) * len(TAP_SLOTS)
    name: str = "the tap"
    holes: list[int] = field(default_factory=lambda: [0] * len(TAP_SLOTS))
    """By slot."""
    streams: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By slot: stream and newest number."""

    def __post_init__(self) -> None:
        self.peek: Callable[[bytes], None] = lambda payload: None
        """Called with every payload."""

    def take(self, messages: Sequence[FromTap]) -> None:
        for message in messages:
            self.messages.append(message)
            match message:
                case TapSlots():
                    assert len(message.slots) == len(TAP_SLOTS)
                    assert message.slots != self.slots or len(self.messages) == 1
                    self._change(message.slots)
                case TapMedia():
                    self.media.append(message)
                    self._judge(message)
                case TapReport():
                    self.reports.append(message)

    def _change(self, slots: tuple[TapSlot, ...]) -> None:
        for number, (was, now) in enumerate(zip(self.slots, slots, strict=True)):
            if was != now:
                self.streams.pop(number, None)
        self.slots = slots

    def _judge(self, media: TapMedia) -> None:
        assert self.slots[media.slot] == TapSlot(media.endpoint, media.source), "announced before it came"
        assert media.packets
        assert media.newest_us > 0
        picture = TAP_SLOTS[media.slot] is not SlotKind.AUDIO
        for packet in media.packets:
            stream, newest = self.streams.get(media.slot, (-1, -1))
            began = stream == media.stream
            assert not began or packet.number > newest, "each once, in order"
            whole = began and packet.number == newest + 1
            self.holes[media.slot] += began and not whole
            if picture and not whole:
                assert is_keyframe(packet), "what could not be decoded is not sent"
            self.streams[media.slot] = media.stream, packet.number
            self.peek(packet.payload)

    def packets(self, kind: SlotKind, endpoint: EndpointId | None = None) -> list[TapPacket]:
        """All packets so far on slots of this kind."""
        return [
            packet
            for media in self.media
            if TAP_SLOTS[media.slot] is kind and endpoint in (None, media.endpoint)
            for packet in media.packets
        ]

    def forget(self) -> None:
        """Start counting afresh; the tap's promises still hold."""
        self.messages.clear()
        self.media.clear()
        self.reports.clear()
        self.holes = [0] * len(TAP_SLOTS)


def is_keyframe(packet: TapPacket) -> bool:
    return vp8.keyframe_size(packet.payload, vp8.parse_untrusted(packet.payload)) is not None
