"""From a tap's messages to Matroska: one recording, segment by segment.

The muxer is given the messages and polled about ten times a second; each poll returns whole clusters. Blocks
are held for REORDER_MS, so that voices and pictures that arrive side by side are written in the order of
their instants. A block that comes later than that keeps its instant but is written after what is already
written. On one track instants never go back.

Units: `_us` is on the machine's monotonic clock, `_ms` since the recording began.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import recorder
from recorder.format import matroska
from recorder.format.blocks import Block, Track
from recorder.format.entries import GapKind
from recorder.muxing.assembly import Assembler
from recorder.muxing.clocks import Clocks
from recorder.muxing.reorder import TEXT_TRACKS, ReorderBuffer
from recorder.muxing.timeline import OpeningFacts, Timeline
from sfu.tapline import TAP_SLOTS, FromTap, TapMedia, TapReport, TapSlot, TapSlots

__all__ = ["Muxer", "MuxerOutput", "MuxerSettings", "OpeningFacts"]

REORDER_MS = 200
MAX_CUT_WAIT_MS = 2_000
"""How long a segment that is due waits for a keyframe of the stage."""
ASK_EVERY_US = 1_000_000
MAX_CLUSTER_MS = 1_000
MAX_CLUSTER_BYTES = 1 << 20
"""Exceeded only by a single larger picture."""


@dataclass(frozen=True, slots=True)
class MuxerSettings:
    segment_s: float = 120.0
    cluster_ms: int = 250
    """A cluster spans about this much, and MAX_CLUSTER_MS at most."""
    max_backlog_bytes: int = 8 << 20
    """What may wait for a poll; the rest is dropped, and the timeline says so."""
    east_of_utc_min: int = 420
    """Time zone of the server, for the times of day in the timeline's words."""


@dataclass(frozen=True, slots=True)
class MuxerOutput:
    """The result of a poll."""

    data: bytes
    """Whole clusters for the current segment."""
    ask_keyframes: bool
    """Ask the stage and the screen for keyframes."""
    cut: bool
    """`data` completes the segment; open the next one before the next poll."""


class Muxer:
    """One recording. No method fails, whatever a tap sends."""

    def __init__(self, opening: OpeningFacts, begun_us: int, settings: MuxerSettings | None = None) -> None:
        self._opening = opening
        self._begun_us = begun_us
        self._settings = settings or MuxerSettings()
        self._timeline = Timeline(opening, self._settings.east_of_utc_min)
        self._clocks = Clocks()
        self._slots = [Assembler() for _ in TAP_SLOTS]
        self._buffer = ReorderBuffer()
        self._slot_change: _SlotChange | None = None
        self._now_us = begun_us
        self._paused_ms: int | None = None
        self._not_before_ms = 0
        """Blocks from before the end of the last pause are dropped."""
        self._slow_ms: int | None = None
        self._asks = False
        self._asked_us = begun_us - ASK_EVERY_US
        self._segment = 0
        self._segment_ms = 0
        self._due_ms: int | None = None
        self._cut: tuple[int, list[Block]] | None = None
        """Where the next segment begins, and its first blocks."""
        self._written_ms = 0
        self._cluster_ms = 0

    @property
    def segment_at_ms(self) -> int:
        """Where the current segment begins."""
        return self._segment_ms

    @property
    def written_ms(self) -> int:
        """Everything up to here that came in time has been handed over."""
        return self._written_ms

    @property
    def paused(self) -> bool:
        return self._paused_ms is not None

    def at_ms(self, at_us: int) -> int:
        """On the recording's own time."""
        return max(0, (at_us - self._begun_us) // 1000)

    def open_segment(self, number: int, now_us: int) -> bytes:
        """Begin a file. Returns its header and a cluster with the state of the meeting at that moment."""
        now_ms = self._tick(now_us)
        at_ms, blocks = self._cut or (now_ms, [])
        if not blocks or number != self._segment + 1:
            blocks = list(self._timeline.opening(number, at_ms))
        self._segment, self._segment_ms = number, at_ms
        self._cut, self._due_ms = None, None
        self._cluster_ms = at_ms
        self._written_ms = max(self._written_ms, at_ms)
        for track in TEXT_TRACKS:
            self._buffer.pass_by(track, at_ms)
        return matroska.header(self._opening.title, self._opening.begun_ms) + matroska.cluster(at_ms, blocks)

    # --- input -----------------------------------------------------------------------------------

    def take(self, message: FromTap) -> None:
        """A message from the tap."""
        match message:
            case TapSlots():
                self._fill(message.slots, self._tick(message.at_us))
            case TapMedia():
                self._tick(message.newest_us)
                if 0 <= message.slot < len(TAP_SLOTS):
                    self._media(message)
            case TapReport():
                self._clocks.report(message.endpoint, message.stream, message.ntp, message.ts)

    def people(self, order: recorder.People, now_us: int) -> None:
        self._tell(self._timeline.people(order, self._tick(now_us)))

    def mark(self, order: recorder.Mark, now_us: int) -> None:
        """Marks made during a pause are dropped."""
        self._tell(self._timeline.mark(order, self._tick(now_us)))

    def pause(self, on: bool, now_us: int) -> None:
        """Nothing that was seen or heard during the pause is written, even if it arrives later."""
        now_ms = self._tick(now_us)
        if on and self._paused_ms is None:
            self._settle_slots()
            self._paused_ms = now_ms
        elif not on and self._paused_ms is not None:
            from_ms, self._paused_ms = self._paused_ms, None
            self._not_before_ms = now_ms
            self._after_gap(GapKind.PAUSE, from_ms)

    def gap(self, kind: GapKind, from_us: int, until_us: int) -> None:
        """The caller could not record between these instants. Anything may have been missed, so the state of
        the meeting is written again, and pictures start at a keyframe."""
        self._tick(until_us)
        if self._paused_ms is None:
            self._after_gap(kind, self.at_ms(from_us))

    # --- output ------------------------------------------------------------------------------

    def poll(self, now_us: int) -> MuxerOutput:
        """Call it about ten times a second, and at most once before the first segment is opened."""
        now_ms = self._tick(now_us)
        if self._slot_change is not None and now_ms - self._slot_change.at_ms >= REORDER_MS:
            self._settle_slots()
        if self._slow_ms is not None:
            from_ms, self._slow_ms = self._slow_ms, None
            self._after_gap(GapKind.SLOW, from_ms)
        self._check_whether_due(now_ms)
        ready_ms = now_ms - REORDER_MS
        if self._cut is not None and ready_ms >= self._cut[0]:
            return MuxerOutput(self._until(self._cut[0]), self._ask(), True)
        if ready_ms - self._written_ms < self._settings.cluster_ms or not self._segment:
            return MuxerOutput(b"", self._ask(), False)
        return MuxerOutput(self._until(ready_ms), self._ask(), False)

    def finish(self, now_us: int) -> bytes:
        """Everything still held; it completes the current segment."""
        now_ms = self._tick(now_us)
        self._settle_slots()
        if self._paused_ms is not None:
            self._buffer.put(self._timeline.gap(GapKind.PAUSE, self._paused_ms, now_ms))
        data = self._until(now_ms + matroska.MAX_LATE_MS)
        self._written_ms = now_ms
        return data

    def void(self, size: int) -> bytes:
        """Padding of exactly this size, at least 2."""
        return matroska.void(size)

    def _until(self, before_ms: int) -> bytes:
        """Clusters of everything held that belongs before this instant."""
        self._written_ms = max(self._written_ms, before_ms)
        data = b""
        inside: list[Block] = []
        size = 0
        for block in self._buffer.take_until(before_ms):
            if inside and (
                block.at_ms - self._cluster_ms >= MAX_CLUSTER_MS or size + len(block.data) > MAX_CLUSTER_BYTES
            ):
                data += matroska.cluster(self._cluster_ms, inside)
                inside, size = [], 0
            if not inside:
                self._cluster_ms = max(self._cluster_ms, block.at_ms)
            inside.append(block)
            size += len(block.data)
        return data + matroska.cluster(self._cluster_ms, inside) if inside else data

    # --- inside ---------------------------------------------------------------------------------------

    def _tick(self, now_us: int) -> int:
        self._now_us = max(self._now_us, now_us)
        return self.at_ms(self._now_us)

    def _tell(self, blocks: Iterable[Block]) -> None:
        """Add to the timeline, except during a pause: then only the state after it is written."""
        added = list(blocks)
        if self._paused_ms is None:
            self._buffer.put(added)

    def _fill(self, slots: tuple[TapSlot, ...], now_ms: int) -> None:
        self._settle_slots()
        before = self._timeline.fill(slots)
        after = self._timeline.slots
        changed = [number for number in range(len(TAP_SLOTS)) if before[number] != after[number]]
        for number in changed:
            if after[number].endpoint is None:
                self._slots[number].stop()
        if changed and self._paused_ms is None:
            tracks = frozenset(Track(Track.STAGE + number) for number in changed)
            self._slot_change = _SlotChange(tracks, now_ms, before)

    def _settle_slots(self, at_ms: int | None = None) -> None:
        """Write who is in which slot from now on, dated at their first picture or sound, which was made
        before it arrived."""
        if self._slot_change is not None:
            change, self._slot_change = self._slot_change, None
            at_ms = change.at_ms if at_ms is None else min(at_ms, change.at_ms)
            self._buffer.put(self._timeline.slots_changed(change.before, at_ms))

    def _media(self, media: TapMedia) -> None:
        self._clocks.sample(media.endpoint, media.source, media.stream, media.newest_ts, media.newest_us)
        assembler = self._slots[media.slot]
        if self._paused_ms is not None or self._slow_ms is not None:
            assembler.begin_anew()
            return
        track = Track(Track.STAGE + media.slot)
        dropped = False
        for whole in assembler.take(media):
            if dropped and not whole.key:
                continue
            at_ms = self.at_ms(self._clocks.at_us(media.endpoint, media.stream, whole.ts))
            dropped = not self._keep(Block(track, at_ms, whole.data, whole.key))
        if dropped:
            assembler.begin_anew()
        self._asks = self._asks or assembler.wants_keyframe

    def _keep(self, block: Block) -> bool:
        """False: it was dropped."""
        if block.at_ms < self._not_before_ms or self._slow_ms is not None:
            return False
        if self._buffer.size + len(block.data) > self._settings.max_backlog_bytes:
            self._slow_ms = self.at_ms(self._now_us)
            return False
        at_ms = max(block.at_ms, self._buffer.newest_ms(block.track) + 1)
        if self._slot_change is not None and block.track in self._slot_change.tracks:
            self._settle_slots(at_ms)
        if self._due_ms is not None and block.track is Track.STAGE and block.key:
            self._cut_at(at_ms)
        self._buffer.put([Block(block.track, at_ms, block.data, block.key)])
        return True

    def _after_gap(self, kind: GapKind, from_ms: int) -> None:
        now_ms = self.at_ms(self._now_us)
        self._slot_change = None
        self._buffer.put(
            [*self._timeline.gap(kind, min(from_ms, now_ms), now_ms), *self._timeline.standing(now_ms)]
        )
        for assembler in self._slots:
            assembler.begin_anew()
        self._asks = True

    def _check_whether_due(self, now_ms: int) -> None:
        if self._paused_ms is not None or not self._segment:
            return
        if self._due_ms is None and now_ms - self._segment_ms >= self._settings.segment_s * 1000:
            self._due_ms = now_ms
            self._asks, self._asked_us = True, self._now_us - ASK_EVERY_US
        elif self._due_ms is not None and now_ms - self._due_ms >= MAX_CUT_WAIT_MS - REORDER_MS:
            self._cut_at(now_ms)

    def _cut_at(self, at_ms: int) -> None:
        """Begin the next segment there, with the present state; unless a cut is already decided."""
        if self._cut is None:
            self._cut = (at_ms, list(self._timeline.opening(self._segment + 1, at_ms)))

    def _ask(self) -> bool:
        if not self._asks or self._paused_ms is not None or self._now_us - self._asked_us < ASK_EVERY_US:
            return False
        self._asks, self._asked_us = False, self._now_us
        return True


@dataclass(frozen=True, slots=True)
class _SlotChange:
    """Slots have new occupants, and no picture or sound of theirs has come yet."""

    tracks: frozenset[Track]
    at_ms: int
    before: tuple[TapSlot, ...]
