"""Everything a Room knows. The rules that change it are in `seats`, `lobby`, `gating` and `lines`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import sfu
from recorder import People, Recipient, Stage
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.limits import Limits
from signaling.model.meeting import Meeting
from signaling.model.relay import Turn
from signaling.model.run import Recording, RunRecord, SeatRow
from signaling.model.units import Unit
from signaling.model.words import RecordingTrouble, Role, SeatState
from signaling.room.state.seat import CHECK, STAFF, Check, Line, Seat, restored


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the server hears of the room now; worth nothing after a restart. Replaced, never changed."""

    speaking: Mapping[ParticipantId, float] = field(default_factory=dict)
    """Since when, in monotonic seconds: since they began, or since their talk time was last counted."""
    noisy: tuple[ParticipantId, ...] = ()
    hinted: frozenset[ParticipantId] = frozenset()
    """Those who were told that they speak with a shut microphone."""
    quiet_s: Mapping[ParticipantId, float] = field(default_factory=dict)
    """Of each who has the floor: when they were last heard, or got it."""
    silent: frozenset[ParticipantId] = frozenset()
    """Of these, who has not been heard for long."""
    talked_ms: Mapping[ParticipantId, int] = field(default_factory=dict)
    """Talk time that the run's record does not have yet."""
    count_s: float | None = None
    """When it is to be written there."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """What is known of the recorder, and of what it does for this room; worth nothing after a restart.
    Replaced, never changed."""

    up: bool = False
    """It answers."""
    heard_s: float = 0.0
    """When it was last heard of, or began to be waited for."""
    begun: bool = False
    """It was asked to record this run, or does, since it answers."""
    told: bool = False
    """It said so."""
    missing: bool = False
    """It is to record, and has not been heard of for long."""
    stage: Stage = Stage.STARTING
    trouble: RecordingTrouble = RecordingTrouble.NONE
    octets: int = 0
    minutes_left: int = -1
    paused: bool = False
    """It was asked to pause, or did so when it came back."""
    asked_s: float | None = None
    """When it was last asked for what it does not do yet."""
    people: People | None = None
    """As it was told last."""
    closing: Recording | None = None
    """It was ended, and the recorder has not said yet that it is over."""
    until_s: float = 0.0
    """Then the recorder has ended it by itself."""
    failed: Recording | None = None
    """It ended by itself, and nobody has looked away since."""
    empty_s: float | None = None
    """Since when nobody is inside."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Room's state as a value: to go back to, and to compare."""

    seats: Mapping[AccountId, Seat]
    lines: Mapping[ParticipantId, Line]
    checks: Mapping[SessionId, Check]
    checked_s: Mapping[AccountId, float]
    next_place: int
    run: RunRecord
    heard: tuple[ParticipantId, ...]
    stage: ParticipantId | None
    staged: ParticipantId | None
    hearing: Hearing
    recorder: Recorder
    ended: bool


def none_elsewhere() -> int:
    return 0


@dataclass(slots=True)
class State:
    meeting: Meeting
    centre: str
    units: Mapping[str, Unit]
    limits: Limits
    seats: dict[AccountId, Seat]
    """At most one for each account; accounts are made by the sysadmin alone, so they are its bound."""
    lines: dict[ParticipantId, Line]
    checks: dict[SessionId, Check] = field(default_factory=dict)
    checked_s: Mapping[AccountId, float] = field(default_factory=dict)
    """When an account's last line check began; replaced, never changed, and none older than the rule asks."""
    checks_elsewhere: Callable[[], int] = none_elsewhere
    """Line checks in the other rooms of the house: they are bounded together."""
    turn: Turn | None = None
    next_place: int = 1
    run: RunRecord = field(default_factory=RunRecord)
    """Rules, floor, requests and departures: replaced, never changed."""
    heard: tuple[ParticipantId, ...] = ()
    stage: ParticipantId | None = None
    staged: ParticipantId | None = None
    """Whom the media worker was told to keep on the stage."""
    hearing: Hearing = Hearing()
    recorder: Recorder = Recorder()
    recipients: tuple[Recipient, ...] = ()
    """Whose keys would lock a recording that begins now."""
    worker: int = 0
    """Number of the media worker that has the room."""
    ended: bool = False

    @property
    def room_id(self) -> sfu.RoomId:
        return sfu.RoomId(self.meeting.code)

    def put(self, seat: Seat) -> None:
        self.seats[seat.account.id] = seat

    def line(self, participant: ParticipantId) -> Line:
        return self.lines.get(participant, Line())

    def by_session(self, session: SessionId) -> Seat | None:
        return next((seat for seat in self.online() if seat.session == session), None)

    def by_id(self, participant: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.id == participant), None)

    def knows(self, endpoint: str) -> bool:
        return self.by_id(endpoint) is not None or self.check_of(endpoint) is not None

    def check_of(self, endpoint: str) -> SessionId | None:
        """The session whose line check has this endpoint."""
        session = SessionId(endpoint.removeprefix(CHECK))
        return session if endpoint.startswith(CHECK) and session in self.checks else None

    def online(self) -> Iterator[Seat]:
        return (seat for seat in self.seats.values() if seat.online)

    def admitted(self) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.state is SeatState.ADMITTED]

    def waiting(self) -> list[Seat]:
        """Oldest first."""
        return sorted(
            (seat for seat in self.seats.values() if seat.state is SeatState.WAITING),
            key=lambda seat: seat.place,
        )

    def audience(self) -> tuple[SessionId, ...]:
        """The sessions of those who are in the room and connected."""
        return _sessions(self.admitted())

    def staff(self) -> tuple[SessionId, ...]:
        """The sessions of those who may admit."""
        return _sessions(seat for seat in self.seats.values() if seat.staff)

    def staff_inside(self) -> tuple[SessionId, ...]:
        return _sessions(seat for seat in self.seats.values() if seat.staff and seat.admitted)

    def looking(self) -> tuple[SessionId, ...]:
        """The sessions of all who are inside, wait, or look in from the green room."""
        return _sessions(seat for seat in self.seats.values() if seat.state is not SeatState.REFUSED)

    def watching(self) -> tuple[SessionId, ...]:
        """The sessions of those inside who see everybody's line and device: staff and technicians."""
        return _sessions(
            seat
            for seat in self.admitted()
            if seat.staff or Role.TECHNICIAN in (seat.role, seat.account.role)
        )

    def belongs(self, unit: str | None) -> bool:
        """The unit is of the meeting's composition."""
        return unit is not None and (not self.meeting.composition or unit in self.meeting.composition)

    def is_expected(self, seat: Seat) -> bool:
        """The account belongs to the unit it says it speaks for, and that to the composition."""
        return seat.account.unit == seat.unit and self.belongs(seat.account.unit)

    def is_outsider(self, seat: Seat) -> bool:
        """Only a chair may let it in."""
        return seat.account.role not in STAFF and not self.belongs(seat.account.unit)

    def has_chair(self) -> bool:
        """One who presides is there."""
        return any(seat.online and seat.role is Role.CHAIR for seat in self.admitted())

    def close_media(self, seat: Seat) -> tuple[Seat, tuple[sfu.CloseEndpoint, ...]]:
        """The seat without an endpoint, and the command that makes it so."""
        self.lines.pop(seat.id, None)
        command = (sfu.CloseEndpoint(sfu.EndpointId(seat.id)),) if seat.offered else ()
        return replace(seat, offered=False, wanted=False, show=None), command

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            seats=dict(self.seats),
            lines=dict(self.lines),
            checks=dict(self.checks),
            checked_s=self.checked_s,
            next_place=self.next_place,
            run=self.run,
            heard=self.heard,
            stage=self.stage,
            staged=self.staged,
            hearing=self.hearing,
            recorder=self.recorder,
            ended=self.ended,
        )

    def restore(self, to: Checkpoint) -> None:
        self.seats = dict(to.seats)
        self.lines = dict(to.lines)
        self.checks = dict(to.checks)
        self.checked_s = to.checked_s
        self.next_place = to.next_place
        self.run = to.run
        self.heard = to.heard
        self.stage = to.stage
        self.staged = to.staged
        self.hearing = to.hearing
        self.recorder = to.recorder
        self.ended = to.ended


def _sessions(seats: Iterable[Seat]) -> tuple[SessionId, ...]:
    return tuple(seat.session for seat in seats if seat.online and seat.session is not None)


def opened(
    meeting: Meeting,
    centre: str,
    units: Iterable[Unit],
    limits: Limits,
    rows: Iterable[SeatRow],
    now: Instant,
    run: RunRecord,
    turn: Turn | None = None,
    checks_elsewhere: Callable[[], int] = none_elsewhere,
    recipients: tuple[Recipient, ...] = (),
    recorder_up: bool = False,
    worker: int = 0,
) -> State:
    """The state of a run with the seats that the store kept of it."""
    seats = {row.account.id: restored(row, now) for row in rows}
    recording = run.recording
    away_s = 0.0 if recording is None else max(0, now.unix_ms - recording.seen_ms) / 1000
    recorder = Recorder(
        up=recorder_up, heard_s=now.s, empty_s=None if recording is None else now.s - away_s
    )  # nobody is inside yet; since when, the record knows
    return State(
        meeting=meeting,
        centre=centre,
        units={unit.id: unit for unit in units},
        limits=limits,
        seats=seats,
        lines={},
        run=run,
        checks_elsewhere=checks_elsewhere,
        recorder=recorder,
        recipients=recipients,
        worker=worker,
        turn=turn,
        next_place=1 + max((seat.place for seat in seats.values()), default=0),
    )
