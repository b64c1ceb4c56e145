"""What people are shown: the roster of those inside, the lobby of those who wait, the welcome."""

from functools import cache

from sfu import GateReason, Source
from signaling.messages import (
    KnockView,
    MeetingView,
    ParticipantView,
    SeatState,
    SourceView,
    UnitKind,
    UnitView,
    Welcome,
)
from signaling.quality import Quality
from signaling.records import Instant, Unit
from signaling.seat import Line, Seat
from signaling.state import State
from signaling.vietnamese import SortKey, sort_key

_KIND_ORDER = {kind: place for place, kind in enumerate(UnitKind)}
_REASONS = tuple(reason for reason in GateReason if reason)


def unit_order(unit: Unit | None) -> tuple[int, int, SortKey]:
    if unit is None:
        return len(_KIND_ORDER), 0, sort_key("")
    return _KIND_ORDER[unit.kind], unit.rank, sort_key(unit.name)


def participants(state: State) -> tuple[ParticipantView, ...]:
    seats = sorted(
        state.admitted(),
        key=lambda seat: (unit_order(state.units.get(seat.unit)), sort_key(seat.name), seat.id),
    )
    return tuple(_participant(seat, state.line(seat.id)) for seat in seats)


def _participant(seat: Seat, line: Line) -> ParticipantView:
    def source(which: Source) -> SourceView:
        return SourceView(_names(seat.gates.of(which)), which in line.flowing and not line.lost)

    return ParticipantView(
        id=seat.id,
        unit=seat.unit,
        name=seat.name,
        role=seat.account.role,
        present=seat.present,
        total=seat.total,
        online=seat.online,
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
            expected=seat.expected,
            online=seat.online,
        )
        for seat in state.waiting()
    )


def welcome(state: State, seat: Seat, now: Instant) -> Welcome:
    assert seat.session is not None
    units = sorted(state.units.values(), key=unit_order)
    return Welcome(
        session=seat.session,
        participant=seat.id,
        role=seat.account.role,
        meeting=MeetingView(state.meeting.code, state.meeting.title, state.centre),
        units=tuple(unit_view(unit) for unit in units),
        unit=seat.account.unit,
        name=seat.name or seat.account.name,
        seat=seat.state,
        reason=seat.reason if seat.state is SeatState.REFUSED else "",
        now=now.unix_ms,
        seat_grace_s=int(state.limits.seat_grace_s),
        ice_servers=() if state.turn is None else state.turn.servers(seat.account.id, now),
    )


def unit_view(unit: Unit) -> UnitView:
    return UnitView(unit.id, unit.name, unit.short, unit.kind)
