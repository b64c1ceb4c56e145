"""A change of Python source is noticed, and nothing else."""

import os
from pathlib import Path

import pytest

from deploy.run.reload import SourceWatch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "floor.py").write_text("a = 1\n")
    (tmp_path / "notes.txt").write_text("a\n")
    return tmp_path


def test_without_a_change_nothing_is_noticed(folder: Path) -> None:
    watch = SourceWatch(folder)
    assert not watch.has_changed()
    (folder / "notes.txt").write_text("b\n")
    assert not watch.has_changed()


def test_a_written_an_added_and_a_removed_file_are_noticed_once_each(folder: Path) -> None:
    watch = SourceWatch(folder)
    file = folder / "room" / "floor.py"
    os.utime(file, ns=(1, 1))
    assert watch.has_changed()
    assert not watch.has_changed()
    (folder / "new.py").touch()
    assert watch.has_changed()
    file.unlink()
    assert watch.has_changed()
    assert not watch.has_changed()
