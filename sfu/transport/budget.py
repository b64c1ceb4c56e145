"""How much work somebody may cause unasked. Without I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """A token bucket: `rate_hz` a second in the long run, at most `burst` at once."""

    rate_hz: float
    burst: float
    _left: float = -1.0
    _at: float | None = None

    def take(self, now: float) -> bool:
        """False when it is used up."""
        return self.take_up_to(1, now) == 1

    def take_up_to(self, wanted: int, now: float) -> int:
        """As much of this as is left."""
        granted = min(wanted, max(0, int(self._refilled(now))))
        self._left -= granted
        return granted

    def charge(self, cost: float, now: float) -> float:
        """What has been done already. Returns for how many seconds nothing more may be."""
        self._left = self._refilled(now) - cost
        return max(0.0, -self._left / self.rate_hz)

    def _refilled(self, now: float) -> float:
        earned = self.burst if self._at is None else self._left + (now - self._at) * self.rate_hz
        self._left, self._at = min(self.burst, earned), now
        return self._left
