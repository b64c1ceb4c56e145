"""A supervised process: `python -m deploy.child NAME`, its settings on standard input.

Shapes: one line of JSON, then nothing; the end of the input means that the parent is gone.
"""

import asyncio
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from deploy.confine import Needs, confine, version
from deploy.problem import Problem
from deploy.run.logs import configure_logging
from deploy.run.processes import (
    PROGRAM,
    AnySettings,
    ControlSettings,
    MediaSettings,
    RecorderSettings,
    decode,
    run_control,
    run_media,
    run_recorder,
)
from deploy.run.pulse import Pulse, own_pulse
from deploy.state import PRIVATE

log = logging.getLogger("giaoban.process")

GIVES_WAY = 5
"""Niceness of every process that moves no packets: voices come before pages."""
GRACE_S = 4.0
"""How long a process whose parent is gone may take to stop by itself."""


def main() -> int:
    """Run until SIGTERM or until the parent is gone. Returns the exit code."""
    os.umask(PRIVATE)
    settings = decode(_first_line())
    configure_logging(settings.log_level)
    if not isinstance(settings, ControlSettings):  # it has to do with everything that is kept
        give_up_what_is_not_needed(settings.needs())
    raise_file_limit()
    if not isinstance(settings, MediaSettings):
        os.nice(GIVES_WAY)
    pulse = own_pulse()
    threading.Thread(target=end_with_parent, name="parent watch", daemon=True).start()
    try:
        asyncio.run(_until_terminated(settings, pulse))
    except Problem as problem:
        print(f"giaoban: {problem.text}. {problem.remedy}", file=sys.stderr)
        return problem.exit_code
    return 0


def give_up_what_is_not_needed(needs: Needs) -> None:
    """Before the first thread begins."""
    found = version()
    program = (PROGRAM, *(Path(place) for place in (sys.prefix, sys.base_prefix, *sys.path) if place))
    try:
        confined = confine(needs, program, found)
    except OSError as error:
        log.error("not-confined why=%s", error)
    else:
        if not confined:
            log.warning("not-confined why=no-landlock")


def raise_file_limit() -> None:
    """Allow as many open files as the system lets this process have: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _until_terminated(settings: AnySettings, pulse: Pulse) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # A terminal that closes, or a rotation of logs, ends nothing. What can change is watched anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    problem: Problem | None = None
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(pulse.beat(), name="pulse")
        try:
            await _run(settings, stop, pulse.ready)
        except Problem as raised:
            problem = raised  # raised outside: a group would wrap it
        beating.cancel()
    if problem is not None:
        raise problem


async def _run(settings: AnySettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    match settings:
        case MediaSettings():
            await run_media(settings, stop, ready)
        case ControlSettings():
            await run_control(settings, stop, ready)
        case RecorderSettings():
            await run_recorder(settings, stop, ready)
        case _:
            assert_never(settings)


def _first_line() -> bytes:
    """Reads the raw descriptor: a thread still reading the buffered sys.stdin would abort the exit."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            raise SystemExit("giaoban: this process is started by `giaoban serve`, not by hand")
        line += chunk
    return line


def end_with_parent() -> None:
    """Wait for the end of the input. Runs in a thread, so that it works even when the event loop hangs."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
