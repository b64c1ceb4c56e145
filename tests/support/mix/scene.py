"""Microphones with labels: when somebody speaks, and what else sounds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.support.mix import noises, speech
from tests.support.mix.speech import RATE, Samples

SPEECH_DBFS = (-20.0, -28.0, -36.0)
"""RMS of a voice near the microphone, at arm's length, and across the table."""
NOISE_DBFS = (-28.0, -38.0, -46.0)
TURNS = 8
"""In each microphone with speech."""


@dataclass(frozen=True, slots=True)
class Stretch:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Microphone:
    """One labelled microphone."""

    name: str
    kind: str
    """speech, speech+fan, fan, silence, keyboard, keyboard+fan, music."""
    samples: Samples
    turns: tuple[Stretch, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def microphones(seed: int) -> Iterator[Microphone]:
    """The whole mix: about eleven minutes. Raises NoSynthesizer."""
    for index, level in enumerate(SPEECH_DBFS):
        for take in range(2):
            random = np.random.default_rng([seed, 1, index, take])
            yield talk(random, f"speech {level:.0f}", level)
            random = np.random.default_rng([seed, 2, index, take])
            yield talk(random, f"speech {level:.0f} over a fan", level, fan_db=-15.0)
    sounds: tuple[tuple[str, Callable[[np.random.Generator, float], Samples]], ...] = (
        ("fan", noises.fan),
        ("keyboard", noises.keyboard),
        ("keyboard+fan", noises.keyboard_over_fan),
        ("music", noises.music),
    )
    for number, (kind, sound) in enumerate(sounds):
        for index, level in enumerate(NOISE_DBFS):
            random = np.random.default_rng([seed, 3, number, index])
            yield alone(random, f"{kind} {level:.0f}", kind, sound, level)
    yield Microphone("silence", "silence", np.zeros(15 * RATE))
    random = np.random.default_rng([seed, 4])
    yield Microphone("quiet room", "silence", noises.room(random, 20.0) * gain(-62.0))


def talk(random: np.random.Generator, name: str, dbfs: float, fan_db: float | None = None) -> Microphone:
    """Turns with pauses between them, in a quiet room, or over a fan that is `fan_db` below the voice."""
    pieces: list[Samples] = []
    turns: list[Stretch] = []
    now = 0.0
    for _ in range(TURNS):
        pause = np.zeros(round(random.uniform(1.0, 2.5) * RATE))
        said = speech.say(speech.draw(random)) * gain(dbfs)
        now += len(pause) / RATE
        turns.append(Stretch(now, now + len(said) / RATE))
        now = turns[-1].end_s
        pieces += [pause, said]
    pieces.append(np.zeros(RATE))
    whole = np.concatenate(pieces)
    seconds = len(whole) / RATE
    if fan_db is None:
        behind = noises.room(random, seconds) * gain(-62.0)
    else:
        behind = noises.fan(random, seconds) * gain(dbfs + fan_db)
    kind = "speech" if fan_db is None else "speech+fan"
    return Microphone(name, kind, whole + behind[: len(whole)], tuple(turns))


def alone(
    random: np.random.Generator,
    name: str,
    kind: str,
    sound: Callable[[np.random.Generator, float], Samples],
    dbfs: float,
) -> Microphone:
    """A sound from a quiet room: it begins after some seconds, as if somebody switched it on, or is there
    from the first packet."""
    seconds = 24.0
    samples = sound(random, seconds) * gain(dbfs)
    if random.random() < 0.5:
        samples[: round(random.uniform(2, 4) * RATE)] = 0
    return Microphone(name, kind, samples + noises.room(random, seconds)[: len(samples)] * gain(-65.0))


def gain(dbfs: float) -> float:
    """The factor that makes RMS 1 this loud, below a full-scale square wave (RFC 6464)."""
    return float(10 ** (dbfs / 20))
