"""`giaoban recording list, delete`: on the server, which cannot open any of them."""

import asyncio
import time
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.commands.audit import write_down
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from recorder import shelf
from recorder.instants import clock as length_clock
from recorder.shelf import NoRecording, ShelfFailed, ShelvedRecording
from signaling.clocks import clock
from signaling.custody.custody import delete_ms
from signaling.custody.retention import deletion_fields
from signaling.store import Store, UnreadableRecord

LIVE_MS = 60_000
"""A recording that has not ended and was written to within this time is in progress."""


def show(config: Config, directory: Path | None, console: Console) -> None:
    """List the recordings in the state directory or in another folder. Raises Problem."""
    keep_days = asyncio.run(_keep_days(config)) if directory is None else {}
    folder = directory or config.recordings
    if directory is not None and not directory.is_dir():
        raise Problem(f"there is no folder {directory}", "Name a folder that holds recordings' folders.")
    try:
        found = shelf.recordings(folder)
    except ShelfFailed as error:
        raise Problem(f"{folder} cannot be read: {error}", "May this user read it?") from None
    for listed in found:
        _say(listed, keep_days.get(listed.meeting, 0), console)
    total = sum(listed.size_bytes for listed in found)
    console.print(Text(f"{len(found)} recordings, {size(total)}, in {folder}"), soft_wrap=True)


def _say(listed: ShelvedRecording, keep_days: int, console: Console) -> None:
    """The id has a line to itself, so that it can be copied."""
    length = length_clock(listed.last_ms - listed.begun_ms)
    keys = ", ".join(f"{key.name} ({'second' if key.second else 'first'} lock)" for key in listed.keys)
    until = delete_ms(listed, keep_days)
    goes = f", deleted after {local(until)}" if until else ""
    console.print(Text(f"{listed.id}  {listed.title}"), soft_wrap=True)
    console.print(
        Text(
            f"    {local(listed.begun_ms)}, {length} long, {size(listed.size_bytes)}, {stage(listed)}{goes}"
        ),
        soft_wrap=True,
    )
    console.print(Text(f"    locked with {keys}"), soft_wrap=True)


def stage(listed: ShelvedRecording) -> str:
    if listed.finished:
        return "finished"
    return "goes on" if lately(listed) else "broken off"


def lately(listed: ShelvedRecording) -> bool:
    return abs(time.time() * 1000 - listed.last_ms) < LIVE_MS


def local(unix_ms: int) -> str:
    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"


def size(size_bytes: int) -> str:
    """
    >>> size(123_456_789)
    '123.5 MB'
    """
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


async def _keep_days(config: Config) -> dict[str, int]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        return await store.meetings.keep_days()


def delete(config: Config, name: str, console: Console, *, sure: bool) -> None:
    """Delete it for good, once the audit log has it. Raises Problem."""
    existing_state(config.state_dir)
    listed = _found(config, name)
    console.print(Text(f"{listed.id}  {listed.title}, {local(listed.begun_ms)}, {size(listed.size_bytes)}"))
    if not sure and not _sure(console):
        raise Problem("nothing was deleted", "Answer yes, or give --yes.")
    asyncio.run(_delete(config, listed))
    console.print("deleted; the audit log says so")


def _sure(console: Console) -> bool:
    try:
        return console.input("Delete it for good? Type yes: ").strip().lower() == "yes"
    except EOFError:
        return False


def _found(config: Config, name: str) -> ShelvedRecording:
    try:
        return shelf.recording(config.recordings, name)
    except NoRecording:
        raise Problem(f"there is no recording {name[:80]!r}", "giaoban recording list shows them.") from None


async def _delete(config: Config, listed: ShelvedRecording) -> None:
    async with opened_store(config) as store:
        if await _goes_on(store, listed):
            raise Problem("it goes on", "Let the chair stop it first.")
        fields = (*deletion_fields(listed, clock().unix_ms), ("why", "terminal"))
        if not await write_down(config, store, "recording-deleted", fields, listed.meeting):
            raise Problem("nothing was deleted", "It must be in the audit log first: see the database.")
        try:
            shelf.delete(config.recordings, listed.id)
        except ShelfFailed as error:
            raise Problem(f"it could not be deleted: {error}", "May this user write there?") from None


async def _goes_on(store: Store, listed: ShelvedRecording) -> bool:
    if not listed.finished and lately(listed):
        return True
    meeting = await store.meetings.find(listed.meeting)
    if meeting is None or meeting.ended:
        return False
    try:
        recording = (await store.meetings.run_record(meeting)).recording
    except UnreadableRecord:
        return False
    return recording is not None and recording.id == listed.id
