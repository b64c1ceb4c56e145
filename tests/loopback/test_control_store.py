"""The store on real SQLite and on real PostgreSQL."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from recorder import Recipient
from sfu import GateReason
from signaling.accounts.accounts import LIFETIME_MS, mint, token_hash
from signaling.accounts.bootstrap import (
    CENTRE_NAME,
    FirstAccounts,
    NewAccount,
    bootstrap,
    create_account,
    mint_login_session,
    sample_units,
    set_password,
    simulated_points,
)
from signaling.audit.chain import Head
from signaling.audit.table import AuditTable
from signaling.model.ids import AccountId, Instant, ParticipantId
from signaling.model.meeting import Account, Meeting
from signaling.model.run import Departure, Request, Rules, RunRecord, Turn, Wish
from signaling.model.seat import Gates, KeptSeat, TalkLine, before_the_door
from signaling.model.units import Unit
from signaling.model.words import DepartureKind, FloorMode, Permission, Role, SeatState, UnitKind
from signaling.store import (
    AlreadyThere,
    KeptKey,
    LoginSession,
    Proof,
    StateIsNewer,
    StorageUnavailable,
    Store,
    UnreadableRecord,
)
from signaling.store.database import engine_for
from signaling.store.migrate import upgrade_to
from signaling.store.people import MAX_PLACES, MAX_SIGN_INS
from signaling.store.store import CENTRE
from signaling.store.tables import metadata

pytestmark = pytest.mark.loopback

NOW = Instant(0.0, 1_764_230_400_000)
NHI = Unit("nhi", "Khoa Nhi", "Nhi", UnitKind.DEPARTMENT)
HOA = Account(AccountId("a1"), "hoa", "BS. Hoa", Role.DELEGATE, "nhi")
MEETING = Meeting("m1", "giao-ban", "Giao ban", 1, False)


async def filled(store: Store) -> Store:
    await store.meetings.add_units([NHI])
    await store.people.add(HOA, "hash", NOW.unix_ms)
    await store.meetings.add(MEETING, NOW.unix_ms)
    return store


def row(place: int = 1, state: SeatState = SeatState.WAITING, account: Account = HOA) -> KeptSeat:
    return KeptSeat(
        id=ParticipantId(f"p-{account.id}"),
        account=account,
        state=state,
        unit="nhi",
        name="BS. Hoà",
        present=5,
        total=None,
        place=place,
        since_ms=NOW.unix_ms,
        reason="",
        kicked=False,
        gates=Gates(GateReason(3), GateReason(1), GateReason(1)),
    )


async def test_the_migrations_create_the_tables_of_the_program(store: Store) -> None:
    def differences(db: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(db), metadata))

    assert await store.database.read(differences) == []


async def test_what_is_added_is_found(store: Store) -> None:
    await filled(store)
    assert await store.meetings.units() == (NHI,)
    found = await store.people.find("hoa")
    assert found is not None
    assert (found.account, found.password_hash) == (HOA, "hash")
    assert await store.meetings.find("giao-ban") == MEETING
    assert await store.meetings.find("khong-co") is None
    assert await store.people.every() == (HOA,)


async def test_logins_codes_and_units_are_unique_and_known(store: Store) -> None:
    await filled(store)
    for account in (Account(AccountId("a2"), "hoa", "Hoa", Role.DELEGATE, None),
                    Account(AccountId("a3"), "mai", "Mai", Role.DELEGATE, "mars")):  # fmt: skip
        with pytest.raises(AlreadyThere):
            await store.people.add(account, None, NOW.unix_ms)
    with pytest.raises(AlreadyThere):
        await store.meetings.add(Meeting("m2", "giao-ban", "Khác", 1, False), NOW.unix_ms)
    with pytest.raises(AlreadyThere):
        await store.meetings.add_units([Unit("noi", "Khoa Nội", "Nội", UnitKind.DEPARTMENT), NHI])
    assert await store.meetings.units() == (NHI,)  # all or none


async def test_seats_are_stored_as_they_are_and_overwritten(store: Store) -> None:
    await filled(store)
    await store.meetings.keep_seats(MEETING, [row()])
    await store.meetings.keep_seats(MEETING, [row(state=SeatState.ADMITTED)])
    assert await store.meetings.seats(MEETING) == (row(state=SeatState.ADMITTED),)
    assert await store.meetings.with_people() == (MEETING,)


async def test_a_new_run_has_no_seats_and_ending_twice_is_ending_once(store: Store) -> None:
    await filled(store)
    await store.meetings.keep_seats(MEETING, [row()])
    assert await store.meetings.open_run("m1", NOW.unix_ms) == MEETING  # it has not ended
    await store.meetings.end_run(MEETING, NOW.unix_ms)
    assert await store.meetings.with_people() == ()
    again = await store.meetings.open_run("m1", NOW.unix_ms)
    assert again is not None
    assert (again.run, again.ended) == (2, False)
    assert await store.meetings.seats(again) == ()
    await store.meetings.end_run(MEETING, NOW.unix_ms)  # a late message about the first run
    assert await store.meetings.find("giao-ban") == again


async def test_a_new_run_begins_with_those_who_are_banned_and_whose_ban_has_not_ended(store: Store) -> None:
    await filled(store)
    minh = await create_account(store, NewAccount("minh", "Minh", Role.DELEGATE, "nhi"), NOW)
    lan = await create_account(store, NewAccount("lan", "Lan", Role.DELEGATE, "nhi"), NOW)
    out = replace(row(state=SeatState.REFUSED), banned=True, reason="Phát tán", kicked=True, talk=())
    ended = replace(out, id=ParticipantId("p-minh"), account=minh, place=2, banned_until_ms=NOW.unix_ms)
    there = replace(row(3, SeatState.ADMITTED, lan), id=ParticipantId("p-lan"))
    await store.meetings.keep_seats(MEETING, [out, ended, there])
    await store.meetings.end_run(MEETING, NOW.unix_ms)
    again = await store.meetings.open_run("m1", NOW.unix_ms)
    assert again is not None
    (kept,) = await store.meetings.seats(again)
    assert (kept.account, kept.state, kept.banned, kept.reason) == (HOA, SeatState.REFUSED, True, "Phát tán")
    assert (kept.gates, kept.present) == (before_the_door(), None)
    assert await store.meetings.open_run("m1", NOW.unix_ms) == again
    assert await store.meetings.banned(again) == (kept,)


async def test_the_chairs_decisions_about_a_seat_are_stored(store: Store) -> None:
    await filled(store)
    decided = replace(
        row(),
        banned=True,
        banned_until_ms=NOW.unix_ms + 5,
        acting=Role.CHAIR,
        may_leave=True,
        talk=(
            TalkLine("Thư ký", True, 'Xin chờ "một" chút \x00', 7),
            TalkLine("YS. Mai", False, "Vâng ạ", 8),
        ),
        listens_until_ms=NOW.unix_ms,
    )
    await store.meetings.keep_seats(MEETING, [decided])
    assert await store.meetings.seats(MEETING) == (decided,)
    await store.meetings.keep_seats(MEETING, [row()])
    assert await store.meetings.seats(MEETING) == (row(),)


async def test_damaged_talk_keeps_nobody_from_the_seat(store: Store) -> None:
    await filled(store)
    await store.meetings.keep_seats(MEETING, [row()])
    await store.database.write(lambda db: db.execute(text("UPDATE seat SET talk = '[{\"name\": 1}]'")))
    assert await store.meetings.seats(MEETING) == (row(),)


async def test_schedule_and_composition_are_kept_and_replaced(store: Store) -> None:
    await filled(store)
    await store.meetings.add_units([Unit("noi", "Khoa Nội", "Nội", UnitKind.DEPARTMENT)])
    await store.meetings.schedule("m1", NOW.unix_ms, 900)
    await store.meetings.compose("m1", ["nhi", "noi", "nhi"])
    planned = replace(
        MEETING, starts_ms=NOW.unix_ms, opens_before_s=900, composition=frozenset({"nhi", "noi"})
    )
    assert await store.meetings.find("giao-ban") == planned
    with pytest.raises(AlreadyThere):
        await store.meetings.compose("m1", ["nhi", "mars"])
    assert await store.meetings.find("giao-ban") == planned  # all or none
    await store.meetings.compose("m1", [])
    assert await store.meetings.find("giao-ban") == replace(planned, composition=frozenset())
    later = replace(planned, id="m2", code="giao-ban-2")
    await store.meetings.add(later, NOW.unix_ms)
    assert await store.meetings.find("giao-ban-2") == later


RUN = RunRecord(
    rules=Rules(mode=FloorMode.ORDERED, locked=True, turn_s=180, order=(UnitKind.STATION, UnitKind.OFFICE)),
    queue=(
        Wish(ParticipantId("p2"), 'Dịch "sởi" \x00', 5, 2),
        Wish(ParticipantId("p1"), "", 5, 1, round=True),
    ),
    turns=(Turn(ParticipantId("p3"), 5, 0), Turn(ParticipantId("p1"), 6, 7, dialogue=True)),
    spoken=(ParticipantId("p3"),),
    go_round=True,
    next_number=3,
    requests=(Request(ParticipantId("p1"), Permission.LEAVE, "Có ca cấp cứu", 9),),
    departures=(
        Departure("d1", ParticipantId("p4"), "nhi", "Hoa", DepartureKind.LOST, DepartureKind.LOST, "", 4),
    ),
    talked_ms={ParticipantId("p3"): 61_000},
)


async def test_the_record_of_a_run_is_stored_as_it_is_and_a_new_run_starts_fresh(store: Store) -> None:
    await filled(store)
    assert await store.meetings.run_record(MEETING) == RunRecord()
    await store.meetings.keep_run(MEETING, RunRecord(next_number=2))
    await store.meetings.keep_run(MEETING, RUN)
    assert await store.meetings.run_record(MEETING) == RUN
    assert await store.meetings.run_record(replace(MEETING, run=2)) == RunRecord()


@pytest.mark.parametrize(
    "document", ["", "{", "[]", '{"rules": {"mode": "loud"}}', '{"unknown": 1}', "[" * 20_000]
)
async def test_a_damaged_run_record_raises_unreadable_record(store: Store, document: str) -> None:
    await filled(store)
    await store.meetings.keep_run(MEETING, RUN)
    change = text("UPDATE run_record SET document = :document")
    await store.database.write(lambda db: db.execute(change, {"document": document}))
    with pytest.raises(UnreadableRecord):
        await store.meetings.run_record(MEETING)


async def test_a_sign_in_is_valid_until_its_time_and_only_its_hash_is_stored(store: Store) -> None:
    await filled(store)
    token = await mint(store, HOA.id, NOW)
    hashed = token_hash(token)
    assert await store.people.signed_in(hashed, NOW.unix_ms + LIFETIME_MS - 1) == HOA
    assert await store.people.signed_in(hashed, NOW.unix_ms + LIFETIME_MS) is None
    assert await store.people.signed_in(token, NOW.unix_ms) is None
    kept = await store.database.read(
        lambda db: db.execute(text("SELECT token_hash FROM login_session")).all()
    )
    assert token not in str(kept)
    await store.people.sign_out(hashed)
    assert await store.people.signed_in(hashed, NOW.unix_ms) is None


async def test_an_account_has_a_maximum_of_sign_ins_and_the_oldest_is_dropped(store: Store) -> None:
    await filled(store)
    for number in range(MAX_SIGN_INS + 1):
        started = NOW.unix_ms + number
        await store.people.sign_in(LoginSession(f"hash{number}", HOA.id, started, started + LIFETIME_MS))
    assert await store.people.signed_in("hash0", NOW.unix_ms) is None
    assert await store.people.signed_in("hash1", NOW.unix_ms) == HOA


async def test_a_sign_in_that_is_in_use_is_dropped_last(store: Store) -> None:
    await filled(store)
    for number in range(MAX_SIGN_INS + 1):
        started = NOW.unix_ms + number
        session = LoginSession(f"hash{number}", HOA.id, started, started + LIFETIME_MS)
        await store.people.sign_in(session, Proof("hash", "192.0.2.7", in_use=frozenset(("hash0",))))
    good = await store.people.still_signed_in(("hash0", "hash1", "hash2", "unknown"), NOW.unix_ms)
    assert good == {"hash0", "hash2"}


async def test_a_sign_in_whose_password_was_changed_meanwhile_or_whose_account_was_closed_is_none(
    store: Store,
) -> None:
    await filled(store)
    session = LoginSession("late", HOA.id, NOW.unix_ms, NOW.unix_ms + LIFETIME_MS)
    assert not await store.people.sign_in(session, Proof("the hash before", "192.0.2.7"))
    await store.people.set_disabled(("hoa",), True)
    assert not await store.people.sign_in(session)
    assert await store.people.signed_in("late", NOW.unix_ms) is None
    await store.people.set_disabled(("hoa",), False)
    assert await store.people.sign_in(session)


async def test_a_rehash_never_brings_back_a_password_that_was_replaced(store: Store) -> None:
    await filled(store)
    await store.people.rehash(HOA.id, "the hash before", "a newer hash of the old password")
    found = await store.people.find("hoa")
    assert found is not None
    assert found.password_hash == "hash"
    await store.people.rehash(HOA.id, "hash", "newer")
    again = await store.people.find("hoa")
    assert again is not None
    assert again.password_hash == "newer"


async def test_the_newest_places_an_account_signed_in_from_are_kept(store: Store) -> None:
    await filled(store)
    places = [f"192.0.2.{number}" for number in range(MAX_PLACES)]
    for number, place in enumerate([*places, "2001:db8::", places[0], places[2]]):
        now_ms = NOW.unix_ms + number
        session = LoginSession(f"hash{number}", HOA.id, now_ms, now_ms + LIFETIME_MS)
        assert await store.people.sign_in(session, Proof("hash", place))
    kept = [*places[3:], "2001:db8::", places[0], places[2]]
    assert await store.people.came_from() == tuple(("hoa", place) for place in kept)


async def test_a_new_password_signs_everyone_out(store: Store) -> None:
    await filled(store)
    token = await mint(store, HOA.id, NOW)
    assert await set_password(store, " HOA ", "other")
    assert await store.people.signed_in(token_hash(token), NOW.unix_ms) is None
    assert not await set_password(store, "khong-co", "other")


async def test_a_new_state_directory_is_filled_once(store: Store) -> None:
    first = FirstAccounts("operator-hash", "chair-hash")
    assert await bootstrap(store, first, NOW)
    assert not await bootstrap(store, first, NOW)
    assert await store.setting(CENTRE) == CENTRE_NAME
    assert set(await store.meetings.units()) == set(sample_units())
    roles = {account.login: account.role for account in await store.people.every()}
    assert roles == {"thu-ky": Role.OPERATOR, "chu-tri": Role.CHAIR}


async def test_simulated_points_are_of_several_kinds_and_are_reused(store: Store) -> None:
    await bootstrap(store, FirstAccounts("x", "y"), NOW)
    points = await simulated_points(store, 5, NOW)
    assert len({point.unit.kind for point in points}) == 3
    assert all(point.account.simulated for point in points)
    again = await simulated_points(store, 5, NOW)
    assert [point.account for point in again] == [point.account for point in points]


async def test_more_simulated_points_than_units_share_them(store: Store) -> None:
    with pytest.raises(ValueError, match="units"):
        await simulated_points(store, 1, NOW)
    await bootstrap(store, FirstAccounts("x", "y"), NOW)
    points = await simulated_points(store, 60, NOW)
    assert len({point.account.login for point in points}) == 60
    assert len({point.account.name for point in points}) == 60
    assert max(Counter(point.unit.id for point in points).values()) == 2


async def test_a_persons_account_is_not_signed_in_without_its_password(store: Store) -> None:
    await filled(store)
    with pytest.raises(ValueError, match="simulated"):
        await mint_login_session(store, HOA, NOW)
    for login in ("", "two words", "a/b"):
        with pytest.raises(ValueError, match="login"):
            await create_account(store, NewAccount(login, "Tên", Role.DELEGATE), NOW)


@pytest.mark.record
async def test_keys_are_added_removed_and_come_back(store: Store) -> None:
    board, office = Recipient("Ban Giám đốc", "age1a"), Recipient("Văn phòng", "age1b", second=True)
    await store.recipients.add(office, 10)
    await store.recipients.add(board, 20)
    assert await store.recipients.all() == (board, office)  # the first lock first
    with pytest.raises(AlreadyThere):
        await store.recipients.add(Recipient("another", "age1a"), 30)
    assert await store.recipients.remove("age1a", 40)
    assert not await store.recipients.remove("age1a", 50)
    assert not await store.recipients.remove("age1c", 50)
    assert await store.recipients.all() == (office,)
    assert KeptKey(board, 20, 40) in await store.recipients.every()
    again = Recipient("Giám đốc mới", "age1a", second=True)
    await store.recipients.add(again, 60)
    assert await store.recipients.every() == (KeptKey(office, 10, None), KeptKey(again, 60, None))


@pytest.mark.record
async def test_the_recording_rules_are_stored_with_the_meeting(store: Store) -> None:
    await filled(store)
    await store.meetings.add(Meeting("m2", "kin", "Họp kín", 1, False, may_record=False, keep_days=7), 1)
    await store.meetings.set_recording("m1", True, 30)
    assert await store.meetings.find("giao-ban") == replace(MEETING, keep_days=30)
    assert await store.meetings.keep_days() == {"giao-ban": 30, "kin": 7}
    await store.meetings.set_recording("m2", True, 0)
    assert await store.meetings.find("kin") == Meeting("m2", "kin", "Họp kín", 1, False)
    assert await store.meetings.keep_days() == {"giao-ban": 30}


# --- what only a file can do ---


async def test_a_state_of_the_first_version_is_taken_over_as_it_was(tmp_path: Path) -> None:
    """Tables as the first version made them, with a meeting in progress."""
    url = f"sqlite:///{tmp_path / 'giaoban.db'}"
    engine = engine_for(url)
    with engine.execution_options(writes=True).begin() as db:
        upgrade_to(db, "0001")
        for statement in (
            "INSERT INTO unit VALUES ('nhi', 'Khoa Nhi', 'Nhi', 'department', 0)",
            "INSERT INTO account VALUES ('a1', 'hoa', 'hash', 'BS. Hoa', 'delegate', 'nhi', 0, 0, 1)",
            "INSERT INTO meeting VALUES ('m1', 'giao-ban', 'Giao ban', 1, 0, 1, 1, NULL)",
            "INSERT INTO seat VALUES"
            " ('m1', 1, 'a1', 'p-a1', 'waiting', 'nhi', 'BS. Hoà', 5, NULL, 1, :now_ms, '', 0, 3, 1, 1)",
        ):
            db.execute(text(statement), {"now_ms": NOW.unix_ms} if ":now_ms" in statement else {})
    engine.dispose()
    store = await Store.open(url)
    assert await store.meetings.with_people() == (MEETING,)
    assert await store.meetings.seats(MEETING) == (row(),)
    assert await store.meetings.run_record(MEETING) == RunRecord()
    assert await AuditTable(store.database).head() == Head()
    await store.close()


@pytest.mark.record
async def test_a_state_from_before_recording_has_no_keys_and_keeps_recordings_for_ever(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'giaoban.db'}"
    engine = engine_for(url)
    with engine.execution_options(writes=True).begin() as db:
        upgrade_to(db, "0002")
        db.execute(
            text("INSERT INTO meeting VALUES ('m1', 'giao-ban', 'Giao ban', 1, 0, 1, 1, NULL, 0, 1800)")
        )
    engine.dispose()
    store = await Store.open(url)
    assert await store.meetings.find("giao-ban") == MEETING
    assert (MEETING.may_record, MEETING.keep_days) == (True, 0)
    assert await store.meetings.keep_days() == {}
    assert await store.recipients.every() == ()
    await store.close()


async def test_a_state_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'giaoban.db'}"
    store = await Store.open(url)
    await store.database.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()
    with pytest.raises(StateIsNewer, match="9999"):
        await Store.open(url)


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_file_that_is_not_a_database_is_unavailable_storage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "giaoban.db").write_bytes(content)
    with pytest.raises(StorageUnavailable):
        await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")


async def test_a_missing_folder_is_unavailable_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await Store.open(f"sqlite:///{tmp_path / 'missing' / 'giaoban.db'}")


async def test_an_address_that_makes_no_sense_is_unavailable_storage() -> None:
    with pytest.raises(StorageUnavailable):
        await Store.open("nonsense")


async def test_on_a_full_disk_nothing_is_half_written_and_reading_goes_on(tmp_path: Path) -> None:
    store = await filled(await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}"))

    def no_more_pages(db: Connection) -> None:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await store.database.write(no_more_pages)
    many = [Unit(f"u{n}", "Đơn vị " * 15, "Ngắn", UnitKind.STATION) for n in range(500)]
    with pytest.raises(StorageUnavailable, match="full"):
        await store.meetings.add_units(many)
    assert await store.meetings.units() == (NHI,)
    await store.ping()
    await store.close()
