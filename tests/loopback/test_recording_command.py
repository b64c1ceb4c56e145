"""`giaoban recording`: recordings are listed and deleted on the server, verified and recovered where the keys
are. They are on the disk as the recorder leaves them."""

import asyncio
import io
import json
import random
import time
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import opened_store, prepare_database
from deploy.state import open_state
from recorder import RecordingId
from recorder.opening.unsealed import lock_with_passphrase
from recorder.storage.folder import Folder, RecordingFacts
from signaling.custody.custody import DAY_MS
from signaling.model.ids import AccountId
from signaling.model.run import RunRecord, RunRecording
from tests.support import sealed_recording
from tests.support.sealed_recording import AUDIT, SERVER, Made, make

pytestmark = [pytest.mark.loopback, pytest.mark.record]

MEETING = "giao-ban"
ID = "20260921-132640-giao-ban-0001"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A finished recording with two locks; no test changes it."""
    return make(tmp_path_factory.mktemp("shelf"), locks=sealed_recording.keys(2), segment_bytes=90_000)


@pytest.fixture
def keys(made: Made, tmp_path: Path) -> list[str]:
    """The flags for both private keys."""
    for at, secret in enumerate(made.keys.secrets):
        (tmp_path / f"{at}.key").write_text(secret)
    return ["--key", str(tmp_path / "0.key"), "--second-key", str(tmp_path / "1.key")]


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The flag for a state directory after its first run."""
    open_state(tmp_path / "state")
    prepare_database(Config(state=str(tmp_path / "state")))
    (tmp_path / "state" / "recordings").mkdir()
    return f"--state={tmp_path / 'state'}"


def keep(directory: Path, begun_ms: int, finish: bool = True, name: str = ID) -> Path:
    """Make a recording of the standing meeting. Returns its folder."""
    chosen = sealed_recording.keys()
    facts = RecordingFacts(name, MEETING, "Giao ban sáng", chosen.recipients)
    folder = Folder.create(directory, facts, SERVER, sealed_recording.Ticking(begun_ms))
    blocks = sealed_recording.segment_blocks(name, 1, 70_000, random.Random(3))
    sealed_recording.write_segment(folder, chosen, 1, blocks, finish)
    if finish:
        folder.finish(sealed_recording.SEGMENT_MS)
    folder.close()
    return folder.path


# --- where the keys are ---


def test_a_whole_recording_is_reported_as_whole(
    made: Made, keys: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recording", "verify", str(made.path)]) == 0
    said = capsys.readouterr().out
    assert "It is complete, as the server signed it, (give --key" in said
    assert f"the audit log had come to entry 7, {AUDIT.hash}" in said
    server = ["--server-key", SERVER.public.hex()]
    assert main(["recording", "verify", str(made.path), *keys, *server]) == 0
    said = capsys.readouterr().out
    assert "It is complete, as the server signed it, and can be read." in said
    assert "(as expected)" in said
    for segment in made.blocks:
        assert f"segment {segment:4}" in said
    assert "Khóa 1" in said
    assert "second lock" in said


def test_one_key_of_two_does_not_open_it(
    made: Made, keys: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for one in (keys[:2], ["--key", keys[3]]):
        assert main(["recording", "verify", str(made.path), *one]) == 1
        assert "! wrong-key" in capsys.readouterr().out


def test_a_wrong_server_key_is_reported(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recording", "verify", str(made.path), "--server-key", "ab" * 32]) == 1
    assert "forged" in capsys.readouterr().out
    assert main(["recording", "verify", str(made.path), "--server-key", "abc"]) == 2
    assert "--server-key is no key" in capsys.readouterr().err


def test_damage_is_named_and_the_rest_recovered(
    made: Made, keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / made.path.name
    copy.mkdir()
    for name, data in made.files().items():
        (copy / name).write_bytes(data)
    (copy / "000002.mkv.age").unlink()
    assert main(["recording", "verify", str(copy)]) == 1
    said = capsys.readouterr().out
    assert "! missing" in said
    assert "Something is missing, damaged or not genuine" in said
    out = tmp_path / "out"
    assert main(["recording", "recover", str(copy), *keys, "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == ["000001.mkv", "000003.mkv"]
    assert "no longer encrypted" in said
    assert (
        main(["recording", "recover", str(copy), *keys, "--out", str(out)]) == 2
    )  # existing files are never overwritten
    assert "it is there already" in capsys.readouterr().err


def test_a_whole_recording_is_recovered_with_exit_code_0(made: Made, keys: list[str], tmp_path: Path) -> None:
    assert main(["recording", "recover", str(made.path), *keys, "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == len(made.blocks)


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, None])
def test_anything_but_a_recording_is_reported_as_none(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.tar"
    if content is not None:
        file.write_bytes(content)
    assert main(["recording", "verify", str(file)]) == 2
    assert "-> Name a recording's folder" in capsys.readouterr().err


def test_a_locked_key_asks_for_its_passphrase_and_one_from_paper_may_have_gaps(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = made.keys.secrets
    (tmp_path / "first").write_bytes(lock_with_passphrase(f"# x\n{first}\n".encode(), "bốn từ rất dài"))
    gaps = " ".join([second[:16], *(second[at : at + 4] for at in range(16, len(second), 4))])
    (tmp_path / "second").write_text(f"# typed\n{gaps.lower()}\n")
    command = ["recording", "verify", str(made.path), "--key", str(tmp_path / "first")]
    command += ["--key", str(tmp_path / "second")]
    monkeypatch.setattr("sys.stdin", io.StringIO("bốn từ rất dài\n"))
    assert main(command) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("sai\n"))
    assert main(command) == 2
    assert "stays locked" in capsys.readouterr().err


def test_a_key_file_without_a_private_key_is_refused(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "k.pub").write_text(made.keys.recipients[0].key)
    for file in ("k.pub", "nowhere"):
        assert main(["recording", "verify", str(made.path), "--key", str(tmp_path / file)]) == 2
        assert "-> " in capsys.readouterr().err


# --- on the server ---


def test_recordings_are_listed_without_a_key(
    state: str, tmp_path: Path, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recording", "list", state]) == 0
    assert "0 recordings" in capsys.readouterr().out
    now_ms = int(time.time() * 1000)
    shelf = tmp_path / "state" / "recordings"
    keep(shelf, now_ms - DAY_MS)
    keep(shelf, now_ms - 2 * DAY_MS, finish=False, name="broken")
    assert main(["meeting", "recording", MEETING, "--keep-days", "30", state]) == 0
    capsys.readouterr()
    assert main(["recording", "list", state]) == 0
    said = capsys.readouterr().out
    for shown in (ID, "Giao ban sáng", "finished, deleted after", "broken off", "Khóa 1 (first lock)"):
        assert shown in said
    assert main(["recording", "list", "--directory", str(made.path.parent)]) == 0  # needs no state
    assert made.path.name in capsys.readouterr().out
    assert main(["recording", "list", "--directory", str(tmp_path / "nowhere")]) == 2


def test_a_confirmed_deletion_is_carried_out_and_logged(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = keep(tmp_path / "state" / "recordings", int(time.time() * 1000) - 3 * DAY_MS - 60_000)
    for answer in ("no\n", "", "y\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert main(["recording", "delete", ID, state]) == 2
        assert folder.exists()
    assert main(["recording", "delete", ID, "--yes", state]) == 0
    assert not folder.exists()
    capsys.readouterr()
    assert main(["recording", "delete", ID, "--yes", state]) == 2
    assert main(["recording", "delete", "../..", "--yes", state]) == 2
    capsys.readouterr()
    assert main(["audit", "export", state]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    entry = json.loads(line)["entry"]
    fields = dict(entry["fields"])
    assert (entry["event"], entry["meeting"]) == ("recording-deleted", MEETING)
    assert (fields["recording"], fields["age_days"], fields["why"]) == (ID, 3, "terminal")


def test_a_recording_in_progress_is_not_deleted(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf, now_ms = tmp_path / "state" / "recordings", int(time.time() * 1000)
    written = keep(shelf, now_ms, finish=False, name="written-now")
    paused = keep(shelf, now_ms - DAY_MS, finish=False)

    async def begin() -> None:
        async with opened_store(Config(state=str(tmp_path / "state"))) as store:
            meeting = await store.meetings.find(MEETING)
            assert meeting is not None
            going = RunRecording(RecordingId(ID), AccountId("a"), now_ms, (), now_ms, paused=True)
            await store.meetings.keep_run(meeting, RunRecord(recording=going))

    asyncio.run(begin())
    for folder in (written, paused):
        assert main(["recording", "delete", folder.name, "--yes", state]) == 2
        assert "it goes on" in capsys.readouterr().err
        assert folder.exists()


def test_a_shorter_retention_says_what_it_will_delete(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path / "state" / "recordings", int(time.time() * 1000) - 10 * DAY_MS)
    assert main(["meeting", "recording", MEETING, "--keep-days", "7", state]) == 0
    assert "1 recordings are older" in capsys.readouterr().out
