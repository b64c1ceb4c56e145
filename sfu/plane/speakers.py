"""Who is heard, and who is on the stage: chosen by the sound of open microphones (sfu/voice). Without I/O.

The plane hands in one Reading for each open microphone ten times a second and takes back the
choice. Two rules keep the room calm: a voice that is heard stays heard until another is clearly louder, and
the stage changes only after somebody else has led for a while.

A sound that is not speech counts as far quieter than it is, so that a fan takes nobody's place. The claims of
the level header are not used here at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sfu import AUDIO_SLOTS, EndpointId

SILENCE_DBOV = 127.0
NOT_SPEECH_DBOV, NOT_SPEECH_SHARE = 65.0, 0.2
"""A sound that is not speech counts as this quiet, plus a share of its own level: the loudest fan ranks
behind the softest voice, and of two fans the quieter one ranks behind."""
ATTACK, RELEASE = 0.6, 0.05
"""Share of the way to the new reading in one step: a voice is noticed at once and forgotten over two seconds,
so that nobody loses their place in a pause between two sentences."""
CHALLENGE_DB = 6.0
"""How much louder a voice must be to take a place among the heard."""
SEATED_S = 0.5
STAGE_LEAD_DB = 3.0
STAGE_LEAD_S = 0.8
STAGE_HOLD_S = 3.0
"""Nobody is on the stage for less: a cough must not change the picture."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One open microphone since the last step."""

    endpoint: EndpointId
    level_dbov: float | None
    """Loudness of its sound below full scale, 0 (loudest) to 127; None while it is not listened to."""
    speaking: bool
    """By the sound itself."""


@dataclass(frozen=True, slots=True)
class Choice:
    heard: tuple[EndpointId, ...]
    """The voices in the audio slots, at most AUDIO_SLOTS, in the order they took their places: two equally
    loud voices must not change the list ten times a second."""
    speaking: tuple[EndpointId, ...]
    """Those of them that are speaking now, in the same order."""
    stage: EndpointId | None


@dataclass(slots=True)
class _Voice:
    level_dbov: float = SILENCE_DBOV
    speaking: bool = False
    seated_at: float = 0.0


class Speakers:
    """The choice for one room. `step` is called at a steady pace with all open microphones."""

    def __init__(self, places: int = AUDIO_SLOTS) -> None:
        self._places = places
        self._voices: dict[EndpointId, _Voice] = {}
        self._heard: list[EndpointId] = []
        self._stage: EndpointId | None = None
        self._stage_since = 0.0
        self._leader: EndpointId | None = None
        self._leader_since = 0.0

    def step(self, readings: Sequence[Reading], now: float) -> Choice:
        self._listen(readings)
        self._seat(now)
        self._follow(now)
        speaking = tuple(e for e in self._heard if self._voices[e].speaking)
        return Choice(tuple(self._heard), speaking, self._stage)

    def forget(self, endpoint: EndpointId) -> None:
        """The endpoint has left: it keeps neither place nor stage."""
        self._voices.pop(endpoint, None)
        if endpoint in self._heard:
            self._heard.remove(endpoint)
        if endpoint == self._stage:
            self._stage = None

    def _level(self, endpoint: EndpointId) -> float:
        return self._voices[endpoint].level_dbov

    def _listen(self, readings: Sequence[Reading]) -> None:
        present = {r.endpoint for r in readings}
        for gone in self._voices.keys() - present:
            del self._voices[gone]
        self._heard = [e for e in self._heard if e in present]
        for reading in readings:
            voice = self._voices.setdefault(reading.endpoint, _Voice())
            level = reading.level_dbov
            if level is None:
                level = SILENCE_DBOV
            elif not reading.speaking:
                level = NOT_SPEECH_DBOV + NOT_SPEECH_SHARE * level
            voice.speaking = reading.speaking
            share = ATTACK if level < voice.level_dbov else RELEASE
            voice.level_dbov += share * (level - voice.level_dbov)

    def _seat(self, now: float) -> None:
        waiting = sorted((e for e in self._voices if e not in self._heard), key=self._level)
        while waiting and len(self._heard) < self._places:
            self._take_place(waiting.pop(0), now)
        if not waiting or not self._heard:
            return
        weakest = max(self._heard, key=self._level)
        challenger = waiting[0]
        louder_by = self._level(weakest) - self._level(challenger)
        if louder_by >= CHALLENGE_DB and now - self._voices[weakest].seated_at >= SEATED_S:
            self._heard.remove(weakest)
            self._take_place(challenger, now)

    def _take_place(self, endpoint: EndpointId, now: float) -> None:
        self._voices[endpoint].seated_at = now
        self._heard.append(endpoint)

    def _follow(self, now: float) -> None:
        loudest = min(self._heard, key=self._level, default=None)
        if loudest is None or not self._voices[loudest].speaking or loudest == self._stage:
            self._leader = None
            return
        if self._stage in self._voices:
            assert self._stage is not None
            if self._level(self._stage) - self._level(loudest) < STAGE_LEAD_DB:
                self._leader = None
                return
        if loudest != self._leader:
            self._leader, self._leader_since = loudest, now
        led_s, held_s = now - self._leader_since, now - self._stage_since
        if self._stage is None or (led_s >= STAGE_LEAD_S and held_s >= STAGE_HOLD_S):
            self._enter(loudest, now)

    def _enter(self, endpoint: EndpointId, now: float) -> None:
        self._stage, self._stage_since, self._leader = endpoint, now, None
