"""The wall clock is set while the control plane runs: nobody is signed out early, nothing lives for years."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from signaling.accounts.accounts import LIFETIME_MS, mint, token_hash
from signaling.audit.table import AuditTable
from signaling.clocks import clock, served
from signaling.model.ids import Instant
from tests.support.control import PASSWORD, PATIENCE_S, Control, running_control

pytestmark = pytest.mark.loopback

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S


async def signed_in(control: Control, cookie: str) -> bool:
    async with control.http.get(
        f"{control.url}/api/session", headers={"Cookie": f"giaoban={cookie}"}
    ) as answer:
        return answer.status == 200


async def steps_noted(control: Control, count: int) -> list[int]:
    """The steps in the audit log, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            entries = [
                json.loads(one.document) for one in await AuditTable(control.store.database).page(0, 100)
            ]
            steps = [dict(entry["fields"])["by_ms"] for entry in entries if entry["event"] == "clock-stepped"]
            if len(steps) >= count:
                return steps
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("by_s", [13 * HOUR_S, -13 * HOUR_S, 10 * YEAR_S, -10 * YEAR_S])
async def test_a_sign_in_lasts_its_twelve_hours_whatever_the_clock_is_set_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, by_s: float
) -> None:
    caplog.set_level(logging.WARNING, "giaoban.clock")
    async with running_control(tmp_path) as control:
        answer = await control.sign_in("thu-ky", PASSWORD)
        cookie = answer.cookies["giaoban"].value
        control.set_by_s = by_s
        assert await signed_in(control, cookie)
        (step,) = await steps_noted(control, 1)
        assert abs(step - by_s * 1000) < 1000
        assert caplog.messages == [f"clock-stepped by_s={round(by_s)}"]
        assert await signed_in(control, cookie)
        control.ahead_s = LIFETIME_MS / 1000 - 60
        assert await signed_in(control, cookie)
        control.ahead_s += 120
        assert not await signed_in(control, cookie)


async def test_a_sign_in_that_a_wrong_clock_made_for_years_is_shortened(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        found = await control.store.people.find("thu-ky")
        assert found is not None
        later = Instant(0.0, clock().unix_ms + 10 * int(YEAR_S) * 1000)
        cookie = await mint(control.store, found.account.id, later)
    async with running_control(tmp_path) as control:
        assert await signed_in(control, cookie)
        until_ms = clock().unix_ms + LIFETIME_MS + 60_000
        async with asyncio.timeout(PATIENCE_S):
            while await control.store.people.signed_in(token_hash(cookie), until_ms) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_the_terminal_signs_in_by_the_same_time_as_the_server(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        control.set_by_s = 5 * HOUR_S
        await steps_noted(control, 1)
        now = await served(control.store, clock())
        assert abs(now.unix_ms - clock().unix_ms) < 5000
