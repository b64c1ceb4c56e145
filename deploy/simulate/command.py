"""`giaoban simulate`: simulated bridge points until Ctrl-C, until all are gone, or for a set time."""

import asyncio
import signal
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from deploy.config import Config
from deploy.problem import Problem, StateError
from deploy.run.addresses import url
from deploy.simulate.page import Shown
from deploy.simulate.point import BridgePoint
from deploy.simulate.signin import sign_in
from deploy.simulate.view import Identity, Step
from deploy.state import existing_state
from signaling.model.meeting import MEETING_CODE

MAX_POINTS = 150
"""More would be an attack, not a trial."""
LEAVE_S = 2.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    participants: int
    server: str | None
    meeting: str | None
    duration_s: float | None
    shows: Shown = Shown.PAGE


_WORDS = {
    Step.WAITING: "knocks, and waits to be admitted",
    Step.ADMITTED: "is admitted",
    Step.SENDING: "sends picture and sound",
    Step.MEDIA_LOST: "lost its media transport, makes a new one",
    Step.DISCONNECTED: "cannot reach the appliance, goes on trying:",
    Step.ENDED: "is gone:",
}


def simulate(config: Config, wish: Wish, console: Console) -> None:
    """Run the points. Raises Problem."""
    if not 1 <= wish.participants <= MAX_POINTS:
        raise Problem(
            f"{wish.participants} participants cannot be simulated", f"Choose from 1 to {MAX_POINTS}."
        )
    existing_state(config.state_dir)
    server = (wish.server or url("localhost", config.https_port)).rstrip("/")
    if not server.startswith("https://"):
        raise Problem(
            f"{server} is not the address of an appliance", "Write it like https://192.168.1.10:8443."
        )
    tls = trusted(config, local=wish.server is None)
    asyncio.run(_run(config, wish, server, tls, console))


def trusted(config: Config, *, local: bool) -> ssl.SSLContext:
    """Trust this installation's authority or its foreign certificate; elsewhere what the system trusts.

    Errors: raises StateError.
    """
    own = config.certificate or str(config.state_dir / "pki" / "ca.crt")
    if not local and config.certificate:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=own)
    except (OSError, ssl.SSLError):
        raise StateError(
            f"cannot read {own}",
            "Start the appliance first (make run); it makes this file.",
        ) from None
    if config.certificate:
        # It need not name localhost; we trust this very certificate.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = False
    return context


async def _run(config: Config, wish: Wish, server: str, tls: ssl.SSLContext, console: Console) -> None:
    meeting = wish.meeting or MEETING_CODE
    identities = await sign_in(config, wish.participants)
    names = "; ".join(identity.label for identity in identities)
    _say(console, f"{len(identities)} bridge points knock at {server}, meeting {meeting}: {names}")
    _say(console, "admit them in the browser, as operator or chair; Ctrl-C takes them away")
    points = [BridgePoint(server, meeting, who, tls, on_step=_reporter(who, console)) for who in identities]
    for point in points:
        point.shows = wish.shows
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if wish.duration_s is not None:
        loop.call_later(wish.duration_s, stop.set)
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(_arrive(point, number)) for number, point in enumerate(points)]
        done = group.create_task(_until_gone(runs, stop))
        await stop.wait()
        done.cancel()
        await _leave(points, runs)
    _say(console, "all bridge points are gone")


async def _arrive(point: BridgePoint, number: int) -> None:
    await asyncio.sleep(number * 0.1)  # people never arrive in the same millisecond
    await point.run()


async def _until_gone(runs: Sequence["asyncio.Task[None]"], stop: asyncio.Event) -> None:
    await asyncio.wait(runs)
    stop.set()


async def _leave(points: Sequence[BridgePoint], runs: Sequence["asyncio.Task[None]"]) -> None:
    """Give up the seats, so that nobody is shown as dropped; cancel whatever takes too long."""
    for point in points:
        await point.leave()
    await asyncio.wait(runs, timeout=LEAVE_S)
    for run in runs:
        run.cancel()


def _reporter(who: Identity, console: Console) -> Callable[[Step, str], None]:
    last: Step | None = None

    def report(step: Step, detail: str) -> None:
        nonlocal last
        # Another failed attempt is not news.
        news, last = step is not last, step
        if step in _WORDS and news:
            _say(console, f"{who.label} {_WORDS[step]} {detail}".rstrip())

    return report


def _say(console: Console, text: str) -> None:
    console.print(Text.assemble(("giaoban: ", "dim"), text), soft_wrap=True)
