"""A few words between one who waits and the staff."""

from signaling.effects import Outcome, Refused
from signaling.messages import Talk, Why
from signaling.records import Instant
from signaling.seat import Seat
from signaling.state import State


def talk(state: State, seat: Seat, message: Talk, now: Instant) -> Outcome:
    return Refused(Why.OUT_OF_ORDER)
