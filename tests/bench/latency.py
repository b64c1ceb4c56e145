"""make bench-orders: how long after the chair's press a muted participant is still heard, and how soon one
who got the floor is heard.

A whole appliance in its own processes, with fifty participants: the chair, one who is muted and invited over
and over, one who listens, and simulated points, all of which send sound and picture. The points have the
lowest priority on the processor, since they stand for other machines. Times are those of the process that
holds the three: from before the chair's message is written to the arrival of the last packet, including the
way through both sockets and this process's own event loop. Beside them stands the time of a ping to the
server in the same run, which only travels. At the end, what recording adds to a voice's way."""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.config import Config
from deploy.simulate.command import trusted
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import Identity, View
from sfu import Source
from signaling.http.context import COOKIE
from signaling.model.meeting import MEETING_CODE
from signaling.model.words import FloorMode, Role
from signaling.protocol import Admit, AdmitAll, EndTurn, Invite, Mute, Ping, SetRules, SetSource
from tests.bench.transit import Transit, measure_added
from tests.support.appliance import Appliance, running
from tests.support.bench import go_first, keep
from tests.support.percentile import at
from tests.support.record_meeting import board_key
from tests.support.voice_mark import Ear, voice

OUT = Path("build/orders.json")
WAIT_S = 120.0
QUIET_S = 0.25
"""After this much silence of a voice, its last packet was the last."""
MUTE_P99_MS = 50.0
GRANT_P99_MS = 150.0
VOICE = "holder"
SIMULATED = 44
"""As many units as a new appliance has; the others are points of this process."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of one kind of press."""

    name: str
    ms: Sequence[float]
    bound_ms: float | None = None

    def at(self, share: float) -> float:
        return at(share, self.ms)

    def as_json(self) -> dict[str, float | str | int | None]:
        return {
            "name": self.name,
            "count": len(self.ms),
            "p50_ms": round(self.at(0.5), 2),
            "p99_ms": round(self.at(0.99), 2),
            "worst_ms": round(max(self.ms), 2),
            "bound_p99_ms": self.bound_ms,
        }


@dataclass
class Three:
    """The participants that this process holds."""

    chair: BridgePoint
    holder: BridgePoint
    listener: BridgePoint
    ear: Ear
    appliance: Appliance

    @property
    def holder_id(self) -> str:
        assert self.holder.view.welcome is not None
        return self.holder.view.welcome.participant

    def gate(self, view: View) -> tuple[str, ...]:
        if view.roster is None:
            return ("unknown",)
        rows = (row for row in view.roster.participants if row.id == self.holder_id)
        return next((row.microphone.gate for row in rows), ("gone",))

    async def ping(self) -> float:
        """Round trip of the chair's session, s."""
        number, begun = time.time_ns() // 1000, time.monotonic()
        await self.chair.send(Ping(number))
        await self.chair.wait_for(lambda view: view.pong == number)
        return time.monotonic() - begun

    async def invite(self) -> float:
        """From the chair's press until the holder's page knows, s."""
        begun = time.monotonic()
        await self.chair.send(Invite(self.holder_id))
        await self.holder.wait_for(lambda view: not {"floor", "host"} & set(self.gate(view)))
        return time.monotonic() - begun

    async def open(self) -> float:
        """From the holder's press until the voice is heard, s."""
        self.ear.listen()
        begun = time.monotonic()
        await self.holder.send(SetSource(Source.MICROPHONE, on=True))
        return await self.ear.hears(VOICE, WAIT_S) - begun

    async def mute(self) -> float:
        """From the chair's press to the last packet, s; 0 when none came after it."""
        begun = time.monotonic()
        await self.chair.send(Mute(self.holder_id))
        await self.chair.wait_for(lambda view: "host" in self.gate(view))
        last_s = await self.ear.falls_silent(VOICE, begun, QUIET_S)
        await self.chair.send(EndTurn(self.holder_id))
        await self.chair.wait_for(lambda view: "floor" in self.gate(view))
        return max(0.0, last_s - begun)


async def measure(three: Three, presses: int, seed: int) -> list[Figures]:
    chance = random.Random(seed)
    pings: list[float] = []
    told: list[float] = []
    opened: list[float] = []
    muted: list[float] = []
    for _ in range(presses):
        pings.append(await three.ping() * 1000)
        told.append(await three.invite() * 1000)
        opened.append(await three.open() * 1000)
        await asyncio.sleep(0.1 + chance.random() * 0.2)  # wherever the press falls between two packets
        muted.append(await three.mute() * 1000)
    beyond = [max(0.0, opening - ping) for opening, ping in zip(opened, pings, strict=True)]
    heard = [a + b for a, b in zip(told, opened, strict=True)]
    return [
        Figures("ping there and back (reference)", pings),
        Figures("chair mutes -> last packet heard", muted, MUTE_P99_MS),
        Figures("chair invites -> the person's page knows", told),
        Figures("person opens -> first packet heard", opened),
        Figures("the same beyond the ping of its round", beyond, GRANT_P99_MS),
        Figures("chair invites -> first packet, pressed at once", heard),
    ]


@asynccontextmanager
async def place(participants: int, console: Console) -> AsyncIterator[Three]:
    """A meeting of this many, in which the floor is given."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as appliance:
            await board_key(appliance, Path(folder))
            chair = await _point(appliance, "chu-tri", 50)
            simulated = min(participants - 3, SIMULATED)
            names = [f"Point {n}" for n in range(participants - 1 - simulated)]
            logins = [await appliance.add_account(Role.DELEGATE, name, "test-nhi") for name in names]
            points = [await _point(appliance, login, 51 + i) for i, login in enumerate(logins)]
            holder, listener, *_ = points
            three = Three(chair, holder, listener, Ear({VOICE: voice(0)}), appliance)
            async with asyncio.TaskGroup() as group:
                runs = [group.create_task(point.run()) for point in (chair, *points)]
                async with appliance.simulated(simulated, MEETING_CODE, humble=True):
                    await _gather(three, participants)
                    console.print(f"{participants} are inside")
                    yield three
                for run in runs:
                    run.cancel()


async def _gather(three: Three, participants: int) -> None:
    chair = three.chair
    await chair.wait_for(lambda view: view.sending, WAIT_S)
    await chair.send(SetRules(FloorMode.MODERATED))
    await chair.wait_for(
        lambda view: view.lobby is not None and len(view.lobby.knocks) == participants - 1, WAIT_S
    )
    assert chair.view.lobby is not None
    for knock in chair.view.lobby.knocks:
        if not knock.expected:
            await chair.send(Admit(knock.id))
    await chair.send(AdmitAll())
    for point in (three.holder, three.listener):
        await point.wait_for(lambda view: view.sending, WAIT_S)

    def all_flow(view: View) -> bool:
        rows = view.roster.participants if view.roster is not None else ()
        return sum(row.camera.flowing or row.microphone.flowing for row in rows) >= participants - 1

    await chair.wait_for(all_flow, WAIT_S)
    three.ear.on(three.listener.media)
    assert three.holder.media is not None
    three.holder.media.speak(three.ear.voices[VOICE])


async def _point(appliance: Appliance, login: str, index: int) -> BridgePoint:
    found = await appliance.store.people.find(login)
    assert found is not None
    cookie = {COOKIE: await appliance.token(login)}
    who = Identity(index, cookie, found.account.unit or "", found.account.name)
    tls = trusted(Config(state=str(appliance.state)), local=True)
    return BridgePoint(appliance.url, MEETING_CODE, who, tls)


def report(figures: Sequence[Figures]) -> Table:
    table = Table(title="From a press to its effect (ms)")
    for name in ("", "count", "p50", "p99", "worst", "p99 at most"):
        table.add_column(name, justify="left" if not name else "right")
    for row in figures:
        bound = "" if row.bound_ms is None else f"{row.bound_ms:.0f}"
        told = (f"{row.at(0.5):.1f}", f"{row.at(0.99):.1f}", f"{max(row.ms):.1f}")
        table.add_row(row.name, str(len(row.ms)), *told, bound)
    return table


async def measure_recorded(three: Three, rounds: int) -> tuple[list[Figures], dict[str, float]]:
    """Also the CPU of it."""
    await three.invite()
    await three.open()
    transit = Transit()
    transit.between(three.holder.media, three.listener.media)
    added = await measure_added(transit, three.chair, three.appliance, rounds)
    rows = [
        Figures("a voice on its way, nothing recorded", added.without_ms),
        Figures("a voice on its way, all recorded", added.recorded_ms),
        Figures("by how much the median of a round was longer", added.differences_ms),
    ]
    return rows, added.cpu()


async def run(
    participants: int, presses: int, rounds: int, seed: int, console: Console
) -> tuple[list[Figures], dict[str, float]]:
    async with place(participants, console) as three:
        figures = await measure(three, presses, seed)
        recorded, cpu = await measure_recorded(three, rounds)
        return figures + recorded, cpu


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    options.add_argument("--participants", type=int, default=50)
    options.add_argument("--presses", type=int, default=120)
    options.add_argument("--rounds", type=int, default=8, help="with and without a recording")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    console = Console()
    go_first()
    figures, cpu = asyncio.run(run(chosen.participants, chosen.presses, chosen.rounds, chosen.seed, console))
    console.print(report(figures))
    console.print("  ".join(f"{name} {value}" for name, value in cpu.items()))
    median = statistics.median(figures[0].ms)
    told = {"participants": chosen.participants, "ping_p50_ms": round(median, 2)} | cpu
    keep(OUT, told | {"rows": [row.as_json() for row in figures]}, console)


if __name__ == "__main__":
    main()
