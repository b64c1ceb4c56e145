"""The audit log is shortened: by itself, at the terminal, and in no other way."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.cli import main
from deploy.config import Config
from deploy.run.firstrun import opened_store, prepare_database
from deploy.state import open_state
from recorder.storage.signing import SigningKey, load_or_create_key
from signaling.audit.chain import AuditEvent, Head, Stored, Verifier
from signaling.audit.checkpoint import SINCE_MS, YEAR_MS, Term
from signaling.audit.copies import write_copy
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable, kept_head
from signaling.clocks import clock
from signaling.custody.custody import DAY_MS
from signaling.custody.shortening import Keeping, Shortening
from signaling.model.ids import Instant
from signaling.store import AlreadyThere, StorageUnavailable, Store

pytestmark = pytest.mark.loopback

OLD_MS = SINCE_MS
KEY = SigningKey.of_seed(b"a" * 32)


def events(count: int, at_ms: int) -> list[AuditEvent]:
    return [AuditEvent(f"{at_ms}-{n}", at_ms, "muted", "giao-ban") for n in range(count)]


class Shelf:
    """A log with entries of two days, two years apart, and a clock."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.now = Instant(0.0, OLD_MS + 3 * YEAR_MS)
        self.table = AuditTable(store.database)
        self.log = AuditLog(self.table, lambda: self.now, folder / "audit.head")
        keeping = Keeping(2, folder / "audit.key")
        self.shortening = Shortening(keeping, self.table, self.log, lambda: self.now)

    async def fill(self) -> None:
        await self.table.append(events(3, OLD_MS))
        await self.table.append(events(2, OLD_MS + 2 * YEAR_MS))
        await self.log.keep_head()

    async def entries(self) -> tuple[Stored, ...]:
        return await self.table.page(0, 100)


@pytest.fixture
async def shelf(store: Store, tmp_path: Path) -> Shelf:
    made = Shelf(store, tmp_path)
    await made.fill()
    return made


async def test_what_is_over_is_cut_off_and_the_rest_goes_on(shelf: Shelf, tmp_path: Path) -> None:
    before = await shelf.entries()
    await shelf.shortening.look()
    left = await shelf.entries()
    assert left[:2] == before[3:]
    assert [stored.number for stored in left] == [4, 5, 6]
    assert '"event":"audit-cut"' in left[2].document
    assert before[2].hash in left[2].document
    checkpoint = await shelf.table.checkpoint()
    assert checkpoint is not None
    assert checkpoint.head == before[2].head
    verifier = Verifier([*(stored.head for stored in before)], begins=checkpoint.head)
    assert [verifier.take(stored) for stored in left] == [None] * 3
    assert verifier.finish() is None
    assert kept_head(tmp_path / "audit.head") == left[2].head
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    assert shelf.log.state == "ok"


async def test_it_is_cut_once_a_day_at_most(shelf: Shelf) -> None:
    await shelf.shortening.look()
    shelf.now = Instant(0.0, shelf.now.unix_ms + DAY_MS - 1)
    shelf.shortening._keeping = Keeping(1, shelf.shortening._keeping.key)  # now more is over
    await shelf.shortening.look()
    assert (await shelf.entries())[0].number == 4
    shelf.now = Instant(0.0, shelf.now.unix_ms + 1)
    await shelf.shortening.look()
    assert (await shelf.entries())[0].number == 6


async def test_a_log_of_a_server_that_slept_for_years_is_left_with_the_entry_about_the_cut(
    shelf: Shelf,
) -> None:
    shelf.now = Instant(0.0, OLD_MS + 9 * YEAR_MS)
    await shelf.shortening.look()
    assert [stored.number for stored in await shelf.entries()] == [6]
    assert shelf.log.state == "ok"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 4",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit SET hash = hash",
        "UPDATE audit_checkpoint SET number = 5",
        "INSERT INTO audit_checkpoint SELECT number, 'f', 0, 0, 2, '' FROM audit WHERE number = 4",
        "INSERT INTO audit_checkpoint SELECT number, hash, 0, 0, 2, '' FROM audit WHERE number = 6",
        "INSERT INTO audit_checkpoint VALUES (9, 'f', 0, 0, 2, '')",
    ],
)
async def test_the_database_refuses_every_other_cut(store: Store, shelf: Shelf, statement: str) -> None:
    await shelf.shortening.look()
    before = await shelf.entries()
    with pytest.raises((AlreadyThere, StorageUnavailable), match="append-only"):
        await store.database.write(lambda db: db.execute(text(statement)))
    assert await shelf.entries() == before


async def test_a_log_that_was_tampered_with_is_not_cut_off(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = await shelf.entries()
    (tmp_path / "audit.head").write_bytes(b"x")
    await shelf.shortening.look()
    assert await shelf.entries() == before
    assert "audit-not-cut" in caplog.text


async def test_nothing_is_cut_off_without_a_key(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit.key").write_bytes(b"no key")
    before = await shelf.entries()
    await shelf.shortening.look()
    assert await shelf.entries() == before
    assert "audit-not-cut" in caplog.text


async def test_a_cut_in_parts_leaves_a_log_that_goes_on(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.audit.table.MAX_CUT", 2)
    await shelf.shortening.look()
    checkpoint = await shelf.table.checkpoint()
    assert checkpoint is not None
    assert checkpoint.number == 3
    verifier = Verifier(begins=checkpoint.head)
    assert [verifier.take(stored) for stored in await shelf.entries()] == [None] * 4
    assert await shelf.log.shorten(Term(2, shelf.now.unix_ms, KEY.sign)) is None


# --- at the terminal ---


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The flag for a state directory whose log has three entries that are over and two that are not."""
    folder = tmp_path / "state"
    open_state(folder)
    config = Config(state=str(folder), audit_years=1)
    prepare_database(config)
    asyncio.run(_fill(config))
    (tmp_path / "giaoban.toml").write_text("audit_years = 1\n")
    return f"--state={folder}"


async def _fill(config: Config) -> None:
    async with opened_store(config) as store:
        await AuditTable(store.database).append(events(3, OLD_MS))
    for _ in range(2):
        async with opened_store(config) as store:
            log = AuditLog(AuditTable(store.database), clock, config.audit_head)
            log.note("login")
            await log.flush()


def typed(state: str, *words: str) -> int:
    folder = Path(state.removeprefix("--state="))
    return main(["audit", *words, state, f"--config={folder.parent / 'giaoban.toml'}"])


def tamper(state: str, *statements: str) -> None:
    """As the owner of the database's file can."""
    with sqlite3.connect(Path(state.removeprefix("--state=")) / "giaoban.sqlite3") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()


def test_a_log_that_was_cut_at_the_terminal_verifies(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(state, "cut") == 0
    assert "up to entry 3" in capsys.readouterr().out
    assert typed(state, "cut") == 0
    assert "no entry is so old" in capsys.readouterr().out
    assert typed(state, "verify") == 0
    said = capsys.readouterr().out
    assert "entries 1 to 3, until 2025-01-01, were cut off" in said
    assert "kept for 1 years" in said
    assert "\n3 entries, none changed" in said
    key = load_or_create_key(Path(state.removeprefix("--state=")) / "audit.key").public.hex()
    assert key in said
    assert typed(state, "verify", "--server-key", key) == 0
    assert typed(state, "verify", "--server-key", KEY.public.hex()) == 1
    assert "this server did not sign it" in " ".join(capsys.readouterr().err.split())
    assert main(["audit", "verify", state]) == 0
    assert "now audit_years is 10" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM audit_checkpoint", "entry 4 is the first one: those before it are gone"),
        ("UPDATE audit_checkpoint SET signature = replace(signature, 'a', 'b')", "did not sign it"),
        ("UPDATE audit_checkpoint SET years = 0", "did not sign it"),
        ("UPDATE audit_checkpoint SET number = 4", "did not sign it"),
        ("DELETE FROM audit WHERE number = 4", "entry 4 is missing"),
        ("DELETE FROM audit WHERE number = 6", "entry 6 was there and is gone"),
    ],
)
def test_a_cut_of_somebody_else_is_found(
    state: str, capsys: pytest.CaptureFixture[str], statement: str, said: str
) -> None:
    assert typed(state, "cut") == 0
    tamper(state, statement)
    assert typed(state, "verify") == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_cut_that_nobody_can_check_is_no_good_log(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(state, "cut") == 0
    file = Path(state.removeprefix("--state=")) / "audit.key"
    key = load_or_create_key(file).public.hex()
    file.unlink()
    assert typed(state, "verify") == 1
    assert "audit.key, is missing" in " ".join(capsys.readouterr().err.split())
    assert typed(state, "verify", "--server-key", key) == 0


def test_a_forged_cut_is_found_by_a_copy_elsewhere_and_a_hash_from_before_is_explained(
    state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anyone who has the key can sign anything; the copy says how far the log was on its day."""
    copies = tmp_path / "copies"
    copies.mkdir()
    (tmp_path / "giaoban.toml").write_text(f'audit_years = 1\naudit_head_copies = "{copies}"\n')
    assert typed(state, "cut") == 0
    write_copy(copies, "2025-01-01", Head(2, "a" * 64))  # so it was cut off rightly
    assert typed(state, "verify") == 0
    write_copy(copies, "2025-01-02", Head(2, "a" * 64))  # then entry 3 cannot be of the first of January
    assert typed(state, "verify") == 1
    assert "on 2025-01-02 entry 2 was the newest" in " ".join(capsys.readouterr().err.split())
    (copies / "audit-head-2025-01-02.txt").unlink()
    assert typed(state, "verify", "--head", "a" * 64) == 1
    assert "no entry after 3 has the hash" in " ".join(capsys.readouterr().err.split())
    write_copy(copies, "2025-99-99", Head(2, "a" * 64))
    assert typed(state, "verify") == 1
    assert "holds no head" in " ".join(capsys.readouterr().err.split())


def test_evidence_is_not_cut_off(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(state, "UPDATE audit SET document = replace(document, 'muted', 'asked') WHERE number = 2")
    assert typed(state, "cut") == 1
    assert "entry 2" in " ".join(capsys.readouterr().err.split())
    assert typed(state, "verify") == 1


def test_a_log_that_is_kept_for_ever_is_not_cut(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    (Path(state.removeprefix("--state=")).parent / "giaoban.toml").write_text("audit_years = 0\n")
    assert typed(state, "cut") == 2
    assert "kept for ever" in " ".join(capsys.readouterr().err.split())
