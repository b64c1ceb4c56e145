"""Random people do random things in a Room; its laws hold after every step."""

import random
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import sfu
from sfu import GateReason, Source
from signaling import messages as m
from signaling import roster
from signaling.effects import EndRun, Keep, Negotiate, Outcome, Refused, Tell
from signaling.inputs import Answered, Dropped, Elapsed, Enter, Input, Noticed, Said, WorkerBack
from signaling.limits import DEFAULT
from signaling.messages import Role, SeatState
from signaling.records import Account, AccountId, ParticipantId, SeatRow, SessionId
from tests.support.control_room import SLOTS, UNITS, Scene, account

LIMITS = replace(DEFAULT, room=4, staff_extra=1, lobby=3, checks=3)
PEOPLE = (
    account("chair", Role.CHAIR, "bgd"),
    account("op1", Role.OPERATOR, "tchc"),
    account("op2", Role.OPERATOR, None),
    account("d1", Role.DELEGATE, "nhi"),
    account("d2", Role.DELEGATE, "noi"),
    account("d3", Role.DELEGATE, "ta-phin"),
    account("d4", Role.DELEGATE, None),
    account("tech", Role.TECHNICIAN, None),
    account("root", Role.SYSADMIN, None),
)
number = st.integers(0, 30)
source = st.sampled_from(list(Source))


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(limits=LIMITS)
        self.sessions: list[SessionId] = []
        self.host_muted: set[tuple[AccountId, Source]] = set()
        self.removed: set[AccountId] = set()

    # --- one input, with what must hold of each ---

    def happen(self, happened: Input) -> Outcome:
        room = self.scene.room
        before, rows = room.checkpoint(), self.rows()
        outcome = self.scene.apply(happened)
        if isinstance(outcome, Refused):
            assert room.checkpoint() == before
            return outcome
        self.keeps_what_changed(outcome, rows)
        for effect in outcome:
            if isinstance(effect, Tell):
                self.is_told_rightly(effect)
        return outcome

    def rows(self) -> dict[AccountId, SeatRow]:
        return {key: seat.row() for key, seat in self.scene.room.state.seats.items() if seat.place}

    def keeps_what_changed(self, outcome: Outcome, before: dict[AccountId, SeatRow]) -> None:
        """The store hears of every seat that is another than before; of every grant first."""
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
            if granted and (old is None or row.state is not old.state):
                assert account_id in first

    def is_told_rightly(self, tell: Tell) -> None:
        state = self.scene.room.state
        if isinstance(tell.message, m.Roster | m.Speakers | m.Slots | m.SendPlan):
            assert set(tell.sessions) <= set(state.audience())
        if isinstance(tell.message, m.Lines):
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
        # One seed for many messages: drawn one by one, hypothesis would rarely get two people inside.
        chance = random.Random(seed)
        for _ in range(count):
            self.someone_says(self.speaker(chance.randrange(40)), self.message(chance), chance)

    def someone_says(self, session: SessionId, message: m.ClientMessage, chance: random.Random) -> None:
        outcome = self.happen(Said(session, message))
        if isinstance(outcome, Refused):
            return
        self.remember(message)
        for effect in outcome:
            if isinstance(effect, Negotiate) and isinstance(effect.command, sfu.OpenEndpoint):
                how = chance.choice(("open", "open", "open", "open", "bad", "gone", "never"))
                self.answer(how, effect, effect.command)
        self.laws_hold()

    def speaker(self, n: int) -> SessionId:
        """Mostly one that is connected; sometimes one that is not any more."""
        online = [seat.session for seat in self.scene.room.state.online() if seat.session is not None]
        return online[n % len(online)] if online and n < 38 else self.sessions[-1 - n % len(self.sessions)]

    def message(self, chance: random.Random) -> m.ClientMessage:
        """Something to say, mostly about somebody of whom it can be said."""
        state = self.scene.room.state
        knock = chance.choice([seat.id for seat in state.waiting()] or [ParticipantId("p-nobody")])
        someone = chance.choice(sorted(seat.id for seat in state.admitted()) or [knock])
        which, why = chance.choice(list(Source)), chance.choice(("", "vì thế", "vì thế"))
        unit = chance.choice((None, "nowhere", *(unit.id for unit in UNITS)))
        return chance.choice(
            (
                *(m.Knock(unit, "BS. Hoa", 3, 4), m.Knock(unit, "", 3, 4), m.Knock(unit, "Cả nhà", 5, 4)),
                *(m.Admit(knock), m.Admit(knock), m.Admit(someone), m.AdmitAll(), m.Refuse(knock, why)),
                *(m.Mute(someone, which), m.Unmute(someone, which), m.MuteAll(), m.Kick(someone, why)),
                *(m.SetSource(which, True), m.SetSource(which, True), m.SetSource(which, False)),
                *(m.Offer("v=0"), m.Offer("v=0"), m.Offer("v=0", True)),
                *(m.Show((m.TileWish(someone, 180),), 480, 0), m.EndCheck()),
                *(m.CheckLine("v=0"), m.CheckLine("v=0"), m.CheckLine("v=0")),
                *(m.Withdraw(), m.Leave()),
            )
        )

    def remember(self, message: m.ClientMessage) -> None:
        """The model: whom a host has muted and who was removed, told from the messages alone."""
        state = self.scene.room.state
        match message:
            case m.Mute() | m.Unmute() | m.Kick():
                target = state.by_id(message.participant)
                assert target is not None
                if isinstance(message, m.Kick):
                    self.removed.add(target.account.id)
                elif isinstance(message, m.Mute):
                    self.host_muted.add((target.account.id, message.source))
                else:
                    self.host_muted.discard((target.account.id, message.source))
            case m.MuteAll():
                muted = [seat for seat in state.admitted() if seat.account.role is not Role.CHAIR]
                self.host_muted |= {(seat.account.id, Source.MICROPHONE) for seat in muted}
            case m.Admit():
                target = state.by_id(message.knock)
                assert target is not None
                self.removed.discard(target.account.id)
            case _:
                pass

    def answer(self, how: str, asked: Negotiate, command: sfu.OpenEndpoint) -> None:
        if how in ("open", "never"):
            self.scene.open(command)
        elif how == "gone":
            self.worker_restarts()
        if how == "never":
            self.happen(Dropped(asked.session))
            return
        failed = sfu.Failed(sfu.Failure.BAD_OFFER) if how == "bad" else None
        result = sfu.Opened("v=0", SLOTS) if how == "open" else failed
        answer = Answered(asked.session, asked.participant, False, result, asked.offer, command.check)
        self.happen(answer)

    def worker_restarts(self) -> None:
        missing = frozenset(seat.id for seat in self.scene.room.state.admitted() if seat.offered)
        self.scene.endpoints.clear()
        self.happen(WorkerBack(missing))

    @precondition(lambda self: self.sessions)
    @rule(n=number, what=st.sampled_from(["line", "line", "line", "worker"]))
    def something_breaks(self, n: int, what: str) -> None:
        if what == "worker":
            self.worker_restarts()
        else:
            self.happen(Dropped(self.speaker(n)))

    @rule(
        n=number, kind=st.sampled_from(["closed", "lost", "speaks", "flows", "reports", "plans"]), what=source
    )
    def the_worker_reports(self, n: int, kind: str, what: Source) -> None:
        ids = [*self.scene.endpoints, "p-nobody"]
        endpoint = sfu.EndpointId(ids[n % len(ids)])
        events: dict[str, sfu.AnyEvent] = {
            "closed": sfu.EndpointChanged(endpoint, sfu.EndpointState.CLOSED),
            "lost": sfu.EndpointChanged(endpoint, sfu.EndpointState.LOST),
            "speaks": sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (endpoint,), endpoint),
            "flows": sfu.FlowChanged(endpoint, what, True),
            "plans": sfu.SendPlan(endpoint, ("q",), (), False),
            "reports": sfu.LineReport(endpoint, 100 * n, n, n, 0, 0),
        }
        if kind == "closed":
            self.scene.endpoints.pop(endpoint, None)
        self.happen(Noticed(events[kind]))

    @rule(seconds=st.sampled_from([1.0, 6.0, 100.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.scene.now_s += seconds
        self.happen(Elapsed())

    # --- laws ---

    @invariant()
    def laws_hold(self) -> None:
        self.only_the_admitted_have_an_endpoint_and_its_gates_are_theirs()
        self.a_line_check_is_alone_shut_and_before_the_door()
        self.host_mutes_are_exactly_those_that_hosts_made()
        self.who_was_removed_is_outside_until_admitted_alone()
        self.rooms_and_lobbies_are_bounded()
        self.at_most_one_screen_is_open()
        self.everyone_inside_has_seen_the_newest_roster_and_staff_the_newest_lobby()
        self.a_session_has_one_seat_and_a_seat_one_session()

    def only_the_admitted_have_an_endpoint_and_its_gates_are_theirs(self) -> None:
        state = self.scene.room.state
        inside = {str(seat.id): seat for seat in state.admitted()}
        for endpoint, gates in self.scene.endpoints.items():
            if self.scene.rooms[endpoint] == state.room_id:
                assert endpoint in inside
                assert gates == inside[endpoint].gates.every()

    def a_line_check_is_alone_shut_and_before_the_door(self) -> None:
        state = self.scene.room.state
        outside = [
            endpoint for endpoint in self.scene.endpoints if self.scene.rooms[endpoint] != state.room_id
        ]
        assert len({self.scene.rooms[endpoint] for endpoint in outside}) == len(outside)
        assert len(outside) <= LIMITS.checks
        before = {
            seat.session for seat in state.online() if seat.state in (SeatState.OUTSIDE, SeatState.WAITING)
        }
        for endpoint in outside:
            assert endpoint == self.scene.rooms[endpoint]
            assert self.scene.endpoints[endpoint] == dict.fromkeys(Source, GateReason.LOBBY)
            session = state.check_of(endpoint)
            assert session is not None
            assert session in before
            assert state.checks[session].until_s > self.scene.now_s

    def host_mutes_are_exactly_those_that_hosts_made(self) -> None:
        held = {
            (seat.account.id, which)
            for seat in self.scene.room.state.seats.values()
            for which in Source
            if GateReason.HOST in seat.gates.of(which)
        }
        assert held == self.host_muted

    def who_was_removed_is_outside_until_admitted_alone(self) -> None:
        admitted = {seat.account.id for seat in self.scene.room.state.admitted()}
        assert not admitted & self.removed

    def rooms_and_lobbies_are_bounded(self) -> None:
        state = self.scene.room.state
        assert len(state.admitted()) <= LIMITS.room + LIMITS.staff_extra
        assert len(state.waiting()) <= LIMITS.lobby

    def at_most_one_screen_is_open(self) -> None:
        assert sum(seat.gates.screen is GateReason.OPEN for seat in self.scene.room.state.admitted()) <= 1

    def everyone_inside_has_seen_the_newest_roster_and_staff_the_newest_lobby(self) -> None:
        state = self.scene.room.state
        for session in state.audience():
            assert self.scene.last(session, m.Roster).participants == roster.participants(state)
        for session in state.staff():
            assert self.scene.last(session, m.Lobby).knocks == roster.knocks(state)

    @invariant()
    def versions_only_grow(self) -> None:
        for messages in self.scene.told.values():
            for kind in (m.Roster, m.Lobby):
                versions = [message.version for message in messages if isinstance(message, kind)]
                assert versions == sorted(versions)

    def a_session_has_one_seat_and_a_seat_one_session(self) -> None:
        sessions = [seat.session for seat in self.scene.room.state.online()]
        assert len(sessions) == len(set(sessions))
        assert not set(sessions) & set(self.scene.dismissed)


RoomMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestRoom = RoomMachine.TestCase
