"""The estimator for clients that negotiated only goog-remb. Source: draft-alvestrand-rmcat-remb-03.

The client estimates, and its figure is a good brake and a poor accelerator: Chromium's first one comes five
seconds after the first media, and none exceeds about 1.5 times what arrives. So it binds only while it is
near what is sent. Where little is sent it says nothing about the line, and the estimate climbs by itself
until the figure binds.
"""

from collections.abc import Sequence

from sfu.bandwidth.estimator import MAX_BPS, MIN_BPS
from sfu.bandwidth.feedback import Delivery

START_BPS = 600_000
BINDING = 1.2
"""A figure below this share of what is sent is the line's, not ours."""
CLIMB = 0.12
"""Per second, while no figure binds."""
HEADROOM = 1.35
"""Times what is wanted: it need not climb higher."""
SMOOTH_S = 0.5
CALM_S = 1.5
FALL = 0.95


class RembEstimator:
    """`DownlinkEstimator` by REMB. It knows neither queue nor loss, and does not probe: padding did not make
    Chromium's figure rise faster."""

    def __init__(self) -> None:
        self._bps = float(START_BPS)
        self._remb: int | None = None
        self._sent_bps = 0.0
        self._tick_at: float | None = None
        self._reduced_at = float("-inf")
        self._now = 0.0

    @property
    def bps(self) -> int:
        return int(self._bps)

    @property
    def queue_s(self) -> float:
        return 0.0

    @property
    def loss(self) -> float:
        return 0.0

    @property
    def is_congested(self) -> bool:
        return self._now - self._reduced_at < CALM_S

    def on_deliveries(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Not negotiated."""

    def on_remb(self, bps: int, now: float) -> None:
        """Untrusted: any number is limited to our bounds."""
        self._now = max(now, self._now)
        self._remb = max(MIN_BPS, min(MAX_BPS, bps))
        if not self._binds():
            self._bps = max(self._bps, self._remb)
            return
        if self._remb < FALL * self._bps:
            self._reduced_at = self._now
        self._bps = float(self._remb)

    def tick(self, now: float, sent_bps: int, wanted_bps: int) -> int:
        elapsed = 0.0 if self._tick_at is None else min(0.5, max(0.0, now - self._tick_at))
        self._tick_at = now
        self._now = max(now, self._now)
        self._sent_bps += min(1.0, elapsed / SMOOTH_S) * (max(0, sent_bps) - self._sent_bps)
        goal = min(MAX_BPS, HEADROOM * wanted_bps)
        if self._remb is not None and not self._binds() and not self.is_congested and self._bps < goal:
            self._bps = min(goal, self._bps * (1 + CLIMB * elapsed))
        return 0

    def _binds(self) -> bool:
        return self._remb is not None and self._remb < BINDING * self._sent_bps


__all__ = ["RembEstimator"]
