"""A Room with people in it, for tests that read like sentences: who does what, who is told what."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import recorder
import sfu
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.limits import DEFAULT, Limits
from signaling.model.meeting import Account, Meeting
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat
from signaling.model.units import Unit
from signaling.model.words import Role, UnitKind, Why
from signaling.protocol import Admit, CheckLine, ClientMessage, Knock, Lobby, Offer, Roster, ServerMessage
from signaling.room.room import Room
from signaling.room.rules import recording
from signaling.room.state.effects import (
    Dismiss,
    Effect,
    Keep,
    Media,
    Negotiate,
    Outcome,
    Record,
    Refused,
    Tell,
)
from signaling.room.state.inputs import (
    Answered,
    Dropped,
    Elapsed,
    Enter,
    Input,
    Noticed,
    Recorded,
    RecorderBack,
    RecorderGone,
    Said,
    WorkerBack,
)
from signaling.room.state.opening import Opening, opened
from signaling.room.state.seat import Seat

UNITS = (
    Unit("bgd", "Ban Giám đốc", "BGĐ", UnitKind.BOARD),
    Unit("tchc", "Phòng Tổ chức – Hành chính", "TCHC", UnitKind.OFFICE),
    Unit("nhi", "Khoa Nhi", "Nhi", UnitKind.DEPARTMENT),
    Unit("noi", "Khoa Nội tổng hợp", "Nội", UnitKind.DEPARTMENT),
    Unit("ta-phin", "Trạm Y tế xã Tả Phìn", "Tả Phìn", UnitKind.STATION),
    Unit("ma-quai", "Trạm Y tế xã Ma Quai", "Ma Quai", UnitKind.STATION),
)
MEETING = Meeting("m1", "giao-ban", "Giao ban hằng ngày", 1, False)
SLOTS = (sfu.SlotLine("3", sfu.SlotKind.AUDIO), sfu.SlotLine("6", sfu.SlotKind.STAGE))

Message = TypeVar("Message", bound=ServerMessage)
Order = TypeVar("Order", bound=recorder.Order)


def account(login: str, role: Role = Role.DELEGATE, unit: str | None = "nhi") -> Account:
    return Account(AccountId(login), login, login.title(), role, unit)


OPERATOR = account("operator", Role.OPERATOR, "tchc")
CHAIR = account("chair", Role.CHAIR, "bgd")


@dataclass
class Scene:
    """Drives one Room; keeps what everyone was told and what the media worker would hold."""

    limits: Limits = DEFAULT
    seats: tuple[KeptSeat, ...] = ()
    run: RunRecord = field(default_factory=RunRecord)
    meeting: Meeting = MEETING
    now_s: float = 1000.0
    told: dict[SessionId, list[ServerMessage]] = field(default_factory=dict)
    dismissed: dict[SessionId, Why] = field(default_factory=dict)
    endpoints: dict[str, dict[sfu.Source, sfu.GateReason]] = field(default_factory=dict)
    rooms: dict[str, sfu.RoomId] = field(default_factory=dict)
    """The room of each endpoint that was ever opened."""
    recipients: tuple[recorder.Recipient, ...] = ()
    recorder_up: bool = False
    paced: bool = False
    """Whether rosters that follow each other closely are shown together; otherwise each is shown at once."""
    writing: dict[recorder.RecordingId, bool] = field(default_factory=dict)
    """What a recorder would be writing now; the value: whether it pauses."""
    orders: list[recorder.AnyOrder] = field(default_factory=list)
    """Everything the recorder was told."""
    effects: tuple[Effect, ...] = ()
    room: Room = field(init=False)
    _sessions: int = 0

    def __post_init__(self) -> None:
        limits = self.limits if self.paced else replace(self.limits, roster_every_s=0.0)
        start = Opening(
            self.meeting,
            "Trung tâm",
            UNITS,
            limits,
            self.seats,
            self.run,
            recipients=self.recipients,
            recorder_up=self.recorder_up,
        )
        self.room = Room(opened(start, self.now))

    @property
    def now(self) -> Instant:
        return Instant(self.now_s, int(self.now_s * 1000))

    def apply(self, happened: Input) -> Outcome:
        outcome = self.room.apply(happened, self.now)
        if isinstance(outcome, Refused):
            self.effects = ()
            return outcome
        self.effects = outcome
        for effect in outcome:
            match effect:
                case Tell():
                    for session in effect.sessions:
                        self.told.setdefault(session, []).append(effect.message)
                case Dismiss():
                    self.dismissed[effect.session] = effect.bye.code
                case Media():
                    self._media(effect.command)
                case Record():
                    self._order(effect.order)
                case _:
                    pass
        return outcome

    def _media(self, command: sfu.AnyCommand) -> None:
        match command:
            case sfu.CloseEndpoint():
                self.endpoints.pop(command.endpoint, None)
            case sfu.CloseRoom():
                self.endpoints.clear()
            case sfu.SetGates() if command.endpoint in self.endpoints:
                self.endpoints[command.endpoint].update(command.gates)
            case _:
                pass

    def _order(self, order: recorder.AnyOrder) -> None:
        assert self.room.state.recorder.up
        self.orders.append(order)
        match order:
            case recorder.Start():
                self.writing.setdefault(order.recording, order.paused)
            case recorder.Pause() if order.recording in self.writing:
                self.writing[order.recording] = order.on
            case recorder.Stop():
                self.writing.pop(order.recording, None)
            case _:
                pass

    # --- people ---

    def enter(self, who: Account, resume: str | None = None, seen: int | None = None) -> SessionId:
        outcome = self.try_enter(who, resume, seen)
        assert not isinstance(outcome, Refused), outcome
        return SessionId(f"s{self._sessions}")

    def try_enter(self, who: Account, resume: str | None = None, seen: int | None = None) -> Outcome:
        self._sessions += 1
        session, fresh = SessionId(f"s{self._sessions}"), ParticipantId(f"p{self._sessions}")
        return self.apply(Enter(session, who, fresh, resume, seen=seen))

    def say(self, session: SessionId, message: ClientMessage) -> None:
        outcome = self.apply(Said(session, message))
        assert not isinstance(outcome, Refused), outcome

    def refused(self, session: SessionId, message: ClientMessage) -> Why:
        """Send a message that must be refused and change nothing."""
        before = self.room.checkpoint()
        outcome = self.apply(Said(session, message))
        assert isinstance(outcome, Refused), outcome
        assert self.room.checkpoint() == before
        return outcome.code

    def drop(self, session: SessionId) -> None:
        self.apply(Dropped(session))

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.apply(Elapsed())

    def inside(self, who: Account, unit: str | None = None) -> SessionId:
        """Someone who has been let in, by the operator if needed."""
        session = self.enter(who)
        self.say(session, Knock(unit, who.name))
        if not self.seat(session).admitted:
            self.say(self.operator(), Admit(self.seat(session).id))
        return session

    def operator(self) -> SessionId:
        seat = self.room.state.seats.get(OPERATOR.id)
        if seat is not None and seat.online and seat.session is not None:
            return seat.session
        return self.inside(OPERATOR)

    # --- media ---

    def offer(self, session: SessionId, restart: bool = False) -> None:
        """An offer that the worker accepts."""
        self.say(session, Offer("v=0", restart))
        self.answer(session, sfu.Opened("v=0 answer", SLOTS), restart)

    def answer(self, session: SessionId, result: sfu.AnyResult | None, restart: bool = False) -> None:
        negotiation = next(effect for effect in self.effects if isinstance(effect, Negotiate))
        if isinstance(result, sfu.Opened) and isinstance(negotiation.command, sfu.OpenEndpoint):
            self.open(negotiation.command)
        check = isinstance(negotiation.command, sfu.OpenEndpoint) and negotiation.command.check
        answer = Answered(session, negotiation.participant, restart, result, negotiation.offer, check)
        self.apply(answer)

    def open(self, command: sfu.OpenEndpoint) -> None:
        self.endpoints[command.endpoint] = dict(command.gates)
        self.rooms[command.endpoint] = command.room

    def report(self, event: sfu.AnyEvent) -> None:
        self.apply(Noticed((event,)))

    def worker_restarts(self) -> None:
        missing = frozenset(seat.id for seat in self.room.state.admitted() if seat.offered)
        self.endpoints.clear()
        self.apply(WorkerBack(missing))

    def check(self, session: SessionId) -> None:
        """A line check that the worker begins."""
        self.say(session, CheckLine("v=0"))
        self.answer(session, sfu.Opened("v=0 answer", SLOTS))

    # --- the recorder ---

    def status(
        self,
        recording: recorder.RecordingId,
        stage: recorder.Stage | None = None,
        trouble: recorder.Trouble = recorder.Trouble.NONE,
        written_bytes: int = 1000,
        minutes_left: int = 5000,
    ) -> recorder.Status:
        """What the recorder says about a recording: the truth, unless told otherwise."""
        so = recorder.Stage.ENDED
        if recording in self.writing:
            so = recorder.Stage.PAUSED if self.writing[recording] else recorder.Stage.ON
        room = self.room.state.room_id
        return recorder.Status(recording, room, stage or so, trouble, 0, written_bytes, minutes_left, "abc")

    def recorder_says(
        self,
        stage: recorder.Stage | None = None,
        trouble: recorder.Trouble = recorder.Trouble.NONE,
        minutes_left: int = 5000,
    ) -> None:
        """The recorder reports on the newest recording that was ordered."""
        newest = self.ordered(recorder.Start)[-1].recording
        self.apply(Recorded(self.status(newest, stage, trouble, minutes_left=minutes_left)))

    def recorder_comes(self) -> None:
        """The recorder is back with everything it writes. What no room knows is ended, as the server does."""
        self.apply(RecorderBack(tuple(self.status(each) for each in self.writing)))
        for each in list(self.writing):
            if not recording.knows(self.room.state, each):
                del self.writing[each]

    def recorder_crashes(self) -> None:
        self.writing.clear()
        self.apply(RecorderGone())

    def ordered(self, kind: type[Order]) -> list[Order]:
        return [order for order in self.orders if isinstance(order, kind)]

    # --- what came of it ---

    def seat(self, session: SessionId) -> Seat:
        return next(seat for seat in self.room.state.seats.values() if seat.session == session)

    def id(self, session: SessionId) -> str:
        return self.seat(session).id

    def endpoint(self, session: SessionId) -> sfu.EndpointId:
        return sfu.EndpointId(self.seat(session).id)

    def heard(self, session: SessionId, kind: type[Message]) -> list[Message]:
        return [message for message in self.told.get(session, []) if isinstance(message, kind)]

    def last(self, session: SessionId, kind: type[Message]) -> Message:
        return self.heard(session, kind)[-1]

    def roster(self, session: SessionId) -> list[str]:
        return [participant.id for participant in self.last(session, Roster).participants]

    def lobby(self, session: SessionId) -> list[str]:
        return [knock.id for knock in self.last(session, Lobby).knocks]

    def forget(self) -> None:
        """Count only what is told from now on."""
        self.told.clear()

    def kept_first(self) -> bool:
        return any(isinstance(effect, Keep) and effect.first for effect in self.effects)

    def restarted(self, after_s: float = 0.0) -> "Scene":
        """The control plane after a restart, from what the store kept."""
        seats = tuple(seat.kept() for seat in self.room.state.seats.values() if seat.place)
        run = self.room.state.run
        now_s, keys = self.now_s + after_s, self.recipients
        again = Scene(self.limits, seats, run, self.meeting, now_s, recipients=keys)
        again.endpoints, again.writing = self.endpoints, self.writing
        return again
