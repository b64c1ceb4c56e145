"""`giaoban keys`: a pair is made offline and its public key brought to the server. Uses files, a database on
disk, and Debian's age."""

import contextlib
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import prepare_database
from deploy.state import open_state
from recorder.format.manifest import key_fingerprint
from recorder.opening.unsealed import NewKey, new_key
from recorder.storage.signing import load_or_create_key

pytestmark = [pytest.mark.loopback, pytest.mark.record]

PASSPHRASE = "bốn từ rất dài"
SECRET = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The flag for a state directory after its first run."""
    open_state(tmp_path / "state")
    prepare_database(Config(state=str(tmp_path / "state")))
    return f"--state={tmp_path / 'state'}"


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def events(state: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The audit log's entries about keys: their fields and the event."""
    capsys.readouterr()
    assert main(["audit", "export", state]) == 0
    found = [json.loads(line)["entry"] for line in capsys.readouterr().out.splitlines()]
    return [dict(entry["fields"], event=entry["event"]) for entry in found if "key" in entry["event"]]


# --- on another machine ---


def test_a_key_is_made_offline_and_only_its_own_passphrase_and_debians_age_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    typed(monkeypatch, PASSPHRASE)
    assert main(["keys", "new", "board.key", "--name", "Ban  Giám đốc"]) == 0
    said = capsys.readouterr()
    assert not SECRET.search(said.out + said.err)
    private, public, paper = (tmp_path / f"board.key{end}" for end in ("", ".pub", ".html"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        path.name for path in (private, paper, public)
    ]
    assert (private.stat().st_mode & 0o777, paper.stat().st_mode & 0o777) == (0o600, 0o600)
    assert b"AGE-SECRET-KEY" not in private.read_bytes()
    key = public.read_text().splitlines()[-1]
    assert key in said.out
    assert key_fingerprint(key) in said.out

    sealed = tmp_path / "sealed.age"
    subprocess.run(["age", "-R", public, "-o", sealed], input=b"giao ban", check=True)  # including comments
    assert opened_by_age(private, sealed, PASSPHRASE) == b"giao ban"
    assert opened_by_age(private, sealed, "something else") is None


def opened_by_age(identity: Path, sealed: Path, passphrase: str) -> bytes | None:
    """The output of `age -d`, which asks for the passphrase at a terminal: ours."""
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    out = sealed.with_suffix(".out")
    out.unlink(missing_ok=True)
    command = f'exec age -d -i "{identity}" -o "{out}" "{sealed}" <"{name}"'
    process = subprocess.Popen(
        ["sh", "-c", command],
        start_new_session=True,  # so that the first terminal it opens becomes its own
        stdout=subprocess.DEVNULL,
    )
    try:
        asked = b""
        while b"passphrase" not in asked:
            asked += os.read(ours, 1024)
        os.close(theirs)
        os.write(ours, passphrase.encode() + b"\n")
        with contextlib.suppress(OSError):  # the other end is closed
            while os.read(ours, 1024):
                pass
        return out.read_bytes() if process.wait(30) == 0 else None
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_the_printed_page_has_the_whole_key_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["keys", "new", "k", "--name", "A & <b>", "--no-passphrase"]) == 0
    page = (tmp_path / "k.html").read_text()
    found = SECRET.search((tmp_path / "k").read_text())
    assert found is not None
    groups = re.search(r"AGE-SECRET-KEY-1(?: [0-9A-Z]{1,4})+", page)
    assert groups is not None
    assert "".join(groups[0].split()) == found[0]
    assert (tmp_path / "k.pub").read_text().splitlines()[-1] in page
    assert "A &amp; &lt;b&gt;" in page
    assert "<b>A" not in page
    assert "<svg" in page
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert "default-src 'none'" in page


def test_nothing_is_overwritten_and_no_weak_passphrase_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.pub").write_text("another's")
    assert main(["keys", "new", "k", "--name", "A", "--no-passphrase"]) == 2
    assert "is there already" in capsys.readouterr().err
    typed(monkeypatch, "short")
    assert main(["keys", "new", "other", "--name", "A"]) == 2
    assert "too short" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["k.pub"]


def test_the_private_key_is_shown_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["keys", "new", "k", "--name", "A", "--no-passphrase", "--no-paper", "--print"]) == 0
    assert len(SECRET.findall(capsys.readouterr().out)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k", "k.pub"]


# --- on the server ---


def test_keys_are_added_listed_and_removed_and_the_log_knows(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board, office = new_key(), new_key()
    (tmp_path / "board.pub").write_text(f"# Ban Giám đốc\n{board.public}\n")
    assert main(["keys", "list", state]) == 0
    assert "nothing can be recorded" in capsys.readouterr().out
    assert main(["keys", "add", str(tmp_path / "board.pub"), "--name", "Ban Giám đốc", state]) == 0
    assert "opens alone" in capsys.readouterr().out
    assert main(["keys", "add", office.public.upper(), "--name", "Văn phòng", "--second", state]) == 0
    assert "Opening takes two" in capsys.readouterr().out
    assert main(["keys", "list", state]) == 0
    said = capsys.readouterr().out
    for shown in (board.public, office.public, key_fingerprint(board.public), "Ban Giám đốc", "second lock"):
        assert shown in said
    assert main(["keys", "remove", key_fingerprint(board.public), state]) == 0
    assert "nothing can be recorded" in capsys.readouterr().out
    assert main(["keys", "list", state]) == 0
    assert board.public not in capsys.readouterr().out
    assert main(["keys", "list", "--all", state]) == 0
    assert board.public in capsys.readouterr().out
    assert main(["keys", "remove", "văn phòng", state]) == 0
    assert main(["keys", "remove", "Văn phòng", state]) == 2
    noted = [(entry["event"], entry["name"], entry["key"], entry["lock"]) for entry in events(state, capsys)]
    assert noted == [
        ("key-added", "Ban Giám đốc", board.public, "first"),
        ("key-added", "Văn phòng", office.public, "second"),
        ("key-removed", "Ban Giám đốc", board.public, "first"),
        ("key-removed", "Văn phòng", office.public, "second"),
    ]


def test_a_name_and_a_key_can_each_be_used_once(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = new_key().public, new_key().public
    assert main(["keys", "add", one, "--name", "Ban Giám đốc", state]) == 0
    assert main(["keys", "add", one, "--name", "Khác", "--second", state]) == 2
    assert "in use already" in capsys.readouterr().err
    assert main(["keys", "add", two, "--name", "ban giám  đốc", state]) == 2
    assert "already" in capsys.readouterr().err
    assert main(["keys", "remove", one, state]) == 0
    assert main(["keys", "add", one, "--name", "Mới", "--second", state]) == 0  # added again


def bad_keys(pair: NewKey) -> dict[str, tuple[str, str]]:
    wrong = pair.public[:-1] + ("q" if pair.public[-1] != "q" else "p")
    return {
        "secret": (pair.secret, "PRIVATE key"),
        "secret in small letters": (f"  {pair.secret.lower()}", "PRIVATE key"),
        "a letter is wrong": (wrong, "a letter of it is wrong"),
        "cut off": (pair.public[:40], "no public key"),
        "another kind": ("age1yubikey1qwzsd3k3", "no public key"),
        "no file": ("nowhere.pub", "neither a public key"),
        "zero": ("a\0b", "neither a public key"),
    }


@pytest.mark.parametrize("which", bad_keys(new_key()))
def test_anything_but_a_public_key_is_refused_and_not_stored(
    state: str, tmp_path: Path, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = new_key()
    text, said = bad_keys(pair)[which]
    assert main(["keys", "add", text, "--name", "A", state]) == 2
    err = capsys.readouterr().err
    assert said in err
    file = tmp_path / "a.pub"
    if not said.startswith("neither"):
        file.write_text(f"# a comment\n{text}\n")
        assert main(["keys", "add", str(file), "--name", "A", state]) == 2
        assert said in capsys.readouterr().err
        file.unlink()
    assert pair.secret.lower() not in err.lower()
    for path in (tmp_path / "state").rglob("*"):
        assert not path.is_file() or pair.secret[20:40] not in path.read_text("latin-1").upper()


def test_files_without_exactly_one_key_are_refused(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("k").write_bytes(b"age-encryption.org/v1\n-> scrypt zI9Rref0C6OBBU 19\n\x80\xff")
    Path("k.pub").write_text(new_key().public)
    Path("two.pub").write_text(f"{new_key().public}\n{new_key().public}\n")
    Path("none.pub").write_text("# only words\n")
    Path("noise.pub").write_bytes(b"\x80\xff" * 1500)
    for file, said in (
        ("k", "perhaps a private key"),
        ("two.pub", "2 keys"),
        ("none.pub", "0 keys"),
        ("noise.pub", "no public key"),
    ):
        capsys.readouterr()
        assert main(["keys", "add", file, "--name", "A", state]) == 2
        assert said in capsys.readouterr().err, file
    assert main(["keys", "add", "k.pub", "--name", "\N{ZERO WIDTH SPACE} ", state]) == 2
    assert main(["keys", "add", "k.pub", "--name", "A", state]) == 0


def test_the_list_names_the_key_that_the_server_signs_with(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "list", state]) == 0
    assert "signs" not in capsys.readouterr().out
    assert not (tmp_path / "state" / "recorder.key").exists()  # listing creates none
    public = load_or_create_key(tmp_path / "state" / "recorder.key").public
    assert main(["keys", "list", state]) == 0
    assert public.hex() in capsys.readouterr().out


# --- what a meeting's rules say ---


def test_recording_rules_are_set_shown_and_logged(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meeting", "recording", "giao-ban", state]) == 0
    assert "its chair may record it; recordings are kept until" in capsys.readouterr().out
    assert main(["meeting", "recording", "giao-ban", "--forbid", state]) == 0
    assert main(["meeting", "recording", "giao-ban", "--keep-days", "90", state]) == 0
    capsys.readouterr()
    assert main(["meeting", "show", "giao-ban", state]) == 0
    assert "nobody may record it; recordings are kept 90 days" in capsys.readouterr().out
    assert main(["meeting", "recording", "giao-ban", "--allow", "--keep-days", "0", state]) == 0
    assert main(["meeting", "recording", "giao-ban", "--keep-days", "-1", state]) == 2
    assert main(["meeting", "recording", "khong-co", "--allow", state]) == 2
    capsys.readouterr()
    assert main(["audit", "export", state]) == 0
    entries = [json.loads(line)["entry"] for line in capsys.readouterr().out.splitlines()]
    rules = [dict(entry["fields"]) for entry in entries if entry["event"] == "recording-rules-set"]
    assert [(rule["may_record"], rule["keep_days"]) for rule in rules] == [(0, 0), (0, 90), (1, 0)]
