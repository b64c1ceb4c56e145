"""The voice of a simulated bridge point: syllables with three formants over a falling pitch, then silence.
Pure.

It is not speech, but its spectrum and rhythm are close enough for level meters and voice detectors.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Shapes: mono, 48 kHz, in [-1, 1]."""

RATE = 48_000
LOOP_S = 12.0
TALK_S = 4.0
"""Part of each loop: points that start at different times mostly talk one after another."""
_SYLLABLE_S = 0.22
_GAP_S = 0.05
_VOWELS = ((750, 1200, 2500), (350, 2100, 2900), (450, 800, 2500), (500, 1800, 2500), (320, 900, 2300))
"""Formants of a, i, o, e, u, in Hz."""


def speak(index: int) -> Samples:
    """One loop of point `index`: it talks at the beginning and is silent for the rest. Cannot fail."""
    random = np.random.default_rng(index)
    pitch = 105.0 * 2 ** ((index * 5 % 12) / 12)
    loop = np.zeros(round(LOOP_S * RATE), np.float32)
    start = 0.1
    while start + _SYLLABLE_S < TALK_S:
        syllable = _syllable(pitch * (1 - 0.2 * start / TALK_S), _VOWELS[random.integers(len(_VOWELS))])
        at = round(start * RATE)
        loop[at : at + len(syllable)] += syllable * np.float32(random.uniform(0.6, 1.0))
        # The point takes a breath after every fifth syllable or so.
        start += _SYLLABLE_S + _GAP_S + (0.25 if random.random() < 0.2 else 0.0)
    loop *= np.float32(0.5 / max(float(np.abs(loop).max()), 1e-6))
    return loop


def _syllable(pitch: float, formants: tuple[int, int, int]) -> Samples:
    """Harmonics of the pitch, each as loud as the nearby formants make it."""
    time = np.arange(round(_SYLLABLE_S * RATE)) / RATE
    harmonics = np.arange(1, int(4000 / pitch) + 1) * pitch
    widths = (90.0, 120.0, 160.0)
    loudness = sum(
        strength / (1 + ((harmonics - formant) / width) ** 2)
        for formant, width, strength in zip(formants, widths, (1.0, 0.5, 0.25), strict=True)
    )
    glide = 1 - 0.04 * time / _SYLLABLE_S
    waves = np.sin(2 * np.pi * np.outer(harmonics, time * glide))
    envelope = np.sin(np.pi * time / _SYLLABLE_S) ** 0.7
    return np.asarray(np.asarray(loudness) @ waves * envelope, np.float32)
