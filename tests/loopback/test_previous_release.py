"""A database that the release before wrote is taken over unchanged.

`tests/support/previous_release.sql` was dumped from a database that the code of that release made: every
column in use, a run in progress that is being recorded, an earlier run, an audit log, keys.
"""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recorder import Recipient, RecordingId
from sfu import GateReason
from signaling.audit.chain import Actor, AuditEvent, Head, verify
from signaling.audit.table import AuditTable
from signaling.model.ids import AccountId, ParticipantId
from signaling.model.meeting import Account, Meeting
from signaling.model.run import Departure, Request, Rules, RunRecord, RunRecording, Turn, Wish
from signaling.model.seat import Gates, KeptSeat, TalkLine
from signaling.model.units import Unit
from signaling.model.words import DepartureKind, FloorMode, Permission, Role, SeatState, UnitKind
from signaling.store import KeptKey, Store
from signaling.store.store import CENTRE

pytestmark = pytest.mark.loopback

DUMP = Path(__file__).parent.parent / "support" / "previous_release.sql"
NOW_MS = 1_764_230_400_000

CHAIR = Account(AccountId("a1"), "chu-tri", "BS. Lý A Sử", Role.CHAIR, "bgd")
OPERATOR = Account(AccountId("a2"), "thu-ky", "Thư ký", Role.OPERATOR, None)
HOA = Account(AccountId("a3"), "hoa", "BS. Hoà", Role.DELEGATE, "nhi")
SIMULATED = Account(
    AccountId("a4"), "mo-phong-ta-phin", "Tả Phìn (mô phỏng)", Role.DELEGATE, "ta-phin", simulated=True
)
UNITS = (
    Unit("bgd", "Ban Giám đốc", "BGĐ", UnitKind.BOARD),
    Unit("nhi", "Khoa Nhi", "Nhi", UnitKind.DEPARTMENT, 2),
    Unit("ta-phin", "Trạm Y tế xã Tả Phìn", "Tả Phìn", UnitKind.STATION, 7),
)
MEETING = Meeting(
    "m1",
    "giao-ban",
    "Giao ban hằng ngày",
    2,
    False,
    starts_ms=NOW_MS + 1_800_000,
    opens_before_s=900,
    composition=frozenset({"bgd", "nhi", "ta-phin"}),
    keep_days=30,
)
CLOSED = Meeting("m2", "hop-kin", "Họp kín", 3, True, may_record=False)
SELF = GateReason.SELF
ALL = SELF | GateReason.HOST | GateReason.FLOOR | GateReason.LOBBY | GateReason.LEFT
SEATS = (
    KeptSeat(
        ParticipantId("p1"),
        CHAIR,
        SeatState.ADMITTED,
        "bgd",
        "BS. Lý A Sử",
        3,
        4,
        1,
        NOW_MS + 100,
        "",
        False,
        gates=Gates(GateReason(0), GateReason(0), SELF),
        acting=Role.CHAIR,
    ),
    KeptSeat(
        ParticipantId("p2"),
        OPERATOR,
        SeatState.WAITING,
        "",
        "Thư ký",
        None,
        None,
        2,
        NOW_MS + 200,
        "",
        False,
        gates=Gates(SELF, SELF, SELF),
        talk=(
            TalkLine("Thư ký", True, 'Xin chờ "một" chút \x00', 7),
            TalkLine("YS. Mai", False, "Vâng ạ", 8),
        ),
    ),
    KeptSeat(
        ParticipantId("p3"),
        HOA,
        SeatState.ADMITTED,
        "ta-phin",
        "BS. Hoà (thay)",
        5,
        12,
        3,
        NOW_MS + 300,
        "Có ca cấp cứu",
        False,
        gates=Gates(SELF | GateReason.HOST, SELF | GateReason.FLOOR, SELF | GateReason.LOBBY),
        acting=Role.OPERATOR,
        may_leave=True,
        listens_until_ms=NOW_MS + 900_000,
    ),
    KeptSeat(
        ParticipantId("p4"),
        SIMULATED,
        SeatState.REFUSED,
        "ta-phin",
        "Tả Phìn (mô phỏng)",
        None,
        None,
        4,
        NOW_MS + 400,
        "ồn",
        True,
        gates=Gates(ALL, ALL, ALL),
        banned=True,
    ),
)
KEYS = (Recipient("Ban Giám đốc", "age1a"), Recipient("Văn phòng", "age1b", second=True))
RUN = RunRecord(
    rules=Rules(
        mode=FloorMode.ORDERED,
        hard_mute=False,
        screen_by_permission=False,
        locked=True,
        turn_s=180,
        order=(UnitKind.STATION, UnitKind.OFFICE),
    ),
    queue=(
        Wish(ParticipantId("p3"), 'Dịch "sởi" \x00', 5, 2, registered=True, skipped=True),
        Wish(ParticipantId("p4"), "", 5, 1, round=True),
    ),
    turns=(Turn(ParticipantId("p1"), 5, 0), Turn(ParticipantId("p3"), 6, 7, dialogue=True)),
    spoken=(ParticipantId("p1"),),
    go_round=True,
    next_number=3,
    requests=(Request(ParticipantId("p3"), Permission.LEAVE, "Có ca cấp cứu", 9),),
    departures=(
        Departure("d1", ParticipantId("p4"), "ta-phin", "Hoa", DepartureKind.LOST, DepartureKind.LOST, "", 4),
    ),
    talked_ms={ParticipantId("p1"): 61_000},
    recording=RunRecording(
        RecordingId("20261127-010000-giao-ban-12ab"),
        AccountId("a1"),
        NOW_MS + 50,
        KEYS,
        NOW_MS + 60,
        paused=True,
    ),
)
HEAD = Head(4, "bd83042ba09a0d0a1ab3caa7773b454b99b0b786ccf73e68a0ada9a5dacca7f5")


def dumped(database: Path) -> list[str]:
    with sqlite3.connect(database) as db:
        lines = list(db.iterdump())
    db.close()
    return lines


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "giaoban.db"
    with sqlite3.connect(path) as db:
        db.executescript(DUMP.read_text(encoding="utf-8"))
    db.close()
    return path


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{database}")
    yield opened
    await opened.close()


@pytest.mark.usefixtures("store")  # brought to this release
async def test_opening_it_changes_nothing(database: Path) -> None:
    before = dumped(database)
    opened = await Store.open(f"sqlite:///{database}")
    await opened.ping()
    await opened.close()
    assert dumped(database) == before


async def test_people_units_and_meetings_read_back_as_they_were(store: Store) -> None:
    assert await store.setting(CENTRE) == "Trung tâm Y tế huyện Nậm Sơn"
    assert await store.meetings.units() == UNITS
    assert set(await store.people.every()) == {CHAIR, OPERATOR, HOA, SIMULATED}
    for account, stored in ((CHAIR, "chair-hash"), (SIMULATED, None)):
        found = await store.people.find(account.login)
        assert found is not None
        assert (found.account, found.password_hash) == (account, stored)
    assert await store.people.signed_in("5" * 64, NOW_MS) == HOA
    assert await store.meetings.find("giao-ban") == MEETING
    assert await store.meetings.find("hop-kin") == CLOSED
    assert await store.meetings.with_people() == (MEETING,)
    assert await store.meetings.keep_days() == {"giao-ban": 30}


async def test_seats_and_run_read_back_as_they_were(store: Store) -> None:
    assert await store.meetings.seats(MEETING) == SEATS
    assert await store.meetings.run_record(MEETING) == RUN
    assert await store.meetings.run_record(CLOSED) == RunRecord()


async def test_writing_seats_and_run_back_leaves_the_rows_equal(store: Store, database: Path) -> None:
    before = dumped(database)
    await store.meetings.keep_seats(MEETING, await store.meetings.seats(MEETING))
    await store.meetings.keep_run(MEETING, await store.meetings.run_record(MEETING))
    assert dumped(database) == before


@pytest.mark.record
async def test_keys_read_back_as_they_were(store: Store) -> None:
    assert await store.recipients.all() == KEYS
    removed = KeptKey(Recipient("Cũ", "age1c"), 30, 40)
    assert await store.recipients.every() == (KeptKey(KEYS[0], 10, None), KeptKey(KEYS[1], 20, None), removed)


async def test_the_audit_log_verifies_and_goes_on(store: Store) -> None:
    table = AuditTable(store.database)
    log = await table.page(0, 100)
    assert verify(log, HEAD) is None
    assert await table.head() == HEAD
    head = await table.append([AuditEvent("life-5", NOW_MS + 5, "entered", who=Actor("a3", "hoa", "::1"))])
    assert head.number == 5
    assert verify(await table.page(0, 100), head, HEAD.hash) is None


@pytest.mark.usefixtures("store")
async def test_a_fresh_database_has_exactly_its_tables(database: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    opened = await Store.open(f"sqlite:///{fresh}")
    await opened.close()
    assert schema(fresh) == schema(database)


def schema(database: Path) -> list[tuple[str, str]]:
    """Every table, index and trigger, as it was created."""
    with sqlite3.connect(database) as db:
        found = db.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        ).fetchall()
    db.close()
    return found
