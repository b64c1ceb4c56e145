"""How much work a stranger may cause unasked. Without I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """A token bucket: `rate_hz` a second in the long run, at most `burst` at once."""

    rate_hz: float
    burst: float
    _left: float = -1.0
    _at: float = 0.0

    def take(self, now: float) -> bool:
        """False when it is used up."""
        if self._left < 0:
            self._left = self.burst
        else:
            self._left = min(self.burst, self._left + (now - self._at) * self.rate_hz)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
