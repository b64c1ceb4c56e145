"""Permissions: who asks for one, who decides."""

from signaling.effects import Outcome, Refused
from signaling.messages import Ask, Decide, RequestView, Unask, Why
from signaling.records import Instant
from signaling.seat import Seat
from signaling.state import State


def ask(state: State, seat: Seat, message: Ask, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def unask(state: State, seat: Seat, message: Unask, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def decide(state: State, seat: Seat, message: Decide, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)


def view(state: State, seat: Seat) -> tuple[RequestView, ...]:
    """To staff all that waits to be decided, to others their own."""
    asked = (one for one in state.run.requests if seat.staff or one.participant == seat.id)
    return tuple(RequestView(one.participant, one.permission, one.reason, one.since_ms) for one in asked)
