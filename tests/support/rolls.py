"""A recording for the code that shows recordings: in memory, made of real pictures that count and voices that
beep."""

from collections.abc import Iterator, Sequence
from functools import cache

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
from recorder.opening.faults import Fault
from sfu import EndpointId, Source
from tests.support.recorded import beeps, in_order, pictures

BEGUN_MS = 1_795_390_671_000
STATION = PersonItem(endpoint=EndpointId("a"), name="YS. Giàng Thị Dợ", unit="Trạm Y tế xã Tả Phìn")
WARD = PersonItem(endpoint=EndpointId("b"), name="BS. Vàng A Páo", unit="Khoa Nội")
FPS = 15


class Roll:
    """Read like an opened recording, by segments."""

    def __init__(self, *segments: Sequence[Block | Fault]) -> None:
        self._segments = segments
        self.read = 0
        """Blocks that were asked for."""

    def blocks(self, first_segment: int = 1) -> Iterator[Block | Fault]:
        for number, segment in enumerate(self._segments, 1):
            if number >= first_segment:
                for item in segment:
                    self.read += 1
                    yield item


def said(entry: AnyEntry) -> Block:
    return Block(Track.ENTRIES, entry.at_ms, entry_json(entry))


def segment(number: int, at_ms: int, seconds: int, who: PersonItem = STATION, *more: AnyEntry) -> list[Block]:
    """Somebody on the stage speaks: the picture's counter is its number since at_ms, with a beep at each full
    second."""
    until_ms = at_ms + seconds * 1000
    return in_order(
        told(number, at_ms, who, *more),
        pictures(seconds * FPS, FPS, at_ms=at_ms),
        beeps([at_ms + second * 1000 for second in range(seconds)], from_ms=at_ms, until_ms=until_ms),
    )


def quiet_segment(
    number: int, at_ms: int, seconds: int, who: PersonItem = STATION, *more: AnyEntry
) -> list[Block]:
    """The same, with neither picture nor sound that could be decoded."""
    sounds = [Block(Track.VOICE_1, at_ms + ms, b"x") for ms in range(0, seconds * 1000, 20)]
    return in_order(told(number, at_ms, who, *more), sounds)


def told(number: int, at_ms: int, who: PersonItem, *more: AnyEntry) -> list[Block]:
    """What stands at the beginning of a segment, and more."""
    slots = (
        SlotItem(track=Track.STAGE, endpoint=who.endpoint, source=Source.CAMERA),
        SlotItem(track=Track.VOICE_1, endpoint=who.endpoint, source=Source.MICROPHONE),
    )
    opening = OpeningEntry(
        at_ms=at_ms,
        recording="r-1",
        meeting="giao-ban",
        title="Giao ban hằng ngày",
        begun_ms=BEGUN_MS,
        segment=number,
        keys=("Ban Giám đốc",),
    )
    entries: tuple[AnyEntry, ...] = (
        opening,
        SlotsEntry(at_ms=at_ms, slots=slots),
        PeopleEntry(at_ms=at_ms, people=(STATION, WARD)),
        FloorEntry(at_ms=at_ms, holders=(who.endpoint,)),
        *more,
    )
    words = Block(Track.WORDS, at_ms, who.name.encode())
    return [*(said(entry) for entry in entries), words]


@cache
def briefing() -> Roll:
    """Two turns of four seconds, a mark, a pause of eight seconds, one more turn."""
    pause = GapEntry(at_ms=8000, until_ms=16_000, kind=GapKind.PAUSE)
    mark = MarkEntry(at_ms=5000, by="BS. Lý A Sử", text="Chỉ đạo")
    return Roll(segment(1, 0, 4), segment(2, 4000, 4, WARD, mark), segment(3, 16_000, 3, STATION, pause))
