"""`giaoban meeting`: when a meeting starts, which units belong to it, whether it is recorded.

Works while the appliance runs.
"""

import asyncio
from datetime import datetime, timedelta

from rich.console import Console
from rich.text import Text

from deploy.commands.audit import write_down
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from recorder import shelf
from signaling.clocks import clock
from signaling.custody.custody import due
from signaling.model.meeting import Meeting
from signaling.store import AlreadyThere, Store

MAX_LOBBY_MIN = 24 * 60
MAX_KEEP_DAYS = 36_500


def show(config: Config, code: str, console: Console) -> None:
    """Raises Problem."""
    meeting, names = asyncio.run(_show(config, code))
    console.print(Text(f"{meeting.code}  {meeting.title}"), soft_wrap=True)
    console.print(Text(f"held {meeting.run} times, {'ended' if meeting.ended else 'open'}"))
    console.print(Text(_when(meeting)), soft_wrap=True)
    console.print(Text(_recorded(meeting)), soft_wrap=True)
    if not names:
        console.print("all units belong to it")
        return
    console.print(f"{len(names)} units belong to it:")
    for unit, name in names:
        console.print(Text(f"  {unit}  {name}"), soft_wrap=True)


def _when(meeting: Meeting) -> str:
    if not meeting.starts_ms:
        return "no time is set; the lobby is open"
    start = datetime.fromtimestamp(meeting.starts_ms / 1000).astimezone()
    opens = start - timedelta(seconds=meeting.opens_before_s)
    return f"starts {start:%Y-%m-%d %H:%M}, the lobby opens {opens:%Y-%m-%d %H:%M}"


async def _show(config: Config, code: str) -> tuple[Meeting, list[tuple[str, str]]]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        meeting = await found_meeting(store, code)
        units = await store.meetings.units()
        return meeting, sorted((unit.id, unit.name) for unit in units if unit.id in meeting.composition)


def schedule(config: Config, code: str, start: str | None, lobby_min: int, console: Console) -> None:
    """Set when a meeting starts, in the server's time zone ("2026-11-23 08:00"); None: its lobby is always
    open. Raises Problem."""
    if not 0 <= lobby_min <= MAX_LOBBY_MIN:
        raise Problem(
            f"a lobby cannot open {lobby_min} minutes before the start",
            f"--lobby-minutes takes 0 to {MAX_LOBBY_MIN}.",
        )
    meeting = asyncio.run(_schedule(config, code, 0 if start is None else unix_ms(start), lobby_min))
    console.print(Text(f"{meeting.code}: {_when(meeting)}"), soft_wrap=True)


def unix_ms(start: str) -> int:
    """Raises Problem."""
    try:
        moment = datetime.fromisoformat(start)
        milliseconds = round(moment.astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        milliseconds = 0
    if milliseconds <= 0:
        raise Problem(f"{start!r} is not a time", 'Example: --start "2026-11-23 08:00"')
    return milliseconds


async def _schedule(config: Config, code: str, starts_ms: int, lobby_min: int) -> Meeting:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        meeting = await found_meeting(store, code)
        await store.meetings.schedule(meeting.id, starts_ms, lobby_min * 60)
        fields = (("starts_ms", starts_ms), ("lobby_minutes", lobby_min))
        await write_down(config, store, "meeting-scheduled", fields, code)
        return await found_meeting(store, code)


def compose(config: Config, code: str, units: list[str], console: Console) -> None:
    """Set which units belong to a meeting; none: all of them. Raises Problem."""
    asyncio.run(_compose(config, code, units))
    said = f"{len(set(units))} units belong" if units else "all units belong"
    console.print(Text(f"{code}: {said} to it"), soft_wrap=True)


async def _compose(config: Config, code: str, units: list[str]) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        meeting = await found_meeting(store, code)
        known = {unit.id for unit in await store.meetings.units()}
        unknown = sorted(set(units) - known)
        try:
            await store.meetings.compose(meeting.id, units)
        except AlreadyThere:
            raise Problem(
                f"there is no unit {', '.join(unknown)}", f"Known units: {', '.join(sorted(known))}."
            ) from None
        fields: list[tuple[str, str | int]] = [("units", len(set(units)))]
        fields += [(unit, "belongs") for unit in sorted(set(units))]
        await write_down(config, store, "composition-set", fields, code)


def recording(
    config: Config, code: str, allowed: bool | None, keep_days: int | None, console: Console
) -> None:
    """Set whether a meeting may be recorded and how long its recordings are kept; None: leave it as it is.
    Raises Problem."""
    if keep_days is not None and not 0 <= keep_days <= MAX_KEEP_DAYS:
        raise Problem(
            f"recordings cannot be kept {keep_days} days",
            f"--keep-days takes 1 to {MAX_KEEP_DAYS}, or 0: for ever.",
        )
    meeting = asyncio.run(_recording(config, code, allowed, keep_days))
    console.print(Text(f"{meeting.code}: {_recorded(meeting)}"), soft_wrap=True)
    old = due(shelf.recordings(config.recordings), {meeting.code: meeting.keep_days}, (), clock().unix_ms)
    if old:
        console.print(Text(f"{len(old)} recordings are older: they are deleted within half an hour"))


async def _recording(config: Config, code: str, allowed: bool | None, keep_days: int | None) -> Meeting:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        meeting = await found_meeting(store, code)
        if allowed is None and keep_days is None:
            return meeting
        may = meeting.may_record if allowed is None else allowed
        days = meeting.keep_days if keep_days is None else keep_days
        await store.meetings.set_recording(meeting.id, may, days)
        fields = (("may_record", int(may)), ("keep_days", days))
        await write_down(config, store, "recording-rules-set", fields, code)
        return await found_meeting(store, code)


def _recorded(meeting: Meeting) -> str:
    may = "its chair may record it" if meeting.may_record else "nobody may record it"
    kept = f"{meeting.keep_days} days" if meeting.keep_days else "until somebody deletes them"
    return f"{may}; recordings are kept {kept}"


async def found_meeting(store: Store, code: str) -> Meeting:
    meeting = await store.meetings.find(code)
    if meeting is None:
        raise Problem(f"there is no meeting {code}", "The standing one has the code giao-ban.")
    return meeting
