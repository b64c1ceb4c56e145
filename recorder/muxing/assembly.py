"""Whole pictures and sounds from the packets of one slot.

A picture is passed on only if it is whole and everything it depends on was passed on before. After a loss
these are: pictures of the lowest temporal layer in unbroken succession; pictures of a higher layer once that
layer has started again from the lowest; otherwise nothing until a keyframe.

Payloads come from a publisher and may be anything; what cannot be a picture or a sound is dropped.
"""

from dataclasses import dataclass, field

from recorder.format.matroska import MAX_BLOCK_BYTES
from sfu import EndpointId, Source
from sfu.rtp import vp8
from sfu.tapline import TapMedia, TapPacket

MAX_SOUND_BYTES = 8_000
"""More than any Opus packet of 120 ms."""
_DESCRIPTOR_BYTES = 6
"""The longest possible (RFC 7741 section 4.2)."""
_ALL_LAYERS = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One picture or sound."""

    ts: int
    data: bytes
    key: bool


@dataclass(slots=True)
class _PartialFrame:
    """A picture that is being assembled."""

    ts: int
    descriptor: vp8.Descriptor
    key: bool
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, part: bytes) -> None:
        self.parts.append(part)
        self.size += len(part)


class Assembler:
    """For one slot."""

    def __init__(self) -> None:
        self._feed: tuple[EndpointId, Source, int] | None = None
        self._next: int | None = None
        self._picture: _PartialFrame | None = None
        self._needs_key = True
        self._broken = False
        """Packets are missing since the last picture that was passed on."""
        self._whole_layers = _ALL_LAYERS
        """The higher temporal layers that miss nothing they need."""
        self._tl0: int | None = None
        """TL0PICIDX of the newest lowest-layer picture that was passed on."""

    @property
    def wants_keyframe(self) -> bool:
        """Packets come, but no picture can be made from them until a keyframe comes."""
        return self._feed is not None and self._feed[1] is not Source.MICROPHONE and self._needs_key

    def begin_anew(self) -> None:
        """Pass on nothing until the next keyframe."""
        self._picture, self._next = None, None
        self._needs_key, self._broken, self._tl0 = True, False, None

    def stop(self) -> None:
        """Nothing comes any more, so no keyframe is wanted either."""
        self._feed = None
        self.begin_anew()

    def take(self, media: TapMedia) -> list[EncodedFrame]:
        """Never fails."""
        feed = (media.endpoint, media.source, media.stream)
        if feed != self._feed:
            self._feed = feed
            self.begin_anew()
        if media.source is Source.MICROPHONE:
            return [
                EncodedFrame(packet.ts, packet.payload, True)
                for packet in media.packets
                if 0 < len(packet.payload) <= MAX_SOUND_BYTES
            ]
        return [whole for packet in media.packets if (whole := self._add(packet)) is not None]

    def _add(self, packet: TapPacket) -> EncodedFrame | None:
        if self._next is not None and packet.number != self._next:
            self._picture, self._broken = None, True
        self._next = packet.number + 1
        # Padded so that it can always be parsed; its length then shows whether all of it was there.
        descriptor = vp8.parse_untrusted(packet.payload[:_DESCRIPTOR_BYTES] + bytes(_DESCRIPTOR_BYTES))
        if descriptor.length > len(packet.payload):
            self._picture, self._broken = None, True
            return None
        if descriptor.starts_frame and (self._picture is None or self._picture.ts != packet.ts):
            self._broken = self._broken or self._picture is not None
            key = vp8.keyframe_size(packet.payload, descriptor) is not None
            self._picture = _PartialFrame(packet.ts, descriptor, key)
        picture = self._picture
        if picture is None or picture.ts != packet.ts:
            self._picture, self._broken = None, True
            return None
        picture.add(packet.payload[descriptor.length :])
        if picture.size > MAX_BLOCK_BYTES:
            self._picture, self._broken = None, True
            return None
        if not packet.marker:
            return None
        self._picture = None
        return self._judge(picture)

    def _judge(self, picture: _PartialFrame) -> EncodedFrame | None:
        layer = picture.descriptor.temporal_layer or 0
        if picture.key:
            self._needs_key, self._whole_layers = False, _ALL_LAYERS
        else:
            if self._broken:
                self._whole_layers = frozenset()
            if not self._decodable(picture.descriptor):
                self._needs_key = self._needs_key or layer == 0
                self._whole_layers = frozenset()
                return None
            if layer:
                self._whole_layers |= {layer}
        self._broken = False
        if layer == 0:
            self._tl0 = picture.descriptor.tl0_picture_index
        return EncodedFrame(picture.ts, b"".join(picture.parts), picture.key)

    def _decodable(self, descriptor: vp8.Descriptor) -> bool:
        """Everything it depends on was passed on."""
        layer, tl0 = descriptor.temporal_layer, descriptor.tl0_picture_index
        if self._needs_key:
            return False
        if layer is None or tl0 is None or self._tl0 is None:
            return not self._broken
        if layer == 0:
            return tl0 == (self._tl0 + 1) & 0xFF or not self._broken
        if not self._broken and self._whole_layers.issuperset(range(1, layer + 1)):
            return True
        return descriptor.layer_sync and tl0 == self._tl0
