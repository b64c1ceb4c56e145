"""Prepares the database at start: upgrades it, and on the first run creates units, accounts and a meeting.

The first accounts get their passwords once everything is ready. As a program it does both for
`deploy.run.database_start`."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from deploy.config import SYSTEM_FILE, Config
from deploy.problem import Problem, StateError
from deploy.run.database_start import Asked, NewAccount, Outcome, failed, served_by
from deploy.run.storage_words import held_problem, newer_problem, storage_problem
from deploy.state import DATABASE, KnownDatabase, known_database, remember_database
from signaling.accounts.bootstrap import FirstAccounts, bootstrap
from signaling.accounts.passwords import hash_now
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.clocks import clock
from signaling.model.text import one_line
from signaling.model.words import Role
from signaling.store import (
    HeldElsewhere,
    OtherDatabase,
    StateIsNewer,
    StorageUnavailable,
    Store,
    public_name,
    sqlite_file,
)
from signaling.store.store import CENTRE

_SYLLABLES = tuple(a + b for a in "bcdghklmnprstvxy" for b in "aeiou")
"""Can be read out over the telephone; 6.3 bits each."""


def prepare_database(config: Config, by: str = "") -> None:
    """Upgrade the database, and fill a new one. Raises StateError when it cannot be used. by: which appliance
    does so."""
    asyncio.run(_prepare(config, by or served_by()))


async def _prepare(config: Config, by: str) -> None:
    async with opened_store(config, serving=by) as store:
        await bootstrap(store, FirstAccounts(), clock())
        if config.centre:
            await store.set_setting(CENTRE, one_line(config.centre))
        # Before anybody else can make it. If it cannot be kept, the control process says so.
        await AuditLog(AuditTable(store.database), clock, config.audit_head).keep_head()


async def first_passwords(config: Config) -> tuple[NewAccount, ...]:
    """Give the first accounts their passwords, unless they have some. To be called when people can sign in: a
    start that fails before has shown no password that is then lost.

    Errors: raises StateError.
    """
    given = []
    async with opened_store(config) as store:
        first = FirstAccounts()
        for login, role in ((first.operator_login, Role.OPERATOR), (first.chair_login, Role.CHAIR)):
            found = await store.people.find(login)
            if found is not None and found.password_hash is None and found.account.role is role:
                password = readable_password()
                hashed = await asyncio.to_thread(hash_now, password)
                await store.people.set_password(found.account.id, hashed)
                given.append(NewAccount(role, login, password))
    return tuple(given)


@asynccontextmanager
async def opened_store(config: Config, *, serving: str = "") -> AsyncIterator[Store]:
    """Open the database that belongs to the state directory; only an appliance (`serving`: which one) makes
    one, and is alone with it. Otherwise one may run. Raises StateError, also from inside the block."""
    known, file = known_database(config.state_dir), sqlite_file(config.database_url)
    if file is not None and not file.exists() and (known is not None or not serving):
        raise _other_problem(config, known)
    try:
        store = await Store.open(
            config.database_url,
            expected="" if known is None else known.identity,
            served_by=serving,
        )
        try:
            if serving:
                await _remember(config, store, known)
            yield store
        finally:
            await store.close()
    except OtherDatabase:
        raise _other_problem(config, known) from None
    except HeldElsewhere as error:
        raise held_problem(error) from None
    except StorageUnavailable as error:
        raise storage_problem(config.database_url, error) from None
    except StateIsNewer as error:
        raise newer_problem(error) from None


async def _remember(config: Config, store: Store, known: KnownDatabase | None) -> None:
    """Raises StorageUnavailable."""
    now = KnownDatabase(public_name(config.database_url), await store.identity())
    if now != known:
        try:
            remember_database(config.state_dir, now)
        except OSError as error:
            raise StorageUnavailable(str(error)) from None


def _other_problem(config: Config, known: KnownDatabase | None) -> StateError:
    named, state = public_name(config.database_url), config.state_dir
    if known is None:
        return StateError(
            f"there is no database {named}",
            f"Start the appliance once, or give the settings it runs with: --config FILE, or {SYSTEM_FILE}.",
        )
    return StateError(
        f"{state} belongs to the database {known.name}, and these settings name another one, {named}",
        f"Give the settings that the appliance runs with: --config FILE, or {SYSTEM_FILE}. If its database"
        f" was replaced on purpose, remove {state / DATABASE} and start the appliance.",
    )


def readable_password() -> str:
    """Three words of three syllables: 57 bits, no letter that looks like another."""
    return "-".join("".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(3))


def main() -> int:
    """Prepare the database, and give the first accounts their passwords when that is asked for."""
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=Asked)
    try:
        prepare_database(asked.config, asked.served_by)
        _tell(Outcome())
        if sys.stdin.buffer.readline():
            _tell(Outcome(accounts=asyncio.run(first_passwords(asked.config))))
    except Problem as error:
        _tell(failed(error))
    return 0


def _tell(outcome: Outcome) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
