"""The start of a run, or going on with it after a restart. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from recorder import Recipient
from signaling.model.ids import Instant
from signaling.model.limits import Limits
from signaling.model.meeting import Meeting
from signaling.model.relay import Relay
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat
from signaling.model.units import Unit
from signaling.room.state.facts import Facts, RecorderStatus
from signaling.room.state.seat import restored
from signaling.room.state.state import State, none_elsewhere


@dataclass(frozen=True, slots=True)
class Opening:
    """What a run starts from: what the store has of it, and what the server gives it."""

    meeting: Meeting
    centre: str
    units: tuple[Unit, ...]
    limits: Limits
    seats: tuple[KeptSeat, ...] = ()
    run: RunRecord = field(default_factory=RunRecord)
    recipients: tuple[Recipient, ...] = ()
    recorder_up: bool = False
    worker: int = 0
    relay: Relay | None = None
    checks_elsewhere: Callable[[], int] = none_elsewhere


def opened(start: Opening, now: Instant) -> State:
    """The state of the run."""
    seats = {kept.account.id: restored(kept, now) for kept in start.seats}
    recording = start.run.recording
    away_s = 0.0 if recording is None else max(0, now.unix_ms - recording.seen_ms) / 1000
    recorder = RecorderStatus(
        up=start.recorder_up, heard_s=now.s, empty_s=None if recording is None else now.s - away_s
    )  # nobody is inside yet; the record knows since when
    facts = Facts(
        meeting=start.meeting,
        recipients=start.recipients,
        seats=seats,
        run=start.run,
        recorder=recorder,
        bans_looked_s=now.s if any(seat.banned_until_ms for seat in seats.values()) else None,
        next_place=1 + max((seat.place for seat in seats.values()), default=0),
    )
    return State(
        facts,
        centre=start.centre,
        units={unit.id: unit for unit in start.units},
        limits=start.limits,
        relay=start.relay,
        worker=start.worker,
        checks_elsewhere=start.checks_elsewhere,
    )
