"""An appliance with a meeting that goes on, people who notice things, and an attacker in a process of its
own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from deploy.config import Config
from deploy.simulate.command import trusted
from signaling.http.context import COOKIE
from signaling.model.meeting import MEETING_CODE
from signaling.model.words import Role
from signaling.protocol import Admit
from tests.bench.latency import VOICE, Three, place
from tests.door.bystander import Bystanders, Noticed, Voice
from tests.door.target import AttackFigures, Target
from tests.support.appliance import ROOT, Appliance, ApplianceError, Part

ATTACKERS = 12
"""Accounts that attackers own."""
QUIET_S = 8.0
SETTLE_S = 2.0
RECOVERED_WITHIN_S = 30.0
ENDING_S = 1.0
"""What an attacker's process may need to end. What it needed to begin is no attack."""
WINDOW_S = 1.0
"""Recovery is judged by windows of this length."""
HARMLESS_MS = 20.0
"""By how much the p99 of a voice may be longer."""
PARTS: tuple[Part, ...] = ("control", "media-0")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one attack."""

    quiet: Noticed
    attacked: Noticed
    attack: AttackFigures
    memory_mb: Mapping[str, tuple[float, float, float]]
    """Of each process: before, at most, after."""
    log_bytes: int
    recovered_s: float
    """After the attack, until a second of the voice was as before."""


@dataclass
class Memory:
    """Resident memory of the processes, looked at five times a second. MB."""

    appliance: Appliance
    before: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    def now(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in PARTS:
            try:
                pages = int(Path(f"/proc/{self.appliance.pid(part)}/statm").read_text().split()[1])
            except (ApplianceError, OSError):
                continue  # it is being restarted
            found[part] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return found

    async def watch(self) -> None:
        self.before = self.now()
        while True:
            for part, mb in self.now().items():
                self.most[part] = max(mb, self.most.get(part, 0.0))
            await asyncio.sleep(0.2)

    def told(self) -> dict[str, tuple[float, float, float]]:
        after = self.now()
        return {part: (mb, self.most.get(part, mb), after.get(part, 0.0)) for part, mb in self.before.items()}


@dataclass
class Scene:
    """The meeting, what is known of it outside, and who watches."""

    three: Three
    bystanders: Bystanders
    target: Target

    async def attack(self, name: str, seconds: float, *, admitted: bool) -> Outcome:
        """name: "module:function" under tests.door. admitted: the operator lets in everybody who knocks."""
        await asyncio.sleep(SETTLE_S)
        quiet = await self.bystanders.phase(QUIET_S)
        memory = Memory(self.three.appliance)
        log_before = self.three.appliance.log.stat().st_size
        jobs = [asyncio.create_task(memory.watch())]
        if admitted:
            jobs.append(asyncio.create_task(self._let_in()))
        try:
            begin_s = self.bystanders.begin()
            figures = await self._run(name, seconds)
            begin_s = max(begin_s, time.monotonic() - figures.seconds - ENDING_S)
            attacked = await self.bystanders.noticed(begin_s)
            recovered_s = await self._recovered(quiet.voice_p99 + HARMLESS_MS)
        finally:
            for job in jobs:
                job.cancel()
        log_bytes = self.three.appliance.log.stat().st_size - log_before
        return Outcome(quiet, attacked, figures, memory.told(), log_bytes, recovered_s)

    async def _run(self, name: str, seconds: float) -> AttackFigures:
        """In a process with the lowest priority: attackers are other machines."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.door.attack", name, str(seconds)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            out, _ = await process.communicate(msgspec.json.encode(self.target))
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise ApplianceError(f"the attack {name} failed")
        return msgspec.json.decode(out, type=AttackFigures)

    async def _let_in(self) -> None:
        chair = self.three.chair
        while True:
            lobby = chair.view.lobby
            for knock in lobby.knocks if lobby is not None else ():
                await chair.send(Admit(knock.id))
            await asyncio.sleep(0.3)

    async def _recovered(self, bar_ms: float) -> float:
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < RECOVERED_WITHIN_S:
            window_s = time.monotonic()
            noticed = await self.bystanders.phase(WINDOW_S)
            if noticed.voice_p99 <= bar_ms and noticed.voice_lost == 0 and not noticed.failed:
                return window_s - begun_s
        return RECOVERED_WITHIN_S


@asynccontextmanager
async def scene(participants: int, console: Console) -> AsyncIterator[Scene]:
    """A briefing of this many, in which one voice speaks without a pause."""
    async with place(participants, console) as three:
        appliance = three.appliance
        await three.invite()
        await three.open()
        logins, tokens = [], []
        for number in range(ATTACKERS):
            login = await appliance.add_account(Role.DELEGATE, f"Attacker {number}", "test-noi")
            logins.append(login)
            tokens.append(await appliance.token(login))
        target = Target(
            address=appliance.address,
            https_port=appliance.https_port,
            media_port=appliance.media_port,
            ca_file=str(appliance.state / "pki" / "ca.crt"),
            meeting=MEETING_CODE,
            logins=tuple(logins),
            tokens=tuple(tokens),
            victim=await appliance.add_account(Role.CHAIR, "Victim", "test-bgd"),
            database=str(appliance.state / "giaoban.sqlite3"),
            worker_pid=appliance.pid("media-0"),
        )
        returning = await appliance.add_account(Role.DELEGATE, "Returning", "test-nhi")
        tls = trusted(Config(state=str(appliance.state)), local=True)
        cookie = {COOKIE: await appliance.token(returning)}
        spoken = frozenset(piece.data for piece in three.ear.voices[VOICE].pieces)
        bystanders = Bystanders(three, cookie, tls, Voice(spoken))
        async with bystanders.watching(_simulated(three)):
            yield Scene(three, bystanders, target)


def _simulated(three: Three) -> str:
    """A participant whose camera is shut again and again: one of the simulated points."""
    chair = three.chair.view
    own = {
        point.view.welcome.participant
        for point in (three.chair, three.holder, three.listener)
        if point.view.welcome
    }
    assert chair.roster is not None
    return next(row.id for row in chair.roster.participants if row.id not in own)
