"""One Room alive: takes inputs one at a time and carries out what the Room decides.

The order is always: what must be kept before anybody hears of it; what ends or pauses a recording; media;
people; what is kept when the store can; what begins a recording. A chair's mute is told to nobody before the
media worker has shut the gate, and nothing is recorded before everybody was told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import sfu
from recorder import Recipient
from signaling.audit.log import AuditLog
from signaling.links.media import MediaPort, MediaUnavailable
from signaling.links.recorder import RecorderPort
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord, SeatRow
from signaling.model.words import Why
from signaling.protocol import Bye, ServerMessage, encode
from signaling.room.room import Room
from signaling.room.state.effects import (
    Dismiss,
    Effect,
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
from signaling.room.state.inputs import Answered, Input, Reread, WorkerBack
from signaling.store import AlreadyThere, StorageUnavailable

log = logging.getLogger("giaoban.room")

Pending = tuple[Negotiate, Awaitable[sfu.AnyResult]]


class Outlet(Protocol):
    """The way to one client, or what is kept for it while there is none."""

    def post(self, message: ServerMessage, frame: str) -> object: ...
    def dismiss(self, bye: Bye) -> None: ...
    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, str]]: ...


class Keeping(Protocol):
    """What a live room needs of the store."""

    async def keep_seats(self, of: Meeting, rows: Iterable[SeatRow]) -> None: ...
    async def keep_run(self, of: Meeting, record: RunRecord) -> None: ...
    async def end_run(self, which: Meeting, now_ms: int) -> None: ...


class LiveRoom:
    def __init__(
        self,
        room: Room,
        store: Keeping,
        media: MediaPort,
        recorder: RecorderPort,
        outlets: Mapping[SessionId, Outlet],
        clock: Callable[[], Instant],
        audit: AuditLog,
    ) -> None:
        self.room = room
        self.meeting = room.state.meeting
        self._audit = audit
        self._store = store
        self.media = media
        self._recorder = recorder
        self._outlets = outlets
        self._clock = clock
        # One input at a time: each is decided on what the one before has done, not on what it hopes to do.
        # Who waits for the turn is bounded by the sessions, each of which has one message in hand.
        self._turn = asyncio.Lock()
        self._unkept: set[AccountId] = set()
        self._run_unkept = False
        self._end_unkept = False

    @property
    def ended(self) -> bool:
        return self.room.state.ended

    @property
    def behind(self) -> bool:
        """There is something that the store does not know yet."""
        return bool(self._unkept) or self._run_unkept or self._end_unkept

    async def handle(self, happened: Input) -> Refused | None:
        """Carry out one input to its end, a media worker's answer included."""
        async with self._turn:
            outcome = await self._decide(happened)
            if isinstance(outcome, Refused):
                return outcome
            pending = await self._carry_out(outcome)
        for negotiation, result in pending:
            await self._finish(negotiation, result)
        return None

    async def _decide(self, happened: Input) -> tuple[Effect, ...] | Refused:
        before = self.room.checkpoint()
        outcome = self.room.apply(happened, self._clock())
        if isinstance(outcome, Refused):
            return outcome
        first = [account for e in outcome if isinstance(e, Keep) and e.first for account in e.accounts]
        run_first = KeepRun(first=True) in outcome
        if not first and not run_first:
            return outcome
        try:
            if first:
                await self._store.keep_seats(self.meeting, self._rows(first))
            if run_first:
                await self._store.keep_run(self.meeting, self.room.state.run)
        except (StorageUnavailable, AlreadyThere) as error:
            log.error("not-kept meeting=%s why=%s", self.meeting.code, type(error).__name__)
            self.room.restore(before)
            self._unkept.update(first)  # it may have been written after all
            self._run_unkept = self._run_unkept or run_first
            return Refused(Why.STORAGE_UNAVAILABLE)
        return outcome

    def _rows(self, accounts: Iterable[AccountId]) -> list[SeatRow]:
        seats = self.room.state.seats
        return [seats[account].row() for account in accounts if account in seats]

    async def _carry_out(self, effects: tuple[Effect, ...]) -> list[Pending]:
        self._order(effects, at_once=True)
        pending: list[Pending] = []
        asked: list[Awaitable[sfu.AnyResult]] = []
        for effect in effects:  # all are sent, in order, before the first is waited for
            if isinstance(effect, Media):
                asked.append(self.media.request(effect.command))
            elif isinstance(effect, Negotiate):
                pending.append((effect, self.media.request(effect.command)))
        for request in asked:
            await _settled(request)
        for effect in effects:
            match effect:
                case Tell():
                    self._tell(effect)
                case Replay():
                    self._replay(effect)
                case Dismiss() if effect.session in self._outlets:
                    self._outlets[effect.session].dismiss(effect.bye)
                case Keep() if not effect.first:
                    self._unkept.update(effect.accounts)
                case KeepRun():
                    self._run_unkept = True
                case EndRun():
                    self._end_unkept = True
                case Note():
                    self._write_down(effect)
                case _:
                    pass
        self._order(effects, at_once=False)
        return pending

    def _order(self, effects: Iterable[Effect], at_once: bool) -> None:
        for effect in effects:
            if isinstance(effect, Record) and effect.at_once is at_once:
                self._recorder.send(effect.order)

    def _write_down(self, note: Note) -> None:
        """An entry of the audit log, and a line of the server's, which gets no words of people."""
        fields = " ".join(f"{key}={value}" for key, value in note.fields)
        by = "" if note.actor is None else f"by={note.actor} "
        log.info("%s meeting=%s %s%s", note.event, self.meeting.code, by, fields)
        actor = None if note.actor is None else self.room.state.seats.get(note.actor)
        self._audit.note(
            note.event,
            meeting=self.meeting.code,
            run=self.meeting.run,
            actor=note.actor,
            login="" if actor is None else actor.account.login,
            address=note.address,
            fields=note.fields,
            words=(*note.words, *self._named(note.fields)),
        )

    def _named(self, fields: Iterable[tuple[str, str | int]]) -> Iterator[tuple[str, str]]:
        """Whom the ids among the fields mean: accounts and seats go, the entry stays."""
        for key, value in fields:
            seat = self.room.state.by_id(value) if isinstance(value, str) else None
            if seat is not None:
                yield f"{key}-name", f"{seat.name or seat.account.name} ({seat.account.login})"

    def _tell(self, effect: Tell) -> None:
        outlets = [self._outlets[session] for session in effect.sessions if session in self._outlets]
        if outlets:
            frame = encode(effect.message)
            for outlet in outlets:
                outlet.post(effect.message, frame)

    def _replay(self, effect: Replay) -> None:
        before, outlet = self._outlets.get(effect.before), self._outlets.get(effect.session)
        if before is not None and outlet is not None:
            for message, frame in before.missed(effect.seen):
                outlet.post(message, frame)

    async def _finish(self, negotiation: Negotiate, result: Awaitable[sfu.AnyResult]) -> None:
        asked = negotiation
        restart = isinstance(asked.command, sfu.RestartEndpoint)
        check = isinstance(asked.command, sfu.OpenEndpoint) and asked.command.check
        answer = await _settled(result)
        await self.handle(Answered(asked.session, asked.participant, restart, answer, asked.offer, check))

    async def resync(self) -> None:
        """The media worker is there (again): give it the gates; its answers tell what it has lost."""
        async with self._turn:
            seats = [seat for seat in self.room.state.admitted() if seat.offered]
            asked = [
                (seat.id, self.media.request(sfu.SetGates(sfu.EndpointId(seat.id), seat.gates.every())))
                for seat in seats
            ]
            missing: set[ParticipantId] = set()
            for participant, request in asked:
                result = await _settled(request)
                if result is None:
                    return  # gone again; the next start tells
                if isinstance(result, sfu.Failed):
                    missing.add(participant)
            outcome = self.room.apply(WorkerBack(frozenset(missing)), self._clock())
            if not isinstance(outcome, Refused):
                await self._carry_out(outcome)
        log.info("media-resync meeting=%s kept=%d lost=%d", self.meeting.code, len(seats), len(missing))

    async def reread(self, meeting: Meeting, recipients: tuple[Recipient, ...]) -> None:
        """What may have been changed at the terminal: schedule, composition, rules of recording, keys. From
        now on that decides who may come, and what may be recorded for whom."""
        state = self.room.state
        if meeting.run != self.meeting.run or (meeting, recipients) == (self.meeting, state.recipients):
            return
        self.meeting = meeting
        await self.handle(Reread(meeting, recipients))
        log.info("meeting-reread meeting=%s", meeting.code)

    async def flush(self) -> None:
        """Let the store follow. Raises StorageUnavailable; what is missing stays marked as such."""
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


async def _settled(request: Awaitable[sfu.AnyResult]) -> sfu.AnyResult | None:
    """The result, or None when no worker gave one. Gates are safe then: no worker forwards nothing, and the
    next one is given them before the first packet."""
    try:
        return await request
    except MediaUnavailable:
        return None
