"""What microphones bring that is not speech, made with numpy alone. All with RMS 1 while they sound, 48
kHz."""

import numpy as np

from tests.support.mix.speech import RATE, Samples


def shaped(random: np.random.Generator, seconds: float, exponent: float, corner_hz: float) -> Samples:
    """Steady noise whose power falls with frequency^exponent above the corner."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= np.maximum(frequency / corner_hz, 1.0) ** (-exponent / 2)
    spectrum[frequency < 25] = 0
    return loud(np.fft.irfft(spectrum, count))


def room(random: np.random.Generator, seconds: float) -> Samples:
    """A quiet room and the microphone's own noise."""
    return shaped(random, seconds, 1.0, 200.0)


def fan(random: np.random.Generator, seconds: float) -> Samples:
    """A fan or an air conditioner: broad low noise, the hum of its motor and of its blades, a slow swell."""
    time = np.arange(round(seconds * RATE)) / RATE
    air = shaped(random, seconds, random.uniform(1.2, 2.2), random.uniform(150, 400))
    hum = np.zeros_like(air)
    blades = random.uniform(60, 160)
    for harmonic in range(1, 5):
        hum += np.sin(2 * np.pi * (blades * harmonic * time + random.random())) / harmonic
    swell = 1 + 0.15 * np.sin(2 * np.pi * (random.uniform(0.1, 0.4) * time + random.random()))
    return loud((air + random.uniform(0.1, 0.45) * hum) * swell)


def keyboard(random: np.random.Generator, seconds: float) -> Samples:
    """Somebody types: clicks of some milliseconds, key down and key up, in bursts."""
    keys = np.zeros(round(seconds * RATE))
    at = 0.2
    while at < seconds - 0.2:
        for after, strength in ((0.0, 1.0), (random.uniform(0.06, 0.11), 0.5)):
            length = round(random.uniform(0.004, 0.012) * RATE)
            ring = np.exp(-np.arange(length) / (length / 4)) * random.standard_normal(length)
            ring += np.exp(-np.arange(length) / (length / 3)) * np.sin(
                2 * np.pi * random.uniform(1500, 4500) * np.arange(length) / RATE
            )
            start = round((at + after) * RATE)
            keys[start : start + length] += strength * random.uniform(0.5, 1.0) * ring
        at += random.uniform(0.09, 0.25) if random.random() < 0.9 else random.uniform(0.6, 1.5)
    return loud(keys)


def keyboard_over_fan(random: np.random.Generator, seconds: float) -> Samples:
    """The fan is 15 dB below the clicks."""
    keys = keyboard(random, seconds)
    return keys + 10 ** (-15 / 20) * fan(random, seconds)[: len(keys)]


def music(random: np.random.Generator, seconds: float) -> Samples:
    """A tune with chords and a beat."""
    tune = np.zeros(round(seconds * RATE))
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14]) / 12)
    beat = random.uniform(0.28, 0.5)
    for step in range(int(seconds / beat)):
        notes = [scale[random.integers(7)] * 2]
        if step % 4 == 0:
            notes += [scale[0] / 2, scale[2], scale[4]]
        for note in notes:
            length = round(min(beat * (4 if note < 440 else 1.5), seconds - step * beat) * RATE)
            time = np.arange(length) / RATE
            tone = sum(np.sin(2 * np.pi * note * k * time) / k**1.3 for k in range(1, 7))
            start = round(step * beat * RATE)
            end = min(start + length, len(tune))
            tune[start:end] += (np.asarray(tone) * np.exp(-time / (beat * 1.5)))[: end - start]
    return loud(tune)


def loud(samples: Samples) -> Samples:
    """RMS 1 while it sounds: windows of 20 ms that are 30 dB under the mean do not count."""
    size = RATE // 50
    power = (samples[: len(samples) // size * size].reshape(-1, size) ** 2).mean(axis=1)
    return np.asarray(samples / np.sqrt(power[power > power.mean() / 1000].mean()))
