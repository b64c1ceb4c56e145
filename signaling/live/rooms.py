"""The House: all live rooms, the sessions in them, and the tasks that keep them going."""

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import sfu
from recorder import RecordingId
from signaling.audit.log import AuditLog
from signaling.links.media import MediaPort, MediaUnavailable, WorkerUp
from signaling.links.recorder import NoRecorder, RecorderPort
from signaling.live.backlog import Backlog
from signaling.live.live_room import LiveRoom, Mailbox
from signaling.live.recorder_reports import Recordings
from signaling.model.ids import Instant, ParticipantId, SessionId
from signaling.model.limits import Limits
from signaling.model.meeting import Account, Meeting
from signaling.model.relay import Relay
from signaling.model.run import RunRecord
from signaling.model.words import Presence, Why
from signaling.protocol import Bye, ClientMessage
from signaling.protocol.line_views import Quality
from signaling.room.room import Room
from signaling.room.state.effects import Refused
from signaling.room.state.inputs import Dropped, Elapsed, Enter, Noticed, Said
from signaling.room.state.line import CHECK
from signaling.room.state.opening import Opening, opened
from signaling.room.state.seat import STAFF
from signaling.store import StorageUnavailable, Store, UnreadableRecord
from signaling.store.store import CENTRE

log = logging.getLogger("giaoban.house")

TICK_S = 1.0
KEEP_RETRY_S = 2.0
REREAD_S = 5.0
"""How soon a schedule that was changed at the terminal holds in a live room."""


class Guest(Mailbox, Protocol):
    """A session, as the house sees it."""

    @property
    def id(self) -> SessionId: ...
    @property
    def account(self) -> Account: ...
    @property
    def token_hash(self) -> str: ...
    @property
    def local(self) -> bool: ...
    @property
    def address(self) -> str: ...
    @property
    def backlog(self) -> Backlog: ...


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many, for the metrics."""

    rooms: int
    sessions: int
    admitted: int
    waiting: int
    checks: int
    lines: Mapping[tuple[str, Quality], int]
    """Lines of those who are connected, by meeting and word."""


class House:
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
        self.audit = audit
        self._relay = relay
        self._store = store
        self._media = media
        self._recorder = recorder or NoRecorder()
        self._clock = clock
        self._rooms: dict[str, LiveRoom] = {}
        self._recordings = Recordings(self._recorder, self._rooms, self._note_behind, audit)
        self._guests: dict[SessionId, Guest] = {}
        self._mailboxes: dict[SessionId, Mailbox] = {}
        """The guests and, for a while, what those whose line broke have not got."""
        self._departed: OrderedDict[SessionId, float] = OrderedDict()
        """Until when that is kept."""
        self._where: dict[SessionId, LiveRoom] = {}
        self._door = asyncio.Lock()
        self._behind = asyncio.Event()

    async def start(self) -> None:
        """Take up the meetings that were going on. Raises StorageUnavailable."""
        for meeting in await self._store.meetings.with_people():
            self._rooms[meeting.code] = await self._open(meeting)
            log.info("meeting-restored meeting=%s run=%d", meeting.code, meeting.run)

    async def run(self) -> None:
        """Everything that happens by itself, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number, media in enumerate(self._media):
                tasks.create_task(self._listen(media), name=f"events of media worker {number}")
            tasks.create_task(self._recordings.run(), name="reports of the recorder")
            tasks.create_task(self._tick(), name="deadlines")
            tasks.create_task(self._keep(), name="store follows")
            tasks.create_task(self._reread(), name="schedules")
            tasks.create_task(self.audit.run(), name="audit log follows")

    # --- sessions ---

    async def enter(
        self, guest: Guest, code: str, resume: str | None, seen: int | None = None
    ) -> Refused | None:
        """A session says hello. Refused ends it."""
        try:
            async with self._door:
                live = await self._room_for(guest, code)
        except StorageUnavailable:
            return Refused(Why.STORAGE_UNAVAILABLE)
        if isinstance(live, Refused):
            return live
        self._guests[guest.id] = self._mailboxes[guest.id] = guest
        self._where[guest.id] = live
        fresh = ParticipantId(f"p{secrets.token_hex(8)}")
        arrival = Enter(guest.id, guest.account, fresh, resume, guest.local, seen, guest.address)
        refused = await live.handle(arrival)
        self._note_behind(live)
        return refused

    async def say(self, session: SessionId, message: ClientMessage) -> Refused | None:
        live = self._where.get(session)
        if live is None:
            return Refused(Why.OUT_OF_ORDER)
        refused = await live.handle(Said(session, message))
        self._note_behind(live)
        if refused is not None:
            log.info("refused session=%s what=%s code=%s", session, type(message).__name__, refused.code)
        return refused

    async def leave(self, session: SessionId, presence: Presence = Presence.LOST) -> None:
        """The session's socket is gone; `presence` says whether its page closed it."""
        guest = self._guests.pop(session, None)
        if guest is not None:
            self._mailboxes[session] = guest.backlog
            self._departed[session] = self._clock().s + self.limits.seat_grace_s
            self._forget_departed()
        live = self._where.pop(session, None)
        if live is not None:
            await live.handle(Dropped(session, presence))
            self._note_behind(live)

    def _forget_departed(self) -> None:
        """Those whose time is over, and the oldest of too many. All are given the same time."""
        now_s = self._clock().s
        for session, until_s in list(self._departed.items()):
            if until_s > now_s and len(self._departed) <= self.limits.departed:
                return
            del self._departed[session], self._mailboxes[session]

    def sign_out(self, token_hash: str) -> None:
        """Whoever signed out has no session left that goes on."""
        for guest in list(self._guests.values()):
            if guest.token_hash == token_hash:
                guest.dismiss(Bye(Why.NOT_SIGNED_IN))

    def attendance(self) -> Attendance:
        states = [live.room.state for live in self._rooms.values()]
        return Attendance(
            rooms=len(states),
            sessions=len(self._guests),
            admitted=sum(len(state.admitted()) for state in states),
            waiting=sum(len(state.waiting()) for state in states),
            checks=sum(len(state.checks) for state in states),
            lines=Counter(
                (state.meeting.code, state.line(seat.id).quality)
                for state in states
                for seat in state.admitted()
                if seat.online and seat.offered
            ),
        )

    def going_on(self) -> frozenset[RecordingId]:
        """The recordings of live rooms, those included that are just being ended."""
        states = (live.room.state for live in self._rooms.values())
        known = (one for state in states for one in (state.run.recording, state.recorder.closing))
        return frozenset(recording.id for recording in known if recording is not None)

    # --- rooms ---

    async def _room_for(self, guest: Guest, code: str) -> LiveRoom | Refused:
        """The live room of a meeting. A meeting that ended is held again when chair or operator come."""
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
            if guest.account.role not in STAFF:
                return Refused(Why.MEETING_ENDED)
            again = await self._store.meetings.open_run(meeting.id, self._clock().unix_ms)
            assert again is not None
            meeting = again
            log.info("meeting-opened meeting=%s run=%d by=%s", code, meeting.run, guest.account.id)
            self.audit.note(
                "meeting-opened",
                meeting=code,
                run=meeting.run,
                actor=guest.account.id,
                login=guest.account.login,
                address=guest.address,
            )
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
        return LiveRoom(
            room, store, self._media[worker], self._recorder, self._mailboxes, self._clock, self.audit
        )

    async def _run_of(self, meeting: Meeting) -> RunRecord:
        """What was kept of the run. A damaged record keeps nobody out of the meeting: it begins anew, with
        the rules a meeting begins with, which are the safe ones."""
        try:
            return await self._store.meetings.run_record(meeting)
        except UnreadableRecord as error:
            log.error("run-record-unreadable meeting=%s run=%d why=%s", meeting.code, meeting.run, error)
            return RunRecord()

    def _note_behind(self, live: LiveRoom) -> None:
        if live.behind:
            self._behind.set()

    # --- what happens by itself ---

    async def _listen(self, media: MediaPort) -> None:
        while True:
            happening = await media.next_happening()
            if isinstance(happening, WorkerUp):
                for live in list(self._rooms.values()):
                    if live.media is media:
                        await live.resync()
                continue
            concerned = self._concerned(happening)
            if concerned is not None:
                await concerned.handle(Noticed(happening))
                self._note_behind(concerned)
            elif not isinstance(
                happening, sfu.SpeakersChanged | sfu.VoicesChanged
            ) and happening.endpoint.startswith(CHECK):
                await self._close_stray(media, happening.endpoint)

    async def _close_stray(self, media: MediaPort, check: sfu.EndpointId) -> None:
        """A line check that no room knows is one from before a restart of this process."""
        try:
            await media.request(sfu.CloseEndpoint(check))
        except MediaUnavailable:
            log.info("stray-check-not-closed endpoint=%s", check)

    def _concerned(self, event: sfu.AnyEvent) -> LiveRoom | None:
        if isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged):
            return self._rooms.get(event.room)
        rooms = self._rooms.values()
        return next((live for live in rooms if live.room.state.knows(event.endpoint)), None)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self.elapse()

    async def elapse(self) -> None:
        """Give up the seats whose time is over, and whatever else has a deadline."""
        self._forget_departed()
        for live in list(self._rooms.values()):
            deadline = live.room.next_deadline()
            if deadline is not None and deadline <= self._clock().s:
                await live.handle(Elapsed())
                self._note_behind(live)

    async def _reread(self) -> None:
        while True:
            await asyncio.sleep(REREAD_S)
            await self.reread()

    async def reread(self) -> None:
        """Take up what was changed at the terminal about the live meetings: when they start, who belongs,
        what may be recorded, with whose keys."""
        for code, live in list(self._rooms.items()):
            try:
                meeting = await self._store.meetings.find(code)
                recipients = await self._store.recipients.all()
            except StorageUnavailable as error:
                log.error("not-reread meeting=%s why=%s", code, error)
                return
            if meeting is not None and not meeting.ended:
                await live.reread(meeting, recipients)
                self._note_behind(live)

    async def _keep(self) -> None:
        while True:
            await self._behind.wait()
            self._behind.clear()
            if not await self.keep():
                self._behind.set()
                await asyncio.sleep(KEEP_RETRY_S)

    async def keep(self) -> bool:
        """Let the store follow all rooms; rooms whose end is kept are gone. False when the store cannot."""
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
        """Its run is over. Another may be live under the same code by now."""
        if self._rooms.get(live.meeting.code) is live:
            del self._rooms[live.meeting.code]

    async def close(self) -> None:
        """Say goodbye to everyone and let the store follow once more."""
        for guest in list(self._guests.values()):
            guest.dismiss(Bye(Why.SHUTTING_DOWN))
        await self.keep()
        await self.audit.flush()
