"""The guard of the disk: how long it lasts, when to warn, when to stop. Without I/O."""

from collections import deque
from dataclasses import dataclass

WARN_MINUTES = 30
CALM_MINUTES = 35
"""A warning ends only above this, so that it does not flicker."""
WINDOW_S = 120.0
MIN_RATE_SPAN_S = 10.0
"""The rate is unknown until samples span this long."""
MAX_MINUTES = 60 * 24 * 365
_MAX_SAMPLES = 256


@dataclass(frozen=True, slots=True)
class SpaceLeft:
    minutes: int
    """Until the reserve is reached at the present rate, rounded down; -1 while unknown."""
    warn: bool
    stop: bool
    """The reserve is reached: end in order while there is room to do so."""


class SpaceGuard:
    """Compares the loss of free space with what we wrote; the larger rate counts, because others write to the
    disk too."""

    def __init__(self, reserve_bytes: int) -> None:
        self._reserve = reserve_bytes
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=_MAX_SAMPLES)
        self._warned = False

    def look(self, now_s: float, free_bytes: int, written_bytes: int) -> SpaceLeft:
        """`now_s` is on a monotonic clock; `written_bytes` counts what we wrote since any fixed moment."""
        self._sample(now_s, free_bytes, written_bytes)
        room = free_bytes - self._reserve
        rate = self._rate()
        minutes = -1 if rate is None else MAX_MINUTES
        if rate:
            minutes = min(MAX_MINUTES, max(0, int(room / rate / 60)))
        if room <= 0:
            minutes = 0
        if minutes >= 0:
            self._warned = minutes <= (CALM_MINUTES if self._warned else WARN_MINUTES)
        return SpaceLeft(minutes, self._warned, room <= 0)

    def _sample(self, now_s: float, free_bytes: int, written_bytes: int) -> None:
        samples = self._samples
        if samples and now_s - samples[-1][0] < WINDOW_S / _MAX_SAMPLES:
            samples.pop()
        samples.append((now_s, free_bytes, written_bytes))
        while now_s - samples[0][0] > WINDOW_S:
            samples.popleft()

    def _rate(self) -> float | None:
        """Bytes per second; None until enough has been seen."""
        (first_s, first_free, first_written), (last_s, last_free, last_written) = (
            self._samples[0],
            self._samples[-1],
        )
        if last_s - first_s < MIN_RATE_SPAN_S:
            return None
        return max(first_free - last_free, last_written - first_written, 0) / (last_s - first_s)
