"""From a tap to a file: it holds what was said and shown, in order, in sync, and nothing from a pause."""

import io
import random

import av
import pytest

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
    SlotsEntry,
    parse_entry_untrusted,
)
from recorder.muxing.muxer import MuxerSettings
from sfu import EndpointId, Source
from sfu.tapline import TAP_SLOTS, TapMedia, TapPacket, TapSlot, TapSlots
from tests.support.muxing import BEGUN_US, A, B, Desk
from tests.support.publishers import made_us, sound_packet
from tests.support.recorded import counter_of, pictures, tone

pytestmark = pytest.mark.record


def entries(blocks: list[Block]) -> list[AnyEntry]:
    return [parse_entry_untrusted(block.data) for block in blocks if block.track is Track.ENTRIES]


def words(blocks: list[Block]) -> list[str]:
    return [block.data.decode() for block in blocks if block.track is Track.WORDS]


def of_track(blocks: list[Block], track: Track) -> list[Block]:
    return [block for block in blocks if block.track is track]


def made_ms(blocks: list[Block]) -> list[int]:
    return [(made_us(block) - BEGUN_US) // 1000 for block in blocks]


# --- segments -------------------------------------------------------------------------------------------


def test_a_segment_ends_at_the_keyframe_that_was_asked_for() -> None:
    desk = Desk(MuxerSettings(segment_s=2))
    desk.slots(A, A)
    asked_at: int | None = None
    for number in range(80):
        # The publisher answers the request after half a second.
        answers = asked_at is not None and number == asked_at + 10
        desk.picture(number, key=number == 0 or answers)
        desk.sound(number)
        desk.poll(50)
        if desk.asks and asked_at is None:
            asked_at = number
    assert asked_at == 39
    assert desk.asks == 1
    assert len(desk.segments) == 2
    (first, *_), (voice, *_) = (of_track(desk.blocks(2), track) for track in (Track.STAGE, Track.VOICE_1))
    assert first.key
    assert made_ms([first]) == [49 * 50]
    assert first.at_ms == desk.muxer.segment_at_ms <= voice.at_ms < first.at_ms + 50


def test_a_segment_begins_with_the_whole_state() -> None:
    desk = Desk(MuxerSettings(segment_s=1))
    desk.slots(A, A, B)
    person = recorder.Person(A, "BS Lò Văn An", "Trạm Y tế Nậm Cha")
    desk.muxer.people(recorder.People(recorder.RecordingId("r"), (person,), (A,)), desk.now_us)
    while len(desk.segments) < 2:
        desk.poll()
    assert desk.now_ms == pytest.approx(3000, abs=200)  # no picture, no keyframe: two seconds of waiting
    opening, slots, people, floor = entries(desk.blocks(2))[:4]
    assert isinstance(opening, OpeningEntry)
    assert (opening.segment, opening.title, opening.keys) == (2, "Giao ban sáng", ("Ban Giám đốc",))
    assert isinstance(slots, SlotsEntry)
    assert [slot.endpoint for slot in slots.slots] == [A, None, A, B, None]
    assert isinstance(people, PeopleEntry)
    assert people.people[0].unit == "Trạm Y tế Nậm Cha"
    assert isinstance(floor, FloorEntry)
    assert floor.holders == (A,)
    assert opening.at_ms == desk.muxer.segment_at_ms == desk.blocks(2)[0].at_ms


def test_nothing_is_lost_where_a_segment_ends() -> None:
    desk = Desk(MuxerSettings(segment_s=1))
    desk.slots(A, A)
    for number in range(500):
        desk.picture(number, key=number % 17 == 0)
        desk.sound(number)
        desk.poll(20)
    blocks = desk.finish()
    assert len(desk.segments) > 7
    whole = [BEGUN_US + 20_000 * number for number in range(500)]
    assert [made_us(block) for block in of_track(blocks, Track.STAGE)] == whole
    assert [made_us(block) for block in of_track(blocks, Track.VOICE_1)] == whole
    for number in range(2, len(desk.segments) + 1):
        inside = desk.blocks(number)
        assert of_track(inside, Track.STAGE)[0].key
        assert min(block.at_ms for block in inside) == inside[0].at_ms


def test_polled_blocks_are_less_than_half_a_second_old() -> None:
    desk = Desk()
    desk.slots(None, A)
    for number in range(100):
        desk.sound(number)
        desk.poll(20)
        newest = of_track(desk.blocks(), Track.VOICE_1)
        assert desk.now_ms - (newest[-1].at_ms if newest else 0) <= 200 + 250 + 40


def test_any_player_plays_a_tapped_meeting() -> None:
    """Real pictures and sounds, in packets of uneven sizes, through muxer and file."""
    desk = Desk()
    desk.slots(A, A)
    shown, heard = pictures(30, 15, (640, 360), first=20), tone(2, 600)
    number = 0
    for block in sorted([*shown, *heard], key=lambda block: block.at_ms):
        desk.poll(block.at_ms - desk.now_ms)
        ts = block.at_ms * (90 if block.track is Track.STAGE else 48)
        if block.track is Track.STAGE:
            pieces = [block.data[at : at + 1100] for at in range(0, len(block.data), 1100)]
            packets = tuple(
                TapPacket(number + at, ts, at == len(pieces) - 1, (b"\x00" if at else b"\x10") + piece)
                for at, piece in enumerate(pieces)
            )
            number += len(pieces)
            desk.muxer.take(TapMedia(0, A, Source.CAMERA, 1, ts, desk.now_us, packets))
        else:
            packet = TapPacket(block.at_ms // 20, ts, False, block.data)
            desk.muxer.take(TapMedia(2, A, Source.MICROPHONE, 2, ts, desk.now_us, (packet,)))
    blocks = desk.finish()
    assert [block.data for block in of_track(blocks, Track.STAGE)] == [block.data for block in shown]
    with av.open(io.BytesIO(bytes(desk.segments[0])), "r", format="matroska") as file:
        assert [counter_of(frame) for frame in file.decode(file.streams.video[0])] == list(range(20, 50))
    with av.open(io.BytesIO(bytes(desk.segments[0])), "r", format="matroska") as file:
        assert sum(frame.samples for frame in file.decode(file.streams.audio[0])) == 2 * 48_000


# --- what is told ---------------------------------------------------------------------------------------


def test_the_person_on_the_stage_is_named_before_the_first_picture() -> None:
    desk = Desk()
    desk.slots(A)
    number = 0
    for endpoint in (A, B, A):
        for _ in range(20):
            desk.picture(number, key=True, endpoint=endpoint, stream=ord(endpoint))
            desk.poll(40)
            number += 1
        desk.slots(B if endpoint == A else A)
    seen: list[tuple[EndpointId | None, int]] = []
    owner: EndpointId | None = None
    for block in desk.finish():
        if block.track is Track.ENTRIES:
            entry = parse_entry_untrusted(block.data)
            owner = entry.slots[0].endpoint if isinstance(entry, SlotsEntry) else owner
        elif block.track is Track.STAGE:
            seen.append((owner, block.at_ms))
    assert [owner for owner, _ in seen] == [A] * 20 + [B] * 20 + [A] * 20


def test_people_and_marks_appear_as_text() -> None:
    desk = Desk()
    person = recorder.Person(B, "BS Lò Văn An", "Trạm Y tế Nậm Cha")
    desk.muxer.people(recorder.People(recorder.RecordingId("r"), (person,)), desk.now_us)
    desk.slots(B)
    desk.picture(0, key=True, endpoint=B)
    desk.poll(1000)
    desk.muxer.people(recorder.People(recorder.RecordingId("r"), (person,), (B,)), desk.now_us)
    desk.muxer.mark(recorder.Mark(recorder.RecordingId("r"), "Chủ trì", "Ca bệnh cần theo dõi"), desk.now_us)
    blocks = desk.finish()
    assert words(blocks) == [
        "Giao ban sáng: 15:53:20 ngày 09/10/2025",
        "Trạm Y tế Nậm Cha: đang phát biểu",
        "Trạm Y tế Nậm Cha: có lượt phát biểu",
        "Đánh dấu: Ca bệnh cần theo dõi (Chủ trì)",
    ]
    assert MarkEntry(at_ms=1000, by="Chủ trì", text="Ca bệnh cần theo dõi") in entries(blocks)


# --- pauses and gaps ------------------------------------------------------------------------------------


def test_nothing_is_written_during_a_pause() -> None:
    desk = Desk()
    desk.slots(A, A)
    for number in range(300):
        if number == 100:
            desk.muxer.pause(True, desk.now_us)
        if number == 200:
            desk.muxer.pause(False, desk.now_us)
        if number == 150:
            desk.slots(B, A, B)
            desk.muxer.mark(recorder.Mark(recorder.RecordingId("r"), "X", "im lặng"), desk.now_us)
        desk.picture(number, key=number % 10 == 3, endpoint=A if number < 150 else B)
        desk.sound(number)
        desk.poll(20)
    blocks = desk.finish()
    for track in (Track.STAGE, Track.VOICE_1):
        made = made_ms(of_track(blocks, track))
        assert not [at_ms for at_ms in made if 2000 <= at_ms < 4000]
        assert len(made) >= 190
    behind = [block for block in of_track(blocks, Track.STAGE) if block.at_ms >= 4000]
    assert behind[0].key
    assert b"im l" not in b"".join(block.data for block in blocks)
    assert GapEntry(at_ms=2000, until_ms=4000, kind=GapKind.PAUSE) in entries(blocks)
    assert "Tạm dừng ghi từ 15:53:22 đến 15:53:24" in words(blocks)
    after = [entry for entry in entries(blocks) if isinstance(entry, SlotsEntry) and entry.at_ms == 4000]
    assert [slot.endpoint for slot in after[0].slots] == [B, None, A, B, None]
    assert desk.asks >= 1


def test_speech_from_a_pause_is_not_written_even_if_it_comes_later() -> None:
    desk = Desk()
    desk.slots(A, A)
    for number in range(150):
        desk.sound(number)
        desk.poll(20)
    desk.muxer.pause(True, desk.now_us)
    desk.poll(1000)
    secret = sound_packet(200, (desk.now_us - 60_000) * 48 // 1000, desk.now_us - 60_000)
    said = sound_packet(204, (desk.now_us + 20_000) * 48 // 1000, desk.now_us + 20_000)
    desk.muxer.pause(False, desk.now_us)
    desk.now_us += 20_000
    desk.muxer.take(TapMedia(2, A, Source.MICROPHONE, 1002, said.ts, desk.now_us, (secret, said)))
    assert made_ms(of_track(desk.finish(), Track.VOICE_1))[-2:] == [2980, 4020]


def test_a_gap_is_in_the_timeline_and_pictures_resume_at_a_keyframe() -> None:
    desk = Desk()
    desk.slots(A)
    desk.picture(0, key=True)
    desk.poll(3000)
    desk.muxer.gap(GapKind.NO_MEDIA, desk.now_us - 2_000_000, desk.now_us)
    desk.picture(1)
    desk.poll()
    assert desk.asks >= 1
    desk.picture(2, key=True)
    blocks = desk.finish()
    assert made_ms(of_track(blocks, Track.STAGE)) == [0, 3100]
    assert GapEntry(at_ms=1000, until_ms=3000, kind=GapKind.NO_MEDIA) in entries(blocks)


def test_a_full_backlog_drops_media_and_the_timeline_says_so() -> None:
    desk = Desk(MuxerSettings(max_backlog_bytes=4000))
    desk.slots(A)
    for number in range(400):
        desk.picture(number, key=number == 0)
        desk.now_us += 20_000
    desk.poll()
    desk.poll()
    assert desk.asks >= 1
    desk.picture(400)
    desk.picture(401, key=True)
    blocks = desk.finish()
    shown = made_ms(of_track(blocks, Track.STAGE))
    assert shown[:-1] == [20 * number for number in range(len(shown) - 1)]
    assert sum(len(block.data) for block in of_track(blocks, Track.STAGE)[:-1]) <= 4000
    (gap,) = [entry for entry in entries(blocks) if isinstance(entry, GapEntry)]
    assert gap.kind is GapKind.SLOW
    assert gap.at_ms == shown[-2] + 20
    assert words(blocks)[-1].startswith("Ổ đĩa không ghi kịp")


# --- whatever a publisher sends -------------------------------------------------------------------------


def test_nonsense_from_one_publisher_does_not_affect_the_others() -> None:
    dice = random.Random(8)
    desk = Desk(MuxerSettings(segment_s=3))
    desk.slots(A, A, B)
    for number in range(1000):
        desk.sound(number, 3, B)
        packets = tuple(
            TapPacket(
                dice.randrange(1 << 40), dice.randrange(1 << 32), dice.random() < 0.3, dice.randbytes(n)
            )
            for n in dice.choices((0, 1, 3, 20, 9000), k=dice.randrange(4))
        )
        slot = dice.randrange(-1, 7) if dice.random() < 0.3 else dice.choice((0, 1, 2))
        source = Source.MICROPHONE if slot in (2, 4) else Source.CAMERA
        if slot != 3:
            newest = dice.randrange(1 << 32)
            desk.muxer.take(TapMedia(slot, A, source, dice.randrange(40), newest, desk.now_us, packets))
        desk.poll(20)
    blocks = desk.finish()
    voice = of_track(blocks, Track.VOICE_2)
    assert made_ms(voice) == [block.at_ms for block in voice] == [20 * number for number in range(1000)]
    last: dict[Track, int] = {}
    for block in blocks:
        assert block.at_ms >= last.get(block.track, 0)
        last[block.track] = block.at_ms


def test_missing_slots_of_a_tap_are_empty() -> None:
    desk = Desk()
    desk.muxer.take(TapSlots(desk.now_us, (TapSlot(A, Source.CAMERA),)))
    desk.poll(1000)
    slots = [entry for entry in entries(desk.finish()) if isinstance(entry, SlotsEntry)][-1]
    assert [slot.endpoint for slot in slots.slots] == [A, None, None, None, None]
    assert len(slots.slots) == len(TAP_SLOTS)


def test_padding_goes_between_clusters() -> None:
    desk = Desk()
    desk.slots(None, A)
    for number in range(100):
        desk.sound(number)
        desk.poll(20)
        desk.segments[-1] += desk.muxer.void(2 + number * 7)
    assert len(of_track(desk.finish(), Track.VOICE_1)) == 100
