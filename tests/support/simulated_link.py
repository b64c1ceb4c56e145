"""A bad line on a virtual clock: a bottleneck with a bounded queue, delay, jitter, loss. It is seeded, so
that every run is the same."""

import random
from collections import deque
from dataclasses import dataclass

STEP_S = 0.002
STALL_S = 0.2
WIRE = 44
"""Bytes that a packet has on the wire beyond RTP: SRTP tag, UDP, IP."""


@dataclass(slots=True)
class Line:
    """What the line is like now; may be changed while it runs. rate_bps None: no bottleneck."""

    rate_bps: int | None = None
    queue_s: float = 0.4
    delay_s: float = 0.015
    """One way, each way."""
    jitter_s: float = 0.0
    """Uniform, up to this, in order; rarely twice as much."""
    loss: float = 0.0
    burst: float = 1.0
    """Mean packets lost in a row (Gilbert's model)."""
    is_cut: bool = False
    may_reorder: bool = False
    stalls: float = 0.0
    """Of a hundred packets, this many hold up the following ones for STALL_S, as a loss on TCP does."""


@dataclass(slots=True)
class Packet:
    number: int
    size: int
    sent_us: int
    entered: float = 0.0


class SimulatedLink:
    """Packets in by `send`, out by `step` as (packet, arrival in s)."""

    def __init__(self, line: Line, seed: int) -> None:
        self.line = line
        self.dropped = 0
        self.waits: list[tuple[float, float]] = []
        """(now, seconds a packet waited in the queue)"""
        self._random = random.Random(seed)
        self._queue: deque[Packet] = deque()
        self._queued = 0
        self._credit = 0.0
        self._last_out = 0.0
        self._is_bad = False
        self._flying: list[tuple[float, Packet]] = []

    def send(self, packet: Packet, now: float) -> None:
        line = self.line
        if line.is_cut:
            return
        if line.rate_bps is None:
            self._fly(packet, now)
            return
        if self._queued * 8 / line.rate_bps > line.queue_s:
            self.dropped += 1
            return
        packet.entered = now
        self._queue.append(packet)
        self._queued += packet.size + WIRE

    def step(self, now: float) -> list[tuple[float, Packet]]:
        """What arrives up to now."""
        line = self.line
        if line.rate_bps is not None and not line.is_cut:
            self._credit = self._credit + line.rate_bps * STEP_S / 8 if self._queue else 0.0
            while self._queue and self._credit >= self._queue[0].size + WIRE:
                packet = self._queue.popleft()
                self._credit -= packet.size + WIRE
                self._queued -= packet.size + WIRE
                self.waits.append((now, now - packet.entered))
                self._fly(packet, now)
        arrived = [entry for entry in self._flying if entry[0] <= now]
        if arrived:
            self._flying = [entry for entry in self._flying if entry[0] > now]
            arrived.sort(key=lambda entry: entry[0])
        return arrived

    def _fly(self, packet: Packet, now: float) -> None:
        if self._is_lost():
            return
        line = self.line
        jitter = line.jitter_s * (1 + (self._random.random() < 0.05)) * self._random.random()
        at = now + line.delay_s + jitter
        if line.stalls and self._random.random() * 100 < line.stalls:
            at += STALL_S
        if not line.may_reorder:
            at = max(at, self._last_out)
            self._last_out = at
        self._flying.append((at, packet))

    def _is_lost(self) -> bool:
        line = self.line
        if not line.loss:
            return False
        if line.burst <= 1:
            return self._random.random() < line.loss
        leave = 1 / line.burst
        enter = leave * line.loss / (1 - line.loss)
        self._is_bad = self._random.random() < (1 - leave if self._is_bad else enter)
        return self._is_bad
