"""The sums of one feedback's packets, and the rate at which packets arrive."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sfu.bandwidth.feedback import Delivery

RATE_WINDOW_US = 500_000
"""The delivered rate is measured over the last half second: long enough to even out frames, short enough to
notice when a line becomes slow."""
MIN_SPAN_US = 120_000
"""A rate over less than this is chance."""
MAX_GROUPS = 64
BACKWARDS_US = 2_000_000
"""Arrivals may be out of order, but not by this much: the receiver's clock was set back."""


@dataclass(slots=True)
class Group:
    """What one feedback brought. Units: microseconds of our clock (sent) and of the receiver's (arrived)."""

    packets: int
    size: int
    last_sent: int
    first_arrived: int
    last_arrived: int
    least_delay: int
    """Smallest arrived - sent: on two clocks, so only its changes have a meaning."""
    lost: int


def gather(deliveries: Sequence[Delivery], since_us: int) -> Group:
    """Sum up what was sent since `since_us`. Without arrivals, packets is 0 and the times mean nothing."""
    packets = total = lost = last_sent = 0
    first_arrived = last_arrived = least_delay = 0
    for delivery in deliveries:
        sent = delivery.sent_us
        if sent < since_us:
            continue
        arrived = delivery.arrived_us
        if arrived is None:
            lost += 1
            continue
        delay = arrived - sent
        total += delivery.size
        if packets == 0:
            first_arrived = last_arrived = arrived
            least_delay, last_sent = delay, sent
        else:
            if delay < least_delay:
                least_delay = delay
            if arrived > last_arrived:
                last_arrived = arrived
            elif arrived < first_arrived:
                first_arrived = arrived
            if sent > last_sent:
                last_sent = sent
        packets += 1
    return Group(packets, total, last_sent, first_arrived, last_arrived, least_delay, lost)


class DeliveredRate:
    """Bytes that arrived in the last half second of the receiver's clock."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: deque[tuple[int, int]] = deque(maxlen=MAX_GROUPS)
        """(last arrival us, bytes)"""

    def add(self, group: Group) -> None:
        groups = self._groups
        newest = groups[-1][0] if groups else group.last_arrived
        if group.last_arrived < newest - BACKWARDS_US:
            groups.clear()
            newest = group.last_arrived
        newest = max(newest, group.last_arrived)
        groups.append((newest, group.size))
        while len(groups) > 2 and groups[1][0] < newest - RATE_WINDOW_US:
            groups.popleft()

    def clear(self) -> None:
        self._groups.clear()

    def bps(self, since_us: int | None = None) -> float | None:
        """Over the window, or since an instant of the receiver's clock; None while it is not known. The first
        group only marks where counting begins: how long its own packets took is not known."""
        begin: int | None = None
        total = 0
        for at, size in self._groups:
            if begin is not None:
                total += size
            elif since_us is None or at >= since_us:
                begin = at
        if begin is None or (span := self._groups[-1][0] - begin) < MIN_SPAN_US:
            return None
        return total * 8e6 / span


__all__ = ["DeliveredRate", "Group", "gather"]
