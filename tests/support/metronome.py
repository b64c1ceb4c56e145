"""A bridge point's picture and voice in step with each other and with the clock, so that what comes out at
the far end can be measured: the picture's counter and a beep beside the speech tell the time.

The picture is the simulated point's own (its counter goes up three times a second). The voice speaks without
a pause, and at each full second a beep begins, with a pitch that only this point has."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamTrack
from numpy.typing import NDArray

from deploy.simulate import speech
from deploy.simulate.loops import COUNTER_STEP, FPS, PICTURE_LOOP_S, Loop, Piece, picture_loop
from deploy.simulate.media import Media

RATE = speech.RATE
PACKET = RATE // 50
BEEP_S = 0.08
QUIET_S = 0.15
"""Before a beep that counts: longer than one with its echo in the decoder."""
BEEP_HZ = (4800, 5600, 6400, 7200)
"""Above the speech of the simulated points, which ends at 4 kHz."""
COUNTERS_A_SECOND = FPS // COUNTER_STEP
COUNTERS = PICTURE_LOOP_S * COUNTERS_A_SECOND
SEEN_S = 0.1

Sound = NDArray[np.float32]
"""Shapes: mono, 48 kHz."""


@cache
def beeping_voice(index: int) -> Loop:
    """As long as the picture's loop; a beep at each full second."""
    syllables = speech.speak(index)[: round(speech.TALK_S * RATE)]
    sound = np.tile(syllables, PICTURE_LOOP_S)[: PICTURE_LOOP_S * RATE] * np.float32(0.5)
    at = np.arange(round(BEEP_S * RATE)) / RATE
    beep = (0.25 * np.sin(2 * np.pi * BEEP_HZ[index] * at)).astype(np.float32)
    for second in range(PICTURE_LOOP_S):
        sound[second * RATE : second * RATE + len(beep)] += beep
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", 48_000
    # Without lowdelay (CELT alone) the encoder begins to oscillate on some of these syllables.
    encoder.options = {"application": "lowdelay", "frame_duration": "20"}
    pieces: list[Piece] = []
    for start in range(0, len(sound), PACKET):
        block = np.round(sound[start : start + PACKET] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(block[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        pieces += [Piece(bytes(packet), -20) for packet in encoder.encode(frame)]
    return Loop(tuple(pieces), Fraction(1, 50))


class InStep(MediaStreamTrack):
    """Sends the part of a loop that belongs to this moment; what it is too late for is left out."""

    def __init__(self, kind: str, loop: Loop, clock_rate: int) -> None:
        super().__init__()
        self.kind = kind
        self._source = loop
        self._rate = clock_rate
        self._next = round(time.monotonic() / float(loop.period)) + 1
        if kind == "video":
            self._next += -self._next % FPS  # a keyframe first

    async def recv(self) -> "av.Packet[Any]":
        period = float(self._source.period)
        late = int(time.monotonic() / period) - self._next
        if late > 5:
            self._next += late
        await asyncio.sleep(max(0.0, self._next * period - time.monotonic()))
        packet: av.Packet[Any] = av.Packet(self._source.pieces[self._next % len(self._source.pieces)].data)
        packet.pts = round(self._next * self._source.period * self._rate)
        packet.time_base = Fraction(1, self._rate)
        self._next += 1
        return packet


def keep_time(media: Media, index: int) -> None:
    """From now on this transport's microphone and camera are in step."""
    microphone, camera = media.pc.getTransceivers()[:2]
    microphone.sender.replaceTrack(InStep("audio", beeping_voice(index), RATE))
    camera.sender.replaceTrack(InStep("video", picture_loop(index), 90_000))


# --- the far end --------------------------------------------------------------------------------------


def beeps(sound: Sound, index: int, begins_s: float = 0.0) -> list[float]:
    """When each beep of that point began, in seconds; `begins_s` is the instant of the first sample. A beep
    right behind a hole or another beep may have begun before it, at an unknown time, and is left out."""
    on = loudness(sound, BEEP_HZ[index]) > 0.05
    quiet = round(QUIET_S * RATE) // _STEP
    before = np.concatenate(([0], np.cumsum(on)))
    starts = np.flatnonzero(on[quiet:] & (before[quiet:-1] == before[: -1 - quiet])) + quiet
    return [begins_s + float(start) * _STEP / RATE for start in starts]


_STEP, _WINDOW = 48, 480


def loudness(sound: Sound, hz: int) -> Sound:
    """Amplitude of one pitch every millisecond, over the ten that follow."""
    if len(sound) < _WINDOW:
        return np.zeros(0, np.float32)
    wave = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / RATE) * sound
    total = np.concatenate(([0], np.cumsum(wave)))
    first = np.arange(0, len(sound) - _WINDOW, _STEP)
    return np.asarray(2 * np.abs(total[first + _WINDOW] - total[first]) / _WINDOW, np.float32)


def ticks(counters: Iterable[tuple[float, int | None]]) -> list[float]:
    """When a picture's counter came to a full second, from (seconds, counter) of each picture, where the
    picture just before was seen, too."""
    found: list[float] = []
    before_s, before = 0.0, -1
    for at_s, counter in counters:
        if counter is None:
            continue
        if (
            counter % COUNTERS_A_SECOND == 0
            and counter != before == (counter - 1) % COUNTERS
            and at_s - before_s < SEEN_S
        ):
            found.append(at_s)
        before_s, before = at_s, counter
    return found


def matched(pictures: Sequence[float], sounds: Sequence[float]) -> list[tuple[float, float]]:
    """Each picture's tick with how much later (s) the nearest beep is; ticks without one within 0.4 s are not
    counted."""
    near = [
        (picture, min((sound - picture for sound in sounds), key=abs, default=9.0)) for picture in pictures
    ]
    return [(picture, offset) for picture, offset in near if abs(offset) < 0.4]


def offsets(pictures: Sequence[float], sounds: Sequence[float]) -> list[float]:
    """How much later the beeps are."""
    return [offset for _, offset in matched(pictures, sounds)]
