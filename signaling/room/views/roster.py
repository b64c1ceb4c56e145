"""The roster of those inside. Pure."""

from functools import cache

from sfu import GateReason, Source
from signaling.model.text import sort_key
from signaling.model.units import unit_order
from signaling.model.words import Presence
from signaling.protocol import (
    ParticipantView,
    SourceView,
)
from signaling.protocol.line_views import Quality
from signaling.room.state.line import Line
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

_REASONS = tuple(reason for reason in GateReason if reason)


def participants(state: State) -> tuple[ParticipantView, ...]:
    seats = sorted(
        state.admitted(),
        key=lambda seat: (unit_order(state.units.get(seat.unit)), sort_key(seat.name), seat.id),
    )
    return tuple(_participant(seat, state.line(seat.id)) for seat in seats)


def basis(state: State) -> tuple[object, ...]:
    """What `participants` reads of the lines. If this and the seats are the same, so is the roster."""
    return tuple((who, line.flowing, line.lost, line.quality) for who, line in state.lines.items())


def _participant(seat: Seat, line: Line) -> ParticipantView:
    def source(which: Source) -> SourceView:
        return SourceView(_names(seat.gates.of(which)), which in line.flowing and not line.lost)

    presence, away = _presence(seat, line)
    return ParticipantView(
        id=seat.id,
        unit=seat.unit,
        name=seat.name,
        role=seat.role,
        present=seat.present,
        total=seat.total,
        presence=presence,
        away=away,
        listens=seat.listens_until_ms,
        may_leave=seat.may_leave,
        since=seat.since_ms,
        microphone=source(Source.MICROPHONE),
        camera=source(Source.CAMERA),
        screen=source(Source.SCREEN),
        quality=Quality.POOR if line.lost else line.quality,
    )


def _presence(seat: Seat, line: Line) -> tuple[Presence, int]:
    """The media plane notices a cut long before the socket does."""
    if not seat.online:
        return seat.presence, seat.away_ms
    return (Presence.LOST, line.lost_ms) if line.lost else (Presence.HERE, 0)


@cache  # there are 32
def _names(gate: GateReason) -> tuple[str, ...]:
    return tuple(reason.name.lower() for reason in _REASONS if reason in gate and reason.name)
