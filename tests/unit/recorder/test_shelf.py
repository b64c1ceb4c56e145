"""The shelf: what is known about recordings without a key, downloads that can be resumed, deletion."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.shelf import NoRecording, delete, is_id, recording, recordings, sweep, tar_plan
from tests.support.sealed_recording import BEGUN_MS, Made, make

pytestmark = pytest.mark.record


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shelf")
    make(directory, "ab12-1-x", segment_bytes=70_000, segments=2)
    make(directory, "ab12-2-y", segment_bytes=70_000, segments=2, finish=False)
    return directory


def test_the_list_shows_what_each_manifest_says(shelf: Path) -> None:
    one, two = recordings(shelf)
    assert (one.id, one.meeting, one.title) == ("ab12-1-x", "AB12", "Giao ban sáng")
    assert (one.segments, one.finished, two.finished) == (2, True, False)
    assert one.begun_ms > BEGUN_MS
    assert one.ended_ms > one.begun_ms
    assert two.ended_ms == 0
    assert two.last_ms > two.begun_ms
    assert one.size_bytes == sum(path.stat().st_size for path in (shelf / one.id).glob("*.age"))
    assert [key.name for key in one.keys] == ["Khóa 1"]


def test_anything_but_a_recording_is_skipped(shelf: Path, tmp_path: Path) -> None:
    assert recordings(tmp_path / "nowhere") == []
    (tmp_path / "empty").mkdir()
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "manifest.jsonl").write_bytes(b"\0" * 9000)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(shelf / "ab12-1-x")
    assert recordings(tmp_path) == []


@pytest.mark.parametrize("name", ["..", "", "a/b", "/etc", ".hidden", "A", "-x", "x" * 65, "é", "ab\0"])
def test_no_name_leads_outside_the_folder(shelf: Path, name: str) -> None:
    assert not is_id(name)
    for use in (recording, tar_plan, delete):
        with pytest.raises(NoRecording):
            use(shelf, name)


def test_a_missing_recording_is_reported(shelf: Path) -> None:
    with pytest.raises(NoRecording):
        recording(shelf, "ab12-9-z")


def test_a_download_is_a_tar_of_the_folder(shelf: Path) -> None:
    plan = tar_plan(shelf, "ab12-1-x")
    data = b"".join(plan.read())
    assert len(data) == plan.length
    assert plan.name == "ab12-1-x.tar"
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
        for path in sorted((shelf / "ab12-1-x").iterdir()):
            member = tar.extractfile(f"ab12-1-x/{path.name}")
            assert member is not None
            assert member.read() == path.read_bytes()
    assert sorted(names) == ["ab12-1-x/000001.mkv.age", "ab12-1-x/000002.mkv.age", "ab12-1-x/manifest.jsonl"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_part_of_a_download_is_that_part_of_the_whole(shelf: Path, data: st.DataObject) -> None:
    plan = tar_plan(shelf, "ab12-2-y")
    whole = b"".join(plan.read())
    edges = st.sampled_from([0, 511, 512, 513, plan.length - 1024, plan.length])
    start = data.draw(st.one_of(edges, st.integers(0, plan.length)))
    end = data.draw(st.one_of(edges, st.integers(0, plan.length + 5), st.none()))
    assert b"".join(plan.read(start, end)) == whole[start:end]
    assert tar_plan(shelf, "ab12-2-y").etag == plan.etag


def test_data_added_meanwhile_is_not_part_of_a_download(tmp_path: Path) -> None:
    made: Made = make(tmp_path, segments=2, segment_bytes=70_000)
    plan = tar_plan(tmp_path, made.path.name)
    before = b"".join(plan.read())
    with open(made.path / "000002.mkv.age", "ab") as file:
        file.write(b"more")
    (made.path / "000003.mkv.age").write_bytes(b"begun, and not yet in the manifest")
    assert b"".join(plan.read()) == before
    later = tar_plan(tmp_path, made.path.name)
    assert later.etag != plan.etag
    assert b"begun" not in b"".join(later.read())


def test_a_file_that_vanishes_during_a_download_is_an_error(tmp_path: Path) -> None:
    made = make(tmp_path, segments=1, segment_bytes=70_000)
    plan = tar_plan(tmp_path, made.path.name)
    (made.path / "000001.mkv.age").write_bytes(b"short")
    with pytest.raises(NoRecording):
        list(plan.read())


def test_a_deleted_recording_is_gone(tmp_path: Path) -> None:
    made = make(tmp_path, segments=1, segment_bytes=70_000)
    delete(tmp_path, made.path.name)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_deletion_is_finished(tmp_path: Path) -> None:
    made = make(tmp_path, segments=1, segment_bytes=70_000)
    made.path.rename(tmp_path / ".deleted-ab12-1-x")
    assert recordings(tmp_path) == []
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
