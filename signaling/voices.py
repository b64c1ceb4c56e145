"""What the server's own ears hear, and what follows: talk time, a silent holder, noise, a hint. Pure."""

import sfu
from signaling import messages as m
from signaling.effects import Outcome
from signaling.records import Instant
from signaling.state import State


def noticed(state: State, event: sfu.VoicesChanged, now: Instant) -> Outcome:
    return ()


def view(state: State) -> m.Voices:
    return m.Voices((), ())
