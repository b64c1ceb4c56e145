"""Blocks of a recording, made of real VP8 and Opus: pictures with a counter, tones and beeps; and functions
that read these back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from deploy.simulate import picture
from recorder.format.blocks import Block, Track

RATE = 48_000
PACKET_MS = 20
PACKET = RATE * PACKET_MS // 1000
BEEP_MS = 80
BEEP_HZ = 2400.0
COUNTERS = 100
"""The counter restarts after this many."""

Sound = NDArray[np.float32]
"""Shapes: mono, 48 kHz."""


def pictures(
    count: int,
    fps: int,
    size: tuple[int, int] = (picture.WIDTH, picture.HEIGHT),
    first: int = 0,
    *,
    index: int = 0,
    at_ms: int = 0,
    keyframe_every: int = 30,
) -> list[Block]:
    """Pictures of point `index` on the stage, each with its own counter: `first`, `first` + 1, ... (modulo
    COUNTERS). The first is at `at_ms` and a keyframe. `size` is (width, height), 16:9 for read_counter."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(fps), Fraction(1, fps)
    encoder.bit_rate = max(200_000, size[0] * size[1] * fps // 6)
    encoder.gop_size, encoder.thread_count = 9999, 1
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    blocks: list[Block] = []
    for number in range(count):
        image = picture.draw(index, (first + number) % COUNTERS, number % 50 / 50)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(*size, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        if number % keyframe_every == 0:
            frame.pict_type = av.video.frame.PictureType.I
        blocks += [
            Block(Track.STAGE, at_ms + number * 1000 // fps, bytes(packet), bool(packet.is_keyframe))
            for packet in encoder.encode(frame)
        ]
    return blocks


def on_track(track: Track, blocks: Iterable[Block]) -> list[Block]:
    """The same blocks on another track."""
    return [replace(block, track=track) for block in blocks]


def tone(seconds: float, hz: float, track: Track = Track.VOICE_1, at_ms: int = 0) -> list[Block]:
    """A steady tone, in packets of 20 ms."""
    return opus(_wave(round(seconds * RATE), hz), track, at_ms)


def beeps(
    at_ms: Sequence[int],
    track: Track = Track.VOICE_1,
    *,
    hz: float = BEEP_HZ,
    from_ms: int = 0,
    until_ms: int | None = None,
) -> list[Block]:
    """Silence with a beep at each of these instants of the recording."""
    until = (max(at_ms, default=from_ms) + 500) if until_ms is None else until_ms
    sound = np.zeros((until - from_ms) * RATE // 1000, np.float32)
    for instant in at_ms:
        start = (instant - from_ms) * RATE // 1000
        room = sound[start : start + BEEP_MS * RATE // 1000]
        room += _wave(len(room), hz)
    return opus(sound, track, from_ms)


def opus(sound: Sound, track: Track = Track.VOICE_1, at_ms: int = 0) -> list[Block]:
    """Any sound, mono, 48 kHz; a rest that does not fill a packet is dropped."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", 32_000
    encoder.options = {"application": "lowdelay", "frame_duration": str(PACKET_MS)}
    blocks: list[Block] = []
    for start in range(0, len(sound) - PACKET + 1, PACKET):
        piece = np.round(sound[start : start + PACKET] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(piece[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        blocks += [
            Block(track, at_ms + start * 1000 // RATE, bytes(packet)) for packet in encoder.encode(frame)
        ]
    return blocks


def in_order(*parts: Iterable[Block]) -> list[Block]:
    """All blocks, sorted by instant."""
    return sorted((block for part in parts for block in part), key=lambda block: (block.at_ms, block.track))


# --- reading back -------------------------------------------------------------------------------------


def counters(blocks: Iterable[Block], track: Track = Track.STAGE) -> list[tuple[int, int | None]]:
    """(at_ms, counter) of each picture that can be decoded; None if the counter is not legible."""
    decoder = av.CodecContext.create("vp8", "r")
    return [
        (block.at_ms, counter_of(frame))
        for block in blocks
        if block.track is track
        for frame in decoder.decode(av.Packet(block.data))
    ]


def counter_of(frame: av.VideoFrame) -> int | None:
    """The counter in a decoded picture of any size, 16:9."""
    return picture.read_counter(frame.to_ndarray(format="rgb24").astype(np.uint8))


def sound_of(blocks: Iterable[Block], track: Track = Track.VOICE_1) -> Sound:
    """A whole voice from at_ms 0 on, silent where there is no block."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "mono"
    pieces = [
        (block.at_ms * RATE // 1000, frame.to_ndarray().reshape(-1).astype(np.float32) / np.float32(32768))
        for block in blocks
        if block.track is track
        for frame in decoder.decode(av.Packet(block.data))
    ]
    sound = np.zeros(max((at + len(piece) for at, piece in pieces), default=0), np.float32)
    for at, piece in pieces:
        sound[at : at + len(piece)] = piece
    return sound


def beeps_in(sound: Sound, hz: float = BEEP_HZ) -> list[int]:
    """When each beep of this pitch began, in ms from the first sample, accurate to about 3 ms."""
    step, window = RATE // 1000, RATE // 200
    if len(sound) <= window:
        return []
    turn = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / RATE) * sound
    total = np.concatenate(([0], np.cumsum(turn)))
    first = np.arange(0, len(sound) - window, step)
    loud = 2 * np.abs(total[first + window] - total[first]) / window > 0.15
    starts = np.flatnonzero(loud & ~np.concatenate(([False], loud[:-1])))
    return [int(start) + 1000 * window // RATE // 2 for start in starts]


def _wave(samples: int, hz: float) -> Sound:
    return np.asarray(0.4 * np.sin(2 * np.pi * hz * np.arange(samples) / RATE), np.float32)
