"""A whole appliance for tests: `giaoban serve` as separate processes, with its own state directory."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiohttp

from deploy.run.addresses import local_addresses, url
from signaling.accounts.accounts import mint
from signaling.accounts.passwords import hash_now
from signaling.clocks import clock
from signaling.model.ids import AccountId
from signaling.model.meeting import Account, Meeting
from signaling.model.units import Unit
from signaling.model.words import Role, UnitKind
from signaling.store import Store

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "build" / "logs"
START_S = 90.0
"""On a fresh machine the first start includes compiling the packet kernel."""
STOP_S = 15.0
READY = "Giao ban is ready"
PASSWORD = "một hai ba bốn"
UNITS = (
    Unit("test-bgd", "Ban giám đốc", "Giám đốc", UnitKind.BOARD),
    Unit("test-noi", "Khoa Nội tổng hợp", "Nội", UnitKind.DEPARTMENT),
    Unit("test-nhi", "Khoa Nhi", "Nhi", UnitKind.DEPARTMENT),
    Unit("test-tchc", "Phòng Tổ chức - Hành chính", "TCHC", UnitKind.OFFICE),
    Unit("test-khnv", "Phòng Kế hoạch - Nghiệp vụ", "KHNV", UnitKind.OFFICE),
    Unit("test-ta-phin", "Trạm Y tế xã Tả Phìn", "Tả Phìn", UnitKind.STATION),
    Unit("test-ma-quai", "Trạm Y tế xã Ma Quai", "Ma Quai", UnitKind.STATION),
)
_DUMMY = "giaoban-test"
_DUMMY_ADDRESS = "198.18.0.1"

Part = Literal["media-0", "recorder", "control"]


class ApplianceError(Exception):
    """The appliance failed to do what every test needs; its log says why."""


def reachable_address() -> str:
    """An address of this machine other than loopback: Firefox ignores a candidate 127.0.0.1.

    On a machine without a network, root makes a dummy interface. Raises ApplianceError.
    """
    for address in local_addresses():
        if "." in address:
            return address
    if os.getuid() != 0 or shutil.which("ip") is None:
        raise ApplianceError(
            "the browser tests need an IPv4 address beside 127.0.0.1: connect a network, or run them as root "
            "with iproute2 installed, then a dummy interface is made"
        )
    for command in (
        f"link add {_DUMMY} type dummy",
        f"addr add {_DUMMY_ADDRESS}/32 dev {_DUMMY}",
        f"link set {_DUMMY} up",
    ):
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ApplianceError(f"ip {command}: {done.stderr.strip()}")
    return _DUMMY_ADDRESS


def free_port() -> int:
    """A port number that is free for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("", 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError):
                udp.bind(("", port))
                return port


@dataclass
class Appliance:
    """A running appliance."""

    process: Process
    state: Path
    address: str
    https_port: int
    media_port: int
    log: Path
    arguments: tuple[str, ...] = ()
    """What it was started with."""
    store: Store = field(init=False)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return url(self.address, self.https_port)

    async def add_account(self, role: Role, name: str = "", unit: str | None = None) -> str:
        """A new account with PASSWORD. Returns its login."""
        login = f"{role.value}{next(self._numbers)}"
        account = Account(AccountId(login), login, name, role, unit)
        await self.store.people.add(account, await asyncio.to_thread(hash_now, PASSWORD), now_ms())
        return login

    async def token(self, login: str) -> str:
        """A sign-in of this account: the value of its cookie."""
        found = await self.store.people.find(login)
        assert found is not None
        return await mint(self.store, found.account.id, clock())

    async def add_meeting(self, title: str) -> str:
        """A new meeting. Returns its code."""
        code = f"hop-{next(self._numbers)}"
        await self.store.meetings.add(Meeting(code, code, title, 1, False), now_ms())
        return code

    async def healthy(self) -> bool:
        """Whether /healthz answers 200."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.get(f"{self.url}/healthz", ssl=False) as answer,
            ):
                return answer.status == 200
        return False

    async def wait_healthy(self, deadline_s: float = START_S) -> None:
        for _ in range(round(deadline_s / 0.1)):
            if await self.healthy():
                return
            if self.process.returncode is not None:
                break
            await asyncio.sleep(0.1)
        raise ApplianceError(f"not healthy:\n{self.log.read_text(errors='replace')[-3000:]}")

    async def wait_ready(self, deadline_s: float = START_S) -> None:
        """Until the terminal was told so: the first passwords are set just before, which ends every sign-in
        that these accounts had by then."""
        for _ in range(round(deadline_s / 0.05)):
            if READY in self.log.read_text(errors="replace"):
                return
            await asyncio.sleep(0.05)
        raise ApplianceError(f"not ready:\n{self.log.read_text(errors='replace')[-3000:]}")

    def pid(self, part: Part) -> int:
        """Process id of one of the supervised processes. Raises ApplianceError."""
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if parent == self.process.pid and part.encode() in command:
                    return int(folder.name)
        raise ApplianceError(f"{part} does not run")

    async def kill(self, part: Part) -> None:
        """End one process as a crash would. Returns when it has been restarted and all is healthy."""
        before = self.pid(part)
        os.kill(before, signal.SIGKILL)
        for _ in range(600):
            with contextlib.suppress(ApplianceError):
                if self.pid(part) != before:
                    break
            await asyncio.sleep(0.05)
        else:
            raise ApplianceError(f"{part} was not restarted")
        await self.wait_healthy(30)

    async def crash(self) -> int:
        """Kill everything, as a power cut would, and start it again. Waits until it is healthy; returns the
        Unix time of the crash in milliseconds."""
        parts: tuple[Part, ...] = ("media-0", "recorder", "control")
        pids = [self.process.pid]
        for part in parts:
            with contextlib.suppress(ApplianceError):
                pids.append(self.pid(part))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        crashed_ms = now_ms()
        await self.process.wait()
        self.process = await _start(self.arguments, self.state.parent, self.log)
        await self.wait_healthy()
        return crashed_ms

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run `giaoban ...` on this appliance's state. Returns the exit code and everything it printed."""
        log = LOGS / "command.log"
        process = await _start((*arguments, "--state", str(self.state)), self.state.parent, log)
        async with asyncio.timeout(START_S):
            code = await process.wait()
        return code, log.read_text(errors="replace")

    @asynccontextmanager
    async def simulated(
        self, participants: int, meeting: str, *, humble: bool = False
    ) -> AsyncIterator[None]:
        """Run `giaoban simulate` during the block, without tiles: its points are the crowd, not what is
        measured. humble: it yields the processor to everything else, as if it ran on another machine."""
        crowd = ("--participants", str(participants), "--meeting", meeting, "--show", "none")
        arguments = (*crowd, "--url", self.url)
        log = LOGS / "simulate.log"
        process = await _start(("simulate", "--state", str(self.state), *arguments), self.state.parent, log)
        if humble:
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        try:
            yield
        finally:
            await _stop(process)


@asynccontextmanager
async def running(folder: Path, *flags: str) -> AsyncIterator[Appliance]:
    """Start an appliance in an empty folder, stop it at the end. flags: more of `serve`.

    Errors: raises ApplianceError.
    """
    address, https_port, media_port = reachable_address(), free_port(), free_port()
    state = folder / "state"
    log = LOGS / "appliance.log"
    ports = ("--https-port", str(https_port), "--media-port", str(media_port))
    arguments = ("serve", "--state", str(state), *ports, *flags)
    process = await _start(arguments, folder, log)
    appliance = Appliance(process, state, address, https_port, media_port, log, arguments)
    try:
        await appliance.wait_healthy()
        await appliance.wait_ready()
        appliance.store = await Store.open(f"sqlite:///{state / 'giaoban.sqlite3'}")
        try:
            await appliance.store.meetings.add_units(UNITS)
            yield appliance
        finally:
            await appliance.store.close()
    finally:
        await _stop(appliance.process)


async def _start(arguments: tuple[str, ...], folder: Path, log: Path) -> Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    # There is no terminal to ask or draw on, and no setting of the developer may leak in.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIAOBAN_")}
    environment["PYTHONPATH"] = str(ROOT)
    with log.open("wb") as sink:
        return await asyncio.create_subprocess_exec(
            # A test run that is killed must not leave its appliance behind.
            *("setpriv", "--pdeathsig", "TERM", "--"),
            *(sys.executable, "-m", "deploy.cli", *arguments),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ApplianceError("it did not stop when asked to") from None


def now_ms() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000
