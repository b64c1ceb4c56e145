"""Whatever the documents tell people to type exists, and their links lead somewhere."""

import subprocess
import sys
from collections import defaultdict

import pytest

from tests.arch import documents
from tests.arch.source import ROOT, report

BELOW = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in (*documents.DOCUMENTS, *BELOW)}


def test_every_make_target_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name, text in TEXTS.items():
        assert report(documents.make_complaints(text, makefile)) == "", name


def test_every_giaoban_command_and_flag_in_the_documents_exists() -> None:
    flags: dict[str, set[str]] = defaultdict(set)
    for text in TEXTS.values():
        for command, used in documents.commands(text):
            flags[command].update(used)
    for command, used_flags in flags.items():
        assert used_flags <= documents.flags_in(_help(command)), command


def _help(command: str) -> str:
    """What a command says of itself; fails when there is no such command."""
    run = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *command.split(), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 0, f"giaoban {command}: {run.stderr}"
    return run.stdout


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    assert report(documents.link_complaints(TEXTS[name], (ROOT / name).parent)) == ""


@pytest.mark.parametrize("name", TEXTS)
def test_every_picture_is_taken_by_a_test(name: str) -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "browser").glob("*.py"))
    assert report(documents.picture_complaints(TEXTS[name], tests)) == ""


@pytest.mark.parametrize("name", TEXTS)
def test_the_files_and_folders_that_are_named_exist(name: str) -> None:
    assert report(documents.path_complaints(TEXTS[name], ROOT)) == ""


@pytest.mark.parametrize("name", sorted(TEXTS.keys() - documents.GENERATED))
def test_lines_are_wrapped(name: str) -> None:
    assert report(documents.width_complaints(TEXTS[name])) == ""


MAKEFILE = "run: x ## start\n\ttouch y\ntest:\n.PHONY: run\n"


@pytest.mark.parametrize("text", ["`make rnu`", "```\ncd x && make tests\n```", "    make bench   # table\n"])
def test_a_missing_make_target_is_noticed(text: str) -> None:
    assert list(documents.make_complaints(text, MAKEFILE))


@pytest.mark.parametrize(
    "text", ["`make run`", "we make tests", "```\nmake test\n```", "    make run ARGS=x\n"]
)
def test_what_is_no_command_is_left_alone(text: str) -> None:
    assert list(documents.make_complaints(text, MAKEFILE)) == []


def test_commands_are_found_with_their_flags() -> None:
    text = "`giaoban simulate --participants 5` or\n\n    bin/giaoban account add --role x\n\ngiaoban is"
    assert list(documents.commands(text)) == [
        ("simulate", ["--participants"]),
        ("account add", ["--role"]),
    ]


def test_a_broken_link_is_noticed() -> None:
    text = "![x](nowhere.png) [y](https://example.org) [z](README.md#top) [w](#here)"
    assert list(documents.link_complaints(text, ROOT)) == ["nowhere.png"]


def test_a_picture_that_nobody_takes_is_noticed() -> None:
    text = "![a](screens/door.png) ![b](docs/screens/lobby.png)"
    assert list(documents.picture_complaints(text, 'await take(chair.page, "screens/door")')) == ["lobby"]


def test_a_file_that_is_gone_is_noticed() -> None:
    text = "`sfu/wire.py`, `sfu/plane/`, `sfu/gone.py`, `tests/unit/*`, `signaling.control`"
    assert list(documents.path_complaints(text, ROOT)) == ["sfu/gone.py"]


def test_a_long_line_is_noticed_unless_it_cannot_be_wrapped() -> None:
    long = "word " * 30
    assert list(documents.width_complaints(f"{long}\n| {long}|\n```\n{long}\n```\n")) == [
        "line 1 has 150 columns"
    ]
