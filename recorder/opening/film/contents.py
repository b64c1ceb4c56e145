"""The contents of a recording, from reading through it once: its length, who spoke when, what is missing.
Without I/O.

Everything that shows a recording needs this first: how long it is, where its holes are, and which segment an
instant is in.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
from msgspec.structs import replace as changed

from recorder.format.blocks import Block, Track
from recorder.format.entries import (
    AnyEntry,
    BadEntry,
    GapEntry,
    GapKind,
    MarkEntry,
    OpeningEntry,
    parse_entry_untrusted,
)
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.film.presence import Presence
from sfu import EndpointId

MAX_AT_MS = 7 * 24 * 3_600_000
"""A week. Later instants are not believed."""
LAST_MS = 40
"""How long the very last block is shown."""
LOST_MS = 1000
"""A shorter hole next to a fault is a loss that nobody notices."""
_SAME_TURN_MS = 500


class BlockSource(Protocol):
    """A recording that was opened (recorder.opening.opened.OpenedRecording)."""

    def blocks(self, first_segment: int = 1) -> Iterator[Block | Fault]: ...


class SegmentSpan(msgspec.Struct, frozen=True):
    number: int
    from_ms: int
    until_ms: int


class Turn(msgspec.Struct, frozen=True):
    """A time in which one person is shown or named as the speaker, or shares a screen."""

    endpoint: EndpointId
    name: str
    unit: str
    from_ms: int
    until_ms: int


class MarkedInstant(msgspec.Struct, frozen=True):
    at_ms: int
    by: str
    text: str


class Hole(msgspec.Struct, frozen=True):
    """A time in which nothing was recorded, or the recording is lost."""

    from_ms: int
    until_ms: int
    kind: GapKind | None = None
    """None if lost."""


class Contents(msgspec.Struct, frozen=True):
    recording: str
    meeting: str
    title: str
    begun_ms: int
    """Unix time of at_ms 0."""
    keys: tuple[str, ...]
    segments: tuple[SegmentSpan, ...]
    """Those that are at least partly readable, by number."""
    turns: tuple[Turn, ...]
    screens: tuple[Turn, ...]
    marks: tuple[MarkedInstant, ...]
    holes: tuple[Hole, ...]
    """In order; no two of them touch."""
    faults: tuple[str, ...]
    """In words, for the person who exports."""
    until_ms: int


class NothingReadable(Exception):
    """Not a single block could be read; the message says why."""


def read_entry(block: Block) -> AnyEntry | None:
    """The entry in a block; None if the block has none or it cannot be parsed."""
    if block.track is not Track.ENTRIES:
        return None
    try:
        return parse_entry_untrusted(block.data)
    except BadEntry:
        return None


def read_contents(recording: BlockSource) -> Contents:
    """Read through it once. Raises NothingReadable."""
    reader = _ContentsReader()
    for item in recording.blocks():
        reader.take(item)
    return reader.finish()


class _ContentsReader:
    def __init__(self) -> None:
        self._presence = Presence()
        self._opening: OpeningEntry | None = None
        self._segments: dict[int, tuple[int, int]] = {}
        self._number = 0
        self._turns = _TurnTracker()
        self._screens = _TurnTracker()
        self._marks: dict[tuple[int, str, str], MarkedInstant] = {}
        self._holes: list[Hole] = []
        self._faults: list[str] = []
        self._until = 0
        self._lost = False
        """Something is missing between `_until` and the next block."""

    def take(self, item: Block | Fault) -> None:
        if isinstance(item, Fault):
            self._faults.append(str(item))
            self._lost |= item.grave or item.code is FaultCode.INTERRUPTED
        elif 0 <= item.at_ms <= MAX_AT_MS:
            self._block(item)

    def _block(self, block: Block) -> None:
        at_ms = block.at_ms
        if self._lost:
            if at_ms - self._until >= LOST_MS:
                self._holes.append(Hole(self._until, at_ms))
            self._lost = False
        entry = read_entry(block)
        if isinstance(entry, OpeningEntry):
            self._opening = self._opening or entry
            if not self._number and 0 in self._segments:
                self._segments[entry.segment] = self._segments.pop(0)  # they came just before it
            self._number = entry.segment
        begun, _ = self._segments.get(self._number, (at_ms, 0))
        self._until = max(self._until, at_ms + (0 if block.track > Track.VOICE_3 else LAST_MS))
        self._segments[self._number] = (begun, self._until)
        if entry is not None:
            self._entry(entry, at_ms)

    def _entry(self, entry: AnyEntry, at_ms: int) -> None:
        if isinstance(entry, MarkEntry):
            self._marks.setdefault(
                (entry.at_ms, entry.by, entry.text),
                MarkedInstant(at_ms=entry.at_ms, by=entry.by, text=entry.text),
            )
        elif isinstance(entry, GapEntry) and 0 <= entry.at_ms < entry.until_ms <= MAX_AT_MS:
            self._holes.append(Hole(entry.at_ms, entry.until_ms, entry.kind))
            self._until = max(self._until, entry.until_ms)
        self._presence.take(entry)
        self._turns.now(at_ms, self._presence.speaker, self._presence)
        self._screens.now(at_ms, self._presence.at(Track.SCREEN), self._presence)

    def finish(self) -> Contents:
        if not self._segments:
            raise NothingReadable("; ".join(self._faults) or "there is nothing in it")
        opening = self._opening or OpeningEntry(
            at_ms=0, recording="", meeting="", title="", begun_ms=0, segment=1, keys=()
        )
        holes = _merged(self._holes, self._until)
        segments = tuple(SegmentSpan(number, *bounds) for number, bounds in sorted(self._segments.items()))
        return Contents(
            recording=opening.recording,
            meeting=opening.meeting,
            title=opening.title,
            begun_ms=opening.begun_ms,
            keys=opening.keys,
            segments=segments,
            turns=self._turns.finish(self._until, holes),
            screens=self._screens.finish(self._until, holes),
            marks=tuple(self._marks.values()),
            holes=holes,
            faults=tuple(self._faults),
            until_ms=self._until,
        )


class _TurnTracker:
    """Turns of one kind, one after the other."""

    def __init__(self) -> None:
        self._past: list[Turn] = []
        self._who: EndpointId | None = None
        self._name = self._unit = ""
        self._since = 0

    def now(self, at_ms: int, who: EndpointId | None, presence: Presence) -> None:
        if who != self._who:
            self._close(at_ms)
            self._who, self._since = who, at_ms
            self._name = self._unit = ""
        person = presence.person(who)
        if person is not None:
            self._name, self._unit = person.name, person.unit

    def finish(self, until_ms: int, holes: Iterable[Hole]) -> tuple[Turn, ...]:
        """All turns, without their parts that lie in a hole."""
        self._close(until_ms)
        return tuple(part for turn in self._past for part in _outside(turn, holes))

    def _close(self, at_ms: int) -> None:
        if self._who is None or at_ms <= self._since:
            return
        turn = Turn(self._who, self._name, self._unit, self._since, at_ms)
        before = self._past[-1] if self._past else None
        if before and before.endpoint == turn.endpoint and turn.from_ms - before.until_ms < _SAME_TURN_MS:
            turn = changed(turn, from_ms=before.from_ms)
            self._past.pop()
        self._past.append(turn)


def _outside(turn: Turn, holes: Iterable[Hole]) -> Iterator[Turn]:
    begins = turn.from_ms
    for hole in holes:
        if hole.until_ms <= begins or hole.from_ms >= turn.until_ms:
            continue
        if hole.from_ms > begins:
            yield changed(turn, from_ms=begins, until_ms=hole.from_ms)
        begins = hole.until_ms
    if begins < turn.until_ms:
        yield changed(turn, from_ms=begins)


def _merged(holes: Iterable[Hole], until_ms: int) -> tuple[Hole, ...]:
    """In order, overlapping holes merged; a kind from the timeline wins over 'lost'."""
    merged: list[Hole] = []
    for hole in sorted(holes, key=lambda each: (each.from_ms, each.until_ms)):
        if merged and hole.from_ms <= merged[-1].until_ms:
            before = merged.pop()
            longest = max(
                before, hole, key=lambda each: (each.kind is not None, each.until_ms - each.from_ms)
            )
            hole = Hole(before.from_ms, max(before.until_ms, hole.until_ms), longest.kind)
        if hole.from_ms < until_ms:
            merged.append(hole)
    return tuple(merged)
