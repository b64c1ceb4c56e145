"""A probe: for some tenths of a second more is sent than the pictures need, to see whether it arrives as
quickly.

A queue that a probe builds delays the voice, so a probe is short, goes only a step beyond the estimate, and
is repeated ever more rarely where it fails. Its result is read from its own packets: the rate at which they
arrived, and how much later the last of them came than the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from sfu.bandwidth.feedback import Delivery

FIRST_S = 0.1
"""The very first probe meets an unknown line: 10 kB in all, a quarter second's queue at 300 kbit/s."""
SHORT_S = 0.2
LONG_S = 0.4
"""After a probe that showed nothing: jitter blurs a short one."""
MAX_PACKETS = 512
"""Packets of one probe that are examined."""
MIN_PACKETS = 5
CARRIED = 0.85
"""A probe passed when this share of its rate arrived in its own time."""
SENT = 0.5
"""Less than this share of the intended probe is not a probe."""
OVER_LOSS = 0.15
"""Loss that exceeds the line's own by this much is the probe's doing."""


class Verdict(Enum):
    PASSED = "passed"
    FULL = "full"
    """It built a queue, or packets were dropped: the line ends at what arrived."""
    UNCLEAR = "unclear"
    UNSENT = "unsent"
    """There was no padding, so nothing was tried."""


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    carried_bps: int


@dataclass(slots=True)
class Probe:
    """A probe that runs, or whose packets are still being reported. Units: us of our clock, except
    `arrived`."""

    rate_bps: int
    start_us: int
    end_us: int
    arrived_bytes: int = 0
    lost_bytes: int = 0
    first_bytes: int = 0
    first_arrived: int = 0
    last_arrived: int = 0
    overtaken: int = 0
    """Feedbacks that reported something sent after it. The second has its losses, too."""
    delays_us: list[int] = field(default_factory=list)

    def account(self, deliveries: Sequence[Delivery]) -> None:
        start, end, delays = self.start_us, self.end_us, self.delays_us
        is_overtaken = False
        for delivery in deliveries:
            sent, arrived = delivery.sent_us, delivery.arrived_us
            if not start <= sent < end:
                is_overtaken = is_overtaken or (sent >= end and arrived is not None)
            elif arrived is None:
                self.lost_bytes += delivery.size
            elif len(delays) < MAX_PACKETS:
                if not delays or arrived < self.first_arrived:
                    self.first_arrived, self.first_bytes = arrived, delivery.size
                if not delays or arrived > self.last_arrived:
                    self.last_arrived = arrived
                delays.append(arrived - sent)
                self.arrived_bytes += delivery.size
        self.overtaken += is_overtaken

    def outcome(self, base_us: int, queue_limit_s: float, own_loss: float | None) -> Outcome:
        """What it showed. `base_us`: the line's own delay; `queue_limit_s`: more than this is a queue, not
        chance; `own_loss`: what the line loses without load; None while that is not known."""
        offered = self.arrived_bytes + self.lost_bytes
        sent_bps = offered * 8e6 / (self.end_us - self.start_us)
        delays = self.delays_us
        if sent_bps < SENT * self.rate_bps:
            return Outcome(Verdict.UNSENT, 0)
        if len(delays) < MIN_PACKETS:
            return Outcome(Verdict.UNCLEAR, 0)
        span_us = max(1, self.last_arrived - self.first_arrived)
        arrived_bps = (self.arrived_bytes - self.first_bytes) * 8e6 / span_us
        loss = self.lost_bytes / offered
        queue_s = (min(delays[-max(3, len(delays) // 3) :]) - base_us) / 1e6
        is_thrown_away = loss > (own_loss or 0.0) + OVER_LOSS
        if is_thrown_away and own_loss is None and queue_s <= queue_limit_s:
            return Outcome(Verdict.UNCLEAR, 0)  # a bad line or a full one: soon it will be known
        if is_thrown_away:
            arrived_bps = min(arrived_bps, sent_bps * (1 - loss))
        else:
            arrived_bps /= 1 - loss  # the line carried them; it lost them for other reasons
        carried = min(self.rate_bps, int(arrived_bps))
        if is_thrown_away or (carried < CARRIED * self.rate_bps and queue_s > queue_limit_s):
            return Outcome(Verdict.FULL, carried)
        if carried >= CARRIED * min(self.rate_bps, sent_bps) and queue_s <= 2 * queue_limit_s:
            return Outcome(Verdict.PASSED, min(carried, int(sent_bps)))
        return Outcome(Verdict.UNCLEAR, carried)


__all__ = ["Outcome", "Probe", "Verdict"]
