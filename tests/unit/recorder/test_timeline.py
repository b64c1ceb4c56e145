"""What people read beside a recording: in their language, in the server's local time."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recorder
from recorder.format.blocks import Block, Track
from recorder.format.entries import GapKind, SlotsEntry, parse_entry_untrusted
from recorder.instants import civil
from recorder.muxing.timeline import OpeningFacts, Timeline
from sfu import EndpointId, Source
from sfu.tapline import TapSlot

pytestmark = pytest.mark.record

HANOI_MIN = 7 * 60
FACTS = OpeningFacts("r", "giao-ban", "Giao ban sáng", 1_767_200_395_000, ("Ban Giám đốc",))
"""31 December 2025, 16:59:55 UTC: five seconds before the new year in Hà Nội."""
A, B, GONE = EndpointId("a"), EndpointId("b"), EndpointId("gone")
PEOPLE = (
    recorder.Person(A, "BS Lò Văn An", "Trạm Y tế Nậm Cha"),
    recorder.Person(B, "Nguyễn Thị Bình", ""),
)


def timeline() -> Timeline:
    kept = Timeline(FACTS, HANOI_MIN)
    list(kept.people(recorder.People(recorder.RecordingId("r"), PEOPLE), 0))
    return kept


def words(blocks: list[Block]) -> list[str]:
    return [block.data.decode() for block in blocks if block.track is Track.WORDS]


def seen(stage: EndpointId | None = None, screen: EndpointId | None = None) -> tuple[TapSlot, ...]:
    return (
        TapSlot(stage, None if stage is None else Source.CAMERA),
        TapSlot(screen, None if screen is None else Source.SCREEN),
    )


def test_a_recording_begins_with_its_title_and_date() -> None:
    kept = timeline()
    assert words(list(kept.opening(1, 0))) == ["Giao ban sáng: 23:59:55 ngày 31/12/2025"]
    assert words(list(kept.opening(2, 6000))) == ["Giao ban sáng: 00:00:01 ngày 01/01/2026, phần 2"]


def test_the_stage_and_the_screen_are_announced_by_name() -> None:
    kept = timeline()
    told: list[str] = []
    for stage, screen in ((A, None), (B, None), (B, A), (GONE, A), (None, None)):
        before = kept.fill(seen(stage, screen))
        told += words(list(kept.slots_changed(before, 0)))
    assert told == [
        "Trạm Y tế Nậm Cha: đang phát biểu",
        "Nguyễn Thị Bình: đang phát biểu",
        "Trạm Y tế Nậm Cha: đang trình chiếu",
        "Điểm cầu chưa rõ tên: đang phát biểu",
        "Trạm Y tế Nậm Cha: dừng trình chiếu",
    ]


def test_a_person_who_left_is_still_named_when_their_screen_ends() -> None:
    kept = timeline()
    kept.fill(seen(None, A))
    list(kept.people(recorder.People(recorder.RecordingId("r"), PEOPLE[1:]), 0))
    before = kept.fill(seen())
    assert words(list(kept.slots_changed(before, 0))) == ["Trạm Y tế Nậm Cha: dừng trình chiếu"]


def test_each_new_turn_is_announced_once() -> None:
    kept = timeline()
    told: list[str] = []
    for floor in ((A,), (A,), (A, B), (B,), ()):
        order = recorder.People(recorder.RecordingId("r"), PEOPLE, floor)
        told += words(list(kept.people(order, 0)))
    assert told == ["Trạm Y tế Nậm Cha: có lượt phát biểu", "Nguyễn Thị Bình: có lượt phát biểu"]


@pytest.mark.parametrize("kind", list(GapKind))
def test_every_gap_gives_its_start_and_end(kind: GapKind) -> None:
    entry, told = timeline().gap(kind, 1000, 65_000)
    assert told.data.decode().endswith("từ 23:59:56 đến 00:01:00")
    # It is placed at its end and says where it began.
    assert (entry.at_ms, parse_entry_untrusted(entry.data).at_ms) == (65_000, 1000)


def test_a_slot_is_identified_by_its_track() -> None:
    kept = timeline()
    kept.fill(seen(A, B))
    slots = parse_entry_untrusted(next(iter(kept.standing(5))).data)
    assert isinstance(slots, SlotsEntry)
    assert [(slot.track, slot.endpoint) for slot in slots.slots] == [
        (Track.STAGE, A),
        (Track.SCREEN, B),
        (Track.VOICE_1, None),
        (Track.VOICE_2, None),
        (Track.VOICE_3, None),
    ]


@given(st.integers(0, 200_000))
def test_the_calendar_agrees_with_the_standard_library(days: int) -> None:
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days)
    assert civil(days) == (date.year, date.month, date.day)
