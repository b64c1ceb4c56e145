"""A recording to open: a folder or a .tar, whole or not; no link in it is followed."""

import io
import os
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.opening.archive import Archive, BadArchive, open_archive
from recorder.shelf import tar_plan
from tests.support.examples import examples
from tests.support.sealed_recording import Made, make

pytestmark = pytest.mark.record


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("archive"), segments=2, segment_bytes=70_000)


def contents(archive: Archive) -> dict[int, bytes]:
    found = {}
    for number in archive.segments:
        with closing(archive.segment(number)) as part:
            found[number] = part.read(1 << 30)
            assert part.read(10) == b""
    return found


def truth(made: Made) -> dict[int, bytes]:
    files = made.files()
    return {1: files["000001.mkv.age"], 2: files["000002.mkv.age"]}


def tarred(made: Made) -> bytes:
    return b"".join(tar_plan(made.path.parent, made.path.name).read())


def test_a_folder_and_its_download_hold_the_same(made: Made, tmp_path: Path) -> None:
    download = tmp_path / "x.tar"
    download.write_bytes(tarred(made))
    for path in (made.path, download):
        archive = open_archive(path)
        assert contents(archive) == truth(made)
        assert archive.manifest() == made.files()["manifest.jsonl"]
        assert archive.strange == ()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_a_tar_packed_by_another_program_is_read_too(made: Made, tmp_path: Path, form: int) -> None:
    with tarfile.open(tmp_path / "y.tar", "w", format=form) as tar:
        tar.add(made.path, arcname="./Bản ghi")
    assert contents(open_archive(tmp_path / "y.tar")) == truth(made)


def test_an_interrupted_download_gives_what_arrived(made: Made, tmp_path: Path) -> None:
    data = tarred(made)
    (tmp_path / "z.tar").write_bytes(data[: len(data) - 40_000])
    found = contents(open_archive(tmp_path / "z.tar"))
    assert found[1] == truth(made)[1]
    assert truth(made)[2].startswith(found[2])


def test_a_tar_that_lacks_one_header_gives_the_other_files(made: Made, tmp_path: Path) -> None:
    data = tarred(made)
    (tmp_path / "z.tar").write_bytes(bytes(512) + data[512:])
    archive = open_archive(tmp_path / "z.tar")
    assert contents(archive) == truth(made)
    assert archive.manifest() is None
    assert any("between" in words for words in archive.strange)


def test_links_and_strange_files_are_reported_and_not_followed(made: Made, tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(made.files()["manifest.jsonl"])
    (tmp_path / "000001.mkv.age").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "000002.mkv.age")
    (tmp_path / "notes\n\x1b[31m.txt").touch()
    archive = open_archive(tmp_path)
    assert archive.segments == {}
    assert len(archive.strange) == 3
    assert all(words.isprintable() for words in archive.strange)
    with tarfile.open(tmp_path / "links.tar", "w") as tar:
        tar.add(tmp_path / "000001.mkv.age", "000001.mkv.age")
        tar.add(tmp_path / "manifest.jsonl", "manifest.jsonl")
    assert open_archive(tmp_path / "links.tar").segments == {}


def test_anything_but_a_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("hello" * 1000)
    (tmp_path / "nothing.tar").touch()
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "text.tar", "nothing.tar", "pipe", "nowhere"):
        with pytest.raises(BadArchive):
            open_archive(tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(200))
@given(st.lists(st.one_of(st.binary(max_size=600), st.integers(0, 3)), max_size=6))
def test_arbitrary_bytes_are_an_archive_or_refused(tmp_path: Path, parts: list[bytes | int]) -> None:
    """Bytes, and headers with false sizes."""
    out = io.BytesIO()
    for part in parts:
        if isinstance(part, bytes):
            out.write(part)
            continue
        info = tarfile.TarInfo(["000001.mkv.age", "manifest.jsonl", "../../x", "000001.mkv.age/"][part])
        info.size = [1 << 40, 3, 512, 8 << 30][part]
        out.write(info.tobuf(tarfile.GNU_FORMAT))
    path = tmp_path / "any.tar"
    path.write_bytes(out.getvalue())
    try:
        archive = open_archive(path)
    except BadArchive:
        return
    archive.manifest()
    for number, size in archive.segments.items():
        with closing(archive.segment(number)) as file:
            assert len(file.read(1 << 30)) == size
