"""Ears that do their work at once: run by the thread, and used by tests and measurements.
Without I/O."""

from collections.abc import Mapping, Sequence

import numpy as np

from sfu.voice.decoder import RATE, Decoder
from sfu.voice.ears import LISTENED, SILENT, BadSound, Counts, Judgment, Sound
from sfu.voice.judge import Judge
from sfu.voice.pitch import BLOCK

MAX_EARS = 2 * LISTENED
"""The microphones that are listened to, and those that are about to be forgotten."""
MIN_BYTES = 3
"""Shorter payloads only say that there is silence (DTX)."""
REPEATED = RATE // 2
"""A timestamp may go on by this much; a larger step is a new beginning."""


class Ear:
    """One microphone's decoder and judge."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._judge = Judge()
        self._due: int | None = None
        """The timestamp that comes next."""
        self._bad = False

    def hear(self, sound: Sound) -> None:
        """Raises BadSound; the microphone is then judged silent until something can be read again."""
        missing = (sound.ts - self._due) & 0xFFFF_FFFF if self._due is not None else 0
        if missing:
            self._judge.miss(min(missing, REPEATED) // BLOCK)
        self._due = (sound.ts + BLOCK) & 0xFFFF_FFFF
        if len(sound.payload) < MIN_BYTES:
            self._judge.miss(1)
        else:
            try:
                samples = self._decoder.decode(sound.payload)
            except BadSound:
                self._bad = True
                raise
            self._due = (sound.ts + len(samples)) & 0xFFFF_FFFF
            self._judge.hear(samples)
        self._bad = False

    @property
    def judgment(self) -> Judgment:
        return SILENT if self._bad else self._judge.judgment


class InlineEars:
    """Ears (sfu/voice/ears.py)."""

    def __init__(self, counts: Counts | None = None) -> None:
        self.counts = counts or Counts()
        self._ears: dict[int, Ear] = {}

    def hear(self, sounds: Sequence[Sound]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # absurd samples: the judge sees them
            for sound in sounds:
                self._hear(sound)

    def _hear(self, sound: Sound) -> None:
        ear = self._ears.get(sound.microphone)
        if ear is None:
            if len(self._ears) >= MAX_EARS:
                self.counts.dropped += 1
                return
            ear = self._ears[sound.microphone] = Ear()
        try:
            ear.hear(sound)
            self.counts.decoded += 1
        except BadSound:
            self.counts.bad += 1

    def forget(self, microphone: int) -> None:
        self._ears.pop(microphone, None)

    def judgments(self) -> Mapping[int, Judgment]:
        return {microphone: ear.judgment for microphone, ear in self._ears.items()}
