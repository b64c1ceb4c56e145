"""A recording's folder: only appended to, closed to others, resumed after a crash, honest when the disk
fails."""

import os
import resource
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from recorder import Recipient
from recorder.format.chain import ManifestReading, read_untrusted, segments
from recorder.format.manifest import EndLine, ReopenedLine
from recorder.storage.folder import BadFolder, DiskFailed, Folder, RecordingFacts
from recorder.storage.segment_file import free_bytes, segment_name, segment_number
from recorder.storage.signing import SigningKey, verified
from tests.support.sealed_recording import SERVER, Ticking

pytestmark = pytest.mark.record

RECIPIENTS = (Recipient("Ban Giám đốc", "age1board"),)
FACTS = RecordingFacts("ab12-1-x", "AB12", "Giao ban sáng", RECIPIENTS)
HEADER = b"age-encryption.org/v1\n-> X25519 abc\n--- mac\n" + bytes(16)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder.create(tmp_path, FACTS, SERVER, Ticking())
    yield made
    made.close()


def again(tmp_path: Path, key: SigningKey = SERVER, clock: Ticking | None = None) -> Folder:
    return Folder.open_again(tmp_path, FACTS.recording, RECIPIENTS, key, clock or Ticking())


def reading(folder: Folder) -> ManifestReading:
    return read_untrusted((folder.path / "manifest.jsonl").read_bytes(), verified, SERVER.public)


def test_other_accounts_cannot_read_an_export(folder: Folder) -> None:
    folder.begin_segment(1, 0)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [folder.path, *folder.path.iterdir()]}
    assert modes == {"ab12-1-x": 0o700, "manifest.jsonl": 0o600, "000001.mkv.age": 0o600}


def test_it_holds_the_segments_and_signs_them(folder: Folder) -> None:
    folder.begin_segment(1, 0)
    folder.append(HEADER)
    folder.append(b"one")
    folder.checkpoint(2000)
    folder.append(b"two")
    folder.end_segment(3000, "due")
    folder.pause(3100)
    folder.resume(4000)
    folder.begin_segment(2, 4000)
    folder.append(HEADER)
    folder.end_segment(5000, "stopped")
    folder.finish(5000)
    found = reading(folder)
    one, two = segments(found.lines)
    data = (folder.path / segment_name(1)).read_bytes()
    assert data == HEADER + b"onetwo"
    assert (one.size_bytes, one.ended, one.at_ms, one.until_ms) == (len(data), True, 0, 3000)
    assert one.points[-1].sha256 == sha256(data).hexdigest()
    assert one.header == sha256(HEADER).hexdigest()
    assert two.size_bytes == len(HEADER)
    assert isinstance(found.end, EndLine)
    assert (found.end.segments, found.end.total_bytes) == (2, folder.size_bytes)
    assert found.flaws == ()
    assert found.head.sha256 == folder.head
    assert folder.finished


def test_the_header_is_signed_as_soon_as_it_is_complete(folder: Folder) -> None:
    """Otherwise a crash before the first checkpoint would leave a segment that nobody can prove."""
    folder.begin_segment(1, 0)
    for at in range(0, len(HEADER), 10):
        folder.append(HEADER[at : at + 10])
    assert segments(reading(folder).lines)[0].header == sha256(HEADER).hexdigest()


def test_after_a_crash_it_continues_after_what_was_found(tmp_path: Path, folder: Folder) -> None:
    folder.begin_segment(1, 0)
    folder.append(HEADER + b"first")
    folder.checkpoint(1000)
    folder.append(b"after the checkpoint")
    folder.close()
    with open(folder.path / "manifest.jsonl", "ab") as file:
        file.write(b'{"kind":"checkpoint","n":4,"recor')
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    later = Ticking(folder.begun_ms + 60_000)
    second = again(tmp_path, clock=later)
    assert second.begun_ms == folder.begun_ms
    assert second.next_segment == 2
    assert second.now_at_ms > 60_000
    second.begin_segment(2, second.now_at_ms)
    second.append(HEADER)
    second.end_segment(70_000, "stopped")
    second.finish(70_000)
    found = reading(second)
    assert found.flaws == ()
    (line,) = [line for line in found.lines if isinstance(line, ReopenedLine)]
    assert line.segment == 1
    assert line.sha256 == sha256(before[segment_name(1)]).hexdigest()
    assert [record.crashed for record in segments(found.lines)] == [True, False]
    for name, data in before.items():
        assert (second.path / name).read_bytes().startswith(data)


def test_a_crash_between_two_segments_leaves_none_unfinished(tmp_path: Path, folder: Folder) -> None:
    folder.begin_segment(1, 0)
    folder.append(HEADER)
    folder.end_segment(1000, "due")
    folder.close()
    (folder.path / segment_name(2)).touch()
    second = again(tmp_path)
    assert second.next_segment == 2
    second.begin_segment(2, 2000)
    second.close()
    assert [line.segment for line in reading(second).lines if isinstance(line, ReopenedLine)] == [0]


def test_a_crash_before_the_first_byte(tmp_path: Path, folder: Folder) -> None:
    folder.begin_segment(1, 0)
    folder.close()
    second = again(tmp_path)
    second.close()
    third = again(tmp_path)
    third.close()
    assert third.next_segment == 2
    (record,) = segments(reading(third).lines)
    assert (record.crashed, record.size_bytes) == (True, 0)


def test_a_clock_set_back_does_not_turn_back_the_recording(tmp_path: Path, folder: Folder) -> None:
    folder.begin_segment(1, 0)
    folder.checkpoint(90_000)
    folder.close()
    second = again(tmp_path, clock=Ticking(folder.begun_ms - 5_000))
    assert second.now_at_ms == 90_000
    second.checkpoint(10)
    second.finish(20)
    assert [line.at_ms for line in reading(second).lines] == sorted(
        line.at_ms for line in reading(second).lines
    )


def test_two_processes_cannot_write_the_same_recording(tmp_path: Path, folder: Folder) -> None:
    with pytest.raises(BadFolder, match="another process"):
        again(tmp_path)
    with pytest.raises(BadFolder, match="already"):
        Folder.create(tmp_path, FACTS, SERVER, Ticking())


def test_a_finished_or_foreign_recording_is_left_alone(tmp_path: Path, folder: Folder) -> None:
    folder.close()
    with pytest.raises(BadFolder, match="not this server's"):
        again(tmp_path, SigningKey.new())
    second = again(tmp_path)
    second.finish(0)
    with pytest.raises(BadFolder, match="finished"):
        again(tmp_path)
    with pytest.raises(BadFolder, match="no manifest"):
        Folder.open_again(tmp_path, "none", RECIPIENTS, SERVER)


def test_existing_files_are_never_overwritten(tmp_path: Path, folder: Folder) -> None:
    (folder.path / segment_name(1)).write_bytes(b"something")
    with pytest.raises(BadFolder):
        folder.begin_segment(1, 0)
    folder.close()
    second = again(tmp_path)
    assert second.next_segment == 2
    second.close()
    assert (folder.path / segment_name(1)).read_bytes() == b"something"


def test_a_full_disk_is_reported_as_such_and_what_was_written_is_counted(folder: Folder) -> None:
    """A limit on file size stands in for a full disk."""
    folder.begin_segment(1, 0)
    folder.append(HEADER)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DiskFailed) as failed:
            folder.append(bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.full
    assert folder.size_bytes == 50_000
    folder.end_segment(1000, "disk-full")
    folder.finish(1000, "disk-full")
    (record,) = segments(reading(folder).lines)
    assert record.size_bytes == 50_000
    data = (folder.path / segment_name(1)).read_bytes()
    assert record.points[-1].sha256 == sha256(data).hexdigest()


def test_after_a_failed_write_the_manifest_is_not_continued(tmp_path: Path, folder: Folder) -> None:
    folder.begin_segment(1, 0)
    size = os.stat(folder.path / "manifest.jsonl").st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(DiskFailed):
            folder.checkpoint(100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(DiskFailed):
        folder.finish(200)
    folder.close()
    second = again(tmp_path)
    second.finish()
    assert reading(second).flaws == ()


def test_the_free_space_of_the_disk_is_known(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    with pytest.raises(DiskFailed):
        free_bytes(tmp_path / "nowhere")


def test_only_a_number_makes_a_segment_name() -> None:
    assert segment_name(7) == "000007.mkv.age"
    assert segment_number(segment_name(1_234_567)) == 1_234_567
    for name in (
        "7.mkv.age",
        "0000007.mkv.age",
        "000007.mkv",
        "-00007.mkv.age",
        "٠٠٠٠٠٧.mkv.age",
        "000000.mkv.age",
    ):
        assert segment_number(name) == 0
