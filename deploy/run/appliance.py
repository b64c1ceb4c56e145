"""The appliance: from settings to running processes. The composition root."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from deploy.config import Config
from deploy.problem import Problem, StateError
from deploy.run import addresses, announce
from deploy.run.database_start import DatabaseStart, served_by
from deploy.run.notify import Systemd
from deploy.run.pki import CertificateFiles
from deploy.run.ports import check_ports
from deploy.run.processes import AnySettings, ControlSettings, MediaSettings, RecorderSettings, encode
from deploy.run.relay import read_secret
from deploy.run.reload import call_on_change
from deploy.run.renewal import certificate, keep_renewed
from deploy.run.supervisor import Child, GaveUp, Supervisor
from deploy.state import locked, open_state
from signaling.model.meeting import MEETING_CODE

MAX_SOCKET_PATH = 100
"""Bytes; the kernel allows 107."""
CONTROL_SOURCE = Path(__file__).resolve().parents[2] / "signaling"
SAY_S = 20.0
"""How often a start that takes long says what it waits for: the first one compiles the packet kernel."""
TELL_S = 5.0
"""How often systemd hears that all is well (WatchdogSec in deploy/giaoban.service is 30)."""


def serve(config: Config, console: Console, watched: Path | None = None) -> None:
    """Run the appliance until SIGINT or SIGTERM. Raises Problem; by then nothing runs any more.

    watched: folder of Python source; the control process is restarted when it changes.
    """
    if watched is not None and not watched.is_dir():
        raise Problem(
            f"there is no folder {watched} to watch", "Name one that exists, or give --reload alone."
        )
    state = config.state_dir
    announce.say(console, f"state directory {state}")
    open_state(state)
    with locked(state), run_directory() as run, DatabaseStart(config) as database:
        files = certificate(config, console)
        check_ports(config, addresses.found_addresses())
        secret = read_secret(Path(config.turn_secret_file)) if config.turn_secret_file else ""
        database.prepare()
        processes = children(config, files, run, secret)
        if watched is not None:
            # Source that cannot be run while it is edited must not end the media workers.
            processes["control"] = replace(processes["control"], dispensable=True)
        asyncio.run(_supervise(config, processes, console, watched, database))
    announce.say(console, "stopped")


def children(
    config: Config,
    files: CertificateFiles,
    run: Path,
    turn_secret: str = "",
) -> dict[str, Child]:
    """The processes, in the order they start in."""
    sockets = tuple(str(run / f"media-{number}") for number in range(config.workers))
    recorder_socket = str(run / "recorder")
    result = {
        f"media-{number}": _child(f"media-{number}", _media(config, path, number))
        for number, path in enumerate(sockets)
    }
    recorder = _child("recorder", _recorder(config, sockets, recorder_socket))
    result["recorder"] = replace(recorder, dispensable=True, awaited=False)
    result["control"] = _child("control", _control(config, files, sockets, recorder_socket, turn_secret))
    return result


def _child(name: str, settings: AnySettings) -> Child:
    # The name is for people who read `ps`.
    return Child((sys.executable, "-m", "deploy.child", name), encode(settings))


def _tap(media_socket: str) -> str:
    """Where a media worker hands the recorder what it is to record."""
    return f"{media_socket}.tap"


def _media(config: Config, socket_path: str, number: int) -> MediaSettings:
    return MediaSettings(
        log_level=config.log_level,
        socket_path=socket_path,
        addresses=config.media_addresses,
        advertise=config.advertise,
        port=config.media_port + number,
        tap_socket=_tap(socket_path),
        kernel_cache=str(config.state_dir / "kernel"),
        state=str(config.state_dir.resolve()),
    )


def _recorder(config: Config, media_sockets: tuple[str, ...], socket_path: str) -> RecorderSettings:
    return RecorderSettings(
        log_level=config.log_level,
        socket_path=socket_path,
        tap_sockets=tuple(map(_tap, media_sockets)),
        recordings=str(config.recordings),
        signing_key=str(config.state_dir / "recorder.key"),
        reserve_mb=config.recording_reserve_mb,
        segment_s=config.recording_segment_s,
        may_swap=config.recording_may_swap,
        state=str(config.state_dir.resolve()),
    )


def _control(
    config: Config,
    files: CertificateFiles,
    media_sockets: tuple[str, ...],
    recorder_socket: str,
    turn_secret: str,
) -> ControlSettings:
    return ControlSettings(
        log_level=config.log_level,
        hosts=config.host,
        port=config.https_port,
        database_url=config.database_url,
        served_by=served_by(),
        audit_head=str(config.audit_head),
        audit_copies=config.audit_head_copies,
        audit_key=str(config.audit_key),
        audit_years=config.audit_years,
        certificate=str(files.chain),
        key=str(files.key),
        ca=str(files.ca or ""),
        media_sockets=media_sockets,
        recorder_socket=recorder_socket,
        recordings=str(config.recordings),
        reserve_mb=config.recording_reserve_mb,
        meeting=MEETING_CODE,
        seat_grace_s=config.seat_grace_s,
        turn_urls=config.turn_urls,
        turn_secret=turn_secret,
        trusted_proxies=config.trusted_proxies,
    )


@contextmanager
def run_directory() -> Iterator[Path]:
    """A temporary directory for the Unix sockets: closed to others, on a path that is short enough."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(tempfile.TemporaryDirectory(prefix="giaoban-"))
        if len(path) > MAX_SOCKET_PATH - len("/media-00.tap"):
            path = stack.enter_context(tempfile.TemporaryDirectory(prefix="giaoban-", dir="/tmp"))
        yield Path(path)


async def _supervise(
    config: Config,
    processes: dict[str, Child],
    console: Console,
    watched: Path | None,
    database: DatabaseStart,
) -> None:
    supervisor, systemd = Supervisor(processes), Systemd()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, supervisor, console, systemd)
    hung_up = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    gave_up: GaveUp | None = None
    async with asyncio.TaskGroup() as group:
        beside = [
            group.create_task(_announce_when_ready(config, console, supervisor, systemd, database)),
            group.create_task(_tell_systemd(supervisor, systemd)),
        ]
        if not config.certificate:
            beside.append(group.create_task(keep_renewed(config, console, hung_up)))
        if watched is not None:
            restart = partial(supervisor.restart, "control")
            beside.append(group.create_task(call_on_change(watched, restart)))
        try:
            await supervisor.run()
        except GaveUp as problem:
            gave_up = problem  # raised outside: a group would wrap it
        for task in beside:
            task.cancel()
    if gave_up is not None:
        raise gave_up


def _stop(supervisor: Supervisor, console: Console, systemd: Systemd) -> None:
    systemd.tell("STOPPING=1")
    announce.say(console, "stopping")
    supervisor.stop()


async def _announce_when_ready(
    config: Config, console: Console, supervisor: Supervisor, systemd: Systemd, database: DatabaseStart
) -> None:
    """Say who is waited for, until all are ready; then what people need to come in."""
    while not await _ready_within(supervisor, SAY_S):
        announce.say(console, f"starting: waiting for {', '.join(supervisor.waited_for)}")
    try:
        accounts = await asyncio.to_thread(database.first_passwords)
    except StateError as problem:
        announce.warn(console, f"The first accounts have no passwords yet: {problem.text}. {problem.remedy}")
        announce.say(console, "the next start tries again")
    else:
        if accounts:
            announce.tell_accounts(console, accounts)
    local = addresses.local_addresses()
    announce.tell_ready(console, config, local, MEETING_CODE, ca=not config.certificate)
    systemd.tell("READY=1", "STATUS=ready")


async def _ready_within(supervisor: Supervisor, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(supervisor.all_ready.wait(), seconds)
    return supervisor.all_ready.is_set()


async def _tell_systemd(supervisor: Supervisor, systemd: Systemd) -> None:
    """As long as the supervisor looks after its processes, it is alive; until all are ready, it starts."""
    while True:
        await asyncio.sleep(TELL_S)
        if supervisor.looked.is_set():
            supervisor.looked.clear()
            systemd.tell("WATCHDOG=1")
        if not supervisor.all_ready.is_set():
            waited_for = " ".join(supervisor.waited_for)
            systemd.tell("EXTEND_TIMEOUT_USEC=60000000", f"STATUS=starting: waiting for {waited_for}")
