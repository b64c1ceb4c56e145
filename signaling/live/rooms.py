"""All live rooms, the sessions in them, and the tasks that keep them going."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol
from zlib import crc32

from recorder import RecordingId
from signaling.audit.chain import Actor
from signaling.audit.log import AuditLog
from signaling.links.media import MediaPort
from signaling.links.recorder import NoRecorder, RecorderPort
from signaling.live.backlog import Backlog
from signaling.live.live_room import LiveRoom
from signaling.live.load import Load, load_of
from signaling.live.mailboxes import Mailbox, Mailboxes
from signaling.live.media_events import MediaEvents
from signaling.live.recorder_reports import RecorderReports
from signaling.model.ids import Instant, ParticipantId, SessionId
from signaling.model.limits import Limits
from signaling.model.meeting import Account, Meeting
from signaling.model.relay import Relay
from signaling.model.run import RunRecord
from signaling.model.words import Presence, Why
from signaling.protocol import Bye, ClientMessage
from signaling.room.room import Room
from signaling.room.state.effects import Refused
from signaling.room.state.inputs import Dropped, Elapsed, Enter, Said, SignedOut
from signaling.room.state.opening import Opening, opened
from signaling.room.state.seat import STAFF
from signaling.store import StorageUnavailable, Store, UnreadableRecord
from signaling.store.store import CENTRE

log = logging.getLogger("giaoban.rooms")

TICK_S = 1.0
KEEP_RETRY_S = 2.0
REREAD_S = 5.0
"""How soon a live room takes over a schedule that was changed at the terminal."""


class LiveSession(Mailbox, Protocol):
    """A session, as the rooms see it."""

    @property
    def id(self) -> SessionId: ...
    @property
    def account(self) -> Account: ...
    @property
    def local(self) -> bool: ...
    @property
    def address(self) -> str: ...
    @property
    def backlog(self) -> Backlog: ...


class Rooms:
    def __init__(
        self,
        store: Store,
        media: Sequence[MediaPort],
        limits: Limits,
        clock: Callable[[], Instant],
        audit: AuditLog,
        relay: Relay | None = None,
        recorder: RecorderPort | None = None,
    ) -> None:
        self.limits = limits
        self._audit = audit
        self._relay = relay
        self._store = store
        self._media = media
        self._recorder = recorder or NoRecorder()
        self._clock = clock
        self._rooms: dict[str, LiveRoom] = {}
        """By the meeting's code."""
        self._media_events = MediaEvents(self._rooms)
        self._recorder_reports = RecorderReports(self._recorder, self._rooms, audit)
        self._sessions: dict[SessionId, LiveSession] = {}
        self._mailboxes = Mailboxes(limits, clock)
        self._where: dict[SessionId, LiveRoom] = {}
        self._opening = asyncio.Lock()
        self._behind = asyncio.Event()

    async def start(self) -> None:
        """Restore the meetings that were in progress. Raises StorageUnavailable."""
        for meeting in await self._store.meetings.with_people():
            self._rooms[meeting.code] = await self._open(meeting)
            log.info("meeting-restored meeting=%s run=%d", meeting.code, meeting.run)

    async def run(self) -> None:
        """Everything that happens by itself, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number, media in enumerate(self._media):
                tasks.create_task(self._media_events.run(media), name=f"events of media worker {number}")
            tasks.create_task(self._recorder_reports.run(), name="reports of the recorder")
            tasks.create_task(self._tick(), name="deadlines")
            tasks.create_task(self._keep(), name="store follows")
            tasks.create_task(self._reread(), name="schedules")
            tasks.create_task(self._audit.run(), name="audit log follows")

    # --- sessions ---

    async def enter(
        self, session: LiveSession, code: str, resume: str | None, seen: int | None = None
    ) -> Refused | None:
        """A session says hello. Refused ends it."""
        try:
            live: LiveRoom | Refused | None = self._rooms.get(code)
            if not isinstance(live, LiveRoom) or live.ended:  # who comes back waits for no store
                async with self._opening:
                    live = await self._room_for(session, code)
        except StorageUnavailable:
            return Refused(Why.STORAGE_UNAVAILABLE)
        if isinstance(live, Refused):
            return live
        self._sessions[session.id] = session
        self._mailboxes.arrived(session.id, session)
        self._where[session.id] = live
        fresh = ParticipantId(f"p{secrets.token_hex(8)}")
        arrival = Enter(session.id, session.account, fresh, resume, session.local, seen, session.address)
        return await live.handle(arrival)

    async def say(self, session: SessionId, message: ClientMessage) -> Refused | None:
        live = self._where.get(session)
        if live is None:
            return Refused(Why.OUT_OF_ORDER)
        refused = await live.handle(Said(session, message))
        if refused is not None:
            log.info("refused session=%s what=%s code=%s", session, type(message).__name__, refused.code)
        return refused

    async def leave(
        self, session: SessionId, presence: Presence = Presence.LOST, signed_out: bool = False
    ) -> None:
        """The session's socket is gone, or nobody is signed in behind it any more; `presence` says whether
        its page closed it."""
        gone = self._sessions.pop(session, None)
        if gone is not None:
            self._mailboxes.departed(session, gone.backlog)
        live = self._where.pop(session, None)
        if live is not None:
            await live.handle(Dropped(session, presence, signed_out))

    def load(self) -> Load:
        return load_of([live.room.state for live in self._rooms.values()], len(self._sessions))

    def going_on(self) -> frozenset[RecordingId]:
        """The recordings of live rooms, including those that are just being ended."""
        states = (live.room.state for live in self._rooms.values())
        known = (one for state in states for one in (state.run.recording, state.recorder.closing))
        return frozenset(recording.id for recording in known if recording is not None)

    # --- rooms ---

    async def _room_for(self, session: LiveSession, code: str) -> LiveRoom | Refused:
        """The live room of a meeting. A chair or operator who comes to an ended meeting opens it again."""
        live = self._rooms.get(code)
        if live is not None and not live.ended:
            return live
        if live is not None:
            await live.flush()
            self._forget(live)
        meeting = await self._store.meetings.find(code)
        if meeting is None:
            return Refused(Why.UNKNOWN_MEETING)
        if meeting.ended:
            if session.account.role not in STAFF:
                return Refused(Why.MEETING_ENDED)
            again = await self._store.meetings.open_run(meeting.id, self._clock().unix_ms)
            assert again is not None
            meeting = again
            log.info("meeting-opened meeting=%s run=%d by=%s", code, meeting.run, session.account.id)
            who = Actor(session.account.id, session.account.login, session.address)
            self._audit.note("meeting-opened", meeting=code, run=meeting.run, who=who)
        self._rooms[code] = await self._open(meeting)
        return self._rooms[code]

    async def _open(self, meeting: Meeting) -> LiveRoom:
        units = await self._store.meetings.units()
        centre = await self._store.setting(CENTRE)
        seats = await self._store.meetings.seats(meeting)

        def checks_elsewhere() -> int:
            others = (live.room for live in self._rooms.values() if live.room is not room)
            return sum(len(other.state.checks) for other in others)

        recipients = await self._store.recipients.all()
        worker = crc32(meeting.code.encode()) % len(self._media)  # the same after a restart
        run, now = await self._run_of(meeting), self._clock()
        start = Opening(
            meeting,
            centre,
            units,
            self.limits,
            seats,
            run,
            recipients=recipients,
            recorder_up=self._recorder.up,
            worker=worker,
            relay=self._relay,
            checks_elsewhere=checks_elsewhere,
        )
        state = opened(start, now)
        room, store = Room(state), self._store.meetings
        mailboxes = self._mailboxes.by_session
        media, recorder = self._media[worker], self._recorder
        live = LiveRoom(room, store, media, recorder, mailboxes, self._clock, self._audit)
        live.fell_behind = self._behind.set
        return live

    async def _run_of(self, meeting: Meeting) -> RunRecord:
        """What was stored of the run. A damaged record keeps nobody out of the meeting: the run starts again
        with the rules that every meeting starts with, which are the safe ones."""
        try:
            return await self._store.meetings.run_record(meeting)
        except UnreadableRecord as error:
            log.error("run-record-unreadable meeting=%s run=%d why=%s", meeting.code, meeting.run, error)
            return RunRecord()

    # --- what happens by itself ---

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.elapse()

    def elapse(self) -> None:
        """Give up the seats whose time is over, and whatever else has a deadline."""
        self._mailboxes.forget_departed()
        for live in list(self._rooms.values()):
            deadline = live.room.next_deadline()
            if deadline is not None and deadline <= self._clock().s:
                live.notice(Elapsed())

    async def _reread(self) -> None:
        while True:
            await asyncio.sleep(REREAD_S)
            await self.reread()

    async def reread(self) -> None:
        """Take over what was changed at the terminal about the live meetings: when they start, who belongs,
        what may be recorded, with whose keys, and whose sign-in is over while their socket is gone."""
        for code, live in list(self._rooms.items()):
            away = [seat.account.id for seat in live.room.state.live_on()]
            banned = live.banned
            try:
                meeting = await self._store.meetings.find(code)
                recipients = await self._store.recipients.all()
                signed_in = await self._store.people.with_sign_in(away, self._clock().unix_ms)
                still = {kept.account.id for kept in await self._store.meetings.banned(live.meeting)}
            except StorageUnavailable as error:
                log.error("not-reread meeting=%s why=%s", code, error)
                return
            if meeting is not None and not meeting.ended:
                live.reread(meeting, recipients)
            signed_out = frozenset(away) - signed_in
            if signed_out:
                live.notice(SignedOut(signed_out))
            live.lifted(banned - still)

    async def _keep(self) -> None:
        while True:
            await self._behind.wait()
            self._behind.clear()
            if not await self.keep():
                self._behind.set()
                await asyncio.sleep(KEEP_RETRY_S)

    async def keep(self) -> bool:
        """Store what is not stored yet; forget rooms whose end is stored. False: the store cannot now."""
        for code, live in list(self._rooms.items()):
            if not live.behind:
                continue
            try:
                await live.flush()
            except StorageUnavailable as error:
                log.error("store-behind meeting=%s why=%s", code, error)
                return False
            if live.ended and not live.behind:
                self._forget(live)
        return True

    def _forget(self, live: LiveRoom) -> None:
        """Its run is over. By now another run of the same meeting may be live."""
        if self._rooms.get(live.meeting.code) is live:
            del self._rooms[live.meeting.code]

    async def close(self) -> None:
        """Say goodbye to everyone and store what is not stored yet."""
        for session in list(self._sessions.values()):
            session.dismiss(Bye(Why.SHUTTING_DOWN))
        await self.keep()
        await self._audit.flush()
