"""A muxer, a clock and the segments it has written."""

import io
from dataclasses import dataclass, field

from recorder.format.blocks import Block
from recorder.muxing.muxer import Muxer, MuxerSettings, OpeningFacts
from recorder.opening.demux import demux
from sfu import EndpointId, Source
from sfu.tapline import TapMedia, TapSlot, TapSlots
from tests.support.publishers import picture_packets, sound_packet

BEGUN_US = 7_000_000_000
FACTS = OpeningFacts("giao-ban-1", "giao-ban", "Giao ban sáng", 1_760_000_000_000, ("Ban Giám đốc",))
A, B = EndpointId("a"), EndpointId("b")
NOBODY = TapSlot(None, None)
POLL_US = 100_000


@dataclass
class Desk:
    """A muxer, a clock and the segments written."""

    settings: MuxerSettings = field(default_factory=MuxerSettings)
    segments: list[bytearray] = field(default_factory=list)
    now_us: int = BEGUN_US
    asks: int = 0

    def __post_init__(self) -> None:
        self.muxer = Muxer(FACTS, BEGUN_US, self.settings)
        self.open()

    def open(self) -> None:
        self.segments.append(bytearray(self.muxer.open_segment(len(self.segments) + 1, self.now_us)))

    @property
    def now_ms(self) -> int:
        return (self.now_us - BEGUN_US) // 1000

    def poll(self, after_ms: int = 100) -> None:
        self.now_us += after_ms * 1000
        out = self.muxer.poll(self.now_us)
        self.segments[-1] += out.data
        self.asks += out.ask_keyframes
        if out.cut:
            self.open()

    def finish(self) -> list[Block]:
        self.segments[-1] += self.muxer.finish(self.now_us)
        return self.blocks()

    def blocks(self, segment: int | None = None) -> list[Block]:
        chosen = self.segments if segment is None else self.segments[segment - 1 : segment]
        return [block for data in chosen for block in demux(io.BytesIO(bytes(data)))]

    def slots(self, stage: EndpointId | None = None, *voices: EndpointId) -> None:
        heard = [TapSlot(voice, Source.MICROPHONE) for voice in voices] + [NOBODY] * (3 - len(voices))
        shown = NOBODY if stage is None else TapSlot(stage, Source.CAMERA)
        self.muxer.take(TapSlots(self.now_us, (shown, NOBODY, *heard)))

    def picture(self, number: int, *, key: bool = False, stream: int = 1, endpoint: EndpointId = A) -> None:
        """A picture made just now; its packet numbers are 3n, 3n + 1, 3n + 2."""
        ts = self.now_us * 9 // 100
        packets = tuple(picture_packets(number * 3, ts, self.now_us, key))
        self.muxer.take(TapMedia(0, endpoint, Source.CAMERA, stream, packets[-1].ts, self.now_us, packets))

    def sound(self, number: int, slot: int = 2, endpoint: EndpointId = A) -> None:
        packet = sound_packet(number, self.now_us * 48 // 1000, self.now_us)
        stream = 1000 + slot
        self.muxer.take(
            TapMedia(slot, endpoint, Source.MICROPHONE, stream, packet.ts, self.now_us, (packet,))
        )
