"""Random people do random things in a Room; its laws hold after every step."""

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

LIMITS = replace(DEFAULT, room=4, staff_extra=1, lobby=3)
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
reason = st.sampled_from(["", "vì thế"])


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(limits=LIMITS)
        self.sessions: list[SessionId] = []
        self.offers: list[tuple[SessionId, ParticipantId, bool]] = []
        self.host_muted: set[tuple[AccountId, Source]] = set()
        self.removed: set[AccountId] = set()
        self.seen_roster = 0
        self.seen_lobby = 0

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
        if isinstance(tell.message, m.Roster | m.Speakers | m.Slots):
            assert set(tell.sessions) <= set(state.audience())
        if isinstance(tell.message, m.Lobby):
            assert set(tell.sessions) <= set(state.staff())

    # --- what can happen ---

    @initialize(count=st.integers(0, 8))
    def a_briefing_has_begun(self, count: int) -> None:
        for who in PEOPLE[:count]:
            self.someone_comes(who, False)
            self.happen(Said(self.sessions[-1], m.Knock("nhi", "BS. Hoa", 3, 4)))
        if count:
            self.happen(Said(self.sessions[0], m.AdmitAll()))

    @rule(who=st.sampled_from(PEOPLE), resume=st.booleans())
    def someone_comes(self, who: Account, resume: bool) -> None:
        session, fresh = SessionId(f"s{len(self.sessions)}"), ParticipantId(f"p{len(self.sessions)}")
        self.sessions.append(session)
        seat = self.scene.room.state.seats.get(who.id)
        last = seat.session if resume and seat is not None else None
        self.happen(Enter(session, who, fresh, last))

    @precondition(lambda self: self.sessions)
    @rule(n=number)
    def a_line_drops(self, n: int) -> None:
        self.happen(Dropped(self.sessions[-1 - n % len(self.sessions)]))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), n=number, whom=number)
    def someone_speaks(self, data: st.DataObject, n: int, whom: int) -> None:
        session = self.sessions[-1 - n % min(len(self.sessions), 12)]
        seats = sorted(seat.id for seat in self.scene.room.state.seats.values())
        name = seats[whom % len(seats)] if seats else "p-nobody"
        message = data.draw(self.message(name))
        seat = self.scene.room.state.by_session(session)
        outcome = self.happen(Said(session, message))
        if isinstance(outcome, Refused):
            return
        assert seat is not None
        self.remember(message, outcome)
        for effect in outcome:
            if isinstance(effect, Negotiate):
                restart = isinstance(effect.command, sfu.RestartEndpoint)
                self.offers.append((effect.session, effect.participant, restart))
                if not restart:
                    assert isinstance(effect.command, sfu.OpenEndpoint)
                    self.answer(data.draw(st.sampled_from(["open", "bad", "gone", "never"])), effect.command)

    def message(self, name: str) -> st.SearchStrategy[m.ClientMessage]:
        units = st.sampled_from([None, *(unit.id for unit in UNITS), "nowhere"])
        return st.one_of(
            st.builds(m.Knock, units, st.sampled_from(["BS. Hoa", ""]), st.just(3), st.sampled_from([2, 4])),
            st.sampled_from([m.Withdraw(), m.AdmitAll(), m.MuteAll(), m.Leave(), m.Offer("v=0")]),
            st.sampled_from([m.Admit(name), m.Admit(name), m.ShowTiles((name,))]),
            st.builds(m.Refuse, st.just(name), reason),
            st.builds(m.Kick, st.just(name), reason),
            st.builds(m.Mute, st.just(name), source),
            st.builds(m.Unmute, st.just(name), source),
            st.builds(m.SetSource, source, st.booleans()),
            st.builds(m.Offer, st.just("v=0"), st.booleans()),
        )

    def remember(self, message: m.ClientMessage, outcome: Outcome) -> None:
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

    def answer(self, how: str, command: sfu.OpenEndpoint) -> None:
        session, participant, restart = self.offers.pop()
        if how == "never":
            self.scene.endpoints[command.endpoint] = dict(command.gates)
            self.happen(Dropped(session))
        elif how == "open":
            self.scene.endpoints[command.endpoint] = dict(command.gates)
            self.happen(Answered(session, participant, restart, sfu.Opened("v=0", SLOTS)))
        elif how == "bad":
            self.happen(Answered(session, participant, restart, sfu.Failed(sfu.Failure.BAD_OFFER)))
        else:
            self.worker_restarts()
            self.happen(Answered(session, participant, restart, None))

    @rule()
    def worker_restarts(self) -> None:
        missing = frozenset(seat.id for seat in self.scene.room.state.admitted() if seat.offered)
        self.scene.endpoints.clear()
        self.happen(WorkerBack(missing))

    @rule(n=number, kind=st.sampled_from(["closed", "lost", "speaks", "flows", "reports"]), what=source)
    def the_worker_reports(self, n: int, kind: str, what: Source) -> None:
        ids = [*self.scene.endpoints, "p-nobody"]
        endpoint = sfu.EndpointId(ids[n % len(ids)])
        events: dict[str, sfu.AnyEvent] = {
            "closed": sfu.EndpointChanged(endpoint, sfu.EndpointState.CLOSED),
            "lost": sfu.EndpointChanged(endpoint, sfu.EndpointState.LOST),
            "speaks": sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (endpoint,), endpoint),
            "flows": sfu.FlowChanged(endpoint, what, True),
            "reports": sfu.LineReport(endpoint, 100 * n, n, n, 0, 0),
        }
        if kind == "closed":
            self.scene.endpoints.pop(endpoint, None)
        self.happen(Noticed(events[kind]))

    @rule(seconds=st.sampled_from([1.0, 200.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.scene.now_s += seconds
        self.happen(Elapsed())

    # --- laws ---

    @invariant()
    def only_the_admitted_have_an_endpoint_and_its_gates_are_theirs(self) -> None:
        state = self.scene.room.state
        inside = {str(seat.id): seat for seat in state.admitted()}
        for endpoint, gates in self.scene.endpoints.items():
            assert endpoint in inside
            assert gates == inside[endpoint].gates.every()

    @invariant()
    def host_mutes_are_exactly_those_that_hosts_made(self) -> None:
        held = {
            (seat.account.id, which)
            for seat in self.scene.room.state.seats.values()
            for which in Source
            if GateReason.HOST in seat.gates.of(which)
        }
        assert held == self.host_muted

    @invariant()
    def who_was_removed_is_outside_until_admitted_alone(self) -> None:
        admitted = {seat.account.id for seat in self.scene.room.state.admitted()}
        assert not admitted & self.removed

    @invariant()
    def rooms_and_lobbies_are_bounded(self) -> None:
        state = self.scene.room.state
        assert len(state.admitted()) <= LIMITS.room + LIMITS.staff_extra
        assert len(state.waiting()) <= LIMITS.lobby

    @invariant()
    def at_most_one_screen_is_open(self) -> None:
        assert sum(seat.gates.screen is GateReason.OPEN for seat in self.scene.room.state.admitted()) <= 1

    @invariant()
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

    @invariant()
    def a_session_has_one_seat_and_a_seat_one_session(self) -> None:
        sessions = [seat.session for seat in self.scene.room.state.online()]
        assert len(sessions) == len(set(sessions))
        assert not set(sessions) & set(self.scene.dismissed)


RoomMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestRoom = RoomMachine.TestCase
