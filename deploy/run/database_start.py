"""What the start needs of the database is done in a process that ends with it.

The supervisor lives for months and has nothing to do with the database: importing all that speaks to it would
cost it three quarters of its memory. The other process (`deploy.run.firstrun`, run as a program) is begun
first, so that it comes up while certificate and ports are looked at.

Shapes: settings as a line of JSON, then an empty line when the first passwords are wanted; two lines of JSON
back, each an Outcome.
"""

import contextlib
import os
import subprocess
import sys
from typing import Self

import msgspec

from deploy import problem
from deploy.config import Config
from deploy.problem import Problem, StateError
from deploy.run.addresses import host_name
from signaling.model.words import Role


class NewAccount(msgspec.Struct, frozen=True):
    """An account that was just made; its password is known only here."""

    role: Role
    login: str
    password: str


class Outcome(msgspec.Struct, frozen=True):
    """How a step ended: without a problem, or with one."""

    accounts: tuple[NewAccount, ...] = ()
    problem: str = ""
    """The name of its class."""
    text: str = ""
    remedy: str = ""


class Asked(msgspec.Struct, frozen=True):
    config: Config
    served_by: str


class DatabaseStart:
    """Belongs to a `with` block, which ends the process."""

    def __init__(self, config: Config) -> None:
        # A group of its own: Ctrl-C at the terminal reaches only the supervisor. It ends with its input.
        self._process = subprocess.Popen(
            (sys.executable, "-m", "deploy.run.firstrun"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        self._say(msgspec.json.encode(Asked(config, served_by())))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What it has begun with the database it finishes."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()

    def prepare(self) -> None:
        """Wait until the database is upgraded, and filled if it is new. Raises StateError when it cannot be
        used."""
        self._hear()

    def first_passwords(self) -> tuple[NewAccount, ...]:
        """Give the first accounts their passwords, unless they have some. Raises StateError."""
        self._say(b"")
        accounts = self._hear().accounts
        self._process.wait()
        return accounts

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended: it says why, or nothing, which is told below

    def _hear(self) -> Outcome:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise StateError(
                f"the process that prepares the database has ended ({self._process.wait()})",
                "Its last words are above.",
            )
        outcome = msgspec.json.decode(line, type=Outcome)
        if outcome.problem:
            kind: type[Problem] = getattr(problem, outcome.problem)
            raise kind(outcome.text, outcome.remedy)
        return outcome


def failed(error: Problem) -> Outcome:
    return Outcome(problem=type(error).__name__, text=error.text, remedy=error.remedy)


def served_by() -> str:
    """Which appliance this is, for people; asked in the supervisor."""
    return f"giaoban on {host_name()}, process {os.getpid()}"
