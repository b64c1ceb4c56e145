"""`docs/examples/client.py`, as an outsider would run it, against a whole appliance."""

import ast
import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame

from deploy.config import Config
from deploy.simulate.command import trusted
from deploy.simulate.point import BridgePoint
from deploy.simulate.signin import sign_in_at
from deploy.simulate.view import Identity, View
from sfu import SlotKind
from signaling.http.context import COOKIE
from signaling.model.meeting import MEETING_CODE
from signaling.model.words import Role
from signaling.protocol import AdmitAll, Show, TileWish
from tests.support.appliance import PASSWORD, ROOT, Appliance, running

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
CLIENT = ROOT / "docs" / "examples" / "client.py"
WAIT_S = 40.0
NAME = "Người viết thử"
SPEAKER = "Nguyễn Thị Hoa"
"""The first simulated point's."""


def test_it_has_a_hundred_lines_and_needs_nothing_of_ours() -> None:
    text = CLIENT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"aiohttp", "aiortc", "av", "numpy"}


async def test_it_is_let_in_shows_its_picture_and_prints_who_speaks(tmp_path: Path) -> None:
    async with running(tmp_path) as appliance:
        operator = await appliance.store.people.find("thu-ky")
        assert operator is not None
        token = await appliance.token("thu-ky")
        unit = operator.account.unit or ""
        watcher = point(appliance, Identity(11, {COOKIE: token}, unit, "Thư ký"), decode=True)
        speaker = point(appliance, *await sign_in_at(appliance.store, 1))
        login = await appliance.add_account(Role.OPERATOR, NAME, "test-noi")
        async with taking_part(watcher), client(appliance, login) as process:
            await reads(process, "seat: admitted")
            await watcher.wait_for(lambda view: participant(view) != "", WAIT_S)
            await watcher.send(Show((TileWish(participant(watcher.view), 180),), 0, 0))
            await sees_the_bar_on_blue(watcher)
            async with taking_part(speaker):
                await watcher.wait_for(lambda view: bool(view.lobby and view.lobby.knocks), WAIT_S)
                await watcher.send(AdmitAll())
                await reads(process, f"speaking: {SPEAKER}")
            process.send_signal(signal.SIGINT)
            await watcher.wait_for(lambda view: participant(view) == "", WAIT_S)


def point(appliance: Appliance, who: Identity, *, decode: bool = False) -> BridgePoint:
    tls = trusted(Config(state=str(appliance.state)), local=True)
    return BridgePoint(appliance.url, MEETING_CODE, who, tls, decode=decode)


@asynccontextmanager
async def taking_part(who: BridgePoint) -> AsyncIterator[None]:
    run = asyncio.create_task(who.run())
    try:
        yield
    finally:
        run.cancel()
        await asyncio.wait([run])


@asynccontextmanager
async def client(appliance: Appliance, login: str) -> AsyncIterator[Process]:
    """The example as a process of its own, outside the repository."""
    authority = str(appliance.state / "pki" / "ca.crt")
    process = await asyncio.create_subprocess_exec(
        # Tests that run in the background ignore SIGINT, and so would everything that they start.
        *("env", "--default-signal=INT"),
        *(sys.executable, "-I", str(CLIENT), appliance.url, MEETING_CODE, login, "--ca", authority),
        cwd=appliance.state.parent,
        env={"PATH": os.environ["PATH"], "GIAOBAN_PASSWORD": PASSWORD, "PYTHONIOENCODING": "utf-8"},
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def reads(process: Process, wanted: str) -> None:
    """Wait until the client prints a line that begins with this. Raises TimeoutError, EOFError."""
    assert process.stdout is not None
    async with asyncio.timeout(WAIT_S):
        while True:
            line = (await process.stdout.readline()).decode()
            if line.startswith(wanted):
                return
            if not line:
                raise EOFError(f"it ended before it printed {wanted!r}")


def participant(view: View) -> str:
    """The client's id in the roster, "" while it is not there."""
    if view.roster is None:
        return ""
    return next((other.id for other in view.roster.participants if other.name == NAME), "")


async def sees_the_bar_on_blue(watcher: BridgePoint) -> None:
    """Pictures on the watcher's tile are the client's, and their bar moves."""

    def tile(view: View) -> int | None:
        for number, slot in enumerate(view.slots):
            if slot.kind is SlotKind.TILE and slot.participant == participant(view):
                return number
        return None

    await watcher.wait_for(lambda view: tile(view) is not None, WAIT_S)
    number = tile(watcher.view)
    assert number is not None
    assert watcher.media is not None
    bars: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        while len(bars) < 3:
            frame = await watcher.media.tracks[number].recv()
            assert isinstance(frame, VideoFrame)
            row = frame.to_ndarray(format="rgb24")[90].astype(int)
            white = np.flatnonzero(row.min(axis=1) > 200)
            blue = np.flatnonzero(np.abs(row - (32, 92, 160)).max(axis=1) < 30)
            if len(white) > 20 and len(blue) > 200:
                bars.add(int(white[0]))
