"""Prepares the database at start: upgrades it, and on the first run creates units, accounts and a meeting."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.config import Config
from deploy.problem import StateError
from signaling.accounts.bootstrap import MEETING_CODE, FirstAccounts, bootstrap
from signaling.accounts.passwords import hash_now
from signaling.control import clock
from signaling.model.words import Role
from signaling.store import StateIsNewer, StorageUnavailable, Store
from signaling.store.store import CENTRE

_SYLLABLES = tuple(a + b for a in "bcdghklmnprstvxy" for b in "aeiou")
"""Can be read out over the telephone; 6.3 bits each."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was just made; its password is known only here."""

    role: Role
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What is ready after the start."""

    meeting: str
    """Code of the standing meeting."""
    accounts: tuple[NewAccount, ...]
    """Empty when it is not the first run."""


def prepare_database(config: Config) -> FirstRun:
    """Raises StateError when the database cannot be used."""
    return asyncio.run(_prepare(config))


async def _prepare(config: Config) -> FirstRun:
    operator, chair = readable_password(), readable_password()
    accounts: tuple[NewAccount, ...] = ()
    async with opened_store(config) as store:
        # Two hashes cost a tenth of a second, so they are made only when needed.
        if await store.meetings.find(MEETING_CODE) is None:
            first = FirstAccounts(operator_hash=hash_now(operator), chair_hash=hash_now(chair))
            await bootstrap(store, first, clock())
            accounts = (
                NewAccount(Role.OPERATOR, first.operator_login, operator),
                NewAccount(Role.CHAIR, first.chair_login, chair),
            )
        if config.centre:
            await store.set_setting(CENTRE, config.centre)
    return FirstRun(MEETING_CODE, accounts)


@asynccontextmanager
async def opened_store(config: Config) -> AsyncIterator[Store]:
    """Open the database, even while an appliance runs. Raises StateError, also from inside the block."""
    try:
        store = await Store.open(config.database_url)
        try:
            yield store
        finally:
            await store.close()
    except StorageUnavailable as error:
        raise storage_problem(config.database_url, error) from None
    except StateIsNewer as error:
        raise newer_problem(error) from None


def storage_problem(database_url: str, error: StorageUnavailable) -> StateError:
    # A URL may hold a password.
    name = (
        database_url.removeprefix("sqlite:///")
        if database_url.startswith("sqlite")
        else "the database server"
    )
    return StateError(
        f"the database cannot be used: {error}", f"Is there space left, and may this user write to {name}?"
    )


def newer_problem(error: StateIsNewer) -> StateError:
    return StateError(
        f"the database belongs to a newer giaoban: {error}",
        "Install that newer version, or use another state directory with --state.",
    )


def readable_password() -> str:
    """Three words of three syllables: 57 bits, no letter that looks like another."""
    return "-".join("".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(3))
