"""Spreads what is sent to one client over time: a picture of forty packets must not fill a thin line's queue
at once, with the next voice behind it. Without I/O.

A leaky bucket: everything that leaves is charged, and a picture's packet may leave when
everything before it is paid for.

    voices, RTCP --charge--> leave at once
    pictures ------put-----> wait in order --take--> leave, or are dropped after MAX_WAIT_S
"""

from collections import deque
from collections.abc import Set
from dataclasses import dataclass

MAX_WAIT_S = 0.4
"""For a packet, and for all waiting packets at the present rate. A picture that is later than this stands
still anyhow, and the next keyframe is worth more than the rest of it."""
CREDIT_S = 0.005
"""What an idle line may send at once, besides one packet: never more than this much of its rate."""
CATCH_UP_S = 0.02
"""While something waits, a timer that is late by up to this much loses nothing."""
MAX_DEBT_S = 0.2
"""Voices never wait. When they alone are more than the line carries, pictures wait no longer than this for
them to be paid for."""
_A_MOMENT_S = 0.001
_ROUNDING = 0.5
"""Bytes: at the exact instant that `next_at` names, the debt counts as paid."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A packet that leaves now."""

    packet: bytes
    waited: bool
    """It did not leave at the moment it came."""
    producer: int = -1


class Pacer:
    """The pacer of one transport. `now` never goes back."""

    __slots__ = ("_at", "_balance", "_bps", "_waiting", "_waiting_bytes", "dropped")

    def __init__(self, bps: int, now: float) -> None:
        assert bps > 0
        self.dropped = 0
        """Packets that waited too long."""
        self._bps = bps
        self._balance = 0.0
        """Bytes that may leave; below 0: that much must be paid for first."""
        self._at = now
        self._waiting: deque[tuple[float, bytes, int]] = deque()
        """When it came, the packet, its producer."""
        self._waiting_bytes = 0

    @property
    def bps(self) -> int:
        return self._bps

    @property
    def backlog_s(self) -> float:
        """How long it takes until everything that waits now has left."""
        return self._waiting_bytes * 8 / self._bps

    def set_rate(self, bps: int, now: float) -> None:
        """Waiting packets stay, as far as the new rate has room for them."""
        assert bps > 0
        self._earn(now)
        self._bps = bps
        self._balance = max(self._balance, -MAX_DEBT_S * bps / 8)
        self._trim(now)

    def charge(self, size: int, now: float) -> None:
        """A packet that does not wait leaves; the pictures after it wait for it."""
        self._earn(now)
        most = -MAX_DEBT_S * self._bps / 8
        self._balance = max(self._balance - size, min(self._balance, most))

    def put(self, packet: bytes, now: float, producer: int = -1) -> None:
        """A packet that may wait. When too many wait, the oldest are dropped."""
        self._earn(now)
        self._waiting.append((now, packet, producer))
        self._waiting_bytes += len(packet)
        self._trim(now)

    def take(self, now: float) -> list[Leaving]:
        """What leaves now, in the order it came."""
        self._earn(now)
        self._trim(now)
        leaving: list[Leaving] = []
        while self._waiting and self._balance > -_ROUNDING:
            came, packet, producer = self._waiting.popleft()
            self._waiting_bytes -= len(packet)
            self._balance -= len(packet)
            leaving.append(Leaving(packet, came < now, producer))
        return leaving

    def take_all(self) -> list[Leaving]:
        """Pacing ends: everything leaves."""
        leaving = [Leaving(packet, True, producer) for _, packet, producer in self._waiting]
        self._waiting.clear()
        self._waiting_bytes = 0
        return leaving

    def withdraw(self, producers: Set[int]) -> None:
        """What waits of these never leaves."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting[2] not in producers)
        self._waiting_bytes = sum(len(packet) for _, packet, _ in self._waiting)

    def next_at(self) -> float | None:
        """When `take` will have something to release, or to drop; None while nothing waits."""
        if not self._waiting:
            return None
        paid = self._at + max(0.0, -self._balance) * 8 / self._bps
        return min(paid, self._waiting[0][0] + MAX_WAIT_S + _A_MOMENT_S)

    def _earn(self, now: float) -> None:
        most = (CATCH_UP_S if self._waiting else CREDIT_S) * self._bps / 8
        self._balance = min(self._balance + (now - self._at) * self._bps / 8, most)
        self._at = now

    def _trim(self, now: float) -> None:
        """One packet may always wait, however large it is for the rate."""
        room = MAX_WAIT_S * self._bps / 8
        while self._waiting:
            came, packet, _ = self._waiting[0]
            if now - came <= MAX_WAIT_S and (self._waiting_bytes <= room or len(self._waiting) == 1):
                return
            self._waiting.popleft()
            self._waiting_bytes -= len(packet)
            self.dropped += 1
