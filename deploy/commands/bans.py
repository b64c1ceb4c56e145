"""`giaoban meeting bans` and `lift-ban`: who is kept out of a meeting. Works while the appliance runs."""

import asyncio
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands.audit import write_down
from deploy.commands.meetings import found_meeting
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from signaling.clocks import clock
from signaling.model.seat import KeptSeat, ban_holds
from signaling.model.text import logins_of


def show(config: Config, code: str, console: Console) -> None:
    """List the bans of a meeting. Raises Problem."""
    banned = asyncio.run(_banned(config, code))
    if not banned:
        console.print("nobody is banned from it")
        return
    table = Table()
    for column in ("login", "name", "until", "reason"):
        table.add_column(column)
    for kept in banned:
        row = (kept.account.login, kept.name or kept.account.name, _until(kept), kept.reason)
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def lift(config: Config, code: str, login: str, console: Console) -> None:
    """The account may knock again. Raises Problem."""
    asyncio.run(_lift(config, code, login))
    console.print(Text(f"the ban on {login} is lifted; it may knock again"))


def _until(kept: KeptSeat) -> str:
    if not kept.banned_until_ms:
        return "it is lifted"
    return f"{datetime.fromtimestamp(kept.banned_until_ms / 1000).astimezone():%Y-%m-%d %H:%M}"


async def _banned(config: Config, code: str) -> list[KeptSeat]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        banned = await store.meetings.banned(await found_meeting(store, code))
        return [kept for kept in banned if ban_holds(kept, clock().unix_ms)]


async def _lift(config: Config, code: str, login: str) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        meeting = await found_meeting(store, code)
        banned = {kept.account.login: kept.account for kept in await store.meetings.banned(meeting)}
        account = next((banned[each] for each in logins_of(login) if each in banned), None)
        if account is None or not await store.meetings.lift_ban(meeting, account.id):
            raise Problem(f"{login} is not banned from {code}", f"giaoban meeting bans {code} shows them.")
        fields = (("account", account.id), ("login", account.login))
        await write_down(config, store, "ban-lifted", fields, code)
