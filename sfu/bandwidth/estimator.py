"""What a downlink carries.

The estimate is a belief with an upper end. It rises by evidence, which is what arrived without a queue, and
probes; and a little beyond that by trust. It falls when a queue grows, to a share of what the full line
delivered, which is the line's rate. That rate is remembered as the line's end, and approached but not
exceeded until a probe passes. So a steady line has a steady estimate below its end, and no queue.

These are not congestion: loss without delay that does not follow the load; delays that do not shrink when
less is sent; a silence, after which the estimate begins again at half.

Source: ideas of draft-ietf-rmcat-gcc-02 (delay from differences, 0.85 of the delivered rate, growth bounded
by it), of RFC 8698 (queueing delay over the least of a long time, accelerated start) and of libwebrtc's
probes. The code and its numbers are our own: they are made for thin lines whose whole queue is ours.
"""

from collections.abc import Sequence

from sfu.bandwidth.arrivals import DeliveredRate, gather
from sfu.bandwidth.congestion import BACK_OFF, OVER_LOSS, Congestion, Detour, Reduction
from sfu.bandwidth.feedback import Delivery
from sfu.bandwidth.losses import LossMeter
from sfu.bandwidth.probe import Outcome, Verdict
from sfu.bandwidth.prober import Prober

START_BPS = 400_000
"""The lowest picture of a stage and the voices; hardly more than the thinnest line this is made for."""
MIN_BPS, MAX_BPS = 50_000, 30_000_000
LOOP_SHARE, MIN_LOOP_S, MAX_LOOP_S = 0.2, 0.02, 1.0
CLOCK_SLACK_US = 500_000
"""The packet that waited least may have been sent this much earlier than the last one of its feedback."""
END_STEP = 0.4
"""Share of the way from the known end to another figure near it."""
END_SHARE = 0.95
"""How near to the line's known end the estimate goes."""
BEYOND = 1.12
"""When this much more than the known end is delivered without a queue, it is no longer the end. (Small
packets have more wire for their bytes, so the end moves by a few percent with what is sent.)"""
TRUST = 1.2
"""Times what was delivered: this much may be believed without evidence."""
BLIND_TRUST = 4.0
"""Where no probe can be sent: the next layer takes this much, and nothing else can show whether it fits."""
CLIMB, RETURN = 0.08, 0.3
"""Growth per second: into the unknown, and back to what was known."""
TRIAL_S, TRIAL_SAME = 3.0, 0.6
"""Less is sent for this long; if more than this share of the loss stays, it was not ours."""
USUAL_S = 1.5
LOSS_LINGERS_S = 3.0
"""For this long after a reduction the observed loss is still that of the full queue."""
SILENCE_S = 2.0
SILENT_BPS = 25_000
"""RTCP, which is sent without transport-wide numbers, is less than this: no answer to it is not a silence."""
FRESH_S = 0.6
"""A line whose last feedback is older is not probed."""
STALE_S = 1.5
"""What was known about the queue is no longer true after this."""
QUIET_S = 2.0
"""After a reduction."""
MAX_PROBE_QUEUE_S = 0.04
"""Left at a probe's end: the probe was more than the line carries."""
FOUND_SHARE = 0.9
"""Of what a probe found that the line carries."""


class DelayEstimator:
    """`DownlinkEstimator` by transport-wide feedback."""

    def __init__(self) -> None:
        self._bps = float(START_BPS)
        self._end: float | None = None
        """What the line delivered when it was last full."""
        self._losses = LossMeter()
        self._delivered = DeliveredRate()
        self._congestion = Congestion(self._delivered, self._losses)
        self._usual_bps = 0.0
        """What is delivered, over USUAL_S"""
        self._prober = Prober()
        self._loop_s = 0.2
        """From a packet's departure to the feedback about it."""
        self._now = 0.0
        self._heard_at: float | None = None
        self._unanswered_s = 0.0
        self._is_silent = False
        self._count_from_us = -(1 << 62)
        self._trial: tuple[float, float, float] | None = None
        """(until, estimate before, loss before) during a trial of whether loss follows the load"""

    @property
    def bps(self) -> int:
        return int(self._bps)

    @property
    def queue_s(self) -> float:
        return self._congestion.queue.smooth_s

    @property
    def loss(self) -> float:
        return self._losses.fraction

    @property
    def is_congested(self) -> bool:
        return self._is_silent or self._congestion.is_draining

    def on_remb(self, bps: int, now: float) -> None:
        """A client that sends feedback sends no REMB; it would say less."""

    # --- feedback --------------------------------------------------------------------------------

    def on_deliveries(self, deliveries: Sequence[Delivery], now: float) -> None:
        elapsed = 0.0 if self._heard_at is None else min(0.5, max(0.0, now - self._heard_at))
        if self._is_silent:
            self._resume(now)
        self._now = now
        congestion, losses = self._congestion, self._losses
        group = gather(deliveries, self._count_from_us)
        is_probed = now < self._prober.quiet_until
        is_loaded = not congestion.is_empty(self._bps) or now - congestion.reduced_at < LOSS_LINGERS_S
        losses.add(group.packets, group.lost, now, is_loaded=is_loaded)
        if group.packets == 0:
            return
        self._heard_at, self._unanswered_s = now, 0.0
        age_us = max(0, int(now * 1e6) - group.last_sent)
        self._loop_s += LOOP_SHARE * (min(MAX_LOOP_S, max(MIN_LOOP_S, age_us / 1e6)) - self._loop_s)
        self._delivered.add(group)
        self._usual_bps += min(1.0, elapsed / USUAL_S) * ((self._delivered.bps() or 0.0) - self._usual_bps)
        congestion.queue.update(group.least_delay, group.last_arrived, age_us + CLOCK_SLACK_US, now)
        self._prober.account(deliveries)
        match congestion.judge(now, group.last_arrived, self._bps, self._end, is_probed=is_probed):
            case Reduction() as reduction:
                self._lower(reduction, now)
            case Detour.FOUND:
                self._end = None
                self._prober.encourage(now)
            case None:
                if not congestion.is_draining:
                    self._grow(elapsed, now)
        self._suspect_loss(now)

    def _lower(self, reduction: Reduction, now: float) -> None:
        if reduction.end_bps is not None:
            self._learn_end(reduction.end_bps)
        self._bps = max(MIN_BPS, min(self._bps, reduction.bps))
        self._trial = None
        self._congestion.reduced(reduction, now, self._loop_s)
        self._prober.drop()
        self._prober.postpone(now + QUIET_S)

    def _learn_end(self, rate: float) -> None:
        known = self._end
        if known is not None and 0.75 * known < rate < 1.33 * known:
            self._end = known + END_STEP * (rate - known)
        else:
            self._end = rate

    # --- upward ----------------------------------------------------------------------------------

    def _grow(self, elapsed: float, now: float) -> None:
        congestion = self._congestion
        if not congestion.is_empty(self._bps) or now < congestion.hold_until or self._trial is not None:
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
            self._bps = min(MAX_BPS, delivered)
            return
        else:
            ceiling, climb = (BLIND_TRUST if self._prober.is_blind else TRUST) * delivered, CLIMB
        if self._bps < ceiling:
            self._bps = min(ceiling, self._bps * (1 + climb * elapsed))

    # --- loss ------------------------------------------------------------------------------------

    def _suspect_loss(self, now: float) -> None:
        """Loss without delay is ours only if it goes away when less is sent. So less is sent, to see."""
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
        self._bps = max(MIN_BPS, min(self._bps, END_SHARE * delivered))
        losses.clear()
        self._prober.drop()
        self._prober.postpone(now + TRIAL_S + self._loop_s)

    # --- the ticker ------------------------------------------------------------------------------

    def tick(self, now: float, sent_bps: int, wanted_bps: int) -> int:
        self._watch_silence(now, sent_bps)
        self._congestion.settle(now, is_empty=False)
        if self._is_silent:
            return 0
        prober = self._prober
        own_loss = self._losses.floor if self._losses.is_known else None
        queue = self._congestion.queue
        limit_s = MAX_PROBE_QUEUE_S + 2 * queue.jitter_s
        outcome = prober.finish(now, self._loop_s, queue.base_us, limit_s, own_loss)
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
        congestion = self._congestion
        is_calm = not congestion.is_draining and now >= congestion.hold_until and self._trial is None
        is_stale = now - self._heard_at > STALE_S
        return is_heard and is_calm and (is_stale or congestion.is_empty(self._bps))

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
                    self._bps = max(MIN_BPS, share)
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
        """The line is back. What was sent into the gap, lost or late, says nothing about it."""
        self._is_silent = False
        self._heard_at, self._unanswered_s = now, 0.0
        self._count_from_us = int((now - self._loop_s) * 1e6)
        self._trial = None
        self._congestion.resume(now, self._loop_s)
        self._delivered.clear()
        self._losses.clear()
        self._prober.encourage(now)


__all__ = ["DelayEstimator"]
