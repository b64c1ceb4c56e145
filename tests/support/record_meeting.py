"""A meeting to record: an operator and bridge points that keep time (tests/support/metronome.py), in this
process, against a whole appliance; and the board's key, whose private half the appliance never sees."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.config import Config
from deploy.simulate.command import trusted
from deploy.simulate.point import BridgePoint
from deploy.simulate.signin import sign_in_at
from deploy.simulate.view import Identity, Step
from signaling.http.context import COOKIE
from signaling.model.words import Role
from signaling.protocol import AdmitAll
from tests.support.appliance import ROOT, Appliance, ApplianceError
from tests.support.bad_link_relay import BadLink
from tests.support.metronome import keep_time

WAIT_S = 30.0
BOARD = "Ban Giám đốc"


@dataclass
class Recorded:
    appliance: Appliance
    meeting: str
    points: list[BridgePoint]
    key: Path
    """The file with the board's private key."""

    def id_of(self, point: BridgePoint) -> str:
        assert point.view.welcome is not None
        return point.view.welcome.participant

    async def kill_recorder(self) -> None:
        """Kill it as a crash would. Returns once its successor runs."""
        before = self.appliance.pid("recorder")
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(WAIT_S):
            while True:
                with contextlib.suppress(ApplianceError):
                    if self.appliance.pid("recorder") != before:
                        return
                await asyncio.sleep(0.05)

    async def at_the_boards(self, *arguments: str) -> tuple[int, str]:
        """Run `giaoban ...` on the machine that has the key, without any state. Returns the exit code and the
        output."""
        done = await asyncio.to_thread(
            subprocess.run,
            (sys.executable, "-m", "deploy.cli", *arguments),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def folder(self) -> Path:
        """The one recording of this meeting."""
        (folder,) = (self.appliance.state / "recordings").glob(f"*-{self.meeting}-*")
        return folder


async def board_key(appliance: Appliance, folder: Path) -> Path:
    """A key pair made by Debian's age; the appliance gets the public key."""
    file = folder / "board.key"
    made = await asyncio.to_thread(
        subprocess.run, ["age-keygen", "-o", str(file)], capture_output=True, text=True, check=True
    )
    public = made.stderr.split()[-1]
    code, said = await appliance.command("keys", "add", public, "--name", BOARD)
    assert code == 0, said
    return file


async def staff(appliance: Appliance, meeting: str, role: Role, index: int) -> BridgePoint:
    """A staff account, as a point."""
    login = await appliance.add_account(role, role.value, "test-bgd" if role is Role.CHAIR else "test-tchc")
    cookie = {COOKIE: await appliance.token(login)}
    return point(appliance, meeting, Identity(index, cookie, "test-tchc", role.value))


class FarPoint(BridgePoint):
    """Its media goes through a link."""

    link: BadLink

    async def _connect(self, answer: str) -> None:
        await super()._connect(self.link.rewritten(answer))


def point(
    appliance: Appliance,
    meeting: str,
    who: Identity,
    *,
    in_step: bool = False,
    link: BadLink | None = None,
) -> BridgePoint:
    """`in_step`: whenever it begins to send, its picture and voice keep time."""

    def on_step(step: Step, _: str) -> None:
        if in_step and step is Step.SENDING and made.media is not None:
            keep_time(made.media, who.index)

    tls = trusted(Config(state=str(appliance.state)), local=True)
    if link is None:
        made = BridgePoint(appliance.url, meeting, who, tls, on_step=on_step)
    else:
        made = FarPoint(appliance.url, meeting, who, tls, on_step=on_step)
        made.link = link
    return made


@asynccontextmanager
async def taking_part(*points: BridgePoint) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(one.run()) for one in points]
        try:
            yield
        finally:
            for run in runs:
                run.cancel()


@asynccontextmanager
async def recorded_meeting(
    appliance: Appliance, meeting: str, folder: Path, count: int, link: BadLink | None = None
) -> AsyncIterator[Recorded]:
    """`count` points are inside and send, behind `link` if given; nothing is recorded yet."""
    key = await board_key(appliance, folder)
    operator = await staff(appliance, meeting, Role.OPERATOR, 11)
    identities = await sign_in_at(appliance.store, count)
    points = [point(appliance, meeting, who, in_step=True, link=link) for who in identities]
    async with taking_part(operator, *points):
        await operator.wait_for(
            lambda view: view.lobby is not None and len(view.lobby.knocks) == count, WAIT_S
        )
        await operator.send(AdmitAll())
        for one in points:
            await one.wait_for(lambda view: view.sending, WAIT_S)
        yield Recorded(appliance, meeting, points, key)
