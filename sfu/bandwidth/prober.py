"""When a line is probed, how hard and how long.

Only while more is wanted than the estimate. On a line that has shown no end each step doubles; where the end
is known it is only touched, and ever more rarely. Source: clusters of probes are libwebrtc's idea
(draft-ietf-rmcat-gcc); lengths, steps and pauses are made for lines of 0.3 to 5 Mbit/s.
"""

from collections.abc import Sequence

from sfu.bandwidth.feedback import Delivery
from sfu.bandwidth.probe import FIRST_S, LONG_S, SHORT_S, Outcome, Probe, Verdict

STEP = 2.2
"""On a line that has shown no end: times the estimate. Three steps make 4 Mbit/s of 400 kbit/s."""
FIRST_STEP = 2.0
TOUCH = 1.4
"""Where the end is known: far enough that an upper layer may fit, near enough that failing costs a tenth of a
second's queue."""
HEADROOM = 1.35
"""Times what is wanted: the allocator raises a picture only when a fifth more than it needs is there."""
PLENTY_BPS = 2_500_000
MAX_PROBE_BPS = 8_000_000
RETRY_S, RETRY_STEP, MAX_RETRY_S = 2.0, 1.5, 6.0
"""Pauses after failed probes. The longest bounds how late a recovered line is noticed."""
PATIENT_AFTER, PATIENT_S = 20, 15.0
"""After this many failures, two minutes of them, the line is as it is, and asking costs its voices
something."""
UNCLEAR_S = 0.8
UNSENT = 3
"""Probes without padding in a row: there will be none."""
REACHED = 1.03
CONTENT = 0.75
"""Where this share of what is wanted fits already, or PLENTY_BPS, there is little to gain: such a line is
probed rarely, too."""
REPORT_S = 0.35
"""What a report may take beyond the usual round trip."""


class Prober:
    __slots__ = (
        "_failures",
        "_is_content",
        "_is_first",
        "_next",
        "_unclear",
        "_unsent",
        "probe",
        "quiet_until",
    )

    def __init__(self) -> None:
        self.probe: Probe | None = None
        self.quiet_until = 0.0
        """Until then a queue may be a probe's."""
        self._failures = 0
        self._unclear = self._unsent = 0
        self._is_first = True
        self._next = 0.0
        self._is_content = False

    @property
    def is_blind(self) -> bool:
        """No probe can be sent: the client takes no padding."""
        return self._unsent >= UNSENT

    def rate(self, now: float) -> int:
        """What to send now for the running probe, bit/s; 0 without one."""
        probe = self.probe
        return probe.rate_bps if probe is not None and now * 1e6 < probe.end_us - 50_000 else 0

    def begin(self, now: float, bps: int, link_bps: int | None, wanted_bps: int, loop_s: float) -> None:
        """Start a probe, if it is time and there is something to gain."""
        goal = min(MAX_PROBE_BPS, int(wanted_bps * HEADROOM))
        if self.probe is not None or now < self._next or goal <= REACHED * bps:
            return
        if link_bps is None:
            rate = int(bps * (FIRST_STEP if self._is_first else STEP))
        else:
            rate = int(max(bps, link_bps) * TOUCH)
        length_s = LONG_S if self._unclear else FIRST_S if self._is_first else SHORT_S
        self._is_content = bps > min(PLENTY_BPS, CONTENT * wanted_bps)
        start = int(now * 1e6)
        self.probe = Probe(min(goal, rate), start, start + int(length_s * 1e6))
        self.quiet_until = now + length_s + loop_s + REPORT_S

    def account(self, deliveries: Sequence[Delivery]) -> None:
        if self.probe is not None:
            self.probe.account(deliveries)

    def finish(
        self, now: float, loop_s: float, base_us: int, limit_s: float, loss: float | None
    ) -> Outcome | None:
        """The outcome, once: when all packets have been reported, or should have been."""
        probe = self.probe
        if probe is None or now * 1e6 < probe.end_us:
            return None
        if probe.overtaken < 2 and now * 1e6 < probe.end_us + (loop_s + REPORT_S) * 1e6:
            return None
        self.probe = None
        outcome = probe.outcome(base_us, limit_s, loss)
        if outcome.verdict is not Verdict.UNSENT:
            self._unsent = 0
        match outcome.verdict:
            case Verdict.PASSED:
                self._failures = self._unclear = 0
                self._is_first = False
                self._next = now
            case Verdict.FULL:
                self._is_first = False
                self.fail(now)
            case Verdict.UNSENT:
                self._unsent += 1
                self.fail(now)
            case Verdict.UNCLEAR:
                self._unclear += 1
                if self._unclear > 2:
                    self.fail(now)
                else:
                    self._next = now + UNCLEAR_S
        return outcome

    def fail(self, now: float) -> None:
        """The line gave no more."""
        self._unclear = 0
        is_patient = self._is_content or self._failures >= PATIENT_AFTER
        most = PATIENT_S if is_patient else MAX_RETRY_S
        self._next = now + min(most, RETRY_S * RETRY_STEP ** min(self._failures, 8))
        self._failures += 1

    def postpone(self, until: float) -> None:
        """No probe before this time: the line has other problems."""
        self._next = max(self._next, until)

    def drop(self) -> None:
        """Nothing will be learnt from the running probe."""
        self.probe = None

    def encourage(self, now: float) -> None:
        """The line may have changed."""
        self._failures = self._unclear = 0
        self._next = now


__all__ = ["Prober"]
