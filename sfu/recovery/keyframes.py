"""When a publisher is asked for a keyframe.

Forty viewers that lose the same packet ask forty times; the publisher must be asked once. A request inside
the interval is not forgotten: it becomes due when the interval is over, unless a keyframe has come by then.
"""

from dataclasses import dataclass

INTERVAL_S = 0.3
"""The least time between two requests to one layer. A publisher takes 50-150 ms to make and send a keyframe;
with a shorter interval it would only send two."""


@dataclass(slots=True)
class KeyframeRequests:
    """The requests of one layer."""

    asked_at: float = -INTERVAL_S
    pending: bool = False

    def ask(self, now: float) -> bool:
        """Somebody needs a keyframe. True: send the request now."""
        if now - self.asked_at < INTERVAL_S:
            self.pending = True
            return False
        self.asked_at, self.pending = now, False
        return True

    def due(self, now: float) -> bool:
        """Called by the ticker. True: a request that was held back is to be sent now."""
        return self.pending and self.ask(now)

    def came(self) -> None:
        """A keyframe has arrived, and everybody who waited has it."""
        self.pending = False
