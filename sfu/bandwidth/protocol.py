"""What the plane needs from an estimator, whatever a client negotiated."""

from collections.abc import Sequence
from typing import Protocol

from sfu.bandwidth.feedback import Delivery


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
        """Reduced recently and not yet drained, or silent: nothing may be raised."""

    def on_deliveries(self, deliveries: Sequence[Delivery], now: float) -> None: ...

    def on_remb(self, bps: int, now: float) -> None: ...

    def tick(self, now: float, sent_bps: int, wanted_bps: int) -> int:
        """Ten times a second. `wanted_bps`: what would be sent if the line carried everything wished. Returns
        the total rate to send until the next tick for a probe, or 0."""


__all__ = ["DownlinkEstimator"]
