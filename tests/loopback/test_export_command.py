"""`giaoban recording export` and `play`, as run by somebody who has a recording and its key."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp
import av
import pytest

from deploy.cli import main
from recorder.storage.folder import Folder, RecordingFacts
from tests.arch.source import ROOT
from tests.support.recorded import counter_of
from tests.support.rolls import WARD, quiet_segment, segment
from tests.support.sealed_recording import SERVER, Ticking, keys, write_segment

pytestmark = [pytest.mark.record, pytest.mark.loopback]

ID = "giao-ban-1795390671-x"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two seconds of one speaker, eight of silence, two of another; with its key beside it."""
    locks = keys()
    folder = Folder.create(
        tmp_path, RecordingFacts(ID, "giao-ban", "Giao ban", locks.recipients), SERVER, Ticking()
    )
    parts = segment(1, 0, 2), quiet_segment(2, 2000, 8), segment(3, 10_000, 2, WARD)
    for number, blocks in enumerate(parts, 1):
        write_segment(folder, locks, number, blocks, end=True)
    folder.finish(12_000)
    folder.close()
    (tmp_path / "board.key").write_text(locks.secrets[0])
    return folder.path


def export(recording: Path, *more: str) -> int:
    return main(["recording", "export", str(recording), "--key", str(recording.parent / "board.key"), *more])


def counters(film: Path) -> list[int | None]:
    with av.open(str(film)) as container:
        return [counter_of(frame.reformat(320, 180)) for frame in container.decode(video=0)]


def test_a_film_is_made_and_called_unencrypted(
    recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(recording.parent)
    assert export(recording) == 0
    film = recording.parent / f"{ID}.mp4"
    said = capsys.readouterr().out
    assert film.name in said
    assert "no longer encrypted" in said
    shown = counters(film)
    assert len(shown) == pytest.approx(12 * 25, abs=2)
    assert shown[25] == pytest.approx(15, abs=1)
    assert shown[11 * 25] == pytest.approx(15, abs=1)


def test_a_missing_part_is_reported_and_the_rest_is_shown(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recording / "000002.mkv.age").unlink()
    film = recording.parent / "film.mkv"
    assert export(recording, "--out", str(film), "--language", "en", "--watermark", "test") == 0
    assert "missing" in capsys.readouterr().out
    shown = counters(film)
    assert len(shown) == pytest.approx(6 * 25, abs=4)  # a slate of two seconds stands for eight
    assert shown[5 * 25] == pytest.approx(15, abs=2)


def test_a_wrong_key_and_a_taken_name_are_reported(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recording.parent / "other.key").write_text(keys().secrets[0])
    other = str(recording.parent / "other.key")
    assert main(["recording", "export", str(recording), "--key", other, "--out", "never.mp4"]) == 2
    assert "none of the keys" in capsys.readouterr().err
    taken = recording.parent / "taken.mp4"
    taken.write_bytes(b"mine")
    assert export(recording, "--out", str(taken)) == 2
    assert "there already" in capsys.readouterr().err
    assert export(recording, "--out", str(recording.parent / "film.mp4"), "--font", "nowhere.ttf") == 2
    assert "--font" in capsys.readouterr().err


async def test_play_serves_until_it_is_interrupted(recording: Path) -> None:
    key = recording.parent / "board.key"
    before = sorted(recording.parent.rglob("*"))
    arguments = ("-m", "deploy.cli", "recording", "play", str(recording), "--key", str(key))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(40):
            said = await process.stdout.readuntil(b"; Ctrl-C")
            found = re.search(rb"http://127\.0\.0\.1:\d+/\S+/", said)
            assert found is not None
            address = found.group().decode()
            async with (
                aiohttp.ClientSession() as session,
                session.get(address + "watch?from=10.5") as answer,
            ):
                assert len(await answer.read()) > 10_000
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert sorted(recording.parent.rglob("*")) == before  # nothing on the disk
