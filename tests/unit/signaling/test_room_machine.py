"""Random people do random things in a Room; its laws hold after every step."""

import random
from dataclasses import fields, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import recorder
import sfu
from sfu import GateReason, Source
from signaling import protocol as m
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.limits import DEFAULT
from signaling.model.meeting import Account
from signaling.model.seat import KeptSeat
from signaling.model.words import DepartureKind, FloorMode, Permission, Presence, Role, SeatState, UnitKind
from signaling.room.state.effects import EndRun, Keep, KeepRun, Negotiate, Outcome, Record, Refused, Tell
from signaling.room.state.inputs import (
    Answered,
    Dropped,
    Elapsed,
    Enter,
    Input,
    Noticed,
    Recorded,
    RecorderGone,
    Reread,
    Said,
    WorkerBack,
)
from signaling.room.state.seat import Seat
from signaling.room.state.shutting import GRANTS
from signaling.room.state.state import State
from signaling.room.views import floor
from tests.support import room_laws
from tests.support.control_room import SLOTS, UNITS, Scene, account
from tests.support.examples import examples

pytestmark = pytest.mark.timeout(300)  # pure computation: minutes on a busy machine
LIMITS = replace(DEFAULT, room=5, staff_extra=1, lobby=3, checks=3, queue=4, requests=3, departures=9)
PEOPLE = (
    account("chair", Role.CHAIR, "bgd"),
    account("op1", Role.OPERATOR, "tchc"),
    account("op2", Role.OPERATOR, None),
    account("d1", Role.DELEGATE, "nhi"),
    account("d2", Role.DELEGATE, "noi"),
    account("d3", Role.DELEGATE, "ta-phin"),
    account("d4", Role.DELEGATE, None),
    account("tech", Role.TECHNICIAN, "tchc"),
    account("root", Role.SYSADMIN, None),
)
KEYS = (recorder.Recipient("Ban Giám đốc", "age1bgd"),)
number = st.integers(0, 30)
source = st.sampled_from(list(Source))


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(limits=LIMITS, recipients=KEYS, recorder_up=True)
        self.sessions: list[SessionId] = []
        self.host_muted: set[tuple[AccountId, Source]] = set()
        """Microphones and cameras; a screen may also be shut because a permission is missing."""
        self.removed: set[AccountId] = set()
        self.ordered: str | None = None
        """The recording that a chair started and nobody has ended."""
        self.asked: list[Negotiate] = []
        """Offers that the worker has carried out, and whose answers are still on their way."""
        self.cut_s: float | None = None
        """Since when a living recorder has been cut off."""

    # --- one input, and what must hold after each ---

    def happen(self, happened: Input) -> Outcome:
        room = self.scene.room
        before, rows, gates, given = room.checkpoint(), self.rows(), self.held(), self.given()
        role = self.role_of(happened)
        outcome = self.scene.apply(happened)
        assert self.given() == given  # so a checkpoint holds everything that an input can change
        if isinstance(outcome, Refused):
            assert room.checkpoint() == before
            return outcome
        if any(isinstance(e, Keep | KeepRun) and e.first for e in outcome):
            assert isinstance(happened, Said)
            assert isinstance(happened.message, GRANTS)
        self.keeps_what_changed(outcome, rows)
        assert (KeepRun() in outcome) is (room.state.run is not before.facts.run)
        for effect in outcome:
            if isinstance(effect, Record) and isinstance(effect.order, recorder.Start):
                assert effect.order.recording == self.ordered or self.is_begun_now(happened, role)
        if gates - self.held():
            assert isinstance(happened, Said)
            self.may_lift(happened.message, role)
        for effect in outcome:
            if isinstance(effect, Tell):
                self.is_told_rightly(effect)
        return outcome

    def is_begun_now(self, happened: Input, role: Role | None) -> bool:
        message = happened.message if isinstance(happened, Said) else None
        return isinstance(message, m.StartRecording) and role is Role.CHAIR

    def role_of(self, happened: Input) -> Role | None:
        seat = self.scene.room.state.by_session(happened.session) if isinstance(happened, Said) else None
        return None if seat is None else seat.role

    def held(self) -> set[tuple[AccountId, Source]]:
        """The sources that HOST keeps shut."""
        return {
            (seat.account.id, which)
            for seat in self.scene.room.state.seats.values()
            for which in Source
            if GateReason.HOST in seat.gates.of(which)
        }

    def may_lift(self, message: m.ClientMessage, role: Role | None) -> None:
        """HOST is lifted by the chair, by staff who grant a screen, or by an operator without a chair."""
        match message:
            case m.Invite() | m.InviteNext() | m.SetRules() | m.SetSource() | m.HandChair():
                assert role is Role.CHAIR
            case m.Unmute() | m.Decide(permission=Permission.SCREEN, granted=True):
                assert role in (Role.CHAIR, Role.OPERATOR)
            case m.LendChair():
                assert role is Role.OPERATOR
            case _:
                assert isinstance(message, m.TakeChair)

    def given(self) -> dict[str, object]:
        """Everything in the State except its facts."""
        state = self.scene.room.state
        return {each.name: getattr(state, each.name) for each in fields(State) if each.name != "facts"}

    def rows(self) -> dict[AccountId, KeptSeat]:
        return {key: seat.kept() for key, seat in self.scene.room.state.seats.items() if seat.place}

    def keeps_what_changed(self, outcome: Outcome, before: dict[AccountId, KeptSeat]) -> None:
        """The store hears of every seat that has changed; of every grant first."""
        assert not isinstance(outcome, Refused)
        if any(isinstance(effect, EndRun) for effect in outcome):
            return
        kept = {account for e in outcome if isinstance(e, Keep) for account in e.accounts}
        first = {account for e in outcome if isinstance(e, Keep) and e.first for account in e.accounts}
        for account_id, row in self.rows().items():
            old = before.get(account_id)
            if row == old:
                continue
            assert account_id in kept
            granted = row.state in (SeatState.WAITING, SeatState.ADMITTED)
            sent_back = row.state is SeatState.WAITING and old is not None and old.state is SeatState.ADMITTED
            if granted and not sent_back and (old is None or row.state is not old.state):
                assert account_id in first

    def is_told_rightly(self, tell: Tell) -> None:
        state = self.scene.room.state
        if isinstance(tell.message, m.Roster | m.Floor | m.Requests):
            assert set(tell.sessions) <= set(state.audience())
        if isinstance(tell.message, m.Speakers | m.Slots | m.SendPlan):
            # An answer is also kept for people who are away.
            assert set(tell.sessions) <= {seat.session for seat in state.admitted()}
        if isinstance(tell.message, m.Lines):
            assert set(tell.sessions) <= set(state.watching())
        if isinstance(tell.message, m.Departures | m.Voices):
            assert set(tell.sessions) <= set(state.staff_inside())
        if isinstance(tell.message, m.Lobby):
            assert set(tell.sessions) <= set(state.staff())

    # --- what can happen ---

    @initialize(count=st.integers(0, 6))
    def a_briefing_has_begun(self, count: int) -> None:
        for who in PEOPLE[:count]:
            self.someone_comes(who, False)
            self.happen(Said(self.sessions[-1], m.Knock("nhi", "BS. Hoa", 3, 4)))
            self.happen(Said(self.sessions[0], m.Admit(f"p{len(self.sessions) - 1}")))

    @rule(who=st.sampled_from(PEOPLE), resume=st.booleans())
    def someone_comes(self, who: Account, resume: bool) -> None:
        session, fresh = SessionId(f"s{len(self.sessions)}"), ParticipantId(f"p{len(self.sessions)}")
        self.sessions.append(session)
        seat = self.scene.room.state.seats.get(who.id)
        last = seat.session if resume and seat is not None else None
        self.happen(Enter(session, who, fresh, last))

    @precondition(lambda self: self.sessions)
    @rule(seed=st.integers(0, 2**32), count=st.integers(1, 20))
    def people_speak(self, seed: int, count: int) -> None:
        # One seed for many messages: drawing them one by one, hypothesis would rarely get two people inside.
        chance = random.Random(seed)
        for _ in range(count):
            self.someone_says(self.speaker(chance.randrange(40)), self.message(chance), chance)

    @rule(seed=st.integers(0, 2**32))
    def the_chair_records(self, seed: int) -> None:
        chance = random.Random(seed)
        chairs = [
            seat for seat in self.scene.room.state.admitted() if seat.role is Role.CHAIR and seat.online
        ]
        for seat in chairs:
            if seat.session is not None:
                message = chance.choice(self.of_recording(chance, "", "", "", "ghi"))
                self.someone_says(seat.session, message, chance)

    def someone_says(self, session: SessionId, message: m.ClientMessage, chance: random.Random) -> None:
        state = self.scene.room.state
        actor, shown, hard = state.by_session(session), floor.view(state), state.run.rules.hard_mute
        outcome = self.happen(Said(session, message))
        if isinstance(outcome, Refused):
            return
        assert actor is not None
        self.remember(message, actor, shown, hard)
        for effect in outcome:
            if isinstance(effect, Negotiate):
                self.offered(chance.choice(("open", "open", "open", "open", "bad", "gone", "never")), effect)
                if chance.random() < 0.6:
                    self.the_worker_answers(chance.randrange(3))
        self.laws_hold()

    def speaker(self, n: int) -> SessionId:
        """Mostly a connected session; sometimes one that no longer is."""
        online = [seat.session for seat in self.scene.room.state.online() if seat.session is not None]
        return online[n % len(online)] if online and n < 38 else self.sessions[-1 - n % len(self.sessions)]

    def message(self, chance: random.Random) -> m.ClientMessage:
        """A message, mostly about somebody whom it can concern."""
        state = self.scene.room.state
        knock = chance.choice([seat.id for seat in state.waiting()] or [ParticipantId("p-nobody")])
        someone = chance.choice(sorted(seat.id for seat in state.admitted()) or [knock])
        anyone = chance.choice(sorted(seat.id for seat in state.seats.values()) or [knock])
        why = chance.choice(("", "vì thế", "vì thế"))
        kinds = (self.of_the_door, self.of_media, self.of_the_floor, self.of_the_meeting, self.of_recording)
        kind = chance.choice(kinds)
        return chance.choice(kind(chance, knock, someone, anyone, why))

    def of_the_door(
        self, chance: random.Random, knock: str, someone: str, anyone: str, why: str
    ) -> tuple[m.ClientMessage, ...]:
        unit = chance.choice((None, "nowhere", *(unit.id for unit in UNITS)))
        return (
            *(m.Knock(unit, "BS. Hoa", 3, 4), m.Knock(unit, "", 3, 4), m.Knock(unit, "Cả nhà", 5, 4)),
            *(m.Admit(knock), m.Admit(knock), m.Admit(knock), m.Admit(someone), m.AdmitAll()),
            *(m.Refuse(knock, why), m.Withdraw(), m.Leave(), m.Kick(someone, why)),
            *(m.Ban(anyone, why), m.Lift(anyone), m.SendBack(someone, why), m.Talk(why, knock), m.Talk(why)),
            *(m.Lock(chance.random() < 0.3), m.CorrectDeparture("d1", DepartureKind.LOST, why)),
        )

    def of_media(
        self, chance: random.Random, knock: str, someone: str, anyone: str, why: str
    ) -> tuple[m.ClientMessage, ...]:
        which = chance.choice(list(Source))
        return (
            *(m.Mute(someone, which), m.Unmute(someone, which), m.MuteAll()),
            *(m.SetSource(which, True), m.SetSource(which, True), m.SetSource(which, False)),
            *(m.Offer("v=0"), m.Offer("v=0"), m.Offer("v=0", True)),
            *(m.Show((m.TileWish(someone, 180),), 480, 0), m.EndCheck()),
            *(m.CheckLine("v=0"), m.CheckLine("v=0"), m.CheckLine("v=0")),
        )

    def of_the_floor(
        self, chance: random.Random, knock: str, someone: str, anyone: str, why: str
    ) -> tuple[m.ClientMessage, ...]:
        return (
            *(m.RaiseHand(why), m.RaiseHand(), m.RaiseHand(), m.LowerHand(), m.RegisterSpeech(why)),
            *(m.InviteNext(), m.InviteNext(), m.Invite(anyone), m.Invite(someone, True)),
            *(m.EndTurn(), m.EndTurn(someone), m.ExtendTurn(someone, 60)),
            *(m.Skip(someone), m.Return(someone), m.GoRound(True), m.GoRound(False)),
        )

    def of_the_meeting(
        self, chance: random.Random, knock: str, someone: str, anyone: str, why: str
    ) -> tuple[m.ClientMessage, ...]:
        mode = chance.choice((None, *FloorMode, FloorMode.ORDERED))
        order = chance.choice((None, tuple(chance.sample(list(UnitKind), 2))))
        yes, no = chance.choice((None, True, False)), chance.random() < 0.5
        permission = chance.choice(list(Permission))
        return (
            *(m.HandChair(someone), m.TakeChair(), m.LendChair(someone)),
            *(m.SetRules(mode, yes, not no, 60, order), m.SetRules(mode, order=order)),
            *(m.Ask(permission, why), m.Unask(permission)),
            *(m.Decide(someone, permission, True), m.Decide(someone, permission, no, why, 2)),
        )

    def of_recording(
        self, chance: random.Random, knock: str, someone: str, anyone: str, why: str
    ) -> tuple[m.ClientMessage, ...]:
        return (
            *(m.StartRecording(), m.StartRecording(), m.StartRecording(), m.StopRecording()),
            *(m.PauseRecording(True), m.PauseRecording(False), m.MarkRecording(why)),
        )

    def remember(self, message: m.ClientMessage, actor: Seat, shown: m.Floor, hard: bool) -> None:
        """The model: who was muted by a host and who was removed, judged by the messages alone."""
        state = self.scene.room.state

        def target(who: str | None) -> AccountId:
            seat = state.by_id(who or "")
            assert seat is not None
            return seat.account.id

        match message:
            case m.Kick() | m.SendBack() | m.Ban():
                self.removed.add(target(message.participant))
            case m.Mute() if hard and message.source is not Source.SCREEN:
                self.host_muted.add((target(message.participant), message.source))
            case m.Unmute():
                self.host_muted.discard((target(message.participant), message.source))
            case m.Invite():
                self.host_muted.discard((target(message.participant), Source.MICROPHONE))
            case m.InviteNext():
                self.host_muted.discard((target(shown.next), Source.MICROPHONE))
            case m.SetSource(on=True):
                self.host_muted.discard((actor.account.id, message.source))
            case m.SetRules() if not state.run.rules.hard_mute and hard:
                self.host_muted.clear()
            case m.MuteAll() if hard:
                muted = [seat for seat in state.admitted() if seat.role is not Role.CHAIR]
                self.host_muted |= {(seat.account.id, Source.MICROPHONE) for seat in muted}
            case m.Admit():
                self.removed.discard(target(message.knock))
            case m.StartRecording():
                assert state.run.recording is not None
                self.ordered = state.run.recording.id
            case m.StopRecording():
                self.ordered = None
            case _:
                pass

    def offered(self, how: str, asked: Negotiate) -> None:
        """The worker takes its commands in order, so what it does with this one is so before the next input;
        the answer comes later."""
        command = asked.command
        if isinstance(command, sfu.OpenEndpoint):
            if how == "bad":
                self.answers(asked, sfu.Failed(sfu.Failure.BAD_OFFER))
                return
            self.scene.open(command)
        self.asked.append(asked)
        if how == "gone":
            self.worker_restarts()
        if how == "never":
            self.happen(Dropped(asked.session))

    @precondition(lambda self: self.asked)
    @rule(n=number)
    def the_worker_answers(self, n: int) -> None:
        for _ in range(min(n, len(self.asked))):
            asked = self.asked.pop(0)
            standing = asked.command.endpoint in self.scene.endpoints
            opened = isinstance(asked.command, sfu.OpenEndpoint) or standing
            failed = sfu.Failed(sfu.Failure.UNKNOWN_ENDPOINT)
            self.answers(asked, sfu.Opened("v=0", SLOTS) if opened else failed)

    def answers(self, asked: Negotiate, result: sfu.AnyResult | None) -> None:
        restart = isinstance(asked.command, sfu.RestartEndpoint)
        check = isinstance(asked.command, sfu.OpenEndpoint) and asked.command.check
        self.happen(Answered(asked.session, asked.participant, restart, result, asked.offer, check))

    def worker_restarts(self) -> None:
        missing = frozenset(seat.id for seat in self.scene.room.state.admitted() if seat.offered)
        self.scene.endpoints.clear()
        asked, self.asked = self.asked, []
        for one in asked:
            self.answers(one, None)
        self.happen(WorkerBack(missing))

    @precondition(lambda self: self.sessions)
    @rule(n=number, what=st.sampled_from(["line", "line", "line", "worker"]))
    def something_breaks(self, n: int, what: str) -> None:
        if what == "worker":
            self.worker_restarts()
        else:
            how = Presence.CLOSED if n % 2 else Presence.LOST
            self.happen(Dropped(self.speaker(n), how, signed_out=n % 3 == 0))

    @rule(
        n=number,
        kind=st.sampled_from(["closed", "lost", "speaks", "heard", "flows", "reports", "plans"]),
        what=source,
    )
    def the_worker_reports(self, n: int, kind: str, what: Source) -> None:
        ids = [*self.scene.endpoints, "p-nobody"]
        endpoint = sfu.EndpointId(ids[n % len(ids)])
        events: dict[str, sfu.AnyEvent] = {
            "closed": sfu.EndpointChanged(endpoint, sfu.EndpointState.CLOSED),
            "lost": sfu.EndpointChanged(endpoint, sfu.EndpointState.LOST),
            "speaks": sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (endpoint,), endpoint),
            "heard": sfu.VoicesChanged(sfu.RoomId("giao-ban"), (endpoint,), (endpoint,), (endpoint,)),
            "flows": sfu.FlowChanged(endpoint, what, True),
            "plans": sfu.SendPlan(endpoint, ("q",), (), False),
            "reports": sfu.LineReport(endpoint, 100 * n, n, n, 0, 0),
        }
        if kind == "closed":
            self.scene.endpoints.pop(endpoint, None)
        self.happen(Noticed((events[kind],)))

    @rule(seconds=st.sampled_from([1.0, 6.0, 31.0, 100.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.scene.now_s += seconds
        if self.cut_s is not None and self.scene.now_s - self.cut_s >= recorder.ORPHAN_S:
            self.scene.writing.clear()
        self.happen(Elapsed())

    @rule(
        what=st.sampled_from(["up", "up", "cut", "crash", "says", "says", "over", "full", "rules"]),
        yes=number,
    )
    def the_recorder(self, what: str, yes: int) -> None:
        scene = self.scene
        state = scene.room.state
        known = [one.id for one in (state.run.recording, state.recorder.closing) if one is not None]
        if what == "up" and not state.recorder.up:
            self.cut_s = None
            scene.recorder_comes()
        elif what == "cut" and state.recorder.up:
            self.cut_s = scene.now_s
            self.happen(RecorderGone())
        elif what == "crash" and state.recorder.up:
            scene.recorder_crashes()
        elif what == "says" and state.recorder.up:
            for each in known:
                if each in scene.writing or state.run.recording is None:
                    self.happen(Recorded(scene.status(each)))
        elif what in ("over", "full") and state.recorder.up:
            trouble = recorder.Trouble.DISK_FULL if what == "full" else recorder.Trouble.NONE
            for each in known:
                scene.writing.pop(each, None)
                self.happen(Recorded(scene.status(each, trouble=trouble)))
        elif what == "rules":
            keys = (recorder.Recipient("Sổ", "age1s", second=True), *(KEYS if yes % 3 else ()))
            self.happen(Reread(replace(state.meeting, may_record=yes % 4 != 0), keys))

    # --- laws ---

    @invariant()
    def laws_hold(self) -> None:
        room_laws.hold(self.scene)
        self.host_mutes_are_exactly_those_that_hosts_made()
        self.who_was_removed_is_outside_until_admitted_alone()

    def host_mutes_are_exactly_those_that_hosts_made(self) -> None:
        assert {pair for pair in self.held() if pair[1] is not Source.SCREEN} == self.host_muted

    def who_was_removed_is_outside_until_admitted_alone(self) -> None:
        admitted = {seat.account.id for seat in self.scene.room.state.admitted()}
        assert not admitted & self.removed


RoomMachine.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=50, deadline=None)
TestRoom = RoomMachine.TestCase
