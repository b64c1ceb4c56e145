"""The timeline of a recording: who was in which slot, who had the floor, marks and gaps. Each is written as
an entry for programs and, where people care, as a line of text for them.

The text is Vietnamese and stays so in the file: subtitles cannot be translated later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import recorder
from recorder.format.blocks import Block, Track
from recorder.format.entries import (
    AnyEntry,
    FloorEntry,
    GapEntry,
    GapKind,
    MarkEntry,
    OpeningEntry,
    PeopleEntry,
    PersonItem,
    SlotItem,
    SlotsEntry,
    entry_json,
)
from recorder.instants import DAY_MS, civil, time_of_day
from sfu import EndpointId
from sfu.tapline import TAP_SLOTS, TapSlot

_EMPTY = (TapSlot(None, None),) * len(TAP_SLOTS)

_GAP_WORDS = {
    GapKind.PAUSE: "Tạm dừng ghi",
    GapKind.CRASH: "Ghi bị gián đoạn do sự cố",
    GapKind.NO_MEDIA: "Không nhận được hình và tiếng",
    GapKind.SLOW: "Ổ đĩa không ghi kịp, mất hình và tiếng",
}


@dataclass(frozen=True, slots=True)
class OpeningFacts:
    """What is known about a recording when it begins."""

    recording: str
    meeting: str
    title: str
    begun_ms: int
    """Unix time of at_ms 0."""
    keys: tuple[str, ...]


class Timeline:
    """The present state, with which every segment begins, and the blocks of each change."""

    def __init__(self, opening: OpeningFacts, east_of_utc_min: int) -> None:
        self._opening = opening
        self._local_ms = opening.begun_ms + east_of_utc_min * 60_000
        self._slots: tuple[TapSlot, ...] = _EMPTY
        self._people: tuple[recorder.Person, ...] = ()
        self._names: dict[EndpointId, str] = {}
        self._floor: tuple[EndpointId, ...] = ()

    @property
    def slots(self) -> tuple[TapSlot, ...]:
        return self._slots

    def opening(self, segment: int, at_ms: int) -> Iterator[Block]:
        facts = self._opening
        yield _entry(
            OpeningEntry(
                at_ms=at_ms,
                recording=facts.recording,
                meeting=facts.meeting,
                title=facts.title,
                begun_ms=facts.begun_ms,
                segment=segment,
                keys=facts.keys,
            )
        )
        yield from self.standing(at_ms)
        begins = f"{self.clock(at_ms)} ngày {self.date(at_ms)}"
        yield _words(at_ms, f"{facts.title}: {begins}" + (f", phần {segment}" if segment > 1 else ""))

    def standing(self, at_ms: int) -> Iterator[Block]:
        """The present state, written again."""
        yield self._slots_entry(at_ms)
        yield self._people_entry(at_ms)
        yield _entry(FloorEntry(at_ms=at_ms, holders=self._floor))

    def fill(self, slots: tuple[TapSlot, ...]) -> tuple[TapSlot, ...]:
        """What the slots carry from now on. Returns what they carried before. If `slots` is shorter than
        TAP_SLOTS the rest is empty; if longer, the surplus is ignored."""
        before = self._slots
        self._slots = (slots + _EMPTY)[: len(TAP_SLOTS)]
        return before

    def slots_changed(self, before: tuple[TapSlot, ...], at_ms: int) -> Iterator[Block]:
        yield self._slots_entry(at_ms)
        (was_stage, was_screen), (stage, screen) = before[:2], self._slots[:2]
        if stage.endpoint is not None and stage.endpoint != was_stage.endpoint:
            yield _words(at_ms, f"{self.name(stage.endpoint)}: đang phát biểu")
        if screen.endpoint != was_screen.endpoint:
            if screen.endpoint is not None:
                yield _words(at_ms, f"{self.name(screen.endpoint)}: đang trình chiếu")
            elif was_screen.endpoint is not None:
                yield _words(at_ms, f"{self.name(was_screen.endpoint)}: dừng trình chiếu")

    def people(self, order: recorder.People, at_ms: int) -> Iterator[Block]:
        if order.people != self._people:
            self._people = order.people
            # Somebody who left still has a name when something of theirs ends.
            known = {person.endpoint: person.unit or person.name for person in order.people}
            self._names = {name: self._names[name] for name in self._names if name in self._shown()} | known
            yield self._people_entry(at_ms)
        if order.floor != self._floor:
            new = [holder for holder in order.floor if holder not in self._floor]
            self._floor = order.floor
            yield _entry(FloorEntry(at_ms=at_ms, holders=order.floor))
            for holder in new:
                yield _words(at_ms, f"{self.name(holder)}: có lượt phát biểu")

    def mark(self, order: recorder.Mark, at_ms: int) -> Iterator[Block]:
        yield _entry(MarkEntry(at_ms=at_ms, by=order.by, text=order.text))
        yield _words(at_ms, f"Đánh dấu: {order.text or self.clock(at_ms)} ({order.by})")

    def gap(self, kind: GapKind, from_ms: int, until_ms: int) -> Iterator[Block]:
        entry = GapEntry(at_ms=from_ms, until_ms=until_ms, kind=kind)
        yield Block(Track.ENTRIES, until_ms, entry_json(entry))
        yield _words(until_ms, f"{_GAP_WORDS[kind]} từ {self.clock(from_ms)} đến {self.clock(until_ms)}")

    # --- words ----------------------------------------------------------------------------------------

    def name(self, endpoint: EndpointId) -> str:
        return self._names.get(endpoint, "Điểm cầu chưa rõ tên")

    def clock(self, at_ms: int) -> str:
        """Time of day at the server."""
        return time_of_day(self._local_ms + at_ms)

    def date(self, at_ms: int) -> str:
        year, month, day = civil((self._local_ms + at_ms) // DAY_MS)
        return f"{day:02}/{month:02}/{year}"

    # --- entries --------------------------------------------------------------------------------------

    def _shown(self) -> set[EndpointId]:
        return {slot.endpoint for slot in self._slots if slot.endpoint is not None}

    def _slots_entry(self, at_ms: int) -> Block:
        slots = tuple(
            SlotItem(track=Track.STAGE + number, endpoint=slot.endpoint, source=slot.source)
            for number, slot in enumerate(self._slots)
        )
        return _entry(SlotsEntry(at_ms=at_ms, slots=slots))

    def _people_entry(self, at_ms: int) -> Block:
        people = tuple(
            PersonItem(endpoint=person.endpoint, name=person.name, unit=person.unit)
            for person in self._people
        )
        return _entry(PeopleEntry(at_ms=at_ms, people=people))


def _entry(entry: AnyEntry) -> Block:
    return Block(Track.ENTRIES, entry.at_ms, entry_json(entry))


def _words(at_ms: int, words: str) -> Block:
    return Block(Track.WORDS, at_ms, words.encode("utf-8", "replace"))
