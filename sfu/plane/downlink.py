"""An endpoint's downlink: what it is believed to carry, and how that is spent on the endpoint's slots.

The estimator and the allocator are without I/O (sfu.bandwidth); here they meet the fast path.

    feedback -> estimator -> budget -> allocator -> a layer, or none, for each slot
                    `-> pace, padding for probes, redundancy of the voices
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sfu import MAX_HEIGHT, Pictures, SlotKind
from sfu.bandwidth import (
    MAX_READ,
    Allocation,
    Allocator,
    DelayEstimator,
    Demand,
    DownlinkEstimator,
    FeedbackReader,
    Rank,
    RembEstimator,
)
from sfu.fastpath import FastPath
from sfu.plane.layer import Layer
from sfu.plane.producer import Producer
from sfu.plane.pulse import TICK_S, Pulse
from sfu.plane.slot import Feed, Slot
from sfu.recovery.budget import MIN_RESEND, resend_bytes
from sfu.recovery.redundancy import Redundancy
from sfu.rtp.rtcp import Remb
from sfu.rtp.twcc import TwccFeedback
from sfu.transport.budget import Budget

PACED_BELOW_BPS = 2_000_000
UNPACED_ABOVE_BPS = 3_000_000
"""A thin line is sent to evenly, so that a keyframe does not hold up the voice. On a broad line that would
only cost time."""
PACE = 1.25
"""Times the estimate: our queue empties soon, and the line's own queue stays short."""
SENT_SHARE = 0.25
"""Share of the way to the newest tick: fifteen pictures a second do not fall evenly into ten ticks."""
SPEND = 0.93
"""Of the estimate: the rest is for retransmissions."""
VOICE_BPS = 45_000
"""Kept free while anybody is heard: 24-32 kbit/s of Opus and its headers, fifty times a second."""
VOICE_OVERHEAD = 1.3
"""A voice's bytes with headers, relative to its payload, as the estimate counts them."""
THIN_BPS = 400_000
"""A line that carries no more has no room to send every sound three times."""
CHECK_BPS = 3_000_000
"""What a line check probes for: more than anybody is ever sent."""
EARLY_TICKS = 60
"""For this long every new line is probed like that, so that a broad line is known, and then sent to without a
pacer."""
STATUSES_PER_S, STATUSES_AT_ONCE = 4096, 2048
"""Packets that are looked up for feedback: twice what goes over the broadest line, and all that is read after
an interruption."""
_RANKS = {SlotKind.SCREEN: Rank.SCREEN, SlotKind.STAGE: Rank.STAGE, SlotKind.TILE: Rank.TILE}


class Paced(Protocol):
    """What the downlink needs from its transport."""

    row: int

    def pace(self, bps: int, voices: frozenset[int] = ...) -> None: ...


class Downlink:
    def __init__(
        self, fastpath: FastPath, transport: Paced, slots: Sequence[Slot], *, twcc: bool, check: bool
    ) -> None:
        self._twcc = twcc
        self.estimator = self._new_estimator()
        self.allocation = Allocation({}, 0, 0, Pictures.ALL)
        self.resend_bytes = MIN_RESEND
        """What may be sent again until the next tick."""
        self._fastpath = fastpath
        self._transport = transport
        self._slots = slots
        self._check = check
        self._reader = FeedbackReader()
        self._statuses = Budget(STATUSES_PER_S, STATUSES_AT_ONCE)
        self._allocator = Allocator()
        self._redundancy = Redundancy()
        self._voices = frozenset(slot.ssrc for slot in slots if slot.kind is SlotKind.AUDIO)
        self._probe_slot = next((slot for slot in slots if slot.rtx_pt), None)
        self._is_paced = True
        self._ticks = 0
        self._sent_before = 0
        self._sent_bps = 0
        self._voice_bytes = 0
        self._voices_bps = 0.0

    # --- what the client reports -----------------------------------------------------------------

    def feedback(self, feedback: TwccFeedback, now: float) -> None:
        row, sent = self._transport.row, self._fastpath.sent_packet
        most = self._statuses.take_up_to(min(feedback.reported, MAX_READ), now)
        deliveries = self._reader.read(feedback, lambda number: sent(row, number), most)
        if deliveries:
            self.estimator.on_deliveries(deliveries, now)

    def remb(self, remb: Remb, now: float) -> None:
        self.estimator.on_remb(remb.bitrate_bps, now)

    def moved(self) -> None:
        """Another network: what was known about the old one is worth nothing."""
        self.estimator = self._new_estimator()

    def _new_estimator(self) -> DownlinkEstimator:
        return DelayEstimator() if self._twcc else RembEstimator()

    # --- the ticker ------------------------------------------------------------------------------

    def tick(self, pulse: Pulse) -> None:
        """Ten times a second: pace, probe, redundancy."""
        now = pulse.now
        self._ticks += 1
        self._note_voices(pulse)
        row = self._fastpath.transports[self._transport.row]
        sent = int(row["tx_bytes"])
        self._sent_bps += int(SENT_SHARE * ((sent - self._sent_before) * 8 / TICK_S - self._sent_bps))
        wanted = self.allocation.wanted_bps
        if self._check or self._ticks < EARLY_TICKS:
            wanted = max(wanted, CHECK_BPS)
        probe = self.estimator.tick(now, self._sent_bps, wanted)
        self._pace(probe)
        if probe and self._probe_slot is not None:
            media = 0 if self._check else min(self._sent_bps, self.allocation.used_bps)
            wanted = int((probe - media) * TICK_S / 8)
            if wanted > 0:
                self._fastpath.send_padding(self._probe_slot.row, wanted, int(now * 1e6))
        self._sent_before = int(row["tx_bytes"])
        estimator = self.estimator
        self.resend_bytes = resend_bytes(estimator.bps, TICK_S, is_congested=estimator.is_congested)
        self._set_redundancy(now)

    def _pace(self, probe: int) -> None:
        bps = self.estimator.bps
        if bps < PACED_BELOW_BPS:
            self._is_paced = True
        elif bps > UNPACED_ABOVE_BPS:
            self._is_paced = False
        rate = max(int(bps * PACE), probe) if self._is_paced else 0
        self._transport.pace(rate, self._voices)

    def _set_redundancy(self, now: float) -> None:
        """Loss from congestion is cured by sending less, not by repeating sounds."""
        loss = 0.0 if self.estimator.is_congested else self.estimator.loss
        blocks = self._redundancy.step(loss, now)
        if self.estimator.bps < THIN_BPS:
            blocks = min(blocks, 1)
        for slot in self._slots:
            if slot.kind is SlotKind.AUDIO:
                slot.set_redundancy(blocks)

    # --- spending --------------------------------------------------------------------------------

    def forget(self, slot: int) -> None:
        """The slot with this index will carry something else."""
        self._allocator.forget(slot)

    def spend(
        self, heights: Mapping[int, int], producer_of: Callable[[Feed | None], Producer | None], pulse: Pulse
    ) -> bool:
        """Give each slot its layer. `heights`: the wished heights by the slot's index; a slot that is missing
        has no wish. True when a picture was held back, or let go."""
        producers = [producer_of(slot.feed) for slot in self._slots]
        demands = [
            Demand(index, _RANKS[slot.kind], height, producer.options(pulse))
            for index, (slot, producer) in enumerate(zip(self._slots, producers, strict=True))
            if slot.kind in _RANKS
            and producer is not None
            and producer.is_open
            and (height := min(heights.get(index, 0), MAX_HEIGHT)) > 0
        ]
        for demand in demands:
            producer = producers[demand.slot]
            if not demand.options and producer is not None:
                producer.hope(demand.height, pulse)
        demands = [demand for demand in demands if demand.options]
        wished = {demand.slot: demand.height for demand in demands}
        budget = int(self.estimator.bps * SPEND)
        self.allocation = self._allocator.allocate(
            demands,
            max(VOICE_BPS, int(self._voices_bps)),
            budget,
            pulse.now,
            may_raise=not self.estimator.is_congested,
        )
        changed = False
        for index, (slot, producer) in enumerate(zip(self._slots, producers, strict=True)):
            changed |= self._fill(slot, producer, index, wished.get(index, 0), pulse)
        return changed

    def _fill(self, slot: Slot, producer: Producer | None, index: int, height: int, pulse: Pulse) -> bool:
        """True when `held` has changed."""
        grant = self.allocation.grants.get(index) if height else None
        was, slot.held = slot.held, bool(height) and grant is None
        layer = None
        if slot.kind is SlotKind.AUDIO:
            layer = _voice(producer)
        elif producer is not None and grant is not None:
            producer.want(grant.layer, pulse.now)
            if not self.estimator.is_congested:
                producer.hope(height, pulse)
            layer = producer.pick(grant.layer, slot.layer, pulse)
            slot.set_temporal(grant.temporal)
        changed = slot.attach(layer)
        if layer is not None and producer is not None and (changed or pulse.is_waiting(slot.row)):
            slot.ask_keyframe(producer, layer, pulse.now)
        return slot.held != was

    def _note_voices(self, pulse: Pulse) -> None:
        """What the voices use, with what redundancy adds."""
        sent = sum(pulse.slot_bytes[slot.row] for slot in self._slots if slot.kind is SlotKind.AUDIO)
        measured = max(0, sent - self._voice_bytes) * 8 / TICK_S * VOICE_OVERHEAD
        self._voice_bytes = sent
        self._voices_bps += 0.1 * (measured - self._voices_bps)


def _voice(producer: Producer | None) -> Layer | None:
    """None while the microphone is shut or has never sent: the slot's numbering waits."""
    if producer is None or not producer.is_open:
        return None
    return next(producer.bound_layers(), None)
