"""How people came to be out of the meeting."""

from signaling.effects import Outcome, Refused
from signaling.messages import CorrectDeparture, DepartureView, Why
from signaling.records import Instant
from signaling.seat import Seat
from signaling.state import State


def correct(state: State, seat: Seat, message: CorrectDeparture, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def view(state: State) -> tuple[DepartureView, ...]:
    return tuple(
        DepartureView(one.id, one.participant, one.unit, one.name, one.kind, one.was, one.reason, one.at_ms)
        for one in state.run.departures
    )
