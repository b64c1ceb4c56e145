"""The welcome: the first thing a session is told. Pure."""

from signaling.model.ids import Instant
from signaling.model.units import Unit, unit_order
from signaling.model.words import Role, SeatState
from signaling.protocol import MeetingView, UnitView, Welcome
from signaling.room.state.seat import Seat
from signaling.room.state.state import State


def welcome(state: State, seat: Seat, now: Instant) -> Welcome:
    assert seat.session is not None
    units = sorted(state.units.values(), key=unit_order)
    reason = seat.reason if seat.state is SeatState.REFUSED else ""
    opens = state.meeting.opens_ms
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
        ice_servers=() if state.relay is None else state.relay.servers(seat.account.id, now),
    )


def unit_view(unit: Unit) -> UnitView:
    return UnitView(unit.id, unit.name, unit.short, unit.kind)
