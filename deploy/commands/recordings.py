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
from signaling.control import clock
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
    for kept in found:
        _say(kept, keep_days.get(kept.meeting, 0), console)
    total = sum(kept.size_bytes for kept in found)
    console.print(Text(f"{len(found)} recordings, {size(total)}, in {folder}"), soft_wrap=True)


def _say(kept: ShelvedRecording, keep_days: int, console: Console) -> None:
    """The id has a line to itself, so that it can be copied."""
    length = length_clock(kept.last_ms - kept.begun_ms)
    keys = ", ".join(f"{key.name} ({'second' if key.second else 'first'} lock)" for key in kept.keys)
    until = delete_ms(kept, keep_days)
    goes = f", deleted after {local(until)}" if until else ""
    console.print(Text(f"{kept.id}  {kept.title}"), soft_wrap=True)
    console.print(
        Text(f"    {local(kept.begun_ms)}, {length} long, {size(kept.size_bytes)}, {stage(kept)}{goes}"),
        soft_wrap=True,
    )
    console.print(Text(f"    locked with {keys}"), soft_wrap=True)


def stage(kept: ShelvedRecording) -> str:
    if kept.finished:
        return "finished"
    return "goes on" if lately(kept) else "broken off"


def lately(kept: ShelvedRecording) -> bool:
    return abs(time.time() * 1000 - kept.last_ms) < LIVE_MS


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
    kept = _found(config, name)
    console.print(Text(f"{kept.id}  {kept.title}, {local(kept.begun_ms)}, {size(kept.size_bytes)}"))
    if not sure and not _sure(console):
        raise Problem("nothing was deleted", "Answer yes, or give --yes.")
    asyncio.run(_delete(config, kept))
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


async def _delete(config: Config, kept: ShelvedRecording) -> None:
    async with opened_store(config) as store:
        if await _goes_on(store, kept):
            raise Problem("it goes on", "Let the chair stop it first.")
        fields = (*deletion_fields(kept, clock().unix_ms), ("why", "terminal"))
        if not await write_down(config, store, "recording-deleted", fields, kept.meeting):
            raise Problem("nothing was deleted", "It must be in the audit log first: see the database.")
        try:
            shelf.delete(config.recordings, kept.id)
        except ShelfFailed as error:
            raise Problem(f"it could not be deleted: {error}", "May this user write there?") from None


async def _goes_on(store: Store, kept: ShelvedRecording) -> bool:
    if not kept.finished and lately(kept):
        return True
    meeting = await store.meetings.find(kept.meeting)
    if meeting is None or meeting.ended:
        return False
    try:
        recording = (await store.meetings.run_record(meeting)).recording
    except UnreadableRecord:
        return False
    return recording is not None and recording.id == kept.id
