"""`giaoban recording verify, recover`, and opening a recording for export and play. Runs where the keys are.

Needs no state directory and no network.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from deploy.commands.private_keys import identities
from deploy.commands.recordings import size
from deploy.commands.server_key import trusted_key
from deploy.problem import Problem
from recorder.instants import clock
from recorder.opening.archive import Archive, BadArchive, open_archive
from recorder.opening.faults import Fault
from recorder.opening.opened import OpenedRecording, Summary
from recorder.opening.recover import CannotWrite
from recorder.opening.recover import recover as write_out
from recorder.opening.verify import SegmentVerdict, Verified
from recorder.opening.verify import verify as look_through

WRONG = 1
"""Exit code: something is missing, damaged or forged."""


def verify(file: Path, keys: Sequence[Path], server_key: str | None, console: Console) -> int:
    """Say whether it is what the server signed and, with keys, whether it can be read. Returns the exit code.
    Raises Problem."""
    archive, trusted = archived(file), trusted_key(server_key)
    opened = identities(keys) if keys else None
    try:
        with progress("verifying") as told:
            result = look_through(archive, opened, trusted, told)
    except BadArchive as error:
        raise unreadable(error) from None
    _say_summary(result.summary, trusted, console)
    for verdict in result.verdicts:
        console.print(Text(_verdict(verdict, result.deep)), soft_wrap=True)
    _say_faults(result.faults, console)
    console.print(Text(_outcome(result), style="bold"), soft_wrap=True)
    return 0 if result.genuine else WRONG


def recover(
    file: Path, keys: Sequence[Path], out: Path, server_key: str | None, console: Console, *, unproven: bool
) -> int:
    """Write everything readable, as files for any player. Returns the exit code. Raises Problem."""
    archive, trusted = archived(file), trusted_key(server_key)
    opened = identities(keys)
    try:
        with progress("recovering") as told:
            result = write_out(archive, opened, out, trusted, unproven, told)
    except BadArchive as error:
        raise unreadable(error) from None
    except CannotWrite as error:
        raise Problem(str(error), "Choose another folder with --out, or make space.") from None
    for path in result.files:
        console.print(Text(str(path)), soft_wrap=True)
    _say_faults(result.faults, console)
    if not result.files:
        console.print(Text("nothing could be read", style="bold"))
        return WRONG
    console.print(Text(f"readable until {clock(result.until_ms)}", style="bold"))
    console.print("These files are no longer encrypted: whoever has them can watch them.")
    return WRONG if any(fault.grave for fault in result.faults) else 0


def open_recording(
    file: Path, keys: Sequence[Path], server_key: str | None, *, unproven: bool
) -> OpenedRecording:
    """Raises Problem."""
    archive, trusted = archived(file), trusted_key(server_key)
    try:
        return OpenedRecording(archive, identities(keys), trusted, unproven)
    except BadArchive as error:
        raise unreadable(error) from None


def archived(file: Path) -> Archive:
    """Raises Problem."""
    try:
        return open_archive(file)
    except BadArchive as error:
        raise unreadable(error) from None


def unreadable(error: BadArchive) -> Problem:
    return Problem(str(error), "Name a recording's folder, or the .tar that was downloaded.")


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the time left; nothing if this is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say_summary(summary: Summary, trusted: bytes | None, console: Console) -> None:
    begun = datetime.fromtimestamp(summary.begun_ms / 1000).astimezone()
    keys = ", ".join(
        f"{key.name} ({key.fingerprint}, {'second' if key.second else 'first'} lock)" for key in summary.keys
    )
    said = [f"{summary.recording or 'a recording that does not say its name'}  {summary.title}"]
    if summary.begun_ms:
        said.append(
            f"begun {begun:%Y-%m-%d %H:%M:%S}, {clock(summary.until_ms)} long, {size(summary.size_bytes)},"
            f" {len(summary.segments)} segments"
        )
    said.append(f"locked with {keys or 'keys that are not known'}")
    if summary.signed_by:
        sure = "as expected" if trusted else "compare it with giaoban keys list on the server"
        said.append(f"signed by {summary.signed_by} ({sure})")
    if summary.head:
        said.append(f"its end {summary.head} (the server's audit log has it under recording-closed)")
    if summary.audit is not None:
        said.append(
            f"the audit log had come to entry {summary.audit.number}, {summary.audit.hash}"
            " (giaoban audit verify --head looks for it on the server)"
        )
    for line in said:
        console.print(Text(line), soft_wrap=True)


def _verdict(verdict: SegmentVerdict, deep: bool) -> str:
    whole = "as it was signed" if verdict.intact else f"{verdict.signed_bytes} bytes are as they were signed"
    said = f"segment {verdict.number:4}  from {clock(verdict.at_ms)}  {size(verdict.size_bytes)}, {whole}"
    if not deep:
        return said
    return said + (f", readable until {clock(verdict.until_ms)}" if verdict.blocks else ", nothing readable")


def _say_faults(faults: Sequence[Fault], console: Console) -> None:
    for fault in faults:
        mark = "!" if fault.grave else "-"
        at = "" if not fault.segment else f" at {clock(fault.at_ms)}"
        console.print(Text(f"{mark} {fault.code.value}{at}: {fault}"), soft_wrap=True)


def _outcome(result: Verified) -> str:
    if not result.genuine:
        return "Something is missing, damaged or not genuine: see the lines that begin with !"
    read = "and can be read" if result.deep else "(give --key to see whether it can be read, too)"
    if result.complete:
        return f"It is complete, as the server signed it, {read}."
    return f"It was broken off; what there is is as the server signed it, {read}."
