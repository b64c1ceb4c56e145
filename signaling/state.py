"""Everything a Room knows. The rules that change it are in `seats`, `lobby`, `gating` and `lines`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import sfu
from signaling.limits import Limits
from signaling.messages import SeatState
from signaling.records import AccountId, Meeting, ParticipantId, SeatRow, SessionId, Unit
from signaling.seat import Line, Seat, restored


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Room's state as a value: to go back to, and to compare."""

    seats: Mapping[AccountId, Seat]
    lines: Mapping[ParticipantId, Line]
    next_place: int
    heard: tuple[ParticipantId, ...]
    stage: ParticipantId | None
    ended: bool


@dataclass(slots=True)
class State:
    meeting: Meeting
    centre: str
    units: Mapping[str, Unit]
    limits: Limits
    seats: dict[AccountId, Seat]
    """At most one for each account; accounts are made by the sysadmin alone, so they are its bound."""
    lines: dict[ParticipantId, Line]
    next_place: int = 1
    heard: tuple[ParticipantId, ...] = ()
    stage: ParticipantId | None = None
    ended: bool = False

    @property
    def room_id(self) -> sfu.RoomId:
        return sfu.RoomId(self.meeting.code)

    def put(self, seat: Seat) -> None:
        self.seats[seat.account.id] = seat

    def line(self, participant: ParticipantId) -> Line:
        return self.lines.get(participant, Line())

    def by_session(self, session: SessionId) -> Seat | None:
        return next((seat for seat in self.online() if seat.session == session), None)

    def by_id(self, participant: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.id == participant), None)

    def online(self) -> Iterator[Seat]:
        return (seat for seat in self.seats.values() if seat.online)

    def admitted(self) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.state is SeatState.ADMITTED]

    def waiting(self) -> list[Seat]:
        """Oldest first."""
        return sorted(
            (seat for seat in self.seats.values() if seat.state is SeatState.WAITING),
            key=lambda seat: seat.place,
        )

    def audience(self) -> tuple[SessionId, ...]:
        """The sessions of those who are in the room and connected."""
        return _sessions(self.admitted())

    def staff(self) -> tuple[SessionId, ...]:
        """The sessions of those who may admit."""
        return _sessions(seat for seat in self.seats.values() if seat.staff)

    def close_media(self, seat: Seat) -> tuple[Seat, tuple[sfu.CloseEndpoint, ...]]:
        """The seat without an endpoint, and the command that makes it so."""
        self.lines.pop(seat.id, None)
        command = (sfu.CloseEndpoint(sfu.EndpointId(seat.id)),) if seat.offered else ()
        return replace(seat, offered=False, wanted=False, tiles=()), command

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            dict(self.seats), dict(self.lines), self.next_place, self.heard, self.stage, self.ended
        )

    def restore(self, to: Checkpoint) -> None:
        self.seats = dict(to.seats)
        self.lines = dict(to.lines)
        self.next_place = to.next_place
        self.heard = to.heard
        self.stage = to.stage
        self.ended = to.ended


def _sessions(seats: Iterable[Seat]) -> tuple[SessionId, ...]:
    return tuple(seat.session for seat in seats if seat.online and seat.session is not None)


def opened(
    meeting: Meeting,
    centre: str,
    units: Iterable[Unit],
    limits: Limits,
    rows: Iterable[SeatRow],
    now_s: float,
) -> State:
    """The state of a run with the seats that the store kept of it."""
    seats = {row.account.id: restored(row, now_s) for row in rows}
    return State(
        meeting=meeting,
        centre=centre,
        units={unit.id: unit for unit in units},
        limits=limits,
        seats=seats,
        lines={},
        next_place=1 + max((seat.place for seat in seats.values()), default=0),
    )
