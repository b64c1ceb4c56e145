"""The Makefile tells what it offers, and in CI nothing that is missing passes silently."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def make_help() -> str:
    return subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_help_shows_every_target_with_its_own_words() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", "")
    (phony,) = re.findall(r"^\.PHONY:(.*)", makefile, re.MULTILINE)
    shown = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", make_help(), re.MULTILINE))
    assert sorted(shown) == sorted(phony.split())
    assert all(f"## {text}" in makefile for text in shown.values())


@pytest.mark.parametrize("target", ["unit", "world", "wire", "arch", "web"])
def test_a_part_of_the_tests_needs_no_browser_and_no_check(target: str) -> None:
    (line,) = re.findall(rf"^{target}:(.*)##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(line.split()) <= {"$(VENV)/.dev", "$(VENV)/.warm"}


def test_node_is_installed_before_the_check_that_needs_it() -> None:
    (line,) = re.findall(r"^test:(.*)##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line.split().index("browsers") < line.split().index("check")


@pytest.mark.parametrize(("environment", "code"), [({"CI": "true"}, 2), ({}, 0)])
def test_a_missing_node_fails_in_ci_and_is_reported_elsewhere(
    environment: dict[str, str], code: int, tmp_path: Path
) -> None:
    without_node = {**os.environ, "PATH": str(tmp_path), "CI": "", **environment}
    run = subprocess.run(
        ["/bin/bash", "deploy/make/check_web.sh"],
        cwd=ROOT,
        env=without_node,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == code
    assert "Node is not installed" in run.stderr


def test_an_environment_that_is_up_to_date_is_not_installed_again(tmp_path: Path) -> None:
    lock, stamp = tmp_path / "lock", tmp_path / "stamp"
    lock.write_text("")
    digest = subprocess.run(
        ["/bin/bash", "-c", f"cat {lock} pyproject.toml | sha256sum"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    stamp.write_text(digest)
    no_python = str(tmp_path)
    subprocess.run(
        ["/bin/bash", "deploy/make/install.sh", no_python, str(lock), str(stamp)], cwd=ROOT, check=True
    )
    assert stamp.read_text() == digest
