"""From 48 kHz to what a judge needs: 16 kHz for the voice detector, 4 kHz for the pitch. Without I/O.

Speech differs from a fan by its pitch: a voiced sound looks like itself a few milliseconds earlier."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK = 960
"""Samples of 20 ms at 48 kHz."""
_LOW_TAPS = 21
_SHORTEST, _LONGEST = 10, 57
"""Periods in samples of 4 kHz: 400 to 70 Hz."""
_WINDOW = 140
_PERIODS = _LONGEST - _SHORTEST + 1
_LATER = (240, 400)
"""Lags in samples of 4 kHz, 60 to 100 ms, at which only a tone that lasts still looks like itself."""
_KEPT = _WINDOW + _LATER[1]
_TOGETHER = 20
_MIN_ENERGY = 1e-3


def low_pass(taps: int, corner: float) -> Floats:
    """A windowed sinc; the corner as a share of the sample rate."""
    at = np.arange(taps) - (taps - 1) / 2
    shape = np.sinc(2 * corner * at) * np.hamming(taps)
    return np.asarray(shape / shape.sum(), np.float32)


class Decimator:
    """Keeps one sample of `factor`, after a low pass, and what the next block needs of this one.

    As a product of two small matrices it costs a tenth of a convolution: each row of the first is a stretch
    of samples, each column of the second the filter at another place."""

    def __init__(self, factor: int, size: int, taps: int, corner: float, gain: float = 1.0) -> None:
        """size: samples of a block, a multiple of factor * _TOGETHER."""
        self._tail = taps - 1
        self._line = np.zeros(self._tail + size, np.float32)
        stretch = factor * (_TOGETHER - 1) + taps
        self._stretches = sliding_window_view(self._line, stretch)[:: factor * _TOGETHER]
        self._filters = np.zeros((stretch, _TOGETHER), np.float32)
        self._out = np.zeros((len(self._stretches), _TOGETHER), np.float32)
        self._flat = self._out.reshape(-1)
        for column in range(_TOGETHER):
            self._filters[factor * column : factor * column + taps, column] = gain * low_pass(taps, corner)

    def next(self, block: Floats) -> Floats:
        """Valid until the next call."""
        line = self._line
        line[: self._tail] = line[-self._tail :]
        line[self._tail :] = block
        np.matmul(self._stretches, self._filters, out=self._out)
        return self._flat


class Pitch:
    """How much the last 35 ms resemble themselves one period earlier, and many periods earlier."""

    def __init__(self) -> None:
        self._decimator = Decimator(4, BLOCK // 3, _LOW_TAPS, 1000 / 16_000)
        self._line = np.zeros(_KEPT, np.float32)
        self._now = self._line[-_WINDOW:]
        self._near = self._line[-_WINDOW - _LONGEST :]
        self._far = self._line[: _KEPT - _LATER[0]]

    def push(self, wide: Floats) -> None:
        """20 ms at 16 kHz."""
        narrow = self._decimator.next(wide)
        self._line[: -len(narrow)] = self._line[len(narrow) :]
        self._line[-len(narrow) :] = narrow

    def periodicity(self) -> float:
        """0 (noise) to 1 (a tone)."""
        return self._likeness(self._near, _PERIODS)

    def lasting(self) -> float:
        """The same against what was 60 to 100 ms earlier. A voice has moved on by then; a note has not."""
        return self._likeness(self._far, _LATER[1] - _LATER[0] + 1)

    def _likeness(self, line: Floats, places: int) -> float:
        """The best correlation of the window with the first `places` of the line."""
        alike = np.correlate(line, self._now, "valid")[:places]
        best = int(alike.argmax())
        earlier = line[best : best + _WINDOW]
        energy = float(earlier @ earlier) * float(self._now @ self._now)
        return float(alike[best]) / math.sqrt(energy + _MIN_ENERGY)
