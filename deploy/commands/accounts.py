"""`giaoban account`: accounts at the terminal, even while the appliance runs."""

import asyncio
import getpass
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands.audit import write_down
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store, readable_password
from deploy.state import existing_state
from signaling.accounts import bootstrap
from signaling.accounts.passwords import hash_now
from signaling.clocks import clock
from signaling.model.text import found as matching
from signaling.model.text import logins_of
from signaling.model.words import Role
from signaling.store import AlreadyThere

MIN_PASSWORD = 10
"""Characters of a password that a person chooses."""


def add(config: Config, login: str, role: Role, name: str, unit: str | None, console: Console) -> None:
    """Create an account with a password that is shown once. Raises Problem."""
    password = readable_password()
    asyncio.run(_add(config, login, role, name, unit, password))
    console.print(Text(f"account {login}, role {role.value}, password ") + Text(password, style="bold"))


def set_password(config: Config, login: str, console: Console) -> None:
    """Replace a password with one that is typed, or with a random one if nothing is typed. Raises Problem."""
    typed = _typed_password()
    password = typed or readable_password()
    asyncio.run(_set_password(config, login, password))
    said = Text(
        f"the password of {login} is changed; anyone who was signed in with the old one has been signed out"
    )
    console.print(said if typed else said + Text("; it is ") + Text(password, style="bold"), soft_wrap=True)


def disable(config: Config, login: str, console: Console) -> None:
    """Nobody signs in with it any more, and anyone who is signed in is signed out. Raises Problem."""
    asyncio.run(_set_disabled(config, login, True))
    console.print(
        Text(f"the account {login} is disabled; anyone who was signed in with it has been signed out"),
        soft_wrap=True,
    )


def enable(config: Config, login: str, console: Console) -> None:
    """It can be used again, with the password it had. Raises Problem."""
    asyncio.run(_set_disabled(config, login, False))
    console.print(Text(f"the account {login} can be used again"))


def show(config: Config, wanted: str, console: Console) -> None:
    """List the accounts of people, not the simulated ones, in which all wanted words are. Raises Problem."""
    table = Table()
    for column in ("login", "role", "name", "unit", "closed"):
        table.add_column(column)
    for row in asyncio.run(_rows(config)):
        if matching(wanted, *row):
            table.add_row(*(Text(cell) for cell in row))
    console.print(table)


async def _add(config: Config, login: str, role: Role, name: str, unit: str | None, password: str) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        units = {known.id for known in await store.meetings.units()}
        if unit is not None and unit not in units:
            raise Problem(
                f"there is no unit {unit!r}", f"Known units: {', '.join(sorted(units)) or 'none yet'}."
            )
        try:
            new = bootstrap.NewAccount(login, name, role, unit, hash_now(password))
            made = await bootstrap.create_account(store, new, clock())
        except AlreadyThere:
            raise Problem(f"there is an account {login} already", "Choose another login.") from None
        except ValueError as error:
            raise Problem(
                str(error), "Example: giaoban account add khoa-nhi --role delegate --name 'Khoa Nhi'"
            ) from None
        await write_down(
            config,
            store,
            "account-added",
            (("account", made.id), ("login", made.login), ("role", role.value)),
        )


async def _set_password(config: Config, login: str, password: str) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        if not await bootstrap.set_password(store, login, hash_now(password)):
            raise Problem(f"there is no account {login}", "giaoban account list shows them.")
        found = await store.people.find(*logins_of(login))
        assert found is not None
        await write_down(config, store, "password-set", (("account", found.account.id),))


async def _set_disabled(config: Config, login: str, disabled: bool) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        account = await bootstrap.set_disabled(store, login, disabled)
        if account is None:
            raise Problem(f"there is no account {login}", "giaoban account list shows them.")
        event = "account-disabled" if disabled else "account-enabled"
        await write_down(config, store, event, (("account", account.id), ("login", account.login)))


async def _rows(config: Config) -> list[tuple[str, ...]]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        units = {unit.id: unit.name for unit in await store.meetings.units()}
        disabled = await store.people.disabled()
        return [
            (
                account.login,
                account.role.value,
                account.name,
                units.get(account.unit or "", ""),
                "disabled" if account.id in disabled else "",
            )
            for account in await store.people.every()
            if not account.simulated
        ]


def _typed_password() -> str:
    """From the terminal without echo, or one line of a pipe; never from arguments, which others can see."""
    if sys.stdin.isatty():
        first = getpass.getpass("new password (empty: a random one): ")
        if first and getpass.getpass("once more: ") != first:
            raise Problem("the two passwords differ", "Try again.")
    else:
        first = sys.stdin.readline().rstrip("\n")
    if first and len(first) < MIN_PASSWORD:
        raise Problem("the password is too short", f"Use at least {MIN_PASSWORD} characters.")
    return first
