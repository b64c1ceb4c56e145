"""The state directory is created when missing and refused when it cannot be used."""

import stat
from pathlib import Path

import pytest

from deploy.problem import StateError
from deploy.state import locked, open_state


def test_it_is_created_and_closed_to_others(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "var"
    open_state(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / "version").read_text() == "1\n"
    open_state(directory)


def test_a_directory_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_state(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_files_that_were_open_to_others_are_closed_and_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    elsewhere.chmod(0o644)
    directory = tmp_path / "var"
    (directory / "pki").mkdir(parents=True)
    (directory / "pki").chmod(0o755)
    for name in ("giaoban.sqlite3", "giaoban.sqlite3-wal", "giaoban.sqlite3-shm", "pki/server.key"):
        (directory / name).write_text("x")
        (directory / name).chmod(0o644)
    (directory / "link").symlink_to(elsewhere)
    open_state(directory)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in directory.rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file() and path.name != "link"} == {0o600}
    assert modes[directory / "pki"] == 0o700
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


@pytest.mark.parametrize("below", ["", "var"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(StateError, match="is a file") as raised:
        open_state(file / below)
    assert "--state" in raised.value.remedy


def test_a_directory_of_a_newer_version_is_left_untouched(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("7\n")
    with pytest.raises(StateError, match="newer giaoban: it has version 7, this one 1"):
        open_state(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["version"]


def test_a_version_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version").write_bytes(b"\xff\x00")
    with pytest.raises(StateError, match="cannot be read as a version"):
        open_state(tmp_path)


def test_a_second_appliance_is_told_which_process_uses_the_directory(tmp_path: Path) -> None:
    open_state(tmp_path)
    with locked(tmp_path), pytest.raises(StateError, match=r"already \(process \d+\)"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
