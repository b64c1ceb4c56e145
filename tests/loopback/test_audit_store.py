"""The audit log in the database: entries are added and read, and nothing else can be done to them."""

import asyncio
import fcntl
import logging
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from signaling.audit.chain import AuditEvent, Head, verify
from signaling.audit.copies import copies_untrusted
from signaling.audit.daily import DailyCopy
from signaling.audit.log import ALARMS, AuditLog, AuditState
from signaling.audit.table import AuditTable, HeadDiffers, HeadNotKept, HeadUnreadable, kept_head
from signaling.clocks import clock
from signaling.model.ids import Instant
from signaling.store import AlreadyThere, StorageUnavailable, Store

pytestmark = pytest.mark.loopback

NOW_MS = 1_764_230_400_000


def events(first: int, last: int) -> list[AuditEvent]:
    return [
        AuditEvent(f"test-{n}", NOW_MS, "muted", "giao-ban" if n % 2 else "", words=(("reason", "ồn\x00"),))
        for n in range(first, last + 1)
    ]


async def test_entries_are_chained_and_read_in_pages(store: Store) -> None:
    table = AuditTable(store.database)
    assert await table.head() == Head()
    await table.append(events(1, 3))
    head = await table.append(events(4, 5))
    assert head == await table.head()
    log = await table.page(0, 100)
    assert [stored.mark for stored in log] == [f"test-{n}" for n in range(1, 6)]
    assert verify(log, head) is None
    assert await table.page(3, 1) == log[3:4]
    assert await table.page(1, 100, "giao-ban") == (log[2], log[4])


async def test_an_event_that_was_written_after_all_is_not_written_twice(store: Store) -> None:
    """After the deadline nobody knows whether it was written; it is sent again."""
    table = AuditTable(store.database)
    await table.append(events(1, 2))
    head = await table.append(events(1, 3))
    assert head.number == 3
    assert await table.append(events(2, 3)) == head
    assert verify(await table.page(0, 100), head) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET document = '{}'",
        "UPDATE audit SET hash = hash",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 3",
    ],
)
async def test_the_database_refuses_every_change_of_an_entry(store: Store, statement: str) -> None:
    table = AuditTable(store.database)
    head = await table.append(events(1, 3))
    with pytest.raises((AlreadyThere, StorageUnavailable), match="append-only"):
        await store.database.write(lambda db: db.execute(text(statement)))
    assert verify(await table.page(0, 100), head) is None


async def test_on_sqlite_no_entry_is_replaced_or_added_after_a_gap(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    table = AuditTable(store.database)
    await table.append(events(1, 2))
    for number in (1, 2, 4, -1):
        with pytest.raises(AlreadyThere, match="append-only"):
            await store.database.write(partial(_forge, number=number))
    assert verify(await table.page(0, 100)) is None
    await store.close()


def _forge(db: Connection, number: int) -> None:
    forged = text("INSERT OR REPLACE INTO audit VALUES (:number, 'forged', '', '{}', '')")
    db.execute(forged, {"number": number})


async def test_the_head_beside_the_database_is_updated_and_is_evidence_when_entries_are_cut_off(
    store: Store, tmp_path: Path
) -> None:
    table = AuditTable(store.database)
    file = tmp_path / "audit.head"
    old = await table.append(events(1, 2))
    await table.keep_head(old, file)
    new = await table.append(events(3, 4))
    await table.keep_head(new, file)
    await table.keep_head(old, file)  # from a slower program
    assert kept_head(file) == new
    assert file.stat().st_mode & 0o777 == 0o600
    await store.database.write(_cut_off)
    for _ in range(3):
        head = await table.append(events(5, 5 + (await table.head()).number))
        with pytest.raises(HeadDiffers):
            await table.keep_head(head, file)
    assert kept_head(file) == new
    assert verify(await table.page(0, 100)) is None  # the chain alone does not show it
    assert verify(await table.page(0, 100), kept_head(file)) is not None


async def test_a_log_that_was_cut_off_is_reported_at_once_and_continued(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "giaoban.audit")
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    table = AuditTable(store.database)
    log = AuditLog(table, clock, tmp_path / "audit.head")
    await log.keep_head()
    for event in ("entered", "admitted", "meeting-ended"):
        log.note(event)
    assert await log.flush()
    assert log.state == "ok"
    head = await table.head()
    assert f"audit-head number=3 hash={head.hash}" in caplog.text
    await store.database.write(_cut_off)
    log.note("entered")
    assert await log.flush()
    assert log.state == "differs"
    assert "audit-head-differs" in caplog.text
    assert (await table.head()).number == 3
    assert kept_head(tmp_path / "audit.head") == head
    await store.close()


def _cut_off(db: Connection) -> None:
    """What only the owner of the database can do."""
    if db.dialect.name == "postgresql":
        db.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        db.execute(text("DELETE FROM audit WHERE number > 2"))
        db.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
    else:
        db.execute(text("DROP TRIGGER audit_no_delete"))
        db.execute(text("DELETE FROM audit WHERE number > 2"))


@pytest.mark.parametrize("content", [b"x", b"0" * 86, b"\xff" * 100])
async def test_a_damaged_head_is_left_as_it_is(store: Store, tmp_path: Path, content: bytes) -> None:
    table = AuditTable(store.database)
    file = tmp_path / "audit.head"
    file.write_bytes(content)
    head = await table.append(events(1, 1))
    with pytest.raises(HeadUnreadable):
        await table.keep_head(head, file)
    with pytest.raises(HeadUnreadable):
        kept_head(file)
    assert file.read_bytes() == content


def state_of(log: AuditLog) -> AuditState:
    return log.state  # mypy would take two different answers for a contradiction


async def test_a_head_that_cannot_be_kept_is_an_alarm_until_it_is_kept(store: Store, tmp_path: Path) -> None:
    """From the start, before there is an entry: somebody else's file stays somebody else's."""
    file = tmp_path / "missing" / "audit.head"
    log = AuditLog(AuditTable(store.database), clock, file)
    await log.keep_head()
    assert state_of(log) is AuditState.HEAD_NOT_KEPT
    assert state_of(log) in ALARMS
    log.note("entered")
    assert await log.flush()
    assert state_of(log) is AuditState.HEAD_NOT_KEPT
    file.parent.mkdir()
    await log.keep_head()
    assert state_of(log) is AuditState.OK
    assert kept_head(file) == await AuditTable(store.database).head()


async def test_a_copy_is_written_each_day_and_one_that_cannot_be_is_an_alarm(
    store: Store, tmp_path: Path
) -> None:
    folder, table = tmp_path / "elsewhere", AuditTable(store.database)
    log, now = AuditLog(table, clock, None), [NOW_MS]
    daily = DailyCopy(folder, table, log, lambda: Instant(0.0, now[0]))
    await daily.look()
    assert state_of(log) is AuditState.HEAD_NOT_COPIED
    folder.mkdir()
    first = await table.append(events(1, 1))
    await daily.look()
    assert state_of(log) is AuditState.OK
    await table.append(events(2, 2))
    await daily.look()
    await DailyCopy(folder, table, log, lambda: Instant(0.0, now[0])).look()  # after a restart
    now[0] += 86_400_000
    second = await table.append(events(3, 3))
    await daily.look()
    copies = [("audit-head-2025-11-27.txt", first), ("audit-head-2025-11-28.txt", second)]
    assert list(copies_untrusted(folder)) == copies


async def test_the_head_is_there_before_the_first_entry(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "audit.head"
    await AuditLog(AuditTable(store.database), clock, file).keep_head()
    assert kept_head(file) == Head()


async def test_a_head_that_another_process_holds_keeps_nobody_from_the_database(
    store: Store, tmp_path: Path
) -> None:
    """A command that was stopped in the middle (Ctrl-Z) holds it for as long as it likes."""
    file, table = tmp_path / "audit.head", AuditTable(store.database)
    head = await table.append(events(1, 1))
    with file.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        keeping = asyncio.create_task(table.keep_head(head, file))
        await asyncio.sleep(0)
        await table.append(events(2, 2))
        with pytest.raises(HeadNotKept):
            await keeping
    assert await table.keep_head(head, file)
