"""`giaoban audit`: verifies and exports the audit log; other commands write their entries through it."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.text import Text

from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from signaling.audit.chain import Actor, Fault, Head, Stored, Verifier
from signaling.audit.copies import copies_untrusted, printed
from signaling.audit.export import Form, exported, opening
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable, HeadUnreadable, kept_head
from signaling.control import clock
from signaling.store import Store

PAGE = 1000
FOLLOWS_S = 2.0
"""How long after an entry its head may be kept."""
HASH_DIGITS, SHORT_DIGITS = 64, 16
TERMINAL = "terminal"
"""Stands in an entry in place of the address, for commands typed on the server itself."""


class AuditFault(Problem):
    """The log is not as it was written."""

    exit_code = 1


def verify(config: Config, noted: str | None, console: Console) -> None:
    """Check the whole log. Raises AuditFault, StateError."""
    head = asyncio.run(_verify(config, noted))
    console.print(
        Text(f"{head.number} entries, none changed, none missing; the newest has the hash"), soft_wrap=True
    )
    console.print(Text(head.hash), soft_wrap=True)
    console.print(Text(f"to note on paper: {printed(head, f'{datetime.now(UTC):%Y-%m-%d}')}"), soft_wrap=True)


async def _verify(config: Config, noted: str | None) -> Head:
    existing_state(config.state_dir)
    kept = _kept(config.audit_head)  # first, because the log may grow while it is read
    async with opened_store(config) as store:
        begun = await AuditTable(store.database).head()
        verifier = Verifier((*_copies(config), *filter(None, (kept,))), _typed(noted))
        async for stored in _every(store, None):
            _complain(verifier.take(stored))
        _complain(verifier.finish())
    if kept is None and verifier.head.number:
        raise AuditFault(
            f"the audit log's head, {config.audit_head}, is missing",
            f"The {verifier.head.number} entries follow each other, but the last ones may be cut off."
            " A hash that was noted earlier (--head) proves the log up to that entry.",
        )
    if not await _follows(config.audit_head, begun):
        raise AuditFault(
            f"the audit log's head, {config.audit_head}, stands still: entry {begun.number} is not in it",
            "The entries follow each other, but the last ones could be cut off unnoticed. The file must be"
            " the service's own: chown it, or run this command as root once; is there space left?",
        )
    return verifier.head


def _typed(noted: str | None) -> str | None:
    """A whole hash, or the 16 digits of its short form. Raises Problem."""
    if noted is None:
        return None
    digits = "".join(noted.lower().split())
    if len(digits) not in (SHORT_DIGITS, HASH_DIGITS):
        raise Problem(
            "--head is no hash", f"It has {HASH_DIGITS} digits, or {SHORT_DIGITS} as it is printed on paper."
        )
    return digits


def _copies(config: Config) -> Iterator[Head]:
    """The heads that were copied elsewhere. Raises AuditFault, Problem."""
    if not config.audit_head_copies:
        return
    folder = Path(config.audit_head_copies)
    try:
        for name, head in copies_untrusted(folder):
            if head is None:
                raise AuditFault(f"{folder / name} holds no head", "Somebody or something damaged it.")
            yield head
    except OSError as error:
        raise Problem(
            f"the copies of the head in {folder} cannot be read: {error.strerror}", "Is that disk mounted?"
        ) from None


async def _follows(file: Path, head: Head) -> bool:
    """Whether the file has this head or a newer one, now or a moment later: the entry is written first."""
    until_s = time.monotonic() + FOLLOWS_S
    while True:
        kept = _kept(file)
        if kept is not None and kept.number >= head.number:
            return True
        if time.monotonic() > until_s:
            return False
        await asyncio.sleep(FOLLOWS_S / 20)


def _kept(file: Path) -> Head | None:
    """Raises AuditFault."""
    try:
        return kept_head(file)
    except HeadUnreadable as error:
        raise AuditFault(
            f"the audit log's head, {file}, cannot be read: {error}",
            "Compare with a backup of the state directory: somebody or something damaged it.",
        ) from None


def _complain(fault: Fault | None) -> None:
    if fault is not None:
        where = f"entry {fault.number} " if fault.number else ""
        raise AuditFault(
            f"the audit log was tampered with or damaged: {where}{fault.wrong.value}",
            "Keep the state directory as it is, and compare with a backup or an earlier export."
            " A database restored from a backup looks the same, unless its audit.head is restored with it.",
        )


def export(config: Config, meeting: str | None, form: Form, out: BinaryIO) -> None:
    """Write the entries of one meeting, or all, to a binary stream. Raises Problem."""
    asyncio.run(_export(config, meeting, form, out))


async def _export(config: Config, meeting: str | None, form: Form, out: BinaryIO) -> None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        if meeting is not None and await store.meetings.find(meeting) is None:
            raise Problem(f"there is no meeting {meeting}", "The standing one has the code giao-ban.")
        out.write(opening(form))
        async for stored in _every(store, meeting):
            out.write(exported([stored], form))
    out.flush()


async def _every(store: Store, meeting: str | None) -> AsyncIterator[Stored]:
    """The log from its beginning. Raises StorageUnavailable."""
    after, table = 0, AuditTable(store.database)
    while part := await table.page(after, PAGE, meeting):
        for stored in part:
            yield stored
        after = part[-1].number


async def write_down(
    config: Config, store: Store, event: str, fields: Iterable[tuple[str, str | int]], meeting: str = ""
) -> bool:
    """Write an entry about a command at the terminal, with the system's user id. False: it could not be
    written, which was reported."""
    log = AuditLog(AuditTable(store.database), clock, config.audit_head)
    log.note(event, meeting=meeting, who=Actor(address=TERMINAL), fields=(*fields, ("uid", os.getuid())))
    written = await log.flush()
    if not written:
        print(f"giaoban: {event} could not be written to the audit log", file=sys.stderr)
    return written
