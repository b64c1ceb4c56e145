"""The order of the queue for the floor. Pure."""

from signaling.model.run import Wish
from signaling.model.units import unit_order
from signaling.model.words import FloorMode, Role, UnitKind
from signaling.room.state.seat import Seat
from signaling.room.state.state import State


def queue(state: State) -> tuple[Wish, ...]:
    """The wishes of people inside, in the order in which they will speak. A skipped wish keeps its place."""
    inside = {seat.id: seat for seat in state.admitted()}
    wishes = [wish for wish in state.run.queue if wish.participant in inside]
    return tuple(sorted(wishes, key=lambda wish: (_rank(state, inside[wish.participant]), wish.number)))


def following(state: State) -> Wish | None:
    """The wish that the chair would invite next: the first whose person is there and was not skipped."""
    here = {seat.id for seat in state.admitted() if seat.online and seat.takes_part}
    return next((wish for wish in queue(state) if wish.participant in here and not wish.skipped), None)


def points(state: State) -> list[Seat]:
    """The bridge points, in unit order: everybody inside except staff and technicians."""
    seats = (seat for seat in state.admitted() if seat.role is Role.DELEGATE)
    return sorted(seats, key=lambda seat: (_rank_by_kind(state, seat), _unit_order(state, seat), seat.id))


def kind_of(state: State, seat: Seat) -> UnitKind | None:
    unit = state.units.get(seat.unit)
    return None if unit is None else unit.kind


def full_order(order: tuple[UnitKind, ...]) -> tuple[UnitKind, ...]:
    """Every kind once: the named ones, then the others in their default order."""
    return tuple(dict.fromkeys((*order, *UnitKind)))


def _rank(state: State, seat: Seat) -> int:
    return _rank_by_kind(state, seat) if state.run.rules.mode is FloorMode.ORDERED else 0


def _rank_by_kind(state: State, seat: Seat) -> int:
    kind = kind_of(state, seat)
    order = state.run.rules.order
    return len(order) if kind is None else order.index(kind)


def _unit_order(state: State, seat: Seat) -> tuple[object, ...]:
    return unit_order(state.units.get(seat.unit))
