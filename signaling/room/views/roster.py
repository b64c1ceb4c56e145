"""What people are shown: the roster of those inside, the lobby of those who wait, the welcome."""

from functools import cache

from sfu import GateReason, Source
from signaling.model.ids import Instant
from signaling.model.text import sort_key
from signaling.model.units import Unit, unit_order
from signaling.model.words import Presence, Role, SeatState
from signaling.protocol import (
    BannedView,
    KnockView,
    MeetingView,
    ParticipantView,
    SourceView,
    UnitView,
    Welcome,
)
from signaling.protocol.line_views import Quality
from signaling.room.state.seat import Line, Seat
from signaling.room.state.state import State

_REASONS = tuple(reason for reason in GateReason if reason)


def participants(state: State) -> tuple[ParticipantView, ...]:
    seats = sorted(
        state.admitted(),
        key=lambda seat: (unit_order(state.units.get(seat.unit)), sort_key(seat.name), seat.id),
    )
    return tuple(_participant(seat, state.line(seat.id)) for seat in seats)


def basis(state: State) -> tuple[object, ...]:
    """What `participants` reads of the lines: equal, and with the same seats, so is the roster."""
    return tuple((who, line.flowing, line.lost, line.quality) for who, line in state.lines.items())


def _participant(seat: Seat, line: Line) -> ParticipantView:
    def source(which: Source) -> SourceView:
        return SourceView(_names(seat.gates.of(which)), which in line.flowing and not line.lost)

    return ParticipantView(
        id=seat.id,
        unit=seat.unit,
        name=seat.name,
        role=seat.role,
        present=seat.present,
        total=seat.total,
        presence=Presence.HERE if seat.online else seat.presence,
        away=0 if seat.online else seat.away_ms,
        listens=seat.listens_until_ms,
        may_leave=seat.may_leave,
        since=seat.since_ms,
        microphone=source(Source.MICROPHONE),
        camera=source(Source.CAMERA),
        screen=source(Source.SCREEN),
        quality=Quality.POOR if line.lost else line.quality,
    )


@cache  # there are 32
def _names(gate: GateReason) -> tuple[str, ...]:
    return tuple(reason.name.lower() for reason in _REASONS if reason in gate and reason.name)


def knocks(state: State) -> tuple[KnockView, ...]:
    return tuple(
        KnockView(
            id=seat.id,
            unit=seat.unit,
            name=seat.name,
            role=seat.account.role,
            present=seat.present,
            total=seat.total,
            since=seat.since_ms,
            expected=state.is_expected(seat),
            outsider=state.is_outsider(seat),
            online=seat.online,
        )
        for seat in state.waiting()
    )


def banned(state: State) -> tuple[BannedView, ...]:
    seats = sorted((seat for seat in state.seats.values() if seat.banned), key=lambda seat: seat.id)
    return tuple(BannedView(seat.id, seat.unit, seat.name, seat.reason) for seat in seats)


def welcome(state: State, seat: Seat, now: Instant) -> Welcome:
    assert seat.session is not None
    units = sorted(state.units.values(), key=unit_order)
    reason = seat.reason if seat.state is SeatState.REFUSED else ""
    opens = opening(state)
    return Welcome(
        session=seat.session,
        participant=seat.id,
        role=seat.role,
        meeting=MeetingView(state.meeting.code, state.meeting.title, state.centre),
        units=tuple(unit_view(unit) for unit in units),
        unit=seat.account.unit,
        name=seat.name or seat.account.name,
        seat=seat.state,
        reason=reason,
        now=now.unix_ms,
        opens=opens if now.unix_ms < opens else 0,
        starts=state.meeting.starts_ms,
        chair=seat.account.role is Role.CHAIR,
        seat_grace_s=int(state.limits.seat_grace_s),
        ice_servers=() if state.turn is None else state.turn.servers(seat.account.id, now),
    )


def opening(state: State) -> int:
    """When the lobby opens, in Unix milliseconds; 0: it is open at any time."""
    meeting = state.meeting
    return max(0, meeting.starts_ms - meeting.opens_before_s * 1000) if meeting.starts_ms else 0


def unit_view(unit: Unit) -> UnitView:
    return UnitView(unit.id, unit.name, unit.short, unit.kind)
