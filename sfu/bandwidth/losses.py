"""How much is lost, and whether it could be our doing.

Radio and bad cables lose packets whatever we send; a full queue or a policer drops what is too much. The
first kind comes in bursts or evenly at any load, the second goes away with the load. So a line's own loss is
learnt while it has no queue, and only what exceeds it steadily, in three of four quarter seconds, is
suspected.
"""

from collections import deque

BIN_S = 0.25
BINS = 12
BINS_KNOWN = 8
"""Two seconds: before that nothing is said."""
MIN_PACKETS = 6
"""A bin with fewer packets waits for more."""
LEARN = 0.02
"""Share of the way to what is seen, each quarter of a second: a line's own loss is known after some ten
seconds."""


class LossMeter:
    __slots__ = ("_at", "_bins", "_lost", "_packets", "floor", "fraction", "is_known")

    def __init__(self) -> None:
        self.fraction = 0.0
        """The share of what was sent that was lost, over two seconds."""
        self.floor = 0.0
        """The loss of the line itself."""
        self.is_known = False
        self._bins: deque[tuple[int, int]] = deque(maxlen=BINS)
        """(packets, lost)"""
        self._at = 0.0
        self._packets = self._lost = 0

    def add(self, arrived: int, lost: int, now: float, *, is_loaded: bool) -> None:
        """Packets of a feedback. While `is_loaded`, the line's own loss cannot be seen."""
        self._packets += arrived + lost
        self._lost += lost
        if now - self._at < BIN_S or self._packets < MIN_PACKETS:
            return
        self._at = now
        self._bins.append((self._packets, self._lost))
        self._packets = self._lost = 0
        recent = list(self._bins)[-BINS_KNOWN:]
        self.fraction = sum(lost for _, lost in recent) / sum(packets for packets, _ in recent)
        if len(self._bins) < BINS_KNOWN or is_loaded:
            return
        if not self.is_known:
            self.learn()
        self.floor += LEARN * (self.fraction - self.floor)

    @property
    def sustained(self) -> float:
        """The loss that three of four bins exceed."""
        if len(self._bins) < BINS_KNOWN:
            return 0.0
        return sorted(lost / packets for packets, lost in self._bins)[len(self._bins) // 4]

    @property
    def recent(self) -> float:
        """Over the last half second."""
        packets, lost = self._packets, self._lost
        for more, also in list(self._bins)[-2:]:
            packets += more
            lost += also
        return lost / packets if packets else 0.0

    def learn(self) -> None:
        """The present loss is the line's own."""
        self.floor = self.fraction
        self.is_known = True

    def clear(self) -> None:
        """Count anew; the line's own loss stays known."""
        self._bins.clear()
        self._packets = self._lost = 0


__all__ = ["LossMeter"]
