"""When too much is sent: a growing queue, and what the line delivers meanwhile.

Three queues are left alone: a keyframe's on a line whose end is known, a probe's, and a stall of the radio
that soon passes. A queue that does not change whatever is sent is a longer path, or somebody else's queue.
"""

from dataclasses import dataclass
from enum import Enum

from sfu.bandwidth.arrivals import DeliveredRate
from sfu.bandwidth.losses import LossMeter
from sfu.bandwidth.queueing import QueueMeter

QUEUE_S = 0.05
"""A constant delay above this is a queue. The time of two full packets is allowed if that is more, and the
line's jitter, but never more than MAX_QUEUE_S."""
MAX_QUEUE_S = 0.14
PACKET_BITS = 1200 * 8
PROBE_QUEUE_S = 0.15
"""A probe may add this much before it counts."""
GROWTH_S = 0.012
"""Gained in half a second: the line delivers two percent less than is sent."""
STEEP_S = 0.08
STANDING_S = 1.0
"""A queue that neither grows nor shrinks counts after this."""
SHALLOW_STANDING_S = 3.0
"""A queue too shallow to count still keeps the estimate from growing: after this long it is examined."""
ANSWER_S, ANSWERED = 5.0, 0.7
"""The delay answers when it falls below this share within this time of a reduction."""
BACK_OFF = 0.85
SHALLOW_S, DEEP_S, DEEP_BACK_OFF = 0.15, 0.35, 0.72
"""Of the delivered rate: less where the queue is deep, so that it is gone in two seconds."""
DOUBT, DOUBT_S = 0.7, 2.0
"""A queue while little is sent is usually a stall of the radio: no more than this is taken away the first
time."""
AGAIN_S = 0.15
"""How long after the answer to a reduction could be seen it may be reduced again."""
KEPT, STILL_SHARE = 0.98, 0.92
BURST_QUEUE_S, BURST_S = 0.22, 1.2
"""While less than the line's end is believed and the end is still delivered, a queue up to this is a
keyframe's."""
SETTLE_S, MAX_SETTLE_S = 0.3, 3.0
OVER_LOSS = 0.1
"""Loss is suspected when it exceeds the line's own by this much."""
OWN_LOSS = 0.03
"""From here on, loss is a property of the line, and no sign of a full queue."""


class Detour(Enum):
    """The line's own delay has changed: nothing is to be reduced."""

    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Reduction:
    bps: float
    end_bps: float | None
    """What the full line delivers, if that was seen."""
    is_standing: bool = False


class Congestion:
    def __init__(self, delivered: DeliveredRate, losses: LossMeter) -> None:
        self.queue = QueueMeter()
        self.is_draining = False
        """Reduced, and the queue is not gone yet."""
        self.reduced_at = float("-inf")
        self.hold_until = float("-inf")
        """The effect of the last reduction cannot be seen before this."""
        self._delivered = delivered
        self._losses = losses
        self._reduced_queue_s = 0.0
        self._high_since: float | None = None
        self._high_from_us = 0
        """The same on the receiver's clock"""
        self._doubted_at = float("-inf")

    def limit_s(self, bps: float) -> float:
        """More than this is a queue."""
        return min(MAX_QUEUE_S, max(QUEUE_S, 2 * PACKET_BITS / bps) + 2 * self.queue.jitter_s)

    def is_empty(self, bps: float) -> bool:
        return self.queue.queue_s <= self.limit_s(bps) / 2

    def judge(
        self, now: float, arrived_us: int, bps: float, end_bps: float | None, *, is_probed: bool
    ) -> Reduction | Detour | None:
        """Called after a feedback has been counted. `bps`: the estimate; `end_bps`: the line's end, if known;
        `is_probed`: a probe's packets may be in the queue."""
        queue = self.queue
        is_empty = self.is_empty(bps)
        self.settle(now, is_empty=is_empty)
        if is_empty:
            self._high_since = None
            return None
        if self._high_since is None:
            self._high_since, self._high_from_us = now, arrived_us
        limit = self.limit_s(bps) + (PROBE_QUEUE_S if is_probed else 0.0)
        is_lossy = not self._loses_by_itself and self._losses.recent > self._losses.floor + OVER_LOSS
        lasted_s = now - self._high_since
        is_shallow = queue.queue_s <= limit
        if now < self.hold_until or (is_shallow and not is_lossy and lasted_s < SHALLOW_STANDING_S):
            return None
        delivered = self._busy_bps()
        if delivered is None or self._is_burst(bps, end_bps, delivered, lasted_s):
            return None
        grows = queue.growth_s > GROWTH_S + queue.jitter_s / 2
        if grows or (is_lossy and not self._is_deaf(now)):
            return self._reduction(now, bps, delivered, is_sure=is_lossy or queue.growth_s > STEEP_S)
        if (is_lossy or lasted_s > STANDING_S) and queue.growth_s > -GROWTH_S:
            return self._standing(now, bps)
        return None

    def reduced(self, reduction: Reduction, now: float, loop_s: float) -> None:
        """The estimate was lowered; `loop_s`: how long until that can be seen."""
        self.is_draining = True
        self.reduced_at, self._reduced_queue_s = now, self.queue.queue_s
        self.hold_until = now + loop_s + (STANDING_S if reduction.is_standing else AGAIN_S)

    def settle(self, now: float, *, is_empty: bool) -> None:
        """A reduction is over when the queue is gone, or does not go."""
        since = now - self.reduced_at
        if (is_empty and since > SETTLE_S) or since > MAX_SETTLE_S:
            self.is_draining = False

    def resume(self, now: float, loop_s: float) -> None:
        """After a silence: the measurements before it say nothing about what follows."""
        self.is_draining = False
        self.hold_until = now + loop_s
        self._high_since = None
        self.queue.forget_recent()

    def _is_deaf(self, now: float) -> bool:
        """A recent reduction has not made the queue shorter."""
        has_answered = self.queue.queue_s < ANSWERED * self._reduced_queue_s
        return now - self.reduced_at < ANSWER_S and not has_answered

    @property
    def _loses_by_itself(self) -> bool:
        return self._losses.floor > OWN_LOSS

    def _busy_bps(self) -> float | None:
        """What the line has delivered since its queue began, which is its rate. The line's own loss counts as
        delivered."""
        delivered = self._delivered.bps(self._high_from_us)
        if delivered is not None and self._loses_by_itself:
            delivered /= 1 - min(0.5, self._losses.recent)
        return delivered

    def _is_burst(self, bps: float, end_bps: float | None, delivered: float, lasted_s: float) -> bool:
        """A keyframe is in the queue, which will empty without us."""
        if end_bps is None or bps >= KEPT * end_bps or delivered <= STILL_SHARE * end_bps:
            return False
        return self.queue.queue_s < BURST_QUEUE_S and lasted_s < BURST_S

    def _reduction(self, now: float, bps: float, delivered: float, *, is_sure: bool) -> Reduction:
        depth = min(1.0, max(0.0, (self.queue.queue_s - SHALLOW_S) / (DEEP_S - SHALLOW_S)))
        target = delivered * (BACK_OFF - depth * (BACK_OFF - DEEP_BACK_OFF))
        if target < DOUBT * bps and not is_sure and now - self._doubted_at > DOUBT_S:
            self._doubted_at = now
            return Reduction(DOUBT * bps, None)
        return Reduction(target, delivered)

    def _standing(self, now: float, bps: float) -> Reduction | Detour:
        """The queue does not grow. If it is ours, it shrinks when less is sent; if it did not shrink last
        time, it is not ours."""
        if self._is_deaf(now):
            self.queue.rebase()
            self._high_since = None
            return Detour.FOUND
        return Reduction(BACK_OFF * bps, None, is_standing=True)


__all__ = ["BACK_OFF", "OVER_LOSS", "Congestion", "Detour", "Reduction"]
