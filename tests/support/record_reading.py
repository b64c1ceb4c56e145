"""Measures what a recording shows and plays: counters in pictures and beeps in voices, on the recording's
time. For the marks that tests/support/metronome.py makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import av
import numpy as np

from deploy.simulate.picture import read_counter
from recorder.format.blocks import Block, Track
from recorder.format.entries import AnyEntry, SlotsEntry, parse_entry_untrusted
from recorder.opening.film.presence import VOICES
from sfu import EndpointId
from tests.support.metronome import PACKET, RATE, Sound, beeps, ticks

MS = RATE // 1000


@dataclass(frozen=True, slots=True)
class Picture:
    at_s: float
    endpoint: EndpointId | None
    counter: int | None
    width: int


@dataclass(slots=True)
class Reading:
    """What a recording's blocks contain, in their order."""

    entries: list[AnyEntry] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    """The pictures of the stage."""
    sounds: dict[Track, list[tuple[int, Sound]]] = field(default_factory=dict)
    """(at_ms, 20 ms decoded)."""

    def ticks_of(self, endpoint: str) -> list[float]:
        """When the point's counter reached a full second, while it was on the stage."""
        return ticks((p.at_s, p.counter) for p in self.pictures if p.endpoint == endpoint)

    def beeps_of(self, index: int) -> list[float]:
        """When the point's beeps were heard, on any voice track."""
        return sorted(
            second
            for pieces in self.sounds.values()
            for begins_s, sound in stretches(pieces)
            for second in beeps(sound, index, begins_s)
        )


def read(blocks: Iterable[Block]) -> Reading:
    """Decode everything."""
    reading = Reading()
    stage: EndpointId | None = None
    decoder = av.CodecContext.create("vp8", "r")
    ears = {track: _ear() for track in VOICES}
    for block in blocks:
        if block.track is Track.ENTRIES:
            entry = parse_entry_untrusted(block.data)
            reading.entries.append(entry)
            if isinstance(entry, SlotsEntry):
                stage = next(slot.endpoint for slot in entry.slots if slot.track == Track.STAGE)
        elif block.track is Track.STAGE:
            for frame in decoder.decode(av.Packet(block.data)):
                image = frame.to_ndarray(format="rgb24").astype(np.uint8)
                reading.pictures.append(Picture(block.at_ms / 1000, stage, read_counter(image), frame.width))
        elif block.track in VOICES:
            for heard in ears[block.track].decode(av.Packet(block.data)):
                sound = heard.to_ndarray().reshape(-1).astype(np.float32) / np.float32(32768)
                reading.sounds.setdefault(block.track, []).append((block.at_ms, sound))
    return reading


def stretches(pieces: Iterable[tuple[int, Sound]]) -> Iterator[tuple[float, Sound]]:
    """Joins pieces of sound that are consecutive by their instants: (seconds, samples) of each run without a
    hole, at most a minute at once."""
    begins = 0
    sound: list[Sound] = []
    for at_ms, piece in pieces:
        ends = begins + len(sound) * PACKET // MS
        if sound and (abs(at_ms - ends) > 15 or len(sound) > 3000):
            yield begins / 1000, np.concatenate(sound)
            sound = []
        if not sound:
            begins = at_ms
        sound.append(piece[:PACKET])
    if sound:
        yield begins / 1000, np.concatenate(sound)


def _ear() -> "av.AudioCodecContext":
    ear = av.CodecContext.create("libopus", "r")
    ear.sample_rate, ear.layout = RATE, "mono"
    return ear
