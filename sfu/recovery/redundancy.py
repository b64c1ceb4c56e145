"""How much of what was said is said again in the next packets (RFC 2198), by the loss that was measured.

Pure. A sound costs about 80 bytes again for each repetition, and brings nothing on a line without loss.
"""

from dataclasses import dataclass

STEPS = ((0.02, 1), (0.06, 2), (0.12, 3))
"""From this loss on, so many earlier sounds: with one, two losses in a row are heard; what is lost in bursts
needs more."""
EASE = 0.5
"""Back when the loss has fallen to this share of what called for it,"""
EASE_S = 5.0
"""and has stayed there for so long."""


@dataclass(slots=True)
class Redundancy:
    blocks: int = 0
    _needed_at: float = 0.0

    def step(self, loss: float, now: float) -> int:
        """Earlier sounds to be repeated now. Shapes: loss 0..1, smoothed over a second or two."""
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
