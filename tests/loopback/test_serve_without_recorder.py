"""The appliance when its recorder cannot run."""

import asyncio
from pathlib import Path

import pytest

from tests.support.appliance import running

pytestmark = [pytest.mark.record, pytest.mark.loopback]

DEATHS = 3
WAIT_S = 30.0


async def test_the_appliance_serves_without_its_recorder(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "recorder.key").write_text("no key")
    async with running(tmp_path) as appliance:
        async with asyncio.timeout(WAIT_S):
            died = "process-ended name=recorder"
            while appliance.log.read_text().count(died) < DEATHS:  # noqa: ASYNC110 - a log
                await asyncio.sleep(0.1)
        assert "the recorder's signing key cannot be used" in appliance.log.read_text()
        assert await appliance.healthy()
