"""`giaoban audit` and `giaoban meeting`: what an administrator types, against a database on disk."""

import json
import sqlite3
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import prepare_database
from deploy.state import open_state
from signaling.audit.chain import Head, head_of
from signaling.audit.copies import write_copy

pytestmark = pytest.mark.loopback

CODE = "giao-ban"


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The flag for a state directory whose log has three entries."""
    open_state(tmp_path)
    prepare_database(Config(state=str(tmp_path)))
    flag = f"--state={tmp_path}"
    for units in (["khoa-nhi-co-so-1"], ["khoa-nhi-co-so-1", "phong-dan-so"], ["--everyone"]):
        assert main(["meeting", "composition", CODE, *units, flag]) == 0
    return flag


def tamper(folder: Path, statement: str) -> None:
    """As the owner of the database's file can."""
    with sqlite3.connect(folder / "giaoban.sqlite3") as db:
        for trigger in ("audit_no_update", "audit_no_delete"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)
    db.close()


def test_an_untouched_log_verifies_and_its_head_is_shown(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["audit", "verify", state]) == 0
    said = capsys.readouterr().out.split()
    assert said[:2] == ["3", "entries,"]
    noted = said[said.index("hash") + 1]
    assert noted in (tmp_path / "audit.head").read_text()
    assert main(["meeting", "schedule", CODE, "--no-start", state]) == 0
    assert main(["audit", "verify", "--head", noted.upper(), state]) == 0  # noted earlier, still in the log


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE audit SET document = replace(document, '\"uid\"', '\"gid\"') WHERE number = 2",
            "entry 2 was",
        ),
        ("UPDATE audit SET hash = '' WHERE number = 1", "entry 1 was changed"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE number = 3", "entry 3 was there and is gone"),
        ("DELETE FROM audit", "entry 1 was there and is gone"),
        ("UPDATE audit SET document = '{}' WHERE number = 3", "entry 3 cannot be read"),
    ],
)
def test_tampering_with_the_log_is_found(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, said: str
) -> None:
    tamper(tmp_path, statement)
    assert main(["audit", "verify", state]) == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_cutting_off_the_end_and_continuing_hides_nothing(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(tmp_path, "DELETE FROM audit WHERE number = 3")
    for _ in range(3):
        assert main(["meeting", "schedule", CODE, "--no-start", state]) == 0
    assert main(["audit", "verify", state]) == 1
    assert "entry 3 is not the one that was noted then" in " ".join(capsys.readouterr().err.split())


def test_a_missing_damaged_or_unknown_head_is_reported(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", "--head", "0" * 63 + "1", state]) == 1
    assert "no entry has the hash" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "audit.head").write_bytes(b"\xff")
    assert main(["audit", "verify", state]) == 1
    assert "cannot be read" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "audit.head").unlink()
    assert main(["audit", "verify", state]) == 1
    assert "is missing" in " ".join(capsys.readouterr().err.split())


def test_a_log_that_was_written_anew_with_its_head_is_found_by_a_copy_elsewhere(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one who writes database and head alike has to reach the copy, too."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write_copy(folder, "2026-11-29", head_of((tmp_path / "audit.head").read_bytes()) or Head())
    settings = tmp_path / "giaoban.toml"
    settings.write_text(f'audit_head_copies = "{folder}"\n')
    whole = ["audit", "verify", state, f"--config={settings}"]
    capsys.readouterr()
    assert main(whole) == 0
    paper = capsys.readouterr().out.splitlines()[-1].split("  ")[-1]
    assert main([*whole, "--head", paper]) == 0
    with sqlite3.connect(tmp_path / "giaoban.sqlite3") as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit WHERE number > 1")
    db.close()
    (tmp_path / "audit.head").unlink()
    for _ in range(3):
        assert main(["meeting", "schedule", CODE, "--no-start", state]) == 0
    assert main(["audit", "verify", state]) == 0, "the forger has done it well"
    capsys.readouterr()
    assert main(whole) == 1
    assert "entry 3 is not the one that was noted then" in " ".join(capsys.readouterr().err.split())
    assert main(["audit", "verify", state, "--head", paper]) == 1


def test_a_head_that_stands_still_is_no_good_log(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entries are all there, but what came after that head could be cut off."""
    old = (tmp_path / "audit.head").read_bytes()
    assert main(["meeting", "schedule", CODE, "--no-start", state]) == 0
    (tmp_path / "audit.head").write_bytes(old)
    assert main(["audit", "verify", state]) == 1
    assert "stands still: entry 4" in " ".join(capsys.readouterr().err.split())


def test_an_export_has_every_entry_of_a_meeting(
    state: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["account", "add", "khoa-nhi", "--name", "Khoa Nhi", state]) == 0
    capfdbinary.readouterr()
    assert main(["audit", "export", "--meeting", CODE, state]) == 0
    lines = [json.loads(line)["entry"] for line in capfdbinary.readouterr().out.splitlines()]
    assert [(line["number"], line["event"], line["address"]) for line in lines] == [
        (number, "composition-set", "terminal") for number in (1, 2, 3)
    ]
    assert main(["audit", "export", state]) == 0
    last = json.loads(capfdbinary.readouterr().out.splitlines()[-1])["entry"]
    assert (last["event"], last["meeting"]) == ("account-added", "")
    assert main(["audit", "export", "--format", "csv", state]) == 0
    assert len(capfdbinary.readouterr().out.decode("utf-8-sig").splitlines()) == 5
    assert main(["audit", "export", "--meeting", "khong-co", state]) == 2


def test_the_log_has_a_new_password_as_an_event_but_not_its_text(
    state: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("deploy.commands.accounts._typed_password", lambda: "một mật khẩu dài")
    assert main(["account", "set-password", " Thu-Ky ", state]) == 0
    capfdbinary.readouterr()
    assert main(["audit", "export", state]) == 0
    log = capfdbinary.readouterr().out.decode()
    assert '"password-set"' in log
    assert "mật khẩu" not in log


# --- meetings ---


def test_a_meeting_is_scheduled_and_shown(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    start = ["--start", "2026-11-23 08:00", "--lobby-minutes", "45"]
    assert main(["meeting", "schedule", CODE, *start, state]) == 0
    assert main(["meeting", "composition", CODE, "phong-dan-so", state]) == 0
    capsys.readouterr()
    assert main(["meeting", "show", CODE, state]) == 0
    said = capsys.readouterr().out
    assert "starts 2026-11-23 08:00, the lobby opens 2026-11-23 07:15" in said
    assert "phong-dan-so  Phòng Dân số" in said
    assert main(["meeting", "schedule", CODE, "--no-start", state]) == 0
    assert main(["meeting", "composition", CODE, "--everyone", state]) == 0
    capsys.readouterr()
    assert main(["meeting", "show", CODE, state]) == 0
    said = capsys.readouterr().out
    assert "the lobby is open" in said
    assert "all units belong" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "khong-co"], "there is no meeting khong-co"),
        (["schedule", "khong-co", "--no-start"], "there is no meeting khong-co"),
        (["schedule", CODE, "--start", "mai"], "'mai' is not a time"),
        (["schedule", CODE, "--start", "0001-01-01 00:00"], "is not a time"),
        (["schedule", CODE, "--start", "2026-11-23 08:00", "--lobby-minutes", "-1"], "-1 minutes"),
        (["composition", CODE, "mars"], "there is no unit mars"),
        (["composition", CODE], "which units"),
        (["composition", CODE, "phong-dan-so", "--everyone"], "which units"),
    ],
)
def test_messages_that_make_no_sense_are_refused_and_change_nothing(
    state: str, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["meeting", *arguments, state]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert main(["audit", "verify", state]) == 0
    assert "3 entries" in capsys.readouterr().out
