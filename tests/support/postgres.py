"""A real PostgreSQL: a cluster of the tests' own, made with Debian's programs in a folder that is removed at
the end.

It listens on a Unix socket in that folder and nowhere else. It refuses to run as root, so root runs it as
Debian's user `postgres`.
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

DEBIANS = Path("/usr/lib/postgresql")
LOG = Path("build/logs/postgres.log")
OWNER = "postgres"
START_S = 30.0
STOP_S = 10.0


class PostgresError(Exception):
    """It did not start. The text says why."""


def missing() -> str | None:
    """Why tests with PostgreSQL must be skipped here, or None."""
    if _programs() is None:
        return "no PostgreSQL on this machine: make browsers brings it"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not in this environment: make check brings it"
    return None


class Cluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = map("test_{}".format, itertools.count())

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new, empty database, as a setting names it. It is removed at the end."""
        name = next(self._names)
        self.do(f"CREATE DATABASE {name}")
        try:
            yield self._address(name)
        finally:
            self.do(f"DROP DATABASE {name} WITH (FORCE)")

    def do(self, statement: str) -> None:
        """Raises OperationalError."""
        engine = create_engine(self._address("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))

    def _address(self, database: str) -> str:
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self._folder}"


@contextmanager
def running() -> Iterator[Cluster]:
    """Raises PostgresError."""
    programs = _programs()
    if programs is None:
        raise PostgresError("no PostgreSQL on this machine")
    with tempfile.TemporaryDirectory(prefix="giaoban-postgres-") as made:
        folder = Path(made)
        if _is_root():
            shutil.chown(folder, OWNER, OWNER)
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as sink:
            _initialise(programs, folder, sink)
            process = _process(_server(programs, folder), folder, sink)
        try:
            cluster = Cluster(folder)
            _wait(process, cluster)
            yield cluster
        finally:
            _stop(process)


def _programs() -> Path | None:
    """The folder with those of the newest version."""
    found = [path.parent for path in DEBIANS.glob("*/bin/initdb")]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


def _is_root() -> bool:
    return os.geteuid() == 0


def _process(arguments: tuple[str, ...], folder: Path, sink: BinaryIO) -> "subprocess.Popen[bytes]":
    owner = ("--reuid", OWNER, "--regid", OWNER, "--init-groups") if _is_root() else ()
    return subprocess.Popen(
        # A test run that is killed must not leave it behind. SIGINT ends it without waiting for clients.
        ["setpriv", *owner, "--pdeathsig", "INT", "--", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
    )


def _initialise(programs: Path, folder: Path, sink: BinaryIO) -> None:
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--username={OWNER}")
    initdb = _process((str(programs / "initdb"), *options, str(folder / "data")), folder, sink)
    if initdb.wait(START_S) != 0:
        raise PostgresError(f"initdb has failed:\n{_said()}")


def _server(programs: Path, folder: Path) -> tuple[str, ...]:
    """Nothing that it holds is worth a wait for the disk."""
    settings = (f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off")
    flags = [part for setting in settings for part in ("-c", setting)]
    return (str(programs / "postgres"), "-D", str(folder / "data"), *flags)


def _wait(process: "subprocess.Popen[bytes]", cluster: Cluster) -> None:
    for _ in range(round(START_S / 0.05)):
        if process.poll() is not None:
            break
        with contextlib.suppress(OperationalError):
            cluster.do("SELECT 1")
            return
        time.sleep(0.05)
    raise PostgresError(f"it does not answer:\n{_said()}")


def _said() -> str:
    return LOG.read_text(errors="replace")[-2000:]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)  # takes its children with it, as SIGKILL would not
        process.wait(STOP_S)
