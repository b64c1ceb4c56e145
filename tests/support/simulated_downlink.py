"""A sender like our SFU, a SimulatedLink, and a receiver that gives feedback, around a real estimator.

The sender: voices fifty times a second, pictures 25 times a second in bursts, a keyframe every few seconds, a
pacer while the estimate is small, padding for probes in one lump each tick.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sfu.bandwidth import DelayEstimator, FeedbackReader
from sfu.rtp.twcc import TwccFeedback
from tests.support.feedback import feedback_of
from tests.support.simulated_link import STEP_S, Line, Packet, SimulatedLink

VOICE = 110
FULL = 1120
VOICES_BPS = VOICE * 8 * 50
SPEND = 0.93
PACE = 1.25


@dataclass(frozen=True, slots=True)
class Moment:
    """The state at one tick."""

    at: float
    bps: int
    queue_s: float
    """As the estimator sees it."""
    is_congested: bool
    sent_bps: int


class SimulatedDownlink:
    """`picture_bps(budget)` says how much of a budget (bit/s) the pictures take, after the voices' share."""

    def __init__(
        self,
        line: Line,
        picture_bps: Callable[[int], int],
        *,
        wanted_bps: int,
        seed: int = 1,
        voices: int = 1,
        has_pacer: bool = True,
        has_padding: bool = True,
        keyframe_s: float = 5.0,
        drift_ppm: float = 0.0,
        feedback_loss: float = 0.0,
    ) -> None:
        self.estimator = DelayEstimator()
        self.link = SimulatedLink(line, seed)
        self.line = line
        self.now = 100.0
        self.moments: list[Moment] = []
        self.padding = self.media = 0
        """Bytes sent."""
        self.pacer_dropped = 0
        self.feedbacks = 0
        self.first_feedback_at: float | None = None
        self.wanted_bps = wanted_bps
        self.picture_bps = picture_bps
        self._random = random.Random(seed + 1000)
        self._reader = FeedbackReader()
        self._sent: dict[int, tuple[int, int]] = {}
        self._number = 0
        self._voices = voices
        self._has_pacer = has_pacer
        self._has_padding = has_padding
        self._is_paced = has_pacer
        self._pace_bps = 500_000
        self._pace_credit = 0.0
        self._pacer: deque[tuple[float, int]] = deque()
        self._keyframe_s = keyframe_s
        self.clock_s = 7777.123
        """How far the receiver's clock is ahead of ours."""
        self._drift = drift_ppm * 1e-6
        self._feedback_loss = feedback_loss
        self._budget = 0
        self._tick_bytes = 0
        self._next_tick = self._next_voice = self._next_frame = self.now
        self._next_keyframe = self.now
        self._next_feedback = self.now
        self._arrivals: list[tuple[int, int]] = []
        self._reported = 0
        self._on_the_way: list[tuple[float, TwccFeedback]] = []

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_S
            self._step()

    # --- sending ---------------------------------------------------------------------------------

    def _step(self) -> None:
        now = self.now
        if now >= self._next_tick:
            self._next_tick += 0.1
            self._tick()
        if now >= self._next_voice:
            self._next_voice += 0.02
            for _ in range(self._voices):
                self._depart(VOICE)
                self.media += VOICE
        if now >= self._next_frame:
            self._next_frame += 0.04
            self._frame()
        self._release()
        for at, packet in self.link.step(now):
            self._arrivals.append((packet.number, self._receiver_us(at)))
        if now >= self._next_feedback:
            self._next_feedback += 0.05 + 0.05 * self._random.random()
            self._report()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            feedback = self._on_the_way.pop(0)[1]
            deliveries = self._reader.read(feedback, self._sent.get)
            self.feedbacks += 1
            if self.first_feedback_at is None:
                self.first_feedback_at = now
            self.estimator.on_deliveries(deliveries, now)

    def _tick(self) -> None:
        sent_bps = self._tick_bytes * 80
        self._tick_bytes = 0
        estimator = self.estimator
        probe = estimator.tick(self.now, sent_bps, self.wanted_bps)
        bps = estimator.bps
        if bps < 2_000_000:
            self._is_paced = self._has_pacer
        elif bps > 3_000_000:
            self._is_paced = False
        self._pace_bps = max(int(bps * PACE), probe)
        budget = int(bps * SPEND) - self._voices * VOICES_BPS
        self._budget = self.picture_bps(budget)
        if probe and self._has_padding:
            media = min(sent_bps, self._budget + self._voices * VOICES_BPS)
            size = int((probe - media) / 80)
            while size > 50:
                self._hand(min(size, 1100))
                self.padding += min(size, 1100)
                size -= 1100
        self.moments.append(Moment(self.now, bps, estimator.queue_s, estimator.is_congested, sent_bps))

    def _frame(self) -> None:
        size = self._budget // 200
        if self._budget and self.now >= self._next_keyframe:
            self._next_keyframe = self.now + self._keyframe_s
            size *= 6
        elif self._budget:
            size = int(size * self._random.uniform(0.5, 1.3))
        self.media += size
        while size > 50:
            self._hand(min(size, FULL))
            size -= FULL

    def _hand(self, size: int) -> None:
        if self._is_paced:
            self._pacer.append((self.now, size))
        else:
            self._depart(size)

    def _release(self) -> None:
        if not self._is_paced:
            while self._pacer:
                self._depart(self._pacer.popleft()[1])
            return
        self._pace_credit = min(self._pace_credit + self._pace_bps * STEP_S / 8, 2 * FULL)
        while self._pacer and self._pacer[0][0] < self.now - 0.4:
            self._pacer.popleft()
            self.pacer_dropped += 1
        while self._pacer and self._pace_credit >= self._pacer[0][1]:
            size = self._pacer.popleft()[1]
            self._pace_credit -= size
            self._depart(size)

    def _depart(self, size: int) -> None:
        number = self._number
        self._number += 1
        sent_us = int(self.now * 1e6)
        self._sent[number & 0xFFFF] = (sent_us, size)
        self._tick_bytes += size + 16
        self.link.send(Packet(number, size, sent_us), self.now)

    # --- the receiver ----------------------------------------------------------------------------

    def _receiver_us(self, at: float) -> int:
        us = int((at * (1 + self._drift) + self.clock_s) * 1e6)
        return us // 250 * 250

    def _report(self) -> None:
        """As libwebrtc does it: from the first one not reported yet; it goes back to late ones."""
        if not self._arrivals:
            return
        seen = dict(self._arrivals)
        first = min(self._reported, *seen) if len(seen) > 1 else min(self._reported, next(iter(seen)))
        last = max(seen)
        feedback = feedback_of(first, [seen.get(number) for number in range(first, last + 1)])
        self._reported = max(self._reported, last + 1)
        self._arrivals.clear()
        if self.line.is_cut or self._random.random() < self._feedback_loss:
            return
        at = self.now + self.line.delay_s + self.line.jitter_s * self._random.random()
        self._on_the_way.append((at, feedback))
        self._on_the_way.sort(key=lambda entry: entry[0])
