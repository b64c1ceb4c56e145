"""An opened recording: its blocks in order, and for each fault a message that says what is still readable."""

import random
import shutil
import threading
from pathlib import Path

import pytest

from recorder.format.blocks import Block
from recorder.instants import clock
from recorder.opening.archive import open_archive
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.opened import OpenedRecording
from recorder.storage.folder import Folder
from recorder.storage.signing import fingerprint
from tests.support.sealed_recording import (
    AUDIT,
    SEGMENT_MS,
    SERVER,
    Made,
    Ticking,
    keys,
    make,
    segment_blocks,
    write_segment,
)

pytestmark = pytest.mark.record


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("opened"))


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    """A copy that a test may damage."""
    path = tmp_path / original.path.name
    shutil.copytree(original.path, path)
    return Made(path, original.keys, original.blocks)


def opened(made: Made, unproven: bool = False) -> OpenedRecording:
    return OpenedRecording(open_archive(made.path), made.keys.identities, SERVER.public, unproven)


def faults(made: Made) -> list[Fault]:
    found = opened(made)
    return [*found.summary.faults, *(each for each in found.blocks() if isinstance(each, Fault))]


def blocks(made: Made, unproven: bool = False) -> list[Block]:
    return [each for each in opened(made, unproven).blocks() if isinstance(each, Block)]


def spoil(path: Path, at: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def test_all_blocks_come_in_order_and_nothing_else(made: Made) -> None:
    assert faults(made) == []
    assert blocks(made) == [block for number in (1, 2, 3) for block in made.blocks[number]]


def test_reading_can_start_at_any_segment(made: Made) -> None:
    assert list(opened(made).blocks(3)) == made.blocks[3]
    assert list(opened(made).blocks(4)) == []


def test_the_summary_says_what_it_is(made: Made) -> None:
    summary = opened(made).summary
    assert (summary.meeting, summary.title, summary.finished) == ("AB12", "Giao ban sáng", True)
    assert summary.segments == (1, 2, 3)
    assert summary.until_ms == 3 * SEGMENT_MS
    assert summary.signed_by == fingerprint(SERVER.public)
    assert [key.name for key in summary.keys] == ["Khóa 1"]
    assert summary.audit is not None
    assert (summary.audit.number, summary.audit.hash) == (AUDIT.number, AUDIT.hash)


def test_without_a_key_it_says_so_and_still_gives_the_summary(made: Made) -> None:
    found = OpenedRecording(open_archive(made.path), None, SERVER.public)
    assert found.summary.title == "Giao ban sáng"
    assert {each.code for each in found.blocks() if isinstance(each, Fault)} == {FaultCode.WRONG_KEY}


def test_another_key_opens_nothing(made: Made) -> None:
    found = list(OpenedRecording(open_archive(made.path), keys().identities).blocks())
    assert [str(each) for each in found] == [
        f"segment {number}: none of the keys that were given opens it" for number in (1, 2, 3)
    ]


def test_a_missing_segment_is_reported_with_its_time(made: Made) -> None:
    (made.path / "000002.mkv.age").unlink()
    (fault,) = faults(made)
    assert (fault.segment, fault.code, fault.grave) == (2, FaultCode.MISSING, True)
    assert str(fault) == "segment 2: missing: from 00:00:10 until 00:00:19"
    assert blocks(made) == made.blocks[1] + made.blocks[3]


def test_swapped_segments_are_put_back_in_order(made: Made) -> None:
    one, two = made.path / "000001.mkv.age", made.path / "000002.mkv.age"
    one.rename(made.path / "x")
    two.rename(one)
    (made.path / "x").rename(two)
    assert [fault.code for fault in faults(made)] == [FaultCode.RENAMED, FaultCode.RENAMED]
    assert blocks(made) == [block for number in (1, 2, 3) for block in made.blocks[number]]


def test_the_beginning_of_a_shortened_segment_is_returned(made: Made) -> None:
    path = made.path / "000002.mkv.age"
    path.write_bytes(path.read_bytes()[:100_000])
    (fault,) = faults(made)
    given = [block for block in blocks(made) if SEGMENT_MS <= block.at_ms < 2 * SEGMENT_MS]
    assert fault.code is FaultCode.SHORTENED
    assert given == made.blocks[2][: len(given)]
    assert given
    assert fault.at_ms == given[-1].at_ms
    assert str(fault).endswith(f"readable up to {clock(given[-1].at_ms)}")


def test_the_part_of_a_segment_before_the_damage_is_returned(made: Made) -> None:
    spoil(made.path / "000002.mkv.age", 90_000, b"damage")
    (fault,) = faults(made)
    assert fault.code is FaultCode.DAMAGED
    assert "readable up to 00:00:1" in str(fault)
    given = blocks(made)
    count = len(given) - len(made.blocks[1]) - len(made.blocks[3])
    assert 0 < count < len(made.blocks[2])
    assert given == made.blocks[1] + made.blocks[2][:count] + made.blocks[3]


def test_a_segment_of_another_recording_is_never_returned(made: Made, tmp_path: Path) -> None:
    other = make(tmp_path, "ab12-9-z", made.keys)
    shutil.copy(other.path / "000002.mkv.age", made.path / "000002.mkv.age")
    (fault,) = faults(made)
    assert fault.code is FaultCode.REPLACED
    assert blocks(made) == made.blocks[1] + made.blocks[3]
    assert blocks(made, unproven=True) == made.blocks[1] + made.blocks[3]


def test_without_a_manifest_nothing_is_proven_but_can_be_read_on_request(made: Made) -> None:
    (made.path / "manifest.jsonl").unlink()
    assert blocks(made) == []
    assert faults(made)[0].code is FaultCode.NO_MANIFEST
    assert blocks(made, unproven=True) == [block for number in (1, 2, 3) for block in made.blocks[number]]


def test_a_truncated_manifest_still_gives_the_segments_it_names(made: Made) -> None:
    path = made.path / "manifest.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    upto = next(at for at, line in enumerate(lines) if b'"segment":2' in line)
    path.write_bytes(b"".join(lines[:upto]) + lines[upto][:50])
    assert [(fault.segment, fault.code) for fault in faults(made)] == [
        (0, FaultCode.NOT_FINISHED),
        (2, FaultCode.FOREIGN),
        (3, FaultCode.FOREIGN),
    ]
    assert blocks(made) == made.blocks[1]


def test_a_damaged_line_of_the_manifest_costs_nothing_else(made: Made) -> None:
    path = made.path / "manifest.jsonl"
    at = path.read_bytes().index(b'"kind":"checkpoint"')
    spoil(path, at, b"\0\0\0")
    assert {fault.code for fault in faults(made)} == {FaultCode.MANIFEST}
    assert blocks(made) == [block for number in (1, 2, 3) for block in made.blocks[number]]


@pytest.mark.parametrize("locks", [1, 2])
def test_after_a_crash_it_is_readable_up_to_the_last_padding_and_continues(
    tmp_path: Path, locks: int
) -> None:
    made = make(tmp_path, locks=keys(locks), segments=2, finish=False)
    folder = Folder.open_again(tmp_path, made.path.name, made.keys.recipients, SERVER, Ticking())
    more = segment_blocks(made.path.name, 3, 90_000, random.Random(3))
    write_segment(folder, made.keys, 3, more, True)
    folder.finish()
    assert [(each.segment, each.code, each.grave) for each in faults(made)] == [
        (2, FaultCode.INTERRUPTED, False)
    ]
    assert blocks(made) == made.blocks[1] + made.blocks[2] + more


def test_a_recording_that_was_never_resumed_is_still_readable(tmp_path: Path) -> None:
    made = make(tmp_path, segments=2, finish=False)
    assert [(each.code, each.grave) for each in faults(made)] == [
        (FaultCode.NOT_FINISHED, False),
        (FaultCode.INTERRUPTED, False),
    ]
    assert blocks(made) == made.blocks[1] + made.blocks[2]


def test_rubbish_left_after_the_signed_end_by_a_power_cut_is_no_grave_fault(tmp_path: Path) -> None:
    made = make(tmp_path, segments=1, finish=False)
    with open(made.path / "000001.mkv.age", "ab") as file:
        file.write(bytes(150_000))
    assert all(not fault.grave for fault in faults(made))
    assert blocks(made) == made.blocks[1]


def test_a_reader_can_stop_in_the_middle(tmp_path: Path) -> None:
    made = make(tmp_path, segments=1, segment_bytes=3_000_000)
    reading = opened(made).blocks()
    assert next(reading) == made.blocks[1][0]
    assert unsealing()
    del reading
    assert not unsealing()


def unsealing() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("unsealer")]
