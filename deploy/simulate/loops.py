"""The picture and voice of a simulated bridge point, encoded once and then repeated. Pure.

Encoding twelve points live would cost a core each; a repeated loop costs only the sending.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np

from deploy.simulate import picture, speech

FPS = 15
PICTURE_LOOP_S = 8
KEYFRAME_EVERY = 15
"""In pictures: one second, so that a point can answer a keyframe request by skipping to the next one."""
COUNTER_STEP = 5
"""How many pictures show the same counter: long enough to be read."""
PACKET_S = 0.02


@dataclass(frozen=True, slots=True)
class Piece:
    """One encoded picture or 20 ms of sound."""

    data: bytes
    level_dbov: int = -127
    """Loudness of sound, for the audio-level header (RFC 6464): 0 loudest, -127 silence."""
    keyframe: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """Pieces to send one after another, each lasting `period`, over and over."""

    pieces: tuple[Piece, ...]
    period: Fraction
    """Seconds."""

    def next_keyframe(self, position: int) -> int:
        """The first keyframe at or after `position`, wrapping at the end."""
        count = len(self.pieces)
        return next(i % count for i in range(position, position + count) if self.pieces[i % count].keyframe)


@cache
def picture_loop(index: int) -> Loop:
    """VP8, without sound. Takes about a second of CPU the first time."""
    count = FPS * PICTURE_LOOP_S
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height = picture.WIDTH, picture.HEIGHT
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(FPS)
    encoder.time_base = Fraction(1, FPS)
    encoder.bit_rate = 110_000
    encoder.gop_size = KEYFRAME_EVERY
    # With more encoders than cores, their own spinning threads would only slow each other down.
    encoder.thread_count = 1
    encoder.options = {"deadline": "realtime", "cpu-used": "4", "lag-in-frames": "0", "auto-alt-ref": "0"}
    pieces: list[Piece] = []
    for position in range(count):
        image = picture.draw(index, position // COUNTER_STEP, _there_and_back(position / count))
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = position
        if position % KEYFRAME_EVERY == 0:
            frame.pict_type = av.video.frame.PictureType.I
        pieces += _pieces(encoder.encode(frame))
    pieces += _pieces(encoder.encode(None))
    return Loop(tuple(pieces), Fraction(1, FPS))


@cache
def voice_loop(index: int) -> Loop:
    """Opus, mono sound, with its level in each packet."""
    samples = speech.speak(index)
    size = round(PACKET_S * speech.RATE)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = speech.RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = 24_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    data: list[bytes] = []
    for start in range(0, len(samples), size):
        block = np.round(samples[start : start + size] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(block[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = speech.RATE
        frame.pts = start
        data += [bytes(packet) for packet in encoder.encode(frame)]
    # What the encoder still holds is its own delay; a loop of whole packets does not need it.
    count = len(samples) // size
    levels = [_level_dbov(samples[i * size : (i + 1) * size]) for i in range(count)]
    pieces = [Piece(packet, level) for packet, level in zip(data, levels, strict=False)]
    return Loop(tuple(pieces), Fraction(1, round(1 / PACKET_S)))


def _pieces(packets: Sequence["av.Packet[Any]"]) -> list[Piece]:
    return [Piece(bytes(packet), keyframe=bool(packet.is_keyframe)) for packet in packets]


def _there_and_back(phase: float) -> float:
    """0 at the ends of the loop, 1 in its middle: no jump where it starts over."""
    return 1 - abs(1 - 2 * phase)


def _level_dbov(samples: speech.Samples) -> int:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(-127, min(0, round(10 * np.log10(power)))) if power > 1e-12 else -127
