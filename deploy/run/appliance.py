"""The appliance: from settings to running processes. The composition root."""

import asyncio
import contextlib
import datetime
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from deploy.config import Config
from deploy.problem import StateError
from deploy.run import addresses, announce
from deploy.run.firstrun import FirstRun, prepare_database
from deploy.run.pki import CertificateFiles, foreign_certificate, own_certificate
from deploy.run.ports import check_ports
from deploy.run.processes import ControlSettings, MediaSettings, RecorderSettings, encode
from deploy.run.relay import read_secret
from deploy.run.supervisor import Child, GaveUp, Supervisor
from deploy.state import locked, open_state
from signaling.accounts.bootstrap import MEETING_CODE

MAX_SOCKET_PATH = 100
"""The kernel takes 107 bytes."""
READY_WITHIN_S = 60.0
"""The first start may have to compile the packet kernel."""


def serve(config: Config, console: Console) -> None:
    """Run the appliance until SIGINT or SIGTERM. Raises Problem; then nothing runs any more."""
    state = config.state_dir
    announce.say(console, f"state directory {state}")
    open_state(state)
    with locked(state), run_directory() as run:
        files = certificate(config)
        media = addresses.media_addresses(config.media_addresses)
        check_ports(config, media)
        secret = read_secret(Path(config.turn_secret_file)) if config.turn_secret_file else ""
        first = prepare_database(config)
        if first.accounts:
            announce.tell_accounts(console, first.accounts)
        asyncio.run(_supervise(config, children(config, files, media, run, secret), console, first))
    announce.say(console, "stopped")


def certificate(config: Config) -> CertificateFiles:
    """What HTTPS uses: the certificate from the settings, else our own, issued when needed.

    Errors: raises CertificateError, StateError.
    """
    now = datetime.datetime.now(datetime.UTC)
    if config.certificate:
        return foreign_certificate(Path(config.certificate), Path(config.key), now)
    names = ("localhost", addresses.host_name(), *config.advertise, *addresses.local_addresses(loopback=True))
    directory = config.state_dir / "pki"
    try:
        return own_certificate(directory, names, now)
    except OSError as error:
        raise StateError(
            f"cannot write {directory}: {error.strerror}", "Free space, and let this user write there."
        ) from None


def children(
    config: Config,
    files: CertificateFiles,
    media_addresses: tuple[str, ...],
    run: Path,
    turn_secret: str = "",
) -> dict[str, Child]:
    """The processes, in the order they start in."""
    # The last word is for people who read `ps`.
    command = (sys.executable, "-m", "deploy.child")  # and the name, for those who look with ps
    sockets = [str(run / f"media-{number}") for number in range(config.workers)]
    result: dict[str, Child] = {}
    for number, path in enumerate(sockets):
        media = MediaSettings(
            log_level=config.log_level,
            socket_path=path,
            addresses=media_addresses,
            advertise=config.advertise,
            port=config.media_port + number,
            tap_socket=f"{path}.tap",
        )
        result[f"media-{number}"] = Child((*command, f"media-{number}"), encode(media))
    recorder = RecorderSettings(
        log_level=config.log_level,
        socket_path=str(run / "recorder"),
        tap_sockets=tuple(f"{path}.tap" for path in sockets),
        recordings=str(config.recordings),
        signing_key=str(config.state_dir / "recorder.key"),
        reserve_mb=config.recording_reserve_mb,
        segment_s=config.recording_segment_s,
        may_swap=config.recording_may_swap,
    )
    result["recorder"] = Child((*command, "recorder"), encode(recorder), dispensable=True)
    control = ControlSettings(
        log_level=config.log_level,
        hosts=config.host,
        port=config.https_port,
        database_url=config.database_url,
        audit_head=str(config.audit_head),
        certificate=str(files.chain),
        key=str(files.key),
        ca=str(files.ca or ""),
        media_sockets=tuple(sockets),
        recorder_socket=recorder.socket_path,
        recordings=recorder.recordings,
        meeting=MEETING_CODE,
        seat_grace_s=config.seat_grace_s,
        turn_urls=config.turn_urls,
        turn_secret=turn_secret,
    )
    return result | {"control": Child((*command, "control"), encode(control))}


@contextmanager
def run_directory() -> Iterator[Path]:
    """For the Unix sockets: closed to others, on a path short enough, gone afterwards. Raises StateError."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(tempfile.TemporaryDirectory(prefix="giaoban-"))
        if len(path) > MAX_SOCKET_PATH - len("/media-00.tap"):
            path = stack.enter_context(tempfile.TemporaryDirectory(prefix="giaoban-", dir="/tmp"))
        yield Path(path)


async def _supervise(config: Config, processes: dict[str, Child], console: Console, first: FirstRun) -> None:
    supervisor = Supervisor(processes)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, supervisor, console)
    gave_up: GaveUp | None = None
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_announce_when_ready(config, console, first))
        try:
            await supervisor.run()
        except GaveUp as problem:
            gave_up = problem  # raised outside: a group would wrap it
        waiting.cancel()
    if gave_up is not None:
        raise gave_up


def _stop(supervisor: Supervisor, console: Console) -> None:
    announce.say(console, "stopping")
    supervisor.stop()


async def _announce_when_ready(config: Config, console: Console, first: FirstRun) -> None:
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            while not await healthy(config):  # noqa: ASYNC110 - another process becomes ready
                await asyncio.sleep(0.1)
    except TimeoutError:
        announce.say(console, f"not ready after {READY_WITHIN_S:.0f} s; the lines above say why")
    else:
        announce.tell_ready(console, config, first.meeting, ca=not config.certificate)


async def healthy(config: Config) -> bool:
    """Whether this machine's own /healthz answers 200."""
    host = next(iter(config.host), "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    # Our own process on our own machine; a foreign certificate need not name localhost.
    context = ssl._create_unverified_context()  # noqa: S323
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, config.https_port, ssl=context)
            try:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
