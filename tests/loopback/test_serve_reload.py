"""`giaoban serve --reload`: a change of source restarts the control process, and media goes on. What the
processes are to each other is seen here, too."""

import asyncio
import os
from pathlib import Path

import pytest

from deploy.cli import main
from tests.support.appliance import ApplianceError, running

pytestmark = pytest.mark.loopback

WAIT_S = 30.0


@pytest.mark.timeout(150)
async def test_touching_a_source_file_restarts_control_and_not_the_media_worker(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "room").mkdir(parents=True)
    file = source / "room" / "floor.py"
    file.write_text("")
    async with running(tmp_path, "--reload", str(source)) as appliance:
        media, recorder, control = (appliance.pid(part) for part in ("media-0", "recorder", "control"))
        voices_come_first(media, recorder, control)
        file.touch()
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    if appliance.pid("control") != control:
                        break
                except ApplianceError:
                    pass  # between the old one and the new one
                await asyncio.sleep(0.1)
        await appliance.wait_healthy(WAIT_S)
        assert (appliance.pid("media-0"), appliance.pid("recorder")) == (media, recorder)
        log = appliance.log.read_text()
        assert f"source-changed folder={source}" in log
        assert "process-ended" not in log


def voices_come_first(media: int, *others: int) -> None:
    """Niceness counts, because they are in one session; each in a group that Ctrl-C does not reach."""
    for other in others:
        assert niceness(other) > niceness(media)
        assert os.getsid(other) == os.getsid(media)
        assert os.getpgid(other) == other
    assert os.getpgid(media) == media


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_a_folder_that_does_not_exist_is_not_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", f"--state={tmp_path / 'state'}", "--reload", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()
