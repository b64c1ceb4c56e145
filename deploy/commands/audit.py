"""`giaoban audit`: verifies, shortens and exports the audit log; other commands write their entries through
it."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.text import Text

from deploy.commands.server_key import trusted_key
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from recorder.storage.signing import BadSigningKey, load_or_create_key, verified
from signaling.audit.chain import Actor, Fault, Head, Stored, Verifier, Wrong
from signaling.audit.checkpoint import Damaged, SignedCut, contradicted, distrusted
from signaling.audit.copies import copied_ms, copies_untrusted, printed
from signaling.audit.export import Form, exported, opening
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable, HeadUnreadable, kept_head
from signaling.clocks import believed, clock
from signaling.custody.shortening import Keeping, shorten
from signaling.store import AlreadyThere, Store

PAGE = 1000
FOLLOWS_S = 2.0
"""How long after an entry its head may be kept."""
HASH_DIGITS, SHORT_DIGITS = 64, 16
TERMINAL = "terminal"
"""Stands in an entry in place of the address, for commands typed on the server itself."""


class AuditFault(Problem):
    """The log is not as it was written."""

    exit_code = 1


def verify(config: Config, noted: str | None, server_key: str | None, console: Console) -> None:
    """Check the whole log. Raises AuditFault, StateError."""
    key = trusted_key(server_key, "giaoban audit verify")
    head, cut = asyncio.run(_verify(config, noted, key))
    entries = head.number - (cut.number if cut else 0)
    if cut is not None:
        console.print(Text(_said(cut, config.audit_years)), soft_wrap=True)
    console.print(
        Text(f"{entries} entries, none changed, none missing; the newest has the hash"), soft_wrap=True
    )
    console.print(Text(head.hash), soft_wrap=True)
    own = _own_key(config)
    if own is not None:
        console.print(Text(f"this server signs where it cuts its log off with {own.hex()}"), soft_wrap=True)
    console.print(Text(f"to note on paper: {printed(head, f'{datetime.now(UTC):%Y-%m-%d}')}"), soft_wrap=True)


def _said(cut: SignedCut, years: int) -> str:
    last, day = (f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}" for at in (cut.newest_ms, cut.cut_ms))
    changed = "" if cut.years == years else f"; now audit_years is {years}"
    return (
        f"entries 1 to {cut.number}, until {last}, were cut off on {day}, as this server signed:"
        f" they were kept for {cut.years} years{changed}"
    )


def cut(config: Config, console: Console) -> None:
    """Cut off the entries whose years are over. Raises Problem."""
    if config.audit_years == 0:
        raise Problem("the audit log is kept for ever", "The setting audit_years is 0.")
    last = asyncio.run(_cut(config))
    console.print("no entry is so old" if last is None else f"cut off up to entry {last}")


async def _cut(config: Config) -> int | None:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        log = AuditLog(AuditTable(store.database), clock, config.audit_head)
        now = await believed(store, clock())
        keeping = Keeping(config.audit_years, config.audit_key)
        try:
            return await shorten(keeping, log, now.unix_ms, Actor(address=TERMINAL))
        except (BadSigningKey, AlreadyThere) as error:
            raise Problem(f"nothing more was cut off: {error}", "Try again, or look at that file.") from None
        except Damaged as error:
            raise AuditFault(
                f"the log is not as it was written, and evidence is not cut off: {error}",
                "Run giaoban audit verify.",
            ) from None


def _own_key(config: Config) -> bytes | None:
    """None: there is no key yet. Raises Problem."""
    if not config.audit_key.exists():
        return None
    try:
        return load_or_create_key(config.audit_key).public
    except BadSigningKey as error:
        raise Problem(
            f"the key of the audit log cannot be read: {error}", "Restore it, or give --server-key."
        ) from None


async def _verify(config: Config, noted: str | None, key: bytes | None) -> tuple[Head, SignedCut | None]:
    existing_state(config.state_dir)
    kept = _kept(config.audit_head)  # first, because the log may grow while it is read
    copies = tuple(_copies(config))
    heads = (*(head for _, head in copies), *filter(None, (kept,)))
    key = _own_key(config) if key is None else key
    async with opened_store(config) as store:
        table = AuditTable(store.database)
        begun, cut = await table.head(), await table.checkpoint()
        verifier, fault = await _through(store, cut, heads, _typed(noted))
        while fault is not None and (newer := await table.checkpoint()) != cut:  # cut while it was read
            cut = newer
            verifier, fault = await _through(store, cut, heads, _typed(noted))
        _trust(cut, key, copies)
        _complain(fault, cut)
    if kept is None and verifier.head.number:
        raise AuditFault(
            f"the audit log's head, {config.audit_head}, is missing",
            f"The entries up to {verifier.head.number} follow each other, but the last ones may be cut off."
            " A hash that was noted earlier (--head) proves the log up to that entry.",
        )
    if not await _follows(config.audit_head, begun):
        raise AuditFault(
            f"the audit log's head, {config.audit_head}, stands still: entry {begun.number} is not in it",
            "The entries follow each other, but the last ones could be cut off unnoticed. The file must be"
            " the service's own: chown it, or run this command as root once; is there space left?",
        )
    return verifier.head, cut


async def _through(
    store: Store, cut: SignedCut | None, heads: Iterable[Head], noted: str | None
) -> tuple[Verifier, Fault | None]:
    verifier = Verifier(heads, noted, cut.head if cut else None)
    fault = verifier.begin()
    if fault is None:
        async for stored in _every(store, None):
            fault = verifier.take(stored)
            if fault is not None:
                return verifier, fault
        fault = verifier.finish()
    return verifier, fault


def _trust(cut: SignedCut | None, key: bytes | None, copies: Iterable[tuple[int, Head]]) -> None:
    """Raises AuditFault."""
    if cut is None:
        return
    if key is None:
        raise AuditFault(
            f"the log was cut off at entry {cut.number}, and the key that signed this, audit.key, is missing",
            "Restore it from a backup of the state directory, or give --server-key as it was noted earlier.",
        )
    _complain(distrusted(cut, partial(verified, key), time.time_ns() // 1_000_000))
    for noted_ms, head in copies:
        if contradicted(cut, head, noted_ms):
            day = f"{datetime.fromtimestamp(noted_ms / 1000, UTC):%Y-%m-%d}"
            raise AuditFault(
                f"the audit log was cut off before its years were over: up to entry {cut.number},"
                f" and on {day} entry {head.number} was the newest",
                "The copy elsewhere shows it. Compare with a backup or an earlier export.",
            )


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


def _copies(config: Config) -> Iterator[tuple[int, Head]]:
    """Each copy elsewhere, with the beginning of its day (Unix ms). Raises AuditFault, Problem."""
    if not config.audit_head_copies:
        return
    folder = Path(config.audit_head_copies)
    try:
        for name, head in copies_untrusted(folder):
            noted_ms = copied_ms(name)
            if head is None or noted_ms is None:
                raise AuditFault(f"{folder / name} holds no head", "Somebody or something damaged it.")
            yield noted_ms, head
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


def _complain(fault: Fault | None, cut: SignedCut | None = None) -> None:
    if cut is not None and fault is not None and fault.wrong is Wrong.UNKNOWN_HEAD:
        raise AuditFault(
            f"no entry after {cut.number} has the hash that was noted",
            f"If it was noted for an entry up to {cut.number}, that one was cut off and cannot be looked for"
            " any more. Otherwise the log was written anew.",
        )
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
