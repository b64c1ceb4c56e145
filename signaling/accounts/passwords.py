"""Password hashes, off the loop: argon2id, a few at a time, each address in its turn."""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from signaling.accounts.fair_queue import Full
from signaling.accounts.fair_wait import FairWait
from signaling.model.text import password_of, passwords_of

T = TypeVar("T")

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
"""About 50 ms and 32 MiB each: fifty units sign in within ten minutes on two cores that also move media."""
MAX_AT_ONCE = 2
MAX_WAIT_S = 30.0
"""Longer than the whole queue takes, so only a machine that stands still refuses anybody for it."""
NICE = 10
"""Of the threads: Linux gives each its own."""
MAX_CHARACTERS = 256
"""Of a password; hashing anything longer would be wasted work."""


class Fit(Enum):
    """How a password fits a stored hash."""

    NONE = auto()
    OLD = auto()
    """It does, but the hash was made with older parameters, or of the password as it was typed."""
    RIGHT = auto()


class TooBusy(Exception):
    """More passwords are waiting than can be checked within a few seconds."""


def hash_now(password: str) -> str:
    """For the terminal, where nobody else waits. Raises ValueError if it is empty or too long."""
    normal = password_of(password)
    if not normal or len(password) > MAX_CHARACTERS:
        raise ValueError("a password has 1 to 256 characters")
    return HASHER.hash(normal)


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose share of the work a password check is."""

    place: str
    """The address, or what counts as one."""
    known: bool
    """The account came from there before."""


class Passwords:
    def __init__(self) -> None:
        _nobody()  # made now, so that the first unknown account takes no longer than the next one
        self._threads = ThreadPoolExecutor(MAX_AT_ONCE, "password", initializer=_give_way)
        self._waiting = FairWait(MAX_WAIT_S, unused=self._next)
        self._working = 0

    async def fit(self, password: str, stored: str | None, claim: Claim) -> Fit:
        """Whether the password has the stored hash. None never fits, but takes as long: how many forms are
        tried depends on the password alone. Raises TooBusy."""
        fit = await self._run(lambda: _fit(stored or _nobody(), password), claim)
        return Fit.NONE if stored is None else fit

    async def hash(self, password: str, claim: Claim) -> str:
        """Raises TooBusy, ValueError."""
        return await self._run(lambda: hash_now(password), claim)

    async def _run(self, work: Callable[[], T], claim: Claim) -> T:
        if self._working >= MAX_AT_ONCE:
            try:
                await self._waiting.turn(claim.place, claim.known)  # and its place among the working
            except (Full, TimeoutError):
                raise TooBusy from None
        else:
            self._working += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._next()

    def _next(self) -> None:
        """Hand a place among the working to the next who still waits."""
        if not self._waiting.give():
            self._working -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True)


def _give_way() -> None:
    """The meeting goes first: a flood of passwords must not be heard."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


@cache
def _nobody() -> str:
    """A hash that no password has: checking against it takes as long as against a real one."""
    return HASHER.hash(secrets.token_hex())


def _fit(stored: str, password: str) -> Fit:
    forms = passwords_of(password)
    form = next((one for one in forms if _matches(stored, one)), None)
    if form is None:
        return Fit.NONE
    return Fit.OLD if form != forms[0] or HASHER.check_needs_rehash(stored) else Fit.RIGHT


def _matches(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
