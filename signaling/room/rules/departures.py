"""How people came to be out of the meeting.

"Left without permission" is recorded against a person, so it is used only for people who went by themselves:
they pressed "leave", or closed the page and did not come back. Anything that may have been the line counts as
the line. Staff who know better correct it; the first judgement stays beside the correction and in the log.
"""

from enum import Enum, auto

from msgspec.structs import replace as changed

from sfu import Source
from signaling.model.ids import Instant
from signaling.model.run import Departure
from signaling.model.text import one_line
from signaling.model.words import DepartureKind, Presence, Why
from signaling.protocol import CorrectDeparture
from signaling.room.state.effects import Effect, Outcome, Refused
from signaling.room.state.line import Line
from signaling.room.state.notes import note
from signaling.room.state.seat import STAFF, Seat
from signaling.room.state.state import State


class Way(Enum):
    """What ended a seat."""

    SAID = auto()
    """The person pressed "leave"."""
    CLOSED = auto()
    """The page closed the socket, and nobody came back."""
    BROKEN = auto()
    """The socket broke, and nobody came back."""
    REMOVED = auto()
    SENT_BACK = auto()


class Witness(Enum):
    """What the media plane knew of the line when the socket went."""

    NONE = auto()
    """There was no endpoint, so it knows nothing."""
    ALIVE = auto()
    SILENT = auto()
    """Packets that should have come had stopped before."""


def judge(way: Way, permitted: bool, media: Witness) -> DepartureKind:
    """The table of evidence. permitted: has permission to leave, or needs none."""
    match way:
        case Way.REMOVED:
            return DepartureKind.REMOVED
        case Way.SENT_BACK:
            return DepartureKind.SENT_BACK
        case Way.BROKEN:
            return DepartureKind.LOST
        case Way.CLOSED if media is Witness.SILENT:
            # A page that has lost its line closes the socket itself, and its close frame arrives late.
            return DepartureKind.LOST
        case Way.SAID | Way.CLOSED:
            return DepartureKind.PERMITTED if permitted else DepartureKind.UNPERMITTED


def is_permitted(seat: Seat) -> bool:
    """Chairs and operators come and go as their work requires."""
    return seat.may_leave or seat.role in STAFF


def witness(seat: Seat, line: Line) -> Witness:
    """Only the silence of an open microphone proves anything: a shut one, and a picture that nobody watches,
    send nothing even on a perfect line."""
    if not seat.offered:
        return Witness.NONE
    muted = bool(seat.gates.microphone)
    silent = line.lost or (Source.MICROPHONE in line.stopped and not muted)
    return Witness.SILENT if silent else Witness.ALIVE


def away(seat: Seat, line: Line, presence: Presence) -> Presence:
    """What the roster shows as soon as somebody's socket is gone."""
    if presence is not Presence.CLOSED:
        return Presence.LOST
    kind = judge(Way.CLOSED, is_permitted(seat), witness(seat, line))
    return Presence.LOST if kind is DepartureKind.LOST else Presence.CLOSED


def of_absent(seat: Seat) -> DepartureKind:
    """The departure of somebody who did not come back in time. `away` has used the witness already."""
    way = Way.CLOSED if seat.presence is Presence.CLOSED else Way.BROKEN
    return judge(way, is_permitted(seat), Witness.NONE)


def record(
    state: State, seat: Seat, kind: DepartureKind, now: Instant, reason: str = "", by: Seat | None = None
) -> tuple[Effect, ...]:
    """Record that somebody is out of the meeting. When there are too many, the oldest are dropped; the audit
    log has all of them."""
    run = state.run
    one = Departure(
        id=f"d{run.next_number}",
        participant=seat.id,
        unit=seat.unit,
        name=seat.name,
        kind=kind,
        was=kind,
        reason=reason,
        at_ms=now.unix_ms,
    )
    kept = (*run.departures, one)[-state.limits.departures :]
    state.run = changed(run, departures=kept, next_number=run.next_number + 1)
    return (note("departed", by, seat, ("reason", reason), departure=one.id, kind=kind.value),)


def correct(state: State, seat: Seat, message: CorrectDeparture, _: Instant) -> Outcome:
    """Staff know why somebody was gone, by a telephone call for example."""
    found = next((one for one in state.run.departures if one.id == message.departure), None)
    if found is None:
        return Refused(Why.UNKNOWN_DEPARTURE)
    reason = one_line(message.reason)
    if not reason:
        return Refused(Why.REASON_MISSING)
    better = changed(found, kind=message.kind, reason=reason)
    departures = tuple(better if one is found else one for one in state.run.departures)
    state.run = changed(state.run, departures=departures)
    of = state.by_id(found.participant)
    figures = {"departure": found.id, "was": found.kind.value, "kind": message.kind.value}
    return (note("departure-corrected", seat, of, ("reason", reason), **figures),)
