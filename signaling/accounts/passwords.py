"""Password hashes, off the loop: argon2id, a few at a time."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
"""About 50 ms and 32 MiB each: fifty units sign in within ten minutes on two cores that also move media."""
MAX_AT_ONCE = 2
MAX_WAITING = 32
MAX_CHARACTERS = 256
"""Of a password; hashing anything longer would be wasted work."""


class TooBusy(Exception):
    """More passwords are waiting than can be checked within a few seconds."""


def hash_now(password: str) -> str:
    """For the terminal, where nobody else waits. Raises ValueError if it is empty or too long."""
    if not 0 < len(password) <= MAX_CHARACTERS:
        raise ValueError("a password has 1 to 256 characters")
    return HASHER.hash(password)


class Passwords:
    def __init__(self) -> None:
        _nobody()  # made now, so that the first unknown account takes no longer than the next one
        self._threads = ThreadPoolExecutor(max_workers=MAX_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password has the stored hash. None never matches, but takes as long.
        Raises TooBusy."""
        return await self._run(lambda: _matches(stored or _nobody(), password)) and stored is not None

    def outdated(self, stored: str) -> bool:
        """The hash was made with older parameters."""
        return HASHER.check_needs_rehash(stored)

    async def hash(self, password: str) -> str:
        """Raises TooBusy, ValueError."""
        return await self._run(lambda: hash_now(password))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True)


@cache
def _nobody() -> str:
    """A hash that no password has: checking against it takes as long as against a real one."""
    return HASHER.hash(secrets.token_hex())


def _matches(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
