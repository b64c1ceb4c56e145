"""A Room: the live rules and people of one run of a Meeting. Without I/O: no socket, no clock, no chance.

    input ──> roles (may they, here?) ──> one small rule ──> effects, or Refused(code)

`signaling.live.rooms` feeds it one input at a time. Laws, held by a stateful test:
- Refused leaves the state as it was.
- Only admitted people have an endpoint in a meeting's room of the media plane. Before admission there is at
  most a line check: alone in a room named after the session, all gates shut, closed by the input that lets
  its session in or ends it, and after 15 s.
- Only a chair's or an operator's unmute lifts HOST from a gate; leaving, dropping, taking over and being
  admitted again do not.
- Nothing is recorded without a chair's order, or where the meeting forbids it, or unseen.
- Versions of roster and lobby only grow, and everybody who may see them has seen the newest; of the roster
  at `roster_due_s` at the latest.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, assert_never

import sfu
from signaling import protocol as m
from signaling.model.ids import Instant, ParticipantId, SessionId
from signaling.model.words import Why
from signaling.protocol import ClientMessage
from signaling.room.rules import (
    bans,
    chairs,
    departures,
    entering,
    floor,
    gating,
    line_check,
    lobby,
    media,
    permissions,
    recorder_orders,
    recording,
    talk,
    voices,
)
from signaling.room.state.effects import Effect, Greet, KeepRun, Outcome, Refused, Tell
from signaling.room.state.facts import Facts
from signaling.room.state.inputs import (
    Answered,
    Dropped,
    Elapsed,
    Enter,
    Input,
    Lifted,
    Noticed,
    Recorded,
    RecorderBack,
    RecorderGone,
    Reread,
    Said,
    SignedOut,
    WorkerBack,
)
from signaling.room.state.roles import RULES, refusal
from signaling.room.state.seat import Seat
from signaling.room.state.state import State
from signaling.room.views import changes
from signaling.room.views.board import Board, Unsent
from signaling.room.views.shown_roster import ShownRoster
from signaling.room.views.welcome import welcome

Rule = Callable[[State, Seat, Any, Instant], Outcome]


HANDLERS: dict[type[ClientMessage], Rule] = {
    m.Knock: lobby.knock,
    m.Withdraw: lobby.withdraw,
    m.Admit: lobby.admit,
    m.AdmitAll: lobby.admit_all,
    m.Refuse: lobby.refuse,
    m.Offer: media.offer,
    m.CheckLine: line_check.begin,
    m.EndCheck: line_check.end,
    m.Show: media.show,
    m.SetSource: gating.set_source,
    m.Mute: gating.mute,
    m.Unmute: gating.unmute,
    m.MuteAll: gating.mute_all,
    m.Leave: entering.leave,
    m.Kick: entering.kick,
    m.EndMeeting: entering.end,
    m.Talk: talk.talk,
    m.Ban: bans.ban,
    m.Lift: bans.lift,
    m.SendBack: lobby.send_back,
    m.Lock: lobby.lock,
    m.Ask: permissions.ask,
    m.Unask: permissions.unask,
    m.Decide: permissions.decide,
    m.CorrectDeparture: departures.correct,
    m.HandChair: chairs.hand,
    m.TakeChair: chairs.take,
    m.LendChair: chairs.lend,
    m.SetRules: chairs.set_rules,
    m.RaiseHand: floor.raise_hand,
    m.LowerHand: floor.lower_hand,
    m.RegisterSpeech: floor.register_speech,
    m.InviteNext: floor.invite_next,
    m.Invite: floor.invite,
    m.EndTurn: floor.end_turn,
    m.ExtendTurn: floor.extend_turn,
    m.Skip: floor.skip,
    m.Return: floor.bring_back,
    m.GoRound: floor.go_round,
    m.StartRecording: recording.start,
    m.StopRecording: recording.stop,
    m.PauseRecording: recording.pause,
    m.MarkRecording: recording.mark,
}
assert HANDLERS.keys() == RULES.keys()


class Checkpoint(NamedTuple):
    """All of a Room as one value, to go back to and to compare."""

    facts: Facts
    views: changes.Views
    roster: ShownRoster
    unsent: Unsent


class Room:
    def __init__(self, start: State) -> None:
        self.state = start
        self._views = changes.Views()
        self._roster = ShownRoster()
        self._board = Board()

    def apply(self, happened: Input, now: Instant) -> Outcome:
        """Carry out one input. Returns what has to be done about it, or why it is refused."""
        if self.state.ended:
            return () if not isinstance(happened, Enter | Said) else Refused(Why.MEETING_ENDED)
        viewers, run = changes.viewers_of(self.state), self.state.run
        inside = frozenset(seat.id for seat in self.state.admitted())
        outcome = self._decide(happened, now)
        if isinstance(outcome, Refused):
            return outcome
        effects = [*outcome, *self._follow(inside, now)]
        if self.state.run is not run and not self.state.ended:
            effects.append(KeepRun())
        was_held = self.roster_due_s is not None
        effects += self._show_roster(viewers.audience, now)
        held = self.roster_due_s is not None
        before, views = self._views, self._views.now(self.state, held=held, anew=was_held and not held)
        self._views = views
        if self._views is not before:  # the same views: the same people see them, too
            effects += changes.tell(before, self._views, self.state, viewers)
        return (*effects, *self._show_lines(viewers.watching, now))

    def _show_roster(self, before: frozenset[SessionId], now: Instant) -> tuple[Effect, ...]:
        audience = self.state.audience()
        come = tuple(session for session in audience if session not in before)
        roster = self._roster.now(self.state, now, needed=bool(come))
        if roster is self._roster and not come and self.roster_due_s is None:
            return ()
        self._roster, told = roster.tell(self.state, audience, come, now)
        return told

    @property
    def roster_due_s(self) -> float | None:
        """Monotonic seconds at which `Elapsed` shows the roster; None: everybody has seen it as it is."""
        return None if self.state.ended else self._roster.due_s(self.state.limits.roster_every_s)

    def _follow(self, inside: frozenset[ParticipantId], now: Instant) -> tuple[Effect, ...]:
        """What follows from any input. inside: the people who were inside before it."""
        if self.state.ended:
            return (*recorder_orders.sweep(self.state, now), *line_check.sweep(self.state, now))
        lifted = bans.sweep(self.state, now)
        ended = permissions.sweep(self.state, now)
        turns = floor.sweep(self.state, inside, now)
        gates = gating.sweep(self.state)
        voices.sweep(self.state, now)
        orders = recorder_orders.sweep(self.state, now)
        return (*lifted, *ended, *turns, *gates, *orders, *line_check.sweep(self.state, now))

    def _decide(self, happened: Input, now: Instant) -> Outcome:
        match happened:
            case Said():
                return self._said(happened, now)
            case Enter():
                return self._greeted(entering.enter(self.state, happened), now)
            case Dropped():
                return entering.drop(self.state, happened, now)
            case SignedOut():
                return entering.signed_out(self.state, happened)
            case Answered(check=True):
                return line_check.answered(self.state, happened)
            case Answered():
                return media.answered(self.state, happened)
            case Noticed():
                return tuple(effect for event in happened.events for effect in self._noticed(event, now))
            case WorkerBack():
                voices.worker_back(self.state, now)
                return (*media.worker_back(self.state, happened), *line_check.worker_back(self.state))
            case Elapsed():
                return entering.elapse(self.state, now)
            case Reread():
                facts = replace(self.state.facts, meeting=happened.meeting, recipients=happened.recipients)
                self.state.facts = facts
                return ()
            case Lifted():
                return bans.lifted_elsewhere(self.state, happened)
            case Recorded():
                return recording.recorded(self.state, happened.status, now)
            case RecorderBack():
                return recording.recorder_back(self.state, happened.statuses, now)
            case RecorderGone():
                return recording.recorder_gone(self.state, now)
            case _:
                assert_never(happened)

    def _greeted(self, outcome: tuple[Effect | Greet, ...] | Refused, now: Instant) -> Outcome:
        """The same, with the welcome in the place where the rule asked for it."""
        if isinstance(outcome, Refused):
            return outcome
        return tuple(self._welcome(one, now) if isinstance(one, Greet) else one for one in outcome)

    def _welcome(self, asked: Greet, now: Instant) -> Tell:
        seat = self.state.by_session(asked.session)
        assert seat is not None  # the rule has just put it there
        return Tell((asked.session,), welcome(self.state, seat, now))

    def _said(self, said: Said, now: Instant) -> Outcome:
        seat = self.state.by_session(said.session)
        if seat is None:
            return Refused(Why.OUT_OF_ORDER)
        why = refusal(type(said.message), seat)
        if why is not None:
            return Refused(why)
        return HANDLERS[type(said.message)](self.state, seat, said.message, now)

    def _noticed(self, event: sfu.AnyEvent, now: Instant) -> tuple[Effect, ...]:
        if isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged):
            return media.noticed(self.state, event, now)
        session = self.state.check_of(event.endpoint)
        if session is not None:
            return line_check.noticed(self.state, session, event)
        outcome = media.noticed(self.state, event, now)
        if isinstance(event, sfu.LineReport):
            participant = ParticipantId(event.endpoint)
            point = self.state.line(participant).point
            if point is not None:
                self._board.add(participant, point, now.s)
        return outcome

    def _show_lines(self, before: frozenset[SessionId], now: Instant) -> tuple[Effect, ...]:
        """Send the whole board to people who have just begun to watch it, and what is new to the others when
        it is due."""
        staff = self.state.watching()
        come = tuple(session for session in staff if session not in before)
        due = self._board.due_s is not None and now.s >= self._board.due_s
        if not come and not due:
            return ()
        inside = [seat.id for seat in self.state.admitted()]
        there = tuple(session for session in staff if session in before)
        newest = self._board.take(inside)
        told = (Tell(there, newest),) if there and newest is not None else ()
        return (*told, Tell(come, self._board.whole(inside))) if come else told

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.state.facts, self._views, self._roster, self._board.unsent())

    def restore(self, to: Checkpoint) -> None:
        """Undo an input whose effects nobody has seen."""
        self.state.facts = to.facts
        self._views = to.views
        self._roster = to.roster
        self._board.send_again(to.unsent)

    def next_deadline(self) -> float | None:
        """Monotonic seconds at which `Elapsed` has something to do."""
        rules = (
            entering.next_deadline,
            bans.next_deadline,
            permissions.next_deadline,
            line_check.next_deadline,
            voices.next_deadline,
            recorder_orders.next_deadline,
        )
        deadlines = (*(rule(self.state) for rule in rules), self._board.due_s, self.roster_due_s)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)
