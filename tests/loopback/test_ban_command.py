"""`giaoban meeting bans` and `lift-ban`, against a database on disk."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import opened_store, prepare_database
from deploy.state import open_state
from signaling.model.ids import ParticipantId
from signaling.model.seat import KeptSeat
from signaling.model.words import SeatState

pytestmark = pytest.mark.loopback


async def ban(config: Config, until_ms: int) -> None:
    async with opened_store(config) as store:
        meeting, found = await store.meetings.find("giao-ban"), await store.people.find("thu-ky")
        assert meeting is not None
        assert found is not None
        seat = KeptSeat(ParticipantId("p1"), found.account, SeatState.REFUSED, place=1, reason="vì thế")
        banned = replace(seat, banned=True, banned_until_ms=until_ms)
        await store.meetings.keep_seats(meeting, [banned])


def test_bans_are_listed_and_lifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_state(tmp_path)
    config, state = Config(state=str(tmp_path)), f"--state={tmp_path}"
    prepare_database(config)
    capsys.readouterr()
    assert main(["meeting", "bans", "giao-ban", state]) == 0
    assert "nobody" in capsys.readouterr().out
    asyncio.run(ban(config, 0))
    assert main(["meeting", "bans", "giao-ban", state]) == 0
    said = capsys.readouterr().out
    assert "thu-ky" in said
    assert "vì thế" in said
    assert main(["meeting", "lift-ban", "giao-ban", " Thu-Ky", state]) == 0
    capsys.readouterr()
    assert main(["meeting", "bans", "giao-ban", state]) == 0
    assert "nobody" in capsys.readouterr().out
    assert main(["meeting", "lift-ban", "giao-ban", "thu-ky", state]) == 2
    assert main(["audit", "export", state]) == 0
    assert capsys.readouterr().out.count("ban-lifted") == 1
    asyncio.run(ban(config, 1))  # its end is long past
    assert main(["meeting", "bans", "giao-ban", state]) == 0
    assert "nobody" in capsys.readouterr().out
