"""What a media worker's tap would bring, made on a virtual clock: publishers with their own clocks, behind
lines with delay, jitter and loss. Each picture and each sound carries the instant at which it was made, so
that a test can tell how far from the truth it was placed."""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from recorder.format.blocks import Block, Track
from sfu import EndpointId, Source
from sfu.tapline import TapMedia, TapPacket, TapReport

_PARTS = 3
"""Packets of a picture."""
_TRUTH = struct.Struct(">Q")
_KEY_HEAD = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01"
_DELTA_HEAD = b"\x11\x00\x00"


def picture_packets(
    number: int,
    ts: int,
    made_us: int,
    key: bool,
    *,
    parts: int = _PARTS,
    temporal: tuple[int, int, bool] | None = None,
) -> list[TapPacket]:
    """One picture from packet `number` on. `temporal`: layer, index of the lowest, sync."""
    data = (_KEY_HEAD if key else _DELTA_HEAD) + _TRUTH.pack(made_us) + b"." * 30
    bounds = [0, *(len(data) * at // parts for at in range(1, parts)), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(bounds)]
    return [
        TapPacket(number + at, ts & 0xFFFF_FFFF, at == parts - 1, _descriptor(at == 0, temporal) + piece)
        for at, piece in enumerate(pieces)
    ]


def sound_packet(number: int, ts: int, made_us: int) -> TapPacket:
    return TapPacket(number, ts & 0xFFFF_FFFF, False, b"\xf8" + _TRUTH.pack(made_us))


def made_us(block: Block) -> int:
    """When that picture or sound was made."""
    if block.track in (Track.STAGE, Track.SCREEN):
        head = len(_KEY_HEAD) if block.key else len(_DELTA_HEAD)
        return int(_TRUTH.unpack_from(block.data, head)[0])
    return int(_TRUTH.unpack_from(block.data, 1)[0])


def _descriptor(first: bool, temporal: tuple[int, int, bool] | None) -> bytes:
    start = 0x10 if first else 0
    if temporal is None:
        return bytes([start])
    layer, tl0, sync = temporal
    return bytes([start | 0x80, 0x60, tl0 & 0xFF, layer << 6 | sync << 5])


@dataclass(frozen=True, slots=True)
class _Made:
    """One picture or sound on its way to the server."""

    made_us: int
    arrives_us: int
    lost: bool


@dataclass(slots=True)
class _Line:
    """One source's stream."""

    stream: int
    ts_from: int
    number: int = 1
    made: int = 0
    coming: list[_Made] = field(default_factory=list)
    newest_us: int = 0
    report_us: int = 0
    awaits_key: bool = False
    carried: bool = False


class Publisher:
    """A microphone and a camera; `parts_per_million`: how much too fast its clock goes."""

    def __init__(
        self,
        name: str,
        dice: random.Random,
        *,
        parts_per_million: float = 0.0,
        ahead_us: int = 0,
        delay_us: int = 40_000,
        camera_later_us: int = 25_000,
        jitter_us: int = 30_000,
        loss: float = 0.05,
        fps: int = 15,
        begins_us: int = 0,
    ) -> None:
        self.name = EndpointId(name)
        self.delay_us = delay_us
        self._dice, self._pace, self._ahead_us = dice, 1 + parts_per_million / 1e6, ahead_us
        self._camera_later_us, self._jitter_us, self._loss, self._fps = camera_later_us, jitter_us, loss, fps
        self._streams = 0
        self._microphone = self._line()
        self._camera = self._line()
        self._microphone.made, self._camera.made = begins_us // 20_000, begins_us * fps // 1_000_000

    def switch_layer(self) -> None:
        """From now on the camera comes in another layer, which is another stream."""
        made = self._camera.made
        self._camera = self._line()
        self._camera.made = made

    def own_us(self, at_us: float) -> float:
        """This publisher's clock at that instant."""
        return at_us * self._pace + self._ahead_us

    def bring(
        self, now_us: int, voice_slot: int | None, stage_slot: int | None
    ) -> Iterator[TapMedia | TapReport]:
        """What a tap hands over at that moment: everything that arrived since it was last asked. None: no
        slot carries it."""
        yield from self._bring(self._microphone, Source.MICROPHONE, now_us, voice_slot)
        yield from self._bring(self._camera, Source.CAMERA, now_us, stage_slot)

    # --- inside ---------------------------------------------------------------------------------------

    def _line(self) -> _Line:
        self._streams += 1
        # Timestamps begin near the end of their 32 bits every other time.
        begins = self._dice.randrange(1 << 32) if self._streams % 2 else (1 << 32) - 400_000
        return _Line(self._dice.randrange(1 << 32), begins)

    def _bring(
        self, line: _Line, source: Source, now_us: int, slot: int | None
    ) -> Iterator[TapMedia | TapReport]:
        sound = source is Source.MICROPHONE
        rate, every_us = (48_000, 20_000) if sound else (90_000, 1_000_000 // self._fps)
        while line.made * every_us <= now_us:
            self._make(line, line.made * every_us, 0 if sound else self._camera_later_us)
            line.made += 1
        come = [made for made in line.coming if made.arrives_us <= now_us]
        line.coming = line.coming[len(come) :]
        if slot is None:
            line.carried = False
            return
        packets: list[TapPacket] = []
        newest: _Made | None = None
        for made in come:
            ts = self._ts(line, made.made_us, rate)
            brought = self._sound(line, made, ts) if sound else self._picture(line, made, ts)
            newest = made if brought else newest
            packets += brought
        if newest is not None:
            last = packets[-1].ts
            yield TapMedia(slot, self.name, source, line.stream, last, newest.arrives_us, tuple(packets))
        if line.report_us == 0:
            line.report_us = now_us + self._dice.randrange(300_000, 4_000_000)
        if now_us >= line.report_us:
            line.report_us = now_us + 5_000_000
            yield self._report(line, source, rate, now_us)

    def _make(self, line: _Line, made_us: int, later_us: int) -> None:
        jitter_us = round(self._dice.random() ** 2 * self._jitter_us)
        line.newest_us = max(line.newest_us, made_us + self.delay_us + later_us + jitter_us)
        line.coming.append(_Made(made_us, line.newest_us, self._dice.random() < self._loss))

    def _sound(self, line: _Line, made: _Made, ts: int) -> list[TapPacket]:
        line.number += 1
        return [] if made.lost else [sound_packet(line.number, ts, made.made_us)]

    def _picture(self, line: _Line, made: _Made, ts: int) -> list[TapPacket]:
        """As a worker does it: a feed begins with a keyframe, and after a loss it waits for one."""
        key = not line.carried or (line.awaits_key and self._dice.random() < 0.25)
        line.carried = True
        packets = picture_packets(line.number, ts, made.made_us, key)
        line.number += len(packets)
        line.awaits_key = made.lost or (line.awaits_key and not key)
        return [] if line.awaits_key else packets

    def _ts(self, line: _Line, at_us: float, rate: int) -> int:
        return line.ts_from + round(self.own_us(at_us) * rate / 1_000_000)

    def _report(self, line: _Line, source: Source, rate: int, now_us: int) -> TapReport:
        """As senders measure it: to a few milliseconds."""
        said_us = now_us - self.delay_us
        wrong_us = self._dice.uniform(-3_000, 3_000)
        ntp = round((self.own_us(said_us) + wrong_us) * (1 << 32) / 1_000_000)
        ts = self._ts(line, said_us, rate)
        return TapReport(self.name, source, line.stream, ntp, ts & 0xFFFF_FFFF, now_us)
