"""Everything a Room knows, with the questions that rules and views ask of it. Without I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import sfu
from recorder import Recipient
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.limits import Limits
from signaling.model.meeting import Meeting
from signaling.model.relay import Relay
from signaling.model.run import RunRecord
from signaling.model.units import Unit
from signaling.model.words import Role, SeatState
from signaling.room.state.facts import Facts, Hearing, RecorderStatus
from signaling.room.state.line import CHECK, Check, Line
from signaling.room.state.seat import STAFF, Seat


def none_elsewhere() -> int:
    return 0


@dataclass(slots=True)
class State:
    """`facts`, and beside them what stays the same for the whole run."""

    facts: Facts
    centre: str
    units: Mapping[str, Unit]
    limits: Limits
    relay: Relay | None = None
    worker: int = 0
    """Number of the media worker that has the room."""
    checks_elsewhere: Callable[[], int] = none_elsewhere
    """Counts the line checks in the server's other rooms: they share one bound."""

    # --- the facts ---

    @property
    def meeting(self) -> Meeting:
        return self.facts.meeting

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        return self.facts.recipients

    @property
    def seats(self) -> Mapping[AccountId, Seat]:
        return self.facts.seats

    @property
    def checks(self) -> Mapping[SessionId, Check]:
        return self.facts.checks

    @property
    def lines(self) -> Mapping[ParticipantId, Line]:
        return self.facts.lines

    @property
    def heard(self) -> tuple[ParticipantId, ...]:
        return self.facts.heard

    @property
    def stage(self) -> ParticipantId | None:
        return self.facts.stage

    @property
    def ended(self) -> bool:
        return self.facts.ended

    @property
    def run(self) -> RunRecord:
        return self.facts.run

    @run.setter
    def run(self, run: RunRecord) -> None:
        self.facts = replace(self.facts, run=run)

    @property
    def hearing(self) -> Hearing:
        return self.facts.hearing

    @hearing.setter
    def hearing(self, hearing: Hearing) -> None:
        self.facts = replace(self.facts, hearing=hearing)

    @property
    def recorder(self) -> RecorderStatus:
        return self.facts.recorder

    @recorder.setter
    def recorder(self, recorder: RecorderStatus) -> None:
        self.facts = replace(self.facts, recorder=recorder)

    def put(self, seat: Seat) -> None:
        self.facts = replace(self.facts, seats={**self.facts.seats, seat.account.id: seat})

    def forget(self, seat: Seat) -> None:
        seats = {account: one for account, one in self.facts.seats.items() if account != seat.account.id}
        self.facts = replace(self.facts, seats=seats)

    def take_place(self) -> int:
        """The place at the end of the lobby, for one seat."""
        place = self.facts.next_place
        self.facts = replace(self.facts, next_place=place + 1)
        return place

    def put_line(self, participant: ParticipantId, line: Line) -> None:
        self.facts = replace(self.facts, lines={**self.facts.lines, participant: line})

    def drop_line(self, participant: ParticipantId) -> None:
        if participant in self.facts.lines:
            lines = {who: line for who, line in self.facts.lines.items() if who != participant}
            self.facts = replace(self.facts, lines=lines)

    def put_check(self, session: SessionId, check: Check) -> None:
        self.facts = replace(self.facts, checks={**self.facts.checks, session: check})

    def drop_check(self, session: SessionId) -> None:
        checks = {one: check for one, check in self.facts.checks.items() if one != session}
        self.facts = replace(self.facts, checks=checks)

    # --- questions ---

    @property
    def room_id(self) -> sfu.RoomId:
        return sfu.RoomId(self.meeting.code)

    def line(self, participant: ParticipantId) -> Line:
        return self.lines.get(participant, Line())

    def by_session(self, session: SessionId) -> Seat | None:
        return next((seat for seat in self.online() if seat.session == session), None)

    def by_id(self, participant: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.id == participant), None)

    def knows(self, endpoint: str) -> bool:
        return self.by_id(endpoint) is not None or self.check_of(endpoint) is not None

    def check_of(self, endpoint: str) -> SessionId | None:
        """The session whose line check has this endpoint."""
        session = SessionId(endpoint.removeprefix(CHECK))
        return session if endpoint.startswith(CHECK) and session in self.checks else None

    def online(self) -> Iterator[Seat]:
        return (seat for seat in self.seats.values() if seat.online)

    def live_on(self) -> list[Seat]:
        """Seats whose socket is gone and whose media are not."""
        return [seat for seat in self.seats.values() if seat.offered and not seat.online]

    def admitted(self) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.state is SeatState.ADMITTED]

    def waiting(self) -> list[Seat]:
        """Oldest first."""
        return sorted(
            (seat for seat in self.seats.values() if seat.state is SeatState.WAITING),
            key=lambda seat: seat.place,
        )

    def audience(self) -> tuple[SessionId, ...]:
        """The sessions of people in the room who are connected."""
        return _sessions(self.admitted())

    def staff(self) -> tuple[SessionId, ...]:
        """The sessions of people who may admit."""
        return _sessions(seat for seat in self.seats.values() if seat.staff)

    def staff_inside(self) -> tuple[SessionId, ...]:
        return _sessions(seat for seat in self.seats.values() if seat.staff and seat.admitted)

    def looking(self) -> tuple[SessionId, ...]:
        """The sessions of everybody inside, in the lobby or in the green room."""
        return _sessions(seat for seat in self.seats.values() if seat.state is not SeatState.REFUSED)

    def watching(self) -> tuple[SessionId, ...]:
        """The sessions of people inside who see everybody's line and device: staff and technicians."""
        return _sessions(
            seat
            for seat in self.admitted()
            if seat.staff or Role.TECHNICIAN in (seat.role, seat.account.role)
        )

    def belongs(self, unit: str | None) -> bool:
        """The unit is part of the meeting's composition."""
        return unit is not None and (not self.meeting.composition or unit in self.meeting.composition)

    def is_expected(self, seat: Seat) -> bool:
        """The account belongs to the unit it speaks for, and the unit to the composition."""
        return seat.account.unit == seat.unit and self.belongs(seat.account.unit)

    def is_outsider(self, seat: Seat) -> bool:
        """Only a chair may let it in."""
        return seat.account.role not in STAFF and not self.belongs(seat.account.unit)

    def has_chair(self) -> bool:
        """Somebody who presides is there."""
        return any(seat.online and seat.role is Role.CHAIR for seat in self.admitted())

    def close_media(self, seat: Seat) -> tuple[Seat, tuple[sfu.CloseEndpoint, ...]]:
        """The seat without an endpoint, and the command that makes it so."""
        self.drop_line(seat.id)
        command = (sfu.CloseEndpoint(sfu.EndpointId(seat.id)),) if seat.offered else ()
        return replace(seat, offered=False, wanted=False, show=None), command


def _sessions(seats: Iterable[Seat]) -> tuple[SessionId, ...]:
    return tuple(seat.session for seat in seats if seat.online and seat.session is not None)
