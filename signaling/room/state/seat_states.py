"""How a seat gets from one state to the next: one table, through which every change goes. Pure.

`docs/seat-states.md` is made from it: `python -m signaling.room.state.seat_states > docs/seat-states.md`.
"""

from dataclasses import replace
from enum import StrEnum

from signaling.model.ids import Instant
from signaling.model.words import SeatState
from signaling.room.state.seat import Seat

OUTSIDE, WAITING, ADMITTED, REFUSED = SeatState


class SeatEvent(StrEnum):
    """What can happen to a seat, in words for the diagram."""

    KNOCK = "knocks"
    WALK_IN = "knocks, being staff"
    ADMIT = "is admitted"
    REFUSE = "is refused"
    BAN = "is banned"
    WITHDRAW = "withdraws"
    LEAVE = "leaves"
    EXPIRE = "does not come back in time"
    SEND_BACK = "is sent back"
    REMOVE = "is removed or banned"
    GIVE_UP = "withdraws or does not come back, after a removal"


TRANSITIONS: dict[tuple[SeatState, SeatEvent], SeatState] = {
    (OUTSIDE, SeatEvent.KNOCK): WAITING,
    (OUTSIDE, SeatEvent.WALK_IN): ADMITTED,
    (OUTSIDE, SeatEvent.BAN): REFUSED,
    (WAITING, SeatEvent.ADMIT): ADMITTED,
    (WAITING, SeatEvent.REFUSE): REFUSED,
    (WAITING, SeatEvent.BAN): REFUSED,
    (WAITING, SeatEvent.WITHDRAW): OUTSIDE,
    (WAITING, SeatEvent.EXPIRE): OUTSIDE,
    (WAITING, SeatEvent.GIVE_UP): REFUSED,
    (ADMITTED, SeatEvent.LEAVE): OUTSIDE,
    (ADMITTED, SeatEvent.EXPIRE): OUTSIDE,
    (ADMITTED, SeatEvent.SEND_BACK): WAITING,
    (ADMITTED, SeatEvent.REMOVE): REFUSED,
    (REFUSED, SeatEvent.KNOCK): WAITING,
    (REFUSED, SeatEvent.WALK_IN): ADMITTED,
    (REFUSED, SeatEvent.BAN): REFUSED,
}


class IllegalStep(Exception):
    """A rule asked for a change that the table does not have: a mistake in the rule."""


def moved(seat: Seat, event: SeatEvent, now: Instant) -> Seat:
    """The seat in its next state, which begins now. Raises IllegalStep."""
    to = TRANSITIONS.get((seat.state, event))
    if to is None:
        raise IllegalStep(f"{seat.state.value}: {event.value}")
    return replace(seat, state=to, since_ms=now.unix_ms)


# --- the same for people to read ---

_HEAD = """# The states of a seat

Made from the table through which every change of a seat's state goes
(`signaling/room/state/seat_states.py`); written anew with
`python -m signaling.room.state.seat_states > docs/seat-states.md`. A seat belongs to one account in one run
of a meeting.

"""
_TAIL = """
- *outside*: in the green room. A seat that never knocked is forgotten when its session ends.
- *waiting*: in the lobby.
- *admitted*: in the room, or away with the seat kept.
- *refused*: turned away or removed. The person may knock again, unless banned.

A new session, a lost connection, another device and a restart of the server change no state. When the meeting
ends, all seats end.
"""


def page() -> str:
    """`docs/seat-states.md`. Cannot fail; the same table always gives the same text."""
    events: dict[tuple[SeatState, SeatState], list[str]] = {}
    for (state, event), to in TRANSITIONS.items():
        events.setdefault((state, to), []).append(event.value)
    lines = ["stateDiagram-v2", f"    [*] --> {OUTSIDE.value}: enters"]
    lines += [
        f"    {state.value} --> {to.value}: {'<br/>'.join(what)}" for (state, to), what in events.items()
    ]
    lines.append(f"    {OUTSIDE.value} --> [*]: goes without ever having knocked")
    diagram = "\n".join(lines)
    return f"{_HEAD}```mermaid\n{diagram}\n```\n{_TAIL}"


if __name__ == "__main__":
    print(page(), end="")
