"""Whether a microphone brings speech, by its sound alone: a voice detector, a noise floor, pitch, movement.
Without I/O.

The detector (webrtcvad) by itself calls a loud fan speech for as long as it runs. So it may only object, and
speech is believed on one of two kinds of evidence, both above the microphone's own noise floor:

- voiced sound: some of the last packets look like themselves a period earlier, as a fan does not;
- or a run of packets that all are well above the floor, as the clicks of a keyboard are not: the beginning of
  "xin", and voices that are mostly breath. Over a noise, where the beginning of a word is buried, a shorter
  run is enough.

Either way the loudness must move, as speech does with every syllable, and fans and hum do not. Music moves
and has pitch, but its notes last: a tenth of a second later they still look like themselves, as a voice
hardly ever does. Where that goes on, nothing is believed to be speech.

There is no clock: time is counted in blocks of sound."""

import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from sfu.voice.decoder import Pcm
from sfu.voice.detector import Detector
from sfu.voice.ears import SILENCE_DBOV, Judgment
from sfu.voice.pitch import BLOCK, Decimator, Pitch

STRICTNESS = 2
"""Of 0 to 3, how strict. The strictest misses quiet voices; what this one lets through, the other rules
stop."""
TAPS, CORNER = 31, 7000 / 48_000
PERIODICITY = 0.45
VOICED, VOICED_OF = 2, 5
"""How many of the last packets are voiced."""
ABOVE_FLOOR_DB = 11.0
RESTED_DB = 7.0
NEAR_DB, RESTED, RESTED_OF = 5.0, 36, 44
"""After a rest, less is enough to begin: this many of so many packets near the floor. Music rarely rests."""
MIN_VOICE_DBFS = -58.0
"""A quieter sound was not spoken into this microphone."""
ACTIVE, ACTIVE_OF = 6, 7
ACTIVE_DB = 10.0
BURIED, BURIED_OF = 5, 6
BURIED_DB = 8.0
"""The same over a noise: its floor is louder than the quietest voice."""
MOVES_DB = 6.0
MOVES_OF = 12
"""How much the loudness must have changed over this many packets, without outliers."""
CARRY_MOVES_DB = 5.0
"""To be carried on, speech must move as well, or a hum would hold it until the floor has risen."""
LASTING = 0.7
"""A packet whose sound looks this much like what it was a tenth of a second ago is part of a note."""
TUNE_SHARE = 0.02
TUNE = 0.65
"""The share of such packets, smoothed over a second, above which it is music. A voice stays below a half."""
HOLD = 20
"""Packets for which speech lasts after its last evidence: 400 ms, a pause between words."""
CARRY_OF = 9
"""Sound above the floor carries speech on while one of this many packets was voiced."""
FLOOR_OF = 150
"""The floor is the least of this many packets (3 s), smoothed."""
FLOOR_PART = 10
"""How many of them are in one part; a part is dropped as a whole."""
EARLY = 25
EARLY_FLOOR_DBFS = -60.0
"""Before this many packets the floor is not known, but a speaker who begins at once must still be found."""
NOISE_DBFS = -50.0
NOISY, QUIET, MAX_NOISE = 200, 60, 250
"""A microphone is noisy after 4 s of sound without speech, until quiet has taken back all but a second of
it."""
RELIEF = 4
"""How many loud packets a quiet one takes back: typing is not steady."""
QUIET_OF, QUIET_DB = 3, 14.0
"""A pause in speech: so many packets, each so far below its loudness. Between two words that is common."""
LOUD_DBFS = -20.0
"""Only louder sound can overshoot in the low pass."""
LEVEL_SHARE = 0.2
FLOOR_SHARE = 0.4
SILENT_DBFS = -SILENCE_DBOV
FULL_SCALE = 32_768.0
ABSURD = 100.0
"""The power of no real sound, but of a packet made to upset the decoder: it must not stay in any mean."""


class Judge:
    """The judge of one microphone, from when its gate opened."""

    def __init__(self) -> None:
        self._detector = Detector(STRICTNESS)
        self._decimator = Decimator(3, BLOCK, TAPS, CORNER, FULL_SCALE)
        self._pitch = Pitch()
        self._rest = np.zeros(0, np.float32)
        self._blocks = 0
        self._floors: deque[float] = deque(maxlen=FLOOR_OF // FLOOR_PART)
        self._least = self._before = math.inf
        self._smooth = 0.0
        self._power = 0.0
        self._levels: deque[float] = deque(maxlen=MOVES_OF)
        self._newest: deque[float] = deque(maxlen=QUIET_OF)
        """As `_levels`, and with what was not sent because of silence."""
        self._voiced: deque[bool] = deque(maxlen=CARRY_OF)
        self._active: deque[bool] = deque(maxlen=ACTIVE_OF)
        self._near: deque[bool] = deque(maxlen=RESTED_OF)
        self._hold = 0
        self._noise = 0
        self._noisy = False
        self._tune = 0.0

    @property
    def judgment(self) -> Judgment:
        level = min(SILENCE_DBOV, max(0.0, -_decibels(self._power)))
        return Judgment(self._hold > 0, self._noisy, level, self._is_quiet())

    def hear(self, samples: Pcm) -> None:
        """Shapes: any number of samples at 48 kHz; judged in blocks of 20 ms."""
        if len(self._rest) or len(samples) % BLOCK:
            samples = np.concatenate((self._rest, samples))
        whole = len(samples) // BLOCK * BLOCK
        for start in range(0, whole, BLOCK):
            self._judge(samples[start : start + BLOCK])
        self._rest = samples[whole:].copy()

    def miss(self, blocks: int) -> None:
        """This many blocks did not come: lost, or not sent because of silence."""
        self._hold = max(0, self._hold - blocks)
        self._power *= (1 - LEVEL_SHARE) ** min(blocks, FLOOR_OF)
        self._newest.extend([SILENT_DBFS] * min(blocks, QUIET_OF))
        if blocks >= VOICED_OF:
            self._voiced.clear()
            self._active.clear()

    def _is_quiet(self) -> bool:
        loudness = _decibels(self._power)
        pauses = len(self._newest) == QUIET_OF and max(self._newest) < max(
            loudness - QUIET_DB, MIN_VOICE_DBFS
        )
        return pauses or not self._hold

    def _judge(self, block: Pcm) -> None:
        power = float(block @ block) / BLOCK
        if not power <= ABSURD:  # nor is a NaN
            block, power = np.zeros(BLOCK, np.float32), 0.0
        level = _decibels(power)
        self._power += LEVEL_SHARE * (power - self._power)
        floor = self._lower(power)
        wide = self._decimator.next(block)
        self._pitch.push(wide)
        if level > LOUD_DBFS:
            wide = wide.clip(-32768, 32767)
        may = self._detector.is_speech(wide.astype(np.int16).tobytes())
        margin = RESTED_DB if not self._hold and sum(self._near) >= RESTED else ABOVE_FLOOR_DB
        above = may and level > max(MIN_VOICE_DBFS, floor + margin)
        self._near.append(level < floor + NEAR_DB)
        self._levels.append(level)
        self._newest.append(level)
        self._voiced.append(above and self._pitch.periodicity() > PERIODICITY)
        buried = floor > MIN_VOICE_DBFS
        self._active.append(may and level > floor + (BURIED_DB if buried else ACTIVE_DB))
        if level > MIN_VOICE_DBFS:
            self._tune += TUNE_SHARE * ((self._pitch.lasting() > LASTING) - self._tune)
        if self._tune > TUNE:
            self._hold = max(0, self._hold - 1)
        elif self._is_evident(buried):
            self._hold = HOLD
        elif not (self._hold and above and any(self._voiced) and _moves(self._levels, CARRY_MOVES_DB)):
            self._hold = max(0, self._hold - 1)
        self._note_noise(level)

    def _lower(self, power: float) -> float:
        """The noise floor, dB."""
        self._smooth += FLOOR_SHARE * (power - self._smooth) if self._blocks else power
        if self._blocks % FLOOR_PART == 0:
            self._floors.append(self._least)
            self._before = min(self._floors)
            self._least = math.inf
        self._blocks += 1
        self._least = min(self._least, _decibels(self._smooth))
        floor = min(self._least, self._before)
        return min(floor, EARLY_FLOOR_DBFS) if self._blocks <= EARLY else floor

    def _is_evident(self, buried: bool) -> bool:
        voiced = list(self._voiced)[-VOICED_OF:]
        if sum(voiced) >= VOICED and _moves(self._levels, MOVES_DB):
            return True
        return self._is_run(ACTIVE, ACTIVE_OF) or (buried and self._is_run(BURIED, BURIED_OF))

    def _is_run(self, least: int, of: int) -> bool:
        return sum(list(self._active)[-of:]) >= least and _moves(list(self._levels)[-of:], MOVES_DB)

    def _note_noise(self, level: float) -> None:
        if self._hold:
            self._noise = 0
        elif level > NOISE_DBFS:
            self._noise = min(MAX_NOISE, self._noise + 1)
        else:
            self._noise = max(0, self._noise - RELIEF)
        self._noisy = self._noise >= (QUIET if self._noisy else NOISY)


def _moves(levels: Iterable[float], least_db: float) -> bool:
    ordered = sorted(levels)
    return len(ordered) > 3 and ordered[-2] - ordered[1] >= least_db


def _decibels(power: float) -> float:
    """Below full scale; never below SILENT_DBFS."""
    return max(SILENT_DBFS, 10 * math.log10(power)) if power > 0 else SILENT_DBFS
