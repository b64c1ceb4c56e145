"""A real TURN relay: Debian's turnserver with the settings that deploy/coturn documents, at this machine's
own address."""

import asyncio
import contextlib
import shutil
import socket
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import signaling.model.relay
from signaling.model.ids import AccountId, Instant
from signaling.model.relay import IceServer
from tests.support.certificate import self_signed

EXAMPLE = Path(__file__).parents[2] / "deploy" / "coturn" / "turnserver.conf.example"
LOG = Path("build/logs/turnserver.log")
START_S = 15.0
SECRET = "a secret of a test, much too long to guess".replace(" ", "-")
RELAYED = range(52_000, 52_100)
"""Ports it relays from."""


class RelayError(Exception):
    """It did not start; its log says why."""


def missing() -> str | None:
    """Why tests with a relay must be skipped here, or None."""
    if shutil.which("turnserver"):
        return None
    return "no turnserver on this machine: make browsers brings it"


@dataclass(frozen=True, slots=True)
class Relay:
    address: str
    port: int
    tls_port: int

    def urls(self) -> tuple[str, ...]:
        """Over TCP, for networks that let only 443 pass."""
        return (f"turn:{self.address}:{self.port}?transport=tcp",)

    def credentials(self, account: str = "lan", *, age_s: int = 0, secret: str = SECRET) -> IceServer:
        """What our server gives to an account, `age_s` ago."""
        now = Instant(0.0, _unix_ms() - age_s * 1000)
        return signaling.model.relay.Relay(self.urls(), secret).servers(AccountId(account), now)[0]


@asynccontextmanager
async def relay(folder: Path, address: str, peer: str) -> AsyncIterator[Relay]:
    """A relay that may lead only to `peer`. Raises RelayError."""
    port, tls_port = _free_tcp_port(address), _free_tcp_port(address)
    settings = folder / "turnserver.conf"
    settings.write_text(configured(folder, address, peer, port, tls_port))
    process = await _start(settings)
    try:
        await _wait(process, address, port)
        await _wait(process, address, tls_port)
        yield Relay(address, port, tls_port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def configured(folder: Path, address: str, peer: str, port: int, tls_port: int) -> str:
    """The documented example with a test's values. Raises RelayError when it has other lines than those."""
    pem = self_signed(folder, address)
    values = {
        "listening-ip": address,
        "relay-ip": address,
        "allowed-peer-ip": peer,
        "static-auth-secret": SECRET,
        "cert": str(pem),
        "pkey": str(pem),
        "tls-listening-port": str(tls_port),
        "listening-port": str(port),
        "min-port": str(RELAYED.start),
        "max-port": str(RELAYED.stop - 1),
    }
    lines: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        key, _, _ = line.partition("=")
        lines.append(f"{key}={values.pop(key)}" if key in values else line)
    if values:
        raise RelayError(f"the example has no {', '.join(values)}")
    return "\n".join([*lines, "pidfile=", ""])


async def _start(settings: Path) -> Process:
    path = shutil.which("turnserver")
    if path is None:
        raise RelayError("no turnserver on this machine")
    with _log() as sink:
        return await asyncio.create_subprocess_exec(
            # A killed test run must not leave it behind.
            *("setpriv", "--pdeathsig", "TERM", "--", path, "-c", str(settings)),
            cwd=settings.parent,
            stdin=DEVNULL,
            stdout=sink,
            stderr=STDOUT,
        )


async def _wait(process: Process, address: str, port: int) -> None:
    for _ in range(round(START_S / 0.05)):
        if process.returncode is not None:
            break
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.05)
    raise RelayError(f"turnserver does not listen:\n{_said()}")


def _log() -> BinaryIO:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    return LOG.open("wb")


def _said() -> str:
    return LOG.read_text(errors="replace")[-2000:]


def _free_tcp_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
