"""A Room and its connections to the world: takes inputs one at a time and carries out what the Room decides.

The order, phase by phase (`signaling.live.phases`): what must be stored before anybody hears of it, while
other inputs go on (`signaling.live.grants`); what ends or pauses a recording; media; people; what is stored
when the store can; what begins a recording. So nobody is told of a chair's mute before the media worker has
shut the gate, and nothing is recorded before everybody was told.

Deciding never waits: an input's commands have been given to the worker before the next input is decided. What
comes after them waits for the worker's answers, and leaves in the order of the decisions
(`signaling.live.leaving`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

from msgspec.structs import replace as changed

import sfu
from recorder import AuditHead, Recipient, Start
from signaling.audit.chain import Actor
from signaling.audit.log import AuditLog
from signaling.links.media import MediaPort, MediaUnavailable, Result
from signaling.links.recorder import RecorderPort
from signaling.live.grants import NOTHING, Grant
from signaling.live.leaving import Leaving, LeavingInOrder
from signaling.live.mailboxes import Mailbox
from signaling.live.phases import Phases, in_phases
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat
from signaling.model.words import Why
from signaling.protocol import Frame
from signaling.room.room import Room
from signaling.room.state.effects import (
    Dismiss,
    EndRun,
    Keep,
    KeepRun,
    Media,
    Negotiate,
    Note,
    Record,
    Refused,
    Replay,
    Tell,
)
from signaling.room.state.inputs import Answered, Elapsed, Input, Lifted, Noticed, Reread, WorkerBack
from signaling.store import AlreadyThere, StorageUnavailable

log = logging.getLogger("giaoban.room")

MAX_GRANT_TRIES = 3
"""Something else may change what is to be granted while it is stored; then it is stored once more."""
MAX_LEAVING = 512
"""Inputs whose effects have not left: a session waits for those of its own, reports wait while there are so
many. The worker answers, or is given up, within seconds."""
SHUTTING = (sfu.SetGates, sfu.CloseEndpoint, sfu.CloseRoom)
"""People are told of these when the worker has answered. Nobody is told that a wish was carried out."""


@dataclass(eq=False, slots=True)
class Asking:
    """An input that has something stored first."""

    happened: Input
    outcome: Leaving | Refused | None = None
    """Once it is decided."""


class RoomStore(Protocol):
    """What a live room needs of the store."""

    async def keep_seats(self, of: Meeting, seats: Iterable[KeptSeat]) -> None: ...
    async def keep_run(self, of: Meeting, record: RunRecord) -> None: ...
    async def end_run(self, which: Meeting, now_ms: int) -> None: ...


class LiveRoom:
    def __init__(
        self,
        room: Room,
        store: RoomStore,
        media: MediaPort,
        recorder: RecorderPort,
        mailboxes: Mapping[SessionId, Mailbox],
        clock: Callable[[], Instant],
        audit: AuditLog,
    ) -> None:
        self.room = room
        self.meeting = room.state.meeting
        self._audit = audit
        self._store = store
        self.media = media
        self._recorder = recorder
        self._mailboxes = mailboxes
        self._clock = clock
        self._leaving = LeavingInOrder(self._leave)
        self._showing: asyncio.TimerHandle | None = None
        self.fell_behind: Callable[[], None] = _nobody_asks
        """Called when something is to be stored."""
        self._asking: list[Asking] = []
        """Those whose grants are still to be stored, in order."""
        self._one_grant_at_a_time = asyncio.Lock()  # taken first; what it stores is stored in order
        self._unkept: set[AccountId] = set()
        self._run_unkept = False
        self._end_unkept = False
        self._lifted: frozenset[AccountId] = frozenset()
        """Bans that the store did not have when it was last asked."""

    @property
    def ended(self) -> bool:
        return self.room.state.ended

    @property
    def banned(self) -> frozenset[AccountId]:
        """As far as it should be in the store."""
        seats = self.room.state.seats.items()
        return frozenset(account for account, seat in seats if seat.banned and account not in self._unkept)

    @property
    def behind(self) -> bool:
        """Something is not stored yet."""
        return bool(self._unkept) or self._run_unkept or self._end_unkept

    async def handle(self, happened: Input) -> Refused | None:
        """Carry out one input to its end, including the media worker's answers. What has to be stored first
        waits for the store by itself: the inputs behind it go on."""
        outcome = self._take(happened, self._clock(), NOTHING)
        if isinstance(outcome, Grant):
            outcome = await self._granted(Asking(happened))
        if isinstance(outcome, Refused):
            return outcome
        await _left(outcome)
        for told in outcome.answers:
            await told
        return None

    def notice(self, happened: Input) -> None:
        """Decide what nobody has asked for, so that nobody can be refused, and do not wait for its end."""
        outcome = self.room.apply(happened, self._clock())
        if not isinstance(outcome, Refused):
            phases = in_phases(outcome)
            phases.kept_later += phases.kept_first
            self._carry_out(phases)

    async def notice_in_turn(self, events: tuple[sfu.AnyEvent, ...]) -> None:
        """What the worker reports. It is not listened to while too much has not left yet."""
        newest = self._leaving.newest
        if newest is not None and len(self._leaving) >= MAX_LEAVING:
            await _left(newest)
        self.notice(Noticed(events))

    def _take(self, happened: Input, now: Instant, stored: Grant) -> Leaving | Refused | Grant:
        """Decide, and carry out if nothing has to be stored first, or has been. Otherwise nothing is changed,
        and this returns what has to be stored."""
        before = self.room.checkpoint()
        outcome = self.room.apply(happened, now)
        if isinstance(outcome, Refused):
            return outcome
        phases = in_phases(outcome)
        first = self._asked_first(phases)
        if stored.has(first):
            return self._carry_out(phases)
        self.room.restore(before)
        return first

    def _asked_first(self, phases: Phases) -> Grant:
        accounts = [a for e in phases.kept_first if isinstance(e, Keep) for a in e.accounts]
        run = any(isinstance(e, KeepRun) for e in phases.kept_first)
        rows = {row.account.id: row for row in self._rows(accounts)}
        return Grant(rows, self.room.state.run if run else None)

    async def _granted(self, asking: Asking) -> Leaving | Refused:
        """Those who come while the store is busy share its next write."""
        self._asking.append(asking)
        async with self._one_grant_at_a_time:
            if asking.outcome is None:
                await self._grant_together()
        assert asking.outcome is not None
        return asking.outcome

    async def _grant_together(self) -> None:
        decided_ms = self._clock().unix_ms
        together, stored, self._asking = self._stored_together(decided_ms)
        failed = await self._refused_by_store(stored)
        for asking in together:
            asking.outcome = failed or await self._grant(asking.happened, stored, decided_ms)
        self._note_unlike(stored)  # if the store failed, it may have been written after all

    def _stored_together(self, decided_ms: int) -> tuple[list[Asking], Grant, list[Asking]]:
        """Inputs that one write can grant, what is to be written, and the inputs after them. No two of them
        concern the same seat, and a record of the run is written alone."""
        before, now = self.room.checkpoint(), Instant(self._clock().s, decided_ms)
        seats: dict[AccountId, KeptSeat] = {}
        run: RunRecord | None = None
        together: list[Asking] = []
        for asking in self._asking:
            outcome = self.room.apply(asking.happened, now)
            first = NOTHING if isinstance(outcome, Refused) else self._asked_first(in_phases(outcome))
            alone = run is not None or first.run is not None or not seats.keys().isdisjoint(first.seats)
            if together and alone:
                break
            together.append(asking)
            seats.update(first.seats)
            run = first.run
        self.room.restore(before)
        return together, Grant(seats, run), self._asking[len(together) :]

    async def _grant(self, happened: Input, stored: Grant, decided_ms: int) -> Leaving | Refused:
        """Decide again, after what had to be stored has been: what is stored takes effect, nothing else."""
        own = NOTHING
        for _ in range(MAX_GRANT_TRIES):
            # Decided at the same time of day, so that the rows are the same.
            outcome = self._take(happened, Instant(self._clock().s, decided_ms), stored)
            self._note_unlike(own)
            if not isinstance(outcome, Grant):
                return outcome
            own = stored = outcome  # something has changed meanwhile
            failed = await self._refused_by_store(own)
            if failed is not None:
                self._note_unlike(own)
                return failed
        return Refused(Why.STORAGE_UNAVAILABLE)

    async def _refused_by_store(self, grant: Grant) -> Refused | None:
        """None: it has been stored."""
        try:
            if grant.seats:
                await self._store.keep_seats(self.meeting, grant.seats.values())
            if grant.run is not None:
                await self._store.keep_run(self.meeting, grant.run)
        except (StorageUnavailable, AlreadyThere) as error:
            log.error("not-kept meeting=%s why=%s", self.meeting.code, type(error).__name__)
            return Refused(Why.STORAGE_UNAVAILABLE)
        return None

    def _note_unlike(self, stored: Grant) -> None:
        """Where the store may say something else than what is so, it has to follow."""
        seats = self.room.state.seats
        unlike = (a for a, row in stored.seats.items() if a in seats and seats[a].kept() != row)
        self._unkept.update(unlike)
        if stored.run is not None and stored.run != self.room.state.run:
            self._run_unkept = True
        if self.behind:
            self.fell_behind()

    def _rows(self, accounts: Iterable[AccountId]) -> list[KeptSeat]:
        seats = self.room.state.seats
        return [seats[account].kept() for account in accounts if account in seats]

    def _carry_out(self, phases: Phases) -> Leaving:
        """All phases after the first, in order. People hear of it when what is returned has left."""
        self._leaving.overtaken_by(phases.at_once)
        self._order(phases.at_once)
        phases.kept_later = [self._named(e) if isinstance(e, Note) else e for e in phases.kept_later]
        effects = Leaving(phases)
        for effect in phases.media:
            asked = self.media.request(effect.command)
            match effect:
                case Media() if isinstance(effect.command, SHUTTING):
                    effects.unanswered += 1
                    asked.add_done_callback(lambda _: self._leaving.answered(effects))
                case Media():
                    asked.add_done_callback(_result_of)
                case Negotiate():
                    effects.answers.append(self._negotiate(effect, asked))
                case _:
                    assert_never(effect)
        self._leaving.add(effects)
        self._leaving.let_leave()
        self._show_in_time()
        return effects

    def _leave(self, phases: Phases) -> None:
        self._address(phases.people)
        self._keep_later(phases.kept_later)
        self._order(phases.recording)
        if self.behind:
            self.fell_behind()

    def _show_in_time(self) -> None:
        """What is held back for the sake of those who are shown it is due before the next tick."""
        due_s = self.room.roster_due_s
        if due_s is not None and self._showing is None:
            loop = asyncio.get_running_loop()
            self._showing = loop.call_later(max(0.0, due_s - self._clock().s), self._show)

    def _show(self) -> None:
        self._showing = None
        self.notice(Elapsed())
        self._show_in_time()

    def _order(self, records: Iterable[Record]) -> None:
        for record in records:
            order = record.order
            head = self._audit.head
            if isinstance(order, Start) and head.number:
                order = changed(order, audit=AuditHead(head.number, head.hash))
            self._recorder.send(order)

    def _address(self, effects: Iterable[Tell | Replay | Dismiss]) -> None:
        for effect in effects:
            match effect:
                case Tell():
                    self._tell(effect)
                case Replay():
                    self._replay(effect)
                case Dismiss():
                    mailbox = self._mailboxes.get(effect.session)
                    if mailbox is not None:
                        mailbox.dismiss(effect.bye)
                case _:
                    assert_never(effect)

    def _keep_later(self, effects: Iterable[Keep | KeepRun | EndRun | Note]) -> None:
        for effect in effects:
            match effect:
                case Keep():
                    self._unkept.update(effect.accounts)
                case KeepRun():
                    self._run_unkept = True
                case EndRun():
                    self._end_unkept = True
                case Note():
                    self._write_down(effect)
                case _:
                    assert_never(effect)

    def _write_down(self, note: Note) -> None:
        """An entry in the audit log, and a line in the server's own log, without what people typed."""
        fields = " ".join(f"{key}={value}" for key, value in note.fields)
        by = "" if note.actor is None else f"by={note.actor} "
        log.info("%s meeting=%s %s%s", note.event, self.meeting.code, by, fields)
        self._audit.note(
            note.event,
            meeting=self.meeting.code,
            run=self.meeting.run,
            who=Actor(note.actor or "", note.login, note.address),
            fields=note.fields,
            words=note.words,
        )

    def _named(self, note: Note) -> Note:
        """With the names behind the ids, as they are now: the entry outlives accounts and seats."""
        actor = None if note.actor is None else self.room.state.seats.get(note.actor)
        login = "" if actor is None else actor.account.login
        return replace(note, login=login, words=(*note.words, *self._names(note.fields)))

    def _names(self, fields: Iterable[tuple[str, str | int]]) -> Iterator[tuple[str, str]]:
        for key, value in fields:
            seat = self.room.state.by_id(value) if isinstance(value, str) else None
            if seat is not None:
                yield f"{key}-name", f"{seat.name or seat.account.name} ({seat.account.login})"

    def _tell(self, effect: Tell) -> None:
        mailboxes = [self._mailboxes[session] for session in effect.sessions if session in self._mailboxes]
        if mailboxes:
            frame = Frame(effect.message)
            for mailbox in mailboxes:
                mailbox.post(effect.message, frame)

    def _replay(self, effect: Replay) -> None:
        before, mailbox = self._mailboxes.get(effect.before), self._mailboxes.get(effect.session)
        if before is not None and mailbox is not None:
            for message, frame in before.missed(effect.seen):
                mailbox.post(message, frame)

    def _negotiate(self, asked: Negotiate, request: Result) -> Awaitable[None]:
        """Decide about the worker's answer when it comes; whoever waits, waits until that was told."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        restart = isinstance(asked.command, sfu.RestartEndpoint)
        check = isinstance(asked.command, sfu.OpenEndpoint) and asked.command.check

        def answered(result: Result) -> None:
            answer = _result_of(result)
            try:
                self.notice(Answered(asked.session, asked.participant, restart, answer, asked.offer, check))
            finally:
                if not told.done():  # whoever waited may have left
                    told.set_result(None)

        request.add_done_callback(answered)
        return told

    async def resync(self) -> None:
        """The media worker is up, perhaps again: send it the gates; its answers tell what it has lost."""
        seats = [seat for seat in self.room.state.admitted() if seat.offered]
        asked = [
            (seat.id, self.media.request(sfu.SetGates(sfu.EndpointId(seat.id), seat.gates.every())))
            for seat in seats
        ]
        missing: set[ParticipantId] = set()
        for participant, request in asked:
            result = await _settled(request)
            if result is None:
                return  # gone again; its next start tells
            if isinstance(result, sfu.Failed):
                missing.add(participant)
        self.notice(WorkerBack(frozenset(missing)))
        log.info("media-resync meeting=%s kept=%d lost=%d", self.meeting.code, len(seats), len(missing))

    def reread(self, meeting: Meeting, recipients: tuple[Recipient, ...]) -> None:
        """Take over what was changed at the terminal: schedule, composition, recording rules, keys. From now
        on it decides who may come, and what may be recorded for whom."""
        state = self.room.state
        if meeting.run != self.meeting.run or (meeting, recipients) == (self.meeting, state.recipients):
            return
        self.meeting = meeting
        self.notice(Reread(meeting, recipients))
        log.info("meeting-reread meeting=%s", meeting.code)

    def lifted(self, gone: frozenset[AccountId]) -> None:
        """The store no longer has these bans. It may have been asked before it had them, so they are lifted
        when it says so again."""
        sure, self._lifted = gone & self._lifted, gone
        if sure:
            self.notice(Lifted(sure))

    async def flush(self) -> None:
        """Store what is not stored yet. Raises StorageUnavailable; what is missing stays marked."""
        async with self._one_grant_at_a_time:
            await self._flush()

    async def _flush(self) -> None:
        accounts, self._unkept = self._unkept, set()
        try:
            await self._store.keep_seats(self.meeting, self._rows(accounts))
        except AlreadyThere as error:
            log.error("seat-lost meeting=%s why=%s", self.meeting.code, error)
        except StorageUnavailable:
            self._unkept |= accounts
            raise
        if self._run_unkept:
            self._run_unkept = False
            try:
                await self._store.keep_run(self.meeting, self.room.state.run)
            except StorageUnavailable:
                self._run_unkept = True
                raise
        if self._end_unkept:
            await self._store.end_run(self.meeting, self._clock().unix_ms)
            self._end_unkept = False


def _nobody_asks() -> None:
    """Of a room that is not among others."""


async def _left(effects: Leaving) -> None:
    """Wait until they have left."""
    left = asyncio.Event()
    if not effects.has_left:
        effects.when_left.append(left.set)
        await left.wait()


async def _settled(request: Result) -> sfu.AnyResult | None:
    """The result, or None when no worker gave one. Gates are safe then: without a worker nothing is
    forwarded, and the next one gets them before the first packet."""
    try:
        return await request
    except MediaUnavailable:
        return None


def _result_of(request: Result) -> sfu.AnyResult | None:
    """The same of a request that is over."""
    try:
        return request.result()
    except MediaUnavailable:
        return None
