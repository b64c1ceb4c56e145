"""The film's sound: three voices, decoded, placed by their instants, summed and limited. Without I/O.

Units: instants are in milliseconds of the recording, everything else is in samples at 48 kHz, mono.
"""

from collections import deque
from itertools import pairwise

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from recorder.format.blocks import Block, Track
from recorder.opening.film.edit_list import RATE
from recorder.opening.film.presence import VOICES

MS = RATE // 1000
AHEAD_MS = 200
"""How far ahead of the output blocks must be known: one packet, and some lateness."""
BEFORE_MS = 300
"""How much before the first instant is decoded, for the decoder to settle."""
MAX_LEVEL = 0.89
"""-1 dBFS."""
_NEAR = 20 * MS
"""A packet this near to the end of the previous one continues it; the difference comes from the clocks and is
stretched away, _SLIP samples per packet."""
_CALM = 2 * MS
"""Instants are rounded to milliseconds, so a smaller difference means nothing."""
_SLIP = 3
_TAIL = 2 * MS
"""Length of the fade where a voice breaks off or begins."""
_MAX_PACKET_SAMPLES = 120 * MS
"""The longest Opus packet (RFC 6716)."""
_MAX_WAITING = 20_000
_STEP = 5 * MS
_RELEASE = 0.03
"""The share of the missing volume that is restored each step."""

Sound = NDArray[np.float32]


class VoiceTrack:
    """One slot's sound on the recording's time."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._waiting: deque[Block | None] = deque()
        """None: someone else speaks from here on."""
        self._sound: Sound = np.zeros(0, np.float32)
        """Mixed so far, from sample `_begins` on."""
        self._begins = 0
        self._end: int | None = None
        """Where the previous packet ended; None if there is none to continue."""
        self._tail: Sound = np.zeros(0, np.float32)
        """Its last samples, still held back: they are faded out if nothing follows."""
        self.broken = 0

    def take(self, block: Block) -> None:
        self._waiting.append(block)
        if len(self._waiting) > _MAX_WAITING:
            self._waiting.popleft()

    def change_speaker(self) -> None:
        """Someone else speaks from here on."""
        self._waiting.append(None)

    def pull(self, at: int, count: int) -> Sound:
        """Samples `at` to `at + count`; later calls never go back."""
        self._forget(at)
        while self._waiting:
            block = self._waiting[0]
            if block is not None and block.at_ms * MS >= at + count + 2 * _NEAR:
                break
            self._waiting.popleft()
            if block is None:
                self._decoder = _decoder()
            elif block.at_ms >= at // MS - BEFORE_MS:
                self._decode(block)
        if self._end is not None and self._end <= at + count and len(self._tail):
            self._break_off()
        piece = np.zeros(count, np.float32)
        there = self._sound[:count]
        piece[: len(there)] = there
        return piece

    def _forget(self, at: int) -> None:
        """Drop what lies before `at`."""
        late = at - self._begins
        if late < 0 or late > len(self._sound):
            self._sound = np.zeros(0, np.float32)
        else:
            self._sound = self._sound[late:]
        self._begins = at

    def _decode(self, block: Block) -> None:
        try:
            frames = self._decoder.decode(av.Packet(block.data)) if block.data else []
        except av.error.FFmpegError:
            self.broken += 1
            self._decoder = _decoder()
            return
        for frame in frames:
            sound = frame.to_ndarray().reshape(-1).astype(np.float32) / np.float32(32768)
            if 2 * _TAIL < len(sound) <= _MAX_PACKET_SAMPLES:
                self._place(block.at_ms * MS, sound)

    def _place(self, wanted: int, sound: Sound) -> None:
        if self._end is not None and abs(wanted - self._end) <= _NEAR:
            late = wanted - self._end
            if abs(late) > _CALM:
                sound = stretched(sound, _SLIP if late > 0 else -_SLIP)
            begin = self._end - len(self._tail)
            sound = np.concatenate((self._tail, sound))
        else:
            self._break_off()
            begin = wanted
            sound = sound.copy()
            sound[:_TAIL] *= _ramp()
        self._end = begin + len(sound)
        self._tail = sound[-_TAIL:]
        self._lay(begin, sound[:-_TAIL])

    def _break_off(self) -> None:
        if self._end is not None and len(self._tail):
            self._lay(self._end - len(self._tail), self._tail * _ramp()[::-1][: len(self._tail)])
        self._end, self._tail = None, np.zeros(0, np.float32)

    def _lay(self, begin: int, sound: Sound) -> None:
        """Add it to the mix; a part that comes too late is lost."""
        offset = begin - self._begins
        if offset < 0:
            sound, offset = sound[-offset:], 0
        missing = offset + len(sound) - len(self._sound)
        if missing > 0:
            self._sound = np.concatenate((self._sound, np.zeros(missing, np.float32)))
        self._sound[offset : offset + len(sound)] += sound


class Mixer:
    """All voices mixed together."""

    def __init__(self) -> None:
        self._voices = {track: VoiceTrack() for track in VOICES}
        self._limiter = Limiter()

    def take(self, block: Block) -> None:
        """`block` is from a voice track."""
        self._voices[block.track].take(block)

    def change_speaker(self, track: Track) -> None:
        self._voices[track].change_speaker()

    def pull(self, at_ms: int, count: int) -> Sound:
        """`count` samples from this instant on, a multiple of 5 ms. Blocks up to AHEAD_MS after their end
        must have been taken."""
        sounds = [voice.pull(at_ms * MS, count + _STEP) for voice in self._voices.values()]
        return self._limiter.take(np.sum(sounds, axis=0, dtype=np.float32))

    @property
    def broken(self) -> int:
        return sum(voice.broken for voice in self._voices.values())


class Limiter:
    """Turns the volume down five milliseconds before a loud sound, then slowly up again."""

    def __init__(self) -> None:
        self._gain = 1.0

    def take(self, sound: Sound) -> Sound:
        """Returns all but the last step, which is only looked at; the next call begins with it."""
        peaks = np.abs(sound.reshape(-1, _STEP)).max(axis=1)
        if self._gain == 1.0 and peaks.max() <= MAX_LEVEL:
            return sound[:-_STEP]
        allowed = [min(1.0, MAX_LEVEL / max(float(peak), 1e-9)) for peak in peaks]
        gains: list[Sound] = []
        for now, then in pairwise(allowed):
            goal = min(now, then, self._gain + (1.0 - self._gain) * _RELEASE)
            goal = 1.0 if goal > 0.9999 else goal
            begin = min(self._gain, now)
            gains.append(np.linspace(begin, goal, _STEP, endpoint=False, dtype=np.float32))
            self._gain = goal
        return sound[:-_STEP] * np.concatenate(gains)


def stretched(sound: Sound, samples: int) -> Sound:
    """Longer by this many samples, inaudibly."""
    count = len(sound) + samples
    at = np.linspace(0, len(sound) - 1, count)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.float32)


def _ramp() -> Sound:
    return np.linspace(0, 1, _TAIL, dtype=np.float32)


def _decoder() -> "av.AudioCodecContext":
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "mono"
    return decoder
