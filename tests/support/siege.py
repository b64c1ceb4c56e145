"""A Room under siege: staff do their work, hostile people send whatever they can think of, and each of their
messages is judged: did they gain what only staff can give?

Nothing here knows the rules of the room. It only knows what staff alone can give, and watches that.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sfu
from sfu import GateReason, Source
from signaling import protocol as m
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.meeting import Account
from signaling.model.run import RunRecord
from signaling.model.words import FloorMode, Permission, Role, SeatState
from signaling.protocol import BadMessage, ClientMessage, decode_untrusted, encode
from signaling.room.state.effects import Negotiate, Outcome, Refused
from signaling.room.state.inputs import Answered, Dropped, Enter, Said
from signaling.room.state.seat import Seat
from signaling.room.state.state import State
from tests.support.control_room import CHAIR, OPERATOR, SLOTS, Scene, account
from tests.support.forgery import forge
from tests.support.hostility import Tally

WITNESS = account("witness", Role.DELEGATE, "noi")
HOSTILE = (
    account("nurse", Role.DELEGATE, "nhi"),
    account("station", Role.DELEGATE, "ta-phin"),
    account("stranger", Role.DELEGATE, None),
    account("technician", Role.TECHNICIAN, None),
    account("sysadmin", Role.SYSADMIN, None),
)
HELD = GateReason.HOST | GateReason.FLOOR | GateReason.LOBBY | GateReason.LEFT
"""Reasons that participants cannot lift for themselves."""
ALONE: Mapping[SeatState, frozenset[SeatState]] = {
    SeatState.OUTSIDE: frozenset({SeatState.WAITING}),
    SeatState.WAITING: frozenset({SeatState.OUTSIDE, SeatState.REFUSED}),
    SeatState.REFUSED: frozenset({SeatState.WAITING}),
    SeatState.ADMITTED: frozenset({SeatState.OUTSIDE}),
}
"""The states that people can reach by themselves, from each state."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a hostile message could aim at."""

    seats: Mapping[AccountId, Seat]
    run: RunRecord

    @classmethod
    def of(cls, state: State) -> "Standing":
        return cls(dict(state.seats), state.run)


def gains(before: Standing, after: Standing, who: AccountId) -> list[str]:
    """What changed to the benefit of `who`, or to the harm of others, without an act of staff."""
    found = [*_of_the_run(before.run, after.run, _id(before, after, who))]
    for key, seat in after.seats.items():
        was = before.seats.get(key)
        if was is None:
            if seat.state is not SeatState.OUTSIDE or key != who:
                found.append(f"{key} is {seat.state} from nowhere")
        elif key == who:
            found += _own(was, seat)
        else:
            found += _others(was, seat)
    found += [f"{key} is gone" for key in before.seats.keys() - after.seats.keys() - {who}]
    return found


def _id(before: Standing, after: Standing, who: AccountId) -> ParticipantId | None:
    seat = after.seats.get(who) or before.seats.get(who)
    return None if seat is None else seat.id


def _own(was: Seat, now: Seat) -> list[str]:
    found: list[str] = []
    if now.state is not was.state and now.state not in ALONE[was.state]:
        found.append(f"{was.state} became {now.state}")
    if (now.banned, now.kicked, now.acting) != (was.banned, was.kicked, was.acting):
        found.append("a ban, a removal or a role")
    if was.banned and now.state is SeatState.WAITING:
        found.append("a banned one waits")
    if (now.may_leave and not was.may_leave) or now.listens_until_s > was.listens_until_s:
        found.append("a permission")
    for source in Source:
        left = was.gates.of(source) & ~now.gates.of(source)
        if left & HELD and now.admitted:
            found.append(f"{left & HELD} of its {source}")
        if now.gates.of(source) == GateReason.OPEN and not now.admitted:
            found.append(f"an open {source} outside")
    return found


def _others(was: Seat, now: Seat) -> list[str]:
    """A participant's own acts leave others where they are; at most one of their sources is shut."""
    opened = [source for source in Source if was.gates.of(source) & ~now.gates.of(source)]
    found = [f"{source} of {was.account.id}" for source in opened]
    if replace(now, gates=was.gates) != was:
        found.append(f"the seat of {was.account.id}")
    return found


def _of_the_run(was: RunRecord, now: RunRecord, who: ParticipantId | None) -> list[str]:
    found: list[str] = []
    if now.rules != was.rules or now.go_round != was.go_round:
        found.append("the rules")
    others = {turn for turn in was.turns if turn.participant != who}
    if not others <= set(now.turns) <= set(was.turns):
        found.append("a turn")
    for name, before, after in (
        ("a place in the queue", was.queue, now.queue),
        ("a request", was.requests, now.requests),
        ("a departure", was.departures, now.departures),
    ):
        if [x for x in before if x.participant != who] != [x for x in after if x.participant != who]:
            found.append(name)
    if now.departures[: len(was.departures)] != was.departures:
        found.append("an old departure")
    return found


@dataclass
class Siege:
    """One meeting, its staff and its enemies. Everything comes from the seed."""

    seed: int
    scene: Scene = field(default_factory=Scene)
    tally: Tally = field(default_factory=Tally)
    overheard: list[str] = field(default_factory=list)
    """Frames of staff, as a hostile neighbour might have overheard them."""
    unanswered: list[Answered] = field(default_factory=list)
    """What the media worker has done but not reported yet: much may be decided in the meantime."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.sessions: dict[AccountId, list[SessionId]] = {}
        for who in (OPERATOR, CHAIR, WITNESS, *HOSTILE):
            self.come(who)
        for who in (CHAIR, OPERATOR):
            self.order(who, m.Knock(None, who.name))
        for who in (WITNESS, *HOSTILE[:2]):
            self.say(who, m.Knock(None, who.name))
        self.order(CHAIR, m.AdmitAll())

    @property
    def state(self) -> State:
        return self.scene.room.state

    # --- staff ---

    def order(self, who: Account, message: ClientMessage) -> None:
        """Staff act, and give what only they may give."""
        self.overheard.append(encode(message))
        self.say(who, message)
        self.media_agrees("messages: staff")

    def a_usual_order(self) -> None:
        """Something that chair and operator do all day. They are patient: most people are let in again."""
        chance, state = self.chance, self.state
        if chance.random() < 0.5:
            self.let_in(chance.choice(HOSTILE))
            return
        enemies = [seat.id for seat in state.seats.values() if seat.account in HOSTILE]
        someone = chance.choice(enemies)
        source = chance.choice(list(Source))
        permission, mode = chance.choice(list(Permission)), chance.choice(list(FloorMode))
        who = chance.choice((CHAIR, CHAIR, OPERATOR))
        self.order(
            who,
            chance.choice(
                (
                    *(m.Admit(someone), m.Admit(someone), m.AdmitAll(), m.Refuse(someone, "không phải lúc")),
                    *(m.Mute(someone), m.Mute(someone, source), m.MuteAll(), m.Unmute(someone, source)),
                    *(m.Kick(someone, "ồn"), m.Ban(someone, "quấy rối"), m.Lift(someone)),
                    *(m.SendBack(someone, "chờ"), m.Lock(chance.random() < 0.3), m.SetRules(mode)),
                    *(m.SetRules(hard_mute=chance.random() < 0.6), m.Invite(someone), m.InviteNext()),
                    *(m.EndTurn(), m.Decide(someone, permission, chance.random() < 0.5, "", 1)),
                    *(m.GoRound(chance.random() < 0.5), m.Admit(someone), m.AdmitAll()),
                )
            ),
        )

    def let_in(self, who: Account) -> None:
        """Lift the ban, let them knock, and admit only them."""
        seat = self.state.seats.get(who.id)
        if seat is None or seat.admitted:
            return
        self.order(CHAIR, m.Lift(seat.id))
        self.say(who, m.Knock("nhi", who.name))
        self.order(CHAIR, m.Admit(seat.id))
        self.say(who, m.Offer("v=0"))

    # --- enemies ---

    def attack(self) -> None:
        """One hostile attempt, judged."""
        if self.unanswered and self.chance.random() < 0.3:
            self.scene.apply(self.unanswered.pop(self.chance.randrange(len(self.unanswered))))
            self.media_agrees("messages: a late answer")
        who = self.chance.choice(HOSTILE)
        before = Standing.of(self.state)
        what = self.chance.choices(("frame", "session", "drop", "media"), (80, 8, 6, 6))[0]
        match what:
            case "session":
                kind = self.come_anew(who)
            case "drop":
                kind = "drops the line"
                self.scene.apply(Dropped(self.chance.choice(self.sessions[who.id])))
            case "media":
                kind = "asks for media"
                self.say(who, self.chance.choice((m.Offer("v=0"), m.Offer("v=0", True), m.CheckLine("v=0"))))
            case _:
                kind = self.send(who)
        self.tally.attempt(f"messages: {kind}")
        for gain in gains(before, Standing.of(self.state), who.id):
            self.tally.leak(f"messages: {kind}", f"{who.id} gained: {gain}")
        self.media_agrees(f"messages: {kind}")

    def send(self, who: Account) -> str:
        frame = forge(self.chance, [seat.id for seat in self.state.seats.values()], self.overheard)
        try:
            message = decode_untrusted(frame.text)
        except BadMessage:
            return frame.kind
        if isinstance(message, m.Hello | m.Ping):
            return frame.kind  # concerns only the session, and is no way into a room
        self.say(who, message, self.chance.choice((-1, -1, -1, 0)))
        return frame.kind

    def come(self, who: Account, resume: str | None = None) -> Outcome:
        number = sum(map(len, self.sessions.values()))
        session, fresh = SessionId(f"s{number}"), ParticipantId(f"p{number}")
        outcome = self.scene.apply(Enter(session, who, fresh, resume))
        self.sessions.setdefault(who.id, []).append(session)
        return outcome

    def come_anew(self, who: Account) -> str:
        """Another device, or a page that claims to resume a session: its own, or somebody else's."""
        everybody = [session for sessions in self.sessions.values() for session in sessions]
        resume = self.chance.choice((None, self.sessions[who.id][-1], self.chance.choice(everybody)))
        self.come(who, resume)
        return "second session" if resume is None else "goes on with a session"

    def say(self, who: Account, message: ClientMessage, session: int = -1) -> None:
        checkpoint = self.scene.room.checkpoint()
        outcome = self.scene.apply(Said(self.sessions[who.id][session], message))
        if isinstance(outcome, Refused):
            if self.scene.room.checkpoint() != checkpoint:
                self.tally.leak("messages", f"{who.id}: refused {message} changed something")
            return
        for effect in outcome:
            if isinstance(effect, Negotiate) and isinstance(effect.command, sfu.OpenEndpoint):
                self.scene.open(effect.command)
                opened = sfu.Opened("v=0", SLOTS)
                check = effect.command.check
                self.unanswered.append(
                    Answered(effect.session, effect.participant, False, opened, effect.offer, check)
                )
                if self.chance.random() < 0.6:
                    self.scene.apply(self.unanswered.pop())

    # --- the media plane, as it was told to be ---

    def media_agrees(self, after: str) -> None:
        """No gate is open there that is shut here, and nobody is there who is not inside."""
        for endpoint, gates in self.scene.endpoints.items():
            if endpoint.startswith("check-"):
                wrong = any(gate == GateReason.OPEN for gate in gates.values())
                wrong |= self.scene.rooms[endpoint] == self.state.room_id
            else:
                seat = self.state.by_id(endpoint)
                wrong = seat is None or not seat.admitted or gates != seat.gates.every()
                wrong = wrong or (seat is not None and opens_against_the_rules(self.state, seat))
            if wrong:
                self.tally.leak(after, f"the media plane has {endpoint} otherwise than the room")


def opens_against_the_rules(state: State, seat: Seat) -> bool:
    """An open microphone without the floor, where the floor decides."""
    mode = state.run.rules.mode
    if mode is FloorMode.OPEN or seat.role is Role.CHAIR or seat.gates.microphone != GateReason.OPEN:
        return False
    return seat.id not in {turn.participant for turn in state.run.turns}
