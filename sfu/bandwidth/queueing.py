"""How long packets wait in queues on the way, measured with two clocks that do not agree.

The delay of a packet is its arrival on the receiver's clock minus its departure on ours. The number itself
means nothing, but its smallest value over half a minute is the line without a queue. A queue delays every
packet, jitter only some, so what counts is the least delay over a fifth of a second.
"""

from collections import deque

LEVEL_US = 200_000
BUCKET_S, BUCKETS = 3.0, 10
"""The line's own delay is the least of this many stretches of time: long, so that a full queue does not
become normal; limited, so that clocks may drift (100 ppm make 3 ms) and a longer path in the network is
accepted."""
TREND_S = 0.5
STILL_S = 0.02
JITTER_SHARE = 0.08


class QueueMeter:
    __slots__ = ("_base", "_levels", "_recent", "base_us", "jitter_s", "level_us", "queue_s", "smooth_s")

    def __init__(self) -> None:
        self.level_us = self.base_us = 0
        self.queue_s = self.smooth_s = 0.0
        self.jitter_s = 0.0
        """By how much the least delay of a feedback usually exceeds that of its neighbours."""
        self._recent: deque[tuple[int, int]] = deque(maxlen=32)
        """(arrival us, least delay us) of the last feedbacks"""
        self._base: deque[tuple[int, int]] = deque(maxlen=BUCKETS)
        """(stretch of time, least delay us)"""
        self._levels: deque[tuple[float, int]] = deque(maxlen=32)
        """(now, level us) over TREND_S"""

    def update(self, delay_us: int, arrived_us: int, age_us: int, now: float) -> None:
        """A feedback's least delay. `age_us`: how long ago that packet was sent. No queue can have held it
        for longer, so a delay that says otherwise is a clock that jumped (or a forgery), and the line is
        learnt anew."""
        if self._base and delay_us - self.base_us > max(0, age_us):
            self.restart()
        recent = self._recent
        if recent and not recent[-1][0] - 1_000_000 < arrived_us:
            recent.clear()
        recent.append((arrived_us, delay_us))
        while recent[0][0] < arrived_us - LEVEL_US:
            recent.popleft()
        level = min(delay for _, delay in recent)
        if self.growth_s < STILL_S:  # else it is the queue that grows
            self.jitter_s += JITTER_SHARE * (min(0.2, (delay_us - level) / 1e6) - self.jitter_s)
        self._learn_base(level, int(now / BUCKET_S))
        self.level_us = level
        self.queue_s = (level - self.base_us) / 1e6
        self.smooth_s += 0.4 * (self.queue_s - self.smooth_s)
        self._levels.append((now, level))
        while self._levels[0][0] < now - TREND_S:
            self._levels.popleft()

    def _learn_base(self, level: int, stretch: int) -> None:
        base = self._base
        if not base or base[-1][0] != stretch:
            base.append((stretch, level))
            while base[0][0] <= stretch - BUCKETS:
                base.popleft()
            self.base_us = min(least for _, least in base)
        elif level < base[-1][1]:
            base[-1] = (stretch, level)
            self.base_us = min(self.base_us, level)

    @property
    def growth_s(self) -> float:
        """Delay gained over the last half second."""
        return (self.level_us - self._levels[0][1]) / 1e6 if self._levels else 0.0

    def forget_recent(self) -> None:
        """After a silence: the measurements before it say nothing about what follows."""
        self._recent.clear()
        self._levels.clear()
        self.queue_s = self.smooth_s = 0.0

    def rebase(self) -> None:
        """The present delay is the line's own."""
        self._base.clear()
        self._levels.clear()
        self.base_us = self.level_us
        self.queue_s = self.smooth_s = 0.0

    def restart(self) -> None:
        self._recent.clear()
        self.rebase()


__all__ = ["QueueMeter"]
