"""Units, meetings, and the seats and record of a meeting's run."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from signaling.model.ids import AccountId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat, ban_holds, banned_again
from signaling.model.units import Unit
from signaling.model.words import SeatState, UnitKind
from signaling.store.database import Database
from signaling.store.people import account_of
from signaling.store.seats import columns_of, seat_of
from signaling.store.tables import account, composition, meeting, run_record, seat, unit

_run: msgspec.json.Decoder[RunRecord] = msgspec.json.Decoder(RunRecord)


class UnreadableRecord(Exception):
    """The stored record of a run is not a RunRecord: another program wrote it, or it was damaged."""


class Meetings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def units(self) -> tuple[Unit, ...]:
        """Raises StorageUnavailable."""
        rows = await self._database.read(lambda db: db.execute(select(unit)).all())
        return tuple(Unit(row.id, row.name, row.short, UnitKind(row.kind), row.rank) for row in rows)

    async def add_units(self, units: Iterable[Unit]) -> None:
        """All or none. Raises StorageUnavailable; AlreadyThere if an id is taken."""
        values = [
            {"id": u.id, "name": u.name, "short": u.short, "kind": u.kind.value, "rank": u.rank}
            for u in units
        ]
        await self._database.write(lambda db: db.execute(insert(unit), values))

    async def add(self, new: Meeting, now_ms: int) -> None:
        """Raises StorageUnavailable; AlreadyThere if the code is taken."""
        values = {
            "id": new.id,
            "code": new.code,
            "title": new.title,
            "run": new.run,
            "ended": new.ended,
            "created_ms": now_ms,
            "opened_ms": now_ms,
            "starts_ms": new.starts_ms,
            "opens_before_s": new.opens_before_s,
            "may_record": new.may_record,
            "keep_days": new.keep_days,
        }

        def work(db: Connection) -> None:
            db.execute(insert(meeting).values(values))
            _compose(db, new.id, new.composition)

        await self._database.write(work)

    async def find(self, code: str) -> Meeting | None:
        """Raises StorageUnavailable."""
        query = select(meeting).where(meeting.c.code == code)

        def work(db: Connection) -> Meeting | None:
            row = db.execute(query).one_or_none()
            return None if row is None else _meeting_of(db, row)

        return await self._database.read(work)

    async def schedule(self, which: str, starts_ms: int, opens_before_s: int) -> None:
        """Set when the meeting starts, and how long before it the lobby opens. Raises StorageUnavailable."""
        this = update(meeting).where(meeting.c.id == which)
        values = {"starts_ms": starts_ms, "opens_before_s": opens_before_s}
        await self._database.write(lambda db: db.execute(this.values(values)))

    async def set_recording(self, which: str, may_record: bool, keep_days: int) -> None:
        """Set whether the meeting may be recorded, and how long its recordings are kept.
        Raises StorageUnavailable."""
        this = update(meeting).where(meeting.c.id == which)
        values = {"may_record": may_record, "keep_days": keep_days}
        await self._database.write(lambda db: db.execute(this.values(values)))

    async def keep_days(self) -> dict[str, int]:
        """By code; meetings whose recordings are kept for ever are left out. Raises StorageUnavailable."""
        query = select(meeting.c.code, meeting.c.keep_days).where(meeting.c.keep_days > 0)
        rows = await self._database.read(lambda db: db.execute(query).all())
        return {row.code: row.keep_days for row in rows}

    async def compose(self, which: str, units: Iterable[str]) -> None:
        """Set the units that belong to the meeting; empty: all of them.
        Raises StorageUnavailable; AlreadyThere if a unit is unknown."""
        every = tuple(units)
        await self._database.write(lambda db: _compose(db, which, every))

    async def with_people(self) -> tuple[Meeting, ...]:
        """Meetings in progress with somebody waiting or admitted: what a restart must restore.
        Raises StorageUnavailable."""
        live = [SeatState.WAITING.value, SeatState.ADMITTED.value]
        here = and_(seat.c.meeting_id == meeting.c.id, seat.c.run == meeting.c.run, seat.c.state.in_(live))
        query = select(meeting).where(meeting.c.ended.is_(False), select(seat).where(here).exists())
        return await self._database.read(
            lambda db: tuple(_meeting_of(db, row) for row in db.execute(query).all())
        )

    async def open_run(self, which: str, now_ms: int) -> Meeting | None:
        """Open an ended meeting again: a new run without seats, except those of people who are banned. An
        open one stays as it is. None: there is no such meeting. Raises StorageUnavailable."""

        def work(db: Connection) -> Meeting | None:
            again = update(meeting).where(meeting.c.id == which, meeting.c.ended.is_(True))
            values = {"run": meeting.c.run + 1, "ended": False, "opened_ms": now_ms, "ended_ms": None}
            opened = db.execute(again.values(values)).rowcount == 1
            row = db.execute(select(meeting).where(meeting.c.id == which)).one_or_none()
            if row is not None and opened:
                banned = (kept for kept in _seats(db, which, row.run - 1) if ban_holds(kept, now_ms))
                _keep_seats(db, which, row.run, map(banned_again, banned))
            return None if row is None else _meeting_of(db, row)

        return await self._database.write(work)

    async def end_run(self, which: Meeting, now_ms: int) -> None:
        """Raises StorageUnavailable."""
        this = update(meeting).where(meeting.c.id == which.id, meeting.c.run == which.run)
        await self._database.write(lambda db: db.execute(this.values(ended=True, ended_ms=now_ms)))

    async def seats(self, of: Meeting) -> tuple[KeptSeat, ...]:
        """The seats of the meeting's current run. Raises StorageUnavailable."""
        return await self._database.read(lambda db: _seats(db, of.id, of.run))

    async def banned(self, of: Meeting) -> tuple[KeptSeat, ...]:
        """The seats of people who are banned from it. Raises StorageUnavailable."""
        return tuple(kept for kept in await self.seats(of) if kept.banned)

    async def lift_ban(self, of: Meeting, who: AccountId) -> bool:
        """False: it is not banned. Raises StorageUnavailable."""
        mine = and_(seat.c.meeting_id == of.id, seat.c.run == of.run, seat.c.account_id == who)
        lifted = update(seat).where(mine, seat.c.banned.is_(True)).values(banned=False, banned_until_ms=0)
        return await self._database.write(lambda db: db.execute(lifted).rowcount == 1)

    async def keep_seats(self, of: Meeting, seats: Iterable[KeptSeat]) -> None:
        """Write these seats, all or none. Raises StorageUnavailable."""
        every = tuple(seats)
        await self._database.write(lambda db: _keep_seats(db, of.id, of.run, every))

    async def run_record(self, of: Meeting) -> RunRecord:
        """What was stored of the current run beside its seats, or a fresh record.
        Raises StorageUnavailable, UnreadableRecord."""
        mine = and_(run_record.c.meeting_id == of.id, run_record.c.run == of.run)
        query = select(run_record.c.document).where(mine)
        found = await self._database.read(lambda db: db.execute(query).scalar_one_or_none())
        if found is None:
            return RunRecord()
        try:
            return _run.decode(found)
        except (msgspec.DecodeError, RecursionError) as error:
            raise UnreadableRecord(str(error)) from None

    async def keep_run(self, of: Meeting, record: RunRecord) -> None:
        """Write the run's record. Raises StorageUnavailable."""
        key = {"meeting_id": of.id, "run": of.run}
        document = msgspec.json.encode(record).decode()
        mine = and_(run_record.c.meeting_id == of.id, run_record.c.run == of.run)

        def work(db: Connection) -> None:
            if db.execute(update(run_record).where(mine).values(document=document)).rowcount == 0:
                db.execute(insert(run_record).values(**key, document=document))

        await self._database.write(work)


def _seats(db: Connection, which: str, run: int) -> tuple[KeptSeat, ...]:
    mine = and_(seat.c.meeting_id == which, seat.c.run == run)
    query = select(seat).where(mine).order_by(seat.c.place)
    people = select(account).where(account.c.id.in_(select(seat.c.account_id).where(mine)))
    accounts = {row.id: account_of(row) for row in db.execute(people)}
    return tuple(seat_of(row, accounts[row.account_id]) for row in db.execute(query))


def _keep_seats(db: Connection, which: str, run: int, seats: Iterable[KeptSeat]) -> None:
    for kept in seats:
        account_id = kept.account.id
        mine = and_(seat.c.meeting_id == which, seat.c.run == run, seat.c.account_id == account_id)
        values = columns_of(kept)
        if db.execute(update(seat).where(mine).values(values)).rowcount == 0:
            key = {"meeting_id": which, "run": run, "account_id": account_id}
            db.execute(insert(seat).values({**key, **values}))


def _compose(db: Connection, which: str, units: Iterable[str]) -> None:
    db.execute(delete(composition).where(composition.c.meeting_id == which))
    values = [{"meeting_id": which, "unit_id": each} for each in sorted(set(units))]
    if values:
        db.execute(insert(composition), values)


def _meeting_of(db: Connection, row: Row[Any]) -> Meeting:
    units = select(composition.c.unit_id).where(composition.c.meeting_id == row.id)
    return Meeting(
        id=row.id,
        code=row.code,
        title=row.title,
        run=row.run,
        ended=row.ended,
        starts_ms=row.starts_ms,
        opens_before_s=row.opens_before_s,
        composition=frozenset(db.execute(units).scalars()),
        may_record=row.may_record,
        keep_days=row.keep_days,
    )
