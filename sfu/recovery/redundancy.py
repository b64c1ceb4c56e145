"""How many earlier sounds each packet repeats (RFC 2198), by the measured loss.

Each repeated sound costs about 80 bytes, and gains nothing on a line without loss.
"""

from dataclasses import dataclass

STEPS = ((0.02, 1), (0.06, 2), (0.12, 3))
"""Loss, and the earlier sounds to repeat from there on. With one, two losses in a row can be heard; bursts
need more."""
EASE = 0.5
"""One fewer when the loss has fallen to this share of the step's loss,"""
EASE_S = 5.0
"""and has stayed there for this long."""


@dataclass(slots=True)
class Redundancy:
    blocks: int = 0
    _needed_at: float = 0.0

    def step(self, loss: float, now: float) -> int:
        """Earlier sounds to repeat now. `loss` is 0..1, smoothed over a second or two."""
        called = _blocks(loss)
        if called >= self.blocks:
            self.blocks = called
        if _blocks(loss / EASE) >= self.blocks:
            self._needed_at = now
        elif now - self._needed_at >= EASE_S:
            self.blocks -= 1
            self._needed_at = now
        return self.blocks


def _blocks(loss: float) -> int:
    return max((blocks for least, blocks in STEPS if loss >= least), default=0)
