"""Units, meetings and the seats of a meeting's run."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from signaling.messages import SeatState, UnitKind
from signaling.records import Account, Gates, Meeting, ParticipantId, SeatRow, Unit
from signaling.store.database import Database
from signaling.store.people import account_of
from signaling.store.tables import account, meeting, seat, unit


class Meetings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def units(self) -> tuple[Unit, ...]:
        """Raises StorageUnavailable."""
        rows = await self._database.read(lambda db: db.execute(select(unit)).all())
        return tuple(Unit(row.id, row.name, row.short, UnitKind(row.kind), row.rank) for row in rows)

    async def add_units(self, units: Iterable[Unit]) -> None:
        """All or none. Raises StorageUnavailable; AlreadyThere when an id is taken."""
        values = [
            {"id": u.id, "name": u.name, "short": u.short, "kind": u.kind.value, "rank": u.rank}
            for u in units
        ]
        await self._database.write(lambda db: db.execute(insert(unit), values))

    async def add(self, new: Meeting, now_ms: int) -> None:
        """Raises StorageUnavailable; AlreadyThere when the code is taken."""
        values = {
            "id": new.id,
            "code": new.code,
            "title": new.title,
            "run": new.run,
            "ended": new.ended,
            "created_ms": now_ms,
            "opened_ms": now_ms,
        }
        await self._database.write(lambda db: db.execute(insert(meeting).values(values)))

    async def find(self, code: str) -> Meeting | None:
        """Raises StorageUnavailable."""
        query = select(meeting).where(meeting.c.code == code)
        row = await self._database.read(lambda db: db.execute(query).one_or_none())
        return None if row is None else _meeting_of(row)

    async def with_people(self) -> tuple[Meeting, ...]:
        """Those not ended in which somebody waits or sits: what a restart must take up again.
        Raises StorageUnavailable."""
        live = [SeatState.WAITING.value, SeatState.ADMITTED.value]
        here = and_(seat.c.meeting_id == meeting.c.id, seat.c.run == meeting.c.run, seat.c.state.in_(live))
        query = select(meeting).where(meeting.c.ended.is_(False), select(seat).where(here).exists())
        rows = await self._database.read(lambda db: db.execute(query).all())
        return tuple(_meeting_of(row) for row in rows)

    async def open_run(self, which: str, now_ms: int) -> Meeting | None:
        """Hold an ended meeting again: a new run without seats. One that is open already stays as it is.
        None when there is no such meeting. Raises StorageUnavailable."""

        def work(db: Connection) -> Meeting | None:
            again = update(meeting).where(meeting.c.id == which, meeting.c.ended.is_(True))
            values = {"run": meeting.c.run + 1, "ended": False, "opened_ms": now_ms, "ended_ms": None}
            db.execute(again.values(values))
            row = db.execute(select(meeting).where(meeting.c.id == which)).one_or_none()
            return None if row is None else _meeting_of(row)

        return await self._database.write(work)

    async def end_run(self, which: Meeting, now_ms: int) -> None:
        """Raises StorageUnavailable."""
        this = update(meeting).where(meeting.c.id == which.id, meeting.c.run == which.run)
        await self._database.write(lambda db: db.execute(this.values(ended=True, ended_ms=now_ms)))

    async def seats(self, of: Meeting) -> tuple[SeatRow, ...]:
        """The seats of the meeting's present run. Raises StorageUnavailable."""
        mine = and_(seat.c.meeting_id == of.id, seat.c.run == of.run)
        query = select(seat).where(mine).order_by(seat.c.place)
        people = select(account).where(account.c.id.in_(select(seat.c.account_id).where(mine)))

        def work(db: Connection) -> tuple[SeatRow, ...]:
            accounts = {row.id: account_of(row) for row in db.execute(people)}
            return tuple(_seat_of(row, accounts) for row in db.execute(query))

        return await self._database.read(work)

    async def keep_seats(self, of: Meeting, rows: Iterable[SeatRow]) -> None:
        """Write these seats as they are now, all or none. Raises StorageUnavailable."""
        every = tuple(rows)

        def work(db: Connection) -> None:
            for row in every:
                mine = and_(
                    seat.c.meeting_id == of.id, seat.c.run == of.run, seat.c.account_id == row.account.id
                )
                values = _seat_values(row)
                if db.execute(update(seat).where(mine).values(values)).rowcount == 0:
                    key = {"meeting_id": of.id, "run": of.run, "account_id": row.account.id}
                    db.execute(insert(seat).values({**key, **values}))

        await self._database.write(work)


def _meeting_of(row: Row[Any]) -> Meeting:
    return Meeting(row.id, row.code, row.title, row.run, row.ended)


def _seat_of(row: Row[Any], accounts: dict[str, Account]) -> SeatRow:
    return SeatRow(
        participant=ParticipantId(row.participant),
        account=accounts[row.account_id],
        state=SeatState(row.state),
        unit=row.unit_id or "",
        name=row.name,
        present=row.present,
        total=row.total,
        place=row.place,
        since_ms=row.since_ms,
        reason=row.reason,
        kicked=row.kicked,
        gates=Gates(row.microphone_gate, row.camera_gate, row.screen_gate),
    )


def _seat_values(row: SeatRow) -> dict[str, object]:
    return {
        "participant": row.participant,
        "state": row.state.value,
        "unit_id": row.unit or None,
        "name": row.name,
        "present": row.present,
        "total": row.total,
        "place": row.place,
        "since_ms": row.since_ms,
        "reason": row.reason,
        "kicked": row.kicked,
        "microphone_gate": row.gates.microphone,
        "camera_gate": row.gates.camera,
        "screen_gate": row.gates.screen,
    }
