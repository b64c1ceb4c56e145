"""What a bad link does to packets: one direction of it, on a clock that the caller owns.

Everything is drawn from a seed, and the same numbers are drawn for each packet whatever happens to it, so the
same packets at the same times have the same fate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

STALL_S = (0.2, 0.3)
"""How long a TCP connection stands still where a packet would have been lost: until it is sent again."""
MAX_QUEUE_MS = 10_000
"""Longer waits count as this one, which bounds the memory of the record."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What one direction of a link is like. The default is a link without faults."""

    loss: float = 0.0
    """Share of packets that do not come, 0 to 1, in the long run."""
    burst: float = 1.0
    """Mean number of packets that are lost in a row; 1: each is lost by itself."""
    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Up to this much more, evenly spread; packets stay in order."""
    reorder: float = 0.0
    """Share of packets that are overtaken by those of the next `late_s`."""
    late_s: float = 0.02
    rate_bps: float | None = None
    queue_s: float = 0.5
    """A packet that would wait longer is dropped (drop-tail)."""
    is_cut: bool = False
    """Nothing passes."""


@dataclass(frozen=True, slots=True)
class Change:
    """From this time on the link is like that."""

    at: float
    quality: Quality


class Waits:
    """How long packets waited in a queue, in whole milliseconds: a histogram, so its memory is bounded."""

    def __init__(self) -> None:
        self._counts = [0] * (MAX_QUEUE_MS + 1)
        self.count = 0

    def add(self, wait_s: float) -> None:
        self._counts[min(max(round(wait_s * 1000), 0), MAX_QUEUE_MS)] += 1
        self.count += 1

    def quantile_ms(self, share: float) -> int:
        """This share of the packets waited this many milliseconds or less; 0 when there were none."""
        wanted, seen = share * self.count, 0
        for wait_ms, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return wait_ms
        return 0


class Record:
    """What passed in one direction since the record was made."""

    def __init__(self) -> None:
        self.packets = 0
        """Forwarded, or taken for forwarding."""
        self.size = 0
        self.dropped = 0
        self.overflowed = 0
        """Those of the dropped ones for which the queue had no room."""
        self.waits = Waits()


class Direction:
    """One direction: says for each packet when it arrives, or that it does not."""

    def __init__(self, quality: Quality, seed: int) -> None:
        self.quality = quality
        self.record = Record()
        self._random = Random(seed)
        self._changes: list[Change] = []
        self._in_burst = False
        self._free_at = 0.0
        """When the transmitter has sent all that waits."""
        self._last_due = 0.0

    def plan(self, changes: Sequence[Change]) -> None:
        """What happens to the link later, instead of what was planned before."""
        self._changes = sorted(changes, key=lambda change: change.at)

    def now_like(self, now: float) -> Quality:
        """What the link is like now."""
        while self._changes and self._changes[0].at <= now:
            self.quality = self._changes.pop(0).quality
        return self.quality

    def change(self, **parts: float | bool | None) -> None:
        """Some parts of the quality change from now on."""
        self.quality = replace(self.quality, **parts)  # type: ignore[arg-type] # names and types are Quality's

    def backlog_s(self, now: float) -> float:
        """How long a packet that comes now would wait."""
        return max(0.0, self._free_at - now)

    def send(self, size: int, now: float) -> float | None:
        """When a datagram that is sent now arrives; None: it does not."""
        quality = self.now_like(now)
        is_lost, jitter_s, is_late = self._draw(quality)
        if quality.is_cut or (quality.rate_bps is not None and self.backlog_s(now) > quality.queue_s):
            self.record.dropped += 1
            self.record.overflowed += not quality.is_cut
            return None
        sent = self._transmit(size, now, quality)
        if is_lost:  # lost in the air, behind the queue, so it has used its time
            self.record.dropped += 1
            return None
        self.record.packets += 1
        self.record.size += size
        due = sent + quality.delay_s + jitter_s
        if is_late:
            return due + quality.late_s
        self._last_due = due = max(due, self._last_due)
        return due

    def stream(self, size: int, now: float, after: float) -> float:
        """When a piece of a TCP connection that is sent now arrives. It is never lost, but a loss holds up
        everything behind it. after: when the piece before it arrives."""
        quality = self.now_like(now)
        is_lost, jitter_s, _ = self._draw(quality)
        stall_s = self._random.uniform(*STALL_S)
        due = self._transmit(size, now, quality) + quality.delay_s + jitter_s
        self.record.packets += 1
        self.record.size += size
        return max(due, after) + (stall_s if is_lost else 0.0)

    def has_room(self, now: float) -> bool:
        """A TCP connection may send: the link is not cut, and the queue is not full."""
        quality = self.now_like(now)
        return not quality.is_cut and (quality.rate_bps is None or self.backlog_s(now) <= quality.queue_s)

    def _transmit(self, size: int, now: float, quality: Quality) -> float:
        """When the last bit has left the queue."""
        begun = max(now, self._free_at)
        self._free_at = begun + (size * 8 / quality.rate_bps if quality.rate_bps is not None else 0.0)
        self.record.waits.add(self._free_at - now)
        return self._free_at

    def _draw(self, quality: Quality) -> tuple[bool, float, bool]:
        """Lost? How much later? Overtaken?

        Source: Gilbert (1960) with a loss of 1 in the bad state: it is left with 1 / burst, and entered so
        often that the share of packets in it is `loss`.
        """
        turn, jitter, late = self._random.random(), self._random.random(), self._random.random()
        if quality.burst <= 1.0 or quality.loss >= 1.0:
            self._in_burst = turn < quality.loss
        elif self._in_burst:
            self._in_burst = turn >= 1 / quality.burst
        else:
            self._in_burst = turn < quality.loss / (quality.burst * (1 - quality.loss))
        return self._in_burst, jitter * quality.jitter_s, late < quality.reorder
