"""What a downlink carries.

The estimate is a belief with an upper end. It rises by evidence: what arrived without a queue, and probes; a
little beyond that by trust. It falls when a queue grows, to a share of what the full line delivered, which is
the line's rate; that rate is remembered as its end, and approached but not passed until a probe goes through.
So a steady line has a steady estimate below its end and no queue.

Not congestion: loss without delay that does not follow the load; delays that do not answer when less is sent;
a silence, after which the old belief is taken up again at half.

Source: ideas of draft-ietf-rmcat-gcc-02 (delay from differences, 0.85 of the delivered rate, growth bounded
by it), of RFC 8698 (queueing delay over the least of a long time, accelerated start) and of libwebrtc's
probes. The code and its numbers are our own: they are made for thin lines in front of which a whole queue
belongs to us.
"""

from collections.abc import Sequence
from typing import Protocol

from sfu.bandwidth.arrivals import DeliveredRate, Group, gather
from sfu.bandwidth.feedback import Delivery
from sfu.bandwidth.losses import LossMeter
from sfu.bandwidth.probe import Outcome, Verdict
from sfu.bandwidth.prober import Prober
from sfu.bandwidth.queueing import QueueMeter

START_BPS = 400_000
"""A stage's lowest picture and the voices; hardly more than the thinnest line we are made for."""
LEAST_BPS, MOST_BPS = 50_000, 30_000_000
QUEUE_S = 0.05
"""More than this all the time is a queue. Two full packets' time is allowed where that is more, and the
line's jitter, but never more than QUEUE_MOST_S."""
QUEUE_MOST_S = 0.14
PROBE_QUEUE_S = 0.15
"""A probe may add this much before it counts."""
GROWTH_S = 0.012
"""Gained in half a second: the line delivers two parts in a hundred less than is sent."""
STEEP_S = 0.08
STANDING_S = 1.0
"""A queue that neither grows nor goes counts after this."""
BACK_OFF = 0.85
DEEP_BACK_OFF, DEEP_S = 0.72, 0.35
"""Of the delivered rate: less where the queue is deep, so that it is gone in two seconds."""
DOUBT = 0.7
"""A queue while little is sent is most often a stall of the radio: the first time not more is taken away."""
AGAIN_S = 0.15
"""After the line's answer to a reduction could be seen, it may be reduced again so much later."""
STILL_SHARE = 0.92
BURST_QUEUE_S, BURST_S = 0.22, 1.2
"""A keyframe's queue on a line whose end is known is left alone up to this."""
SETTLE_S, SETTLE_MOST_S = 0.3, 3.0
END_SHARE = 0.95
"""How near to the line's known end the estimate goes."""
BEYOND = 1.12
"""So much more delivered than the known end, without a queue: it is the end no more. (Small packets have more
wire for their bytes, so the end moves by some parts in a hundred with what is sent.)"""
TRUST = 1.2
"""Times what was delivered: as far may be believed without evidence."""
BLIND_TRUST = 4.0
"""Where no probe can be sent: the next layer takes as much, and nothing else can tell."""
CLIMB, RETURN = 0.08, 0.3
"""Growth in a second: into the unknown, and back to what was known."""
OVER_LOSS = 0.1
"""So much more than the line's own loss is suspected."""
OWN_LOSS = 0.03
"""From this on loss is a habit of the line, and no sign of a full queue."""
TRIAL_S, TRIAL_SAME = 3.0, 0.6
"""Less is sent for so long; if more than this share of the loss stays, it was not ours."""
USUAL_S = 1.5
LOSS_LINGERS_S = 3.0
"""After a reduction the loss that is seen is still that of the full queue."""
SILENCE_S = 2.0
SILENT_BPS = 25_000
"""What is sent without transport-wide numbers, RTCP, is less than this: no answer to it is no silence."""
FRESH_S = 0.6
"""A line whose last feedback is older is not probed."""
STALE_S = 1.5
"""What was known of the queue is no longer true."""
QUIET_S = 2.0
"""After a reduction."""
PROBE_QUEUE_LIMIT_S = 0.04
"""Left at a probe's end: it was more than the line carries."""
FOUND_SHARE = 0.9
"""Of what a probe found the line to carry."""


class DownlinkEstimator(Protocol):
    """One for each endpoint. Units: bit/s of RTP packets before protection; `now` in seconds, of the same
    clock as Delivery.sent_us."""

    @property
    def bps(self) -> int:
        """What the downlink is believed to carry."""

    @property
    def queue_s(self) -> float:
        """Smoothed queueing delay now."""

    @property
    def loss(self) -> float:
        """Smoothed fraction lost."""

    @property
    def is_congested(self) -> bool:
        """Reduced of late and not yet drained, or silent: nothing may be raised."""

    def on_deliveries(self, deliveries: Sequence[Delivery], now: float) -> None: ...

    def on_remb(self, bps: int, now: float) -> None: ...

    def tick(self, now: float, sent_bps: int, wanted_bps: int) -> int:
        """Ten times a second. `wanted_bps`: what would be sent if the line carried everything wished. Returns
        the total rate to be sent until the next tick for a probe, or 0."""


class DelayEstimator:
    """By transport-wide feedback."""

    def __init__(self) -> None:
        self._bps = float(START_BPS)
        self._end: float | None = None
        """What the line delivered when it was last full."""
        self._queue = QueueMeter()
        self._losses = LossMeter()
        self._delivered = DeliveredRate()
        self._usual_bps = 0.0
        """What is delivered, over USUAL_S"""
        self._prober = Prober()
        self._loop_s = 0.2
        """From a packet's departure to the feedback of it."""
        self._now = 0.0
        self._heard_at: float | None = None
        self._unanswered_s = 0.0
        self._is_silent = False
        self._count_from_us = -(1 << 62)
        self._reduced_at = float("-inf")
        self._reduced_queue_s = 0.0
        self._is_draining = False
        self._hold_until = 0.0
        self._high_since: float | None = None
        self._high_from_us = 0
        self._doubted_at = float("-inf")
        self._trial: tuple[float, float, float] | None = None
        """(until, estimate before, loss before) while it is seen whether loss follows the load"""

    @property
    def bps(self) -> int:
        return int(self._bps)

    @property
    def queue_s(self) -> float:
        return self._queue.smooth_s

    @property
    def loss(self) -> float:
        return self._losses.fraction

    @property
    def is_congested(self) -> bool:
        return self._is_silent or self._is_draining

    def on_remb(self, bps: int, now: float) -> None:
        """Who sends feedback sends none; it would say less."""

    # --- feedback --------------------------------------------------------------------------------

    def on_deliveries(self, deliveries: Sequence[Delivery], now: float) -> None:
        elapsed = 0.0 if self._heard_at is None else min(0.5, max(0.0, now - self._heard_at))
        if self._is_silent:
            self._resume(now)
        self._now = now
        group = gather(deliveries, self._count_from_us)
        limit = self._limit_s()
        is_loaded = self._queue.queue_s > limit / 2 or now - self._reduced_at < LOSS_LINGERS_S
        is_loaded = is_loaded or now < self._prober.quiet_until
        self._losses.add(group.packets, group.lost, now, is_loaded=is_loaded)
        if group.packets == 0:
            return
        self._heard_at, self._unanswered_s = now, 0.0
        age_us = int(now * 1e6) - group.last_sent
        self._loop_s += 0.2 * (min(1.0, max(0.02, age_us / 1e6)) - self._loop_s)
        self._delivered.add(group)
        self._usual_bps += min(1.0, elapsed / USUAL_S) * ((self._delivered.bps() or 0.0) - self._usual_bps)
        self._queue.update(group.least_delay, group.last_arrived, max(age_us, 0) + 500_000, now)
        self._prober.account(deliveries)
        self._judge(group, now)
        if not self._is_draining:
            self._grow(elapsed, now)
        self._suspect_loss(now)

    def _limit_s(self) -> float:
        """More than this is a queue."""
        two_packets_s = 2 * 1200 * 8 / self._bps
        return min(QUEUE_MOST_S, max(QUEUE_S, two_packets_s) + 2 * self._queue.jitter_s)

    def _judge(self, group: Group, now: float) -> None:
        """Reduce, when a queue grows."""
        queue, limit = self._queue, self._limit_s()
        self._settle(queue.queue_s < limit / 2, now)
        if queue.queue_s <= limit / 2:
            self._high_since = None
            return
        if self._high_since is None:
            self._high_since, self._high_from_us = now, group.last_arrived
        if now < self._prober.quiet_until:
            limit += PROBE_QUEUE_S
        is_lossy = not self._loses_by_itself and self._losses.recent > self._losses.floor + OVER_LOSS
        if now < self._hold_until or not (queue.queue_s > limit or is_lossy) or self._is_burst(now):
            return
        if is_lossy or queue.growth_s > GROWTH_S + queue.jitter_s / 2:
            self._reduce(now, is_sure=is_lossy or queue.growth_s > STEEP_S)
        elif now - self._high_since > STANDING_S and queue.growth_s > -GROWTH_S:
            self._stand(now)

    def _settle(self, is_empty: bool, now: float) -> None:
        """A reduction is over when the queue is gone, or does not go."""
        since = now - self._reduced_at
        if (is_empty and since > SETTLE_S) or since > SETTLE_MOST_S:
            self._is_draining = False

    @property
    def _loses_by_itself(self) -> bool:
        return self._losses.floor > OWN_LOSS

    def _busy_bps(self) -> float | None:
        """What the line has delivered since its queue began: its rate. What it loses by itself, too."""
        delivered = self._delivered.bps(self._high_from_us)
        if delivered is not None and self._loses_by_itself:
            delivered /= 1 - min(0.5, self._losses.recent)
        return delivered

    def _is_burst(self, now: float) -> bool:
        """The line still delivers what is known to be its end, and less is believed: a keyframe stands in the
        queue, which will be gone without us."""
        delivered = self._busy_bps()
        if self._end is None or delivered is None or self._high_since is None:
            return False
        is_kept = self._bps < 0.98 * self._end and delivered > STILL_SHARE * self._end
        return is_kept and self._queue.queue_s < BURST_QUEUE_S and now - self._high_since < BURST_S

    def _reduce(self, now: float, *, is_sure: bool) -> None:
        delivered = self._busy_bps()
        if delivered is None:
            return
        queue_s = self._queue.queue_s
        depth = min(1.0, max(0.0, (queue_s - 0.15) / (DEEP_S - 0.15)))
        target = delivered * (BACK_OFF - depth * (BACK_OFF - DEEP_BACK_OFF))
        if target < DOUBT * self._bps and not is_sure and now - self._doubted_at > 2.0:
            self._doubted_at = now
            target = DOUBT * self._bps
        else:
            self._learn_end(delivered)
        self._lower(target, now)

    def _stand(self, now: float) -> None:
        """It does not grow. Ours would go when less is sent; if it did not the last time, it is not ours."""
        answered = self._queue.queue_s < 0.7 * self._reduced_queue_s
        if now - self._reduced_at < 5.0 and not answered:
            self._queue.rebase()
            self._prober.encourage(now)
            self._end = None
            self._high_since = None
            return
        self._lower(self._bps * BACK_OFF, now)
        self._hold_until = now + self._loop_s + STANDING_S

    def _lower(self, target: float, now: float) -> None:
        self._bps = max(LEAST_BPS, min(self._bps, target))
        self._reduced_at, self._reduced_queue_s = now, self._queue.queue_s
        self._is_draining = True
        self._hold_until = now + self._loop_s + AGAIN_S
        self._prober.drop()
        self._prober.postpone(now + QUIET_S)

    def _learn_end(self, rate: float) -> None:
        known = self._end
        near = known is not None and 0.75 * known < rate < 1.33 * known
        self._end = known + 0.4 * (rate - known) if known is not None and near else rate

    # --- upward ----------------------------------------------------------------------------------

    def _grow(self, elapsed: float, now: float) -> None:
        if self._queue.queue_s > self._limit_s() / 2 or now < self._hold_until or self._trial is not None:
            return
        delivered = self._delivered.bps()
        if delivered is None:
            return
        delivered /= 1 - min(0.5, self._losses.floor)
        if self._end is not None and delivered > BEYOND * self._end:
            self._end = None
        if self._end is not None:
            ceiling, climb = END_SHARE * self._end, RETURN
        elif delivered > self._bps:
            self._bps = min(MOST_BPS, delivered)
            return
        else:
            ceiling, climb = (BLIND_TRUST if self._prober.is_blind else TRUST) * delivered, CLIMB
        if self._bps < ceiling:
            self._bps = min(ceiling, self._bps * (1 + climb * elapsed))

    # --- loss ------------------------------------------------------------------------------------

    def _suspect_loss(self, now: float) -> None:
        """Loss without delay is ours only if it goes when less is sent. So less is sent, and one looks."""
        losses = self._losses
        if self._trial is not None:
            until, before, loss = self._trial
            if now < until:
                return
            self._trial = None
            if losses.fraction >= TRIAL_SAME * loss:
                losses.learn()
                self._bps = max(self._bps, before)
            else:
                self._learn_end(self._bps / END_SHARE)
            return
        delivered = self._usual_bps
        if not losses.is_known or losses.sustained <= losses.floor + OVER_LOSS:
            return
        self._trial = (now + TRIAL_S + self._loop_s, self._bps, losses.fraction)
        self._bps = max(LEAST_BPS, min(self._bps, END_SHARE * delivered))
        losses.clear()
        self._prober.drop()
        self._prober.postpone(now + TRIAL_S + self._loop_s)

    # --- the ticker ------------------------------------------------------------------------------

    def tick(self, now: float, sent_bps: int, wanted_bps: int) -> int:
        self._watch_silence(now, sent_bps)
        self._settle(False, now)
        if self._is_silent:
            return 0
        prober = self._prober
        own_loss = self._losses.floor if self._losses.is_known else None
        limit_s = PROBE_QUEUE_LIMIT_S + 2 * self._queue.jitter_s
        outcome = prober.finish(now, self._loop_s, self._queue.base_us, limit_s, own_loss)
        if outcome is not None:
            self._believe(outcome)
        if self._heard_at is None:
            if sent_bps < SILENT_BPS and wanted_bps > 0:
                prober.begin(now, START_BPS // 2, None, wanted_bps, self._loop_s)
        elif self._may_probe(now, sent_bps):
            prober.begin(
                now, self.bps, None if self._end is None else int(self._end), wanted_bps, self._loop_s
            )
        return prober.rate(now)

    def _may_probe(self, now: float, sent_bps: int) -> bool:
        assert self._heard_at is not None
        is_heard = now - self._heard_at < FRESH_S + self._loop_s or sent_bps < SILENT_BPS
        is_calm = not self._is_draining and now >= self._hold_until and self._trial is None
        is_stale = now - self._heard_at > STALE_S
        return is_heard and is_calm and (is_stale or self._queue.queue_s < self._limit_s() / 2)

    def _believe(self, outcome: Outcome) -> None:
        carried = outcome.carried_bps
        match outcome.verdict:
            case Verdict.PASSED:
                if self._end is not None and carried > 1.02 * self._end:
                    self._end = None
                self._bps = max(self._bps, carried)
            case Verdict.FULL:
                self._learn_end(carried)
                share = FOUND_SHARE * carried
                if share > self._bps or carried < END_SHARE * self._bps:
                    self._bps = max(LEAST_BPS, share)
            case Verdict.UNCLEAR | Verdict.UNSENT:
                self._bps = max(self._bps, BACK_OFF * carried)

    # --- silence ---------------------------------------------------------------------------------

    def _watch_silence(self, now: float, sent_bps: int) -> None:
        elapsed = min(0.5, max(0.0, now - self._now))
        self._now = max(now, self._now)
        if self._heard_at is None or self._is_silent:
            return
        if sent_bps > SILENT_BPS:
            self._unanswered_s += elapsed
        if self._unanswered_s > SILENCE_S:
            self._is_silent = True
            self._prober.drop()
            self._bps = max(min(self._bps, START_BPS / 2), self._bps / 2)

    def _resume(self, now: float) -> None:
        """The line is back. What was sent into the gap, lost or late, says nothing of it."""
        self._is_silent = self._is_draining = False
        self._heard_at, self._unanswered_s = now, 0.0
        self._count_from_us = int((now - self._loop_s) * 1e6)
        self._hold_until = now + self._loop_s
        self._high_since = self._trial = None
        self._queue.forget_recent()
        self._delivered.clear()
        self._losses.clear()
        self._prober.encourage(now)


__all__ = ["DelayEstimator", "DownlinkEstimator"]
