"""One WebSocket: hello, then message by message, then goodbye.

Three tasks: the reader takes frames off the socket, bounded and rate-limited; the handler carries out one
message after the other; the writer sends. A fourth waits for the store or the media worker while there is
something to wait for, and what only shuts passes it. When the socket ends, the inbox is closed, and each task
finishes what it is doing, so that no decision is cut in half.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from aiohttp import WSMsgType, web

from signaling.connections.bucket import Bucket
from signaling.live.backlog import Backlog
from signaling.live.rooms import Rooms
from signaling.model.ids import Instant, SessionId
from signaling.model.meeting import Account
from signaling.model.words import Presence, Why
from signaling.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    BadMessage,
    Bye,
    CheckLine,
    ClientMessage,
    Frame,
    Hello,
    Offer,
    Ping,
    Pong,
    Refusal,
    ServerMessage,
    SetSource,
    decode_untrusted,
)
from signaling.room.state.effects import Refused
from signaling.room.state.shutting import WAITS, may_pass
from signaling.session.outbox import Outbox
from signaling.store import StorageUnavailable

log = logging.getLogger("giaoban.session")

MAX_FRAME_BYTES = 2 * MAX_MESSAGE_BYTES
"""A message up to this size gets a refusal; beyond it the socket is closed (1009)."""
CLOSE_S = 5.0
_PLAIN, _DEFLATED = cast("WSMsgType", 0x81), cast("WSMsgType", 0xC1)
"""RFC 6455, 5.2: the first byte of a whole text, and the same with RSV1 (RFC 7692, 6)."""
CLOSE_FLOOD_S = 0.5
"""Nothing is read any more after a flood, so the other side's goodbye would not be heard."""
CLOSED_BY_PAGE = frozenset({1000, 1001})
"""Close codes of a page that is closed or left (RFC 6455, 7.4.1). A lost line sends none."""


class Session:
    def __init__(
        self,
        socket: web.WebSocketResponse,
        rooms: Rooms,
        account: Account,
        signed_in: Callable[[], Awaitable[Account | None]],
        local: bool,
        address: str,
        clock: Callable[[], Instant],
    ) -> None:
        self.id = SessionId(f"s{secrets.token_hex(12)}")
        self.account = account
        self.local = local
        self.address = address
        self._signed_in = signed_in
        self._signed_out = False
        self.was_flood = False
        """More frames came than anybody needs."""
        self.entered = False
        """It has said hello, and is in a meeting, before its door or inside."""
        self._presence = Presence.LOST
        self._socket = socket
        self._rooms = rooms
        self._clock = clock
        limits = rooms.limits
        self._limits = limits
        self._bucket = Bucket(limits.messages_per_s, limits.messages_burst, clock().s)
        self._volume = Bucket(limits.message_bytes_per_s, limits.message_bytes_burst, clock().s)
        self._excess = 0
        self._inbox: asyncio.Queue[ClientMessage | None] = asyncio.Queue(limits.inbox)
        self._in_turn: deque[ClientMessage] = deque()
        """What waits for store or worker, and what came after it and may not pass it."""
        self._outbox = Outbox(limits.outbox)

    # --- as the rooms see it (LiveSession) ---

    def post(self, message: ServerMessage, frame: Frame) -> None:
        self._outbox.post(message, frame)

    def dismiss(self, bye: Bye) -> None:
        self._outbox.dismiss(bye)

    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, Frame]]:
        return self.backlog.missed(seen)

    @property
    def backlog(self) -> Backlog:
        return self._outbox.backlog

    # --- life ---

    async def sign_out(self, presence: Presence) -> None:
        """The sign-in is over. What the person sends and is sent ends now, whatever the page does."""
        self._presence, self._signed_out = presence, True
        self.dismiss(Bye(Why.NOT_SIGNED_IN))
        await self._rooms.leave(self.id, presence, signed_out=True)

    def flooded(self) -> None:
        """More frames have come than anybody needs; nothing more is read."""
        log.info("session-flooded session=%s account=%s", self.id, self.account.id)
        self.was_flood = True
        self.dismiss(Bye(Why.TOO_FAST))

    def give_way(self) -> None:
        """Its place was needed. A page that had entered belongs to the account that needs it."""
        self.dismiss(Bye(Why.TAKEN_OVER if self.entered else Why.TOO_MANY_SESSIONS))

    async def run(self) -> None:
        """From the first frame to the last. Returns when the socket is closed and the seat has been told."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(), name="session writer")
            tasks.create_task(self._handle(tasks), name="session handler")
            await self._read()
            await self._inbox.put(None)

    async def _read(self) -> None:
        while True:
            frame = await self._socket.receive()
            if frame.type is WSMsgType.TEXT:
                self._take_untrusted(frame.data)
            elif frame.type is WSMsgType.BINARY:
                self._take_untrusted("")  # no message of ours is binary
            else:
                if frame.type is WSMsgType.CLOSE and frame.data in CLOSED_BY_PAGE and not self._outbox.closed:
                    self._presence = Presence.CLOSED
                return

    def _take_untrusted(self, frame: str) -> None:
        """Rate-limit, decode and queue one frame. Whatever it is, it ends this session at most."""
        now_s = self._clock().s
        if not (self._bucket.take(now_s) and self._volume.take(now_s, len(frame))):
            self._too_fast()
            return
        try:
            message = decode_untrusted(frame)
        except BadMessage:
            log.info("bad-message session=%s bytes=%d", self.id, len(frame))
            self._refuse("", Why.BAD_MESSAGE)
            return
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            self._too_fast()

    def _too_fast(self) -> None:
        self._excess += 1
        if self._excess > self._limits.excess:
            self.dismiss(Bye(Why.TOO_FAST))
        elif self._excess == 1 or self._excess % 10 == 0:
            self._refuse("", Why.TOO_FAST)

    async def _handle(self, tasks: asyncio.TaskGroup) -> None:
        try:
            if await self._greet():
                await self._listen(tasks)
        finally:
            await self._rooms.leave(self.id, self._presence, self._signed_out)
            self._outbox.close()

    async def _greet(self) -> bool:
        """Handle the first message, which must be a hello to a meeting. False: the socket has ended."""
        try:
            async with asyncio.timeout(self._limits.hello_s):
                first = await self._inbox.get()
        except TimeoutError:
            self.dismiss(Bye(Why.OUT_OF_ORDER))
            return True
        if first is None:
            return False
        refused = await self._enter(first)
        if refused is not None:
            self.dismiss(Bye(refused.code))
        return not self._signed_out  # it may have ended meanwhile

    async def _enter(self, first: ClientMessage) -> Refused | None:
        if not isinstance(first, Hello):
            return Refused(Why.OUT_OF_ORDER)
        if first.protocol != PROTOCOL:
            return Refused(Why.PROTOCOL_VERSION)
        try:
            account = await self._signed_in()
        except StorageUnavailable:
            return Refused(Why.STORAGE_UNAVAILABLE)
        if account is None or self._signed_out:
            return Refused(Why.NOT_SIGNED_IN)
        self.account = account
        refused = await self._rooms.enter(self, first.meeting, first.resume, first.seen)
        self.entered = refused is None
        return refused

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        """Until the inbox is closed; messages after goodbye are ignored."""
        while (message := await self._inbox.get()) is not None:
            if self._outbox.closed:
                continue
            if isinstance(message, Ping):
                self._send(Pong(message.t))
            elif may_pass(message, self._in_turn) or not (self._in_turn or isinstance(message, WAITS)):
                await self._carry_out(message)
            elif len(self._in_turn) >= self._limits.inbox:
                self._too_fast()
            else:
                self._in_turn.append(message)
                if len(self._in_turn) == 1:
                    tasks.create_task(self._take_turns(), name="session waits")

    async def _take_turns(self) -> None:
        """What waits for store or worker, and what came after it."""
        while self._in_turn:
            if not self._outbox.closed:
                await self._carry_out(self._in_turn[0])
            self._in_turn.popleft()

    async def _carry_out(self, message: ClientMessage) -> None:
        refused = await self._rooms.say(self.id, message)
        if refused is not None:
            number = message.id if isinstance(message, Offer | SetSource | CheckLine) else 0
            self._refuse(str(type(message).__struct_config__.tag), refused.code, number)

    def _refuse(self, re: str, code: Why, number: int = 0) -> None:
        self._send(Refusal(re, code, number))

    def _send(self, message: ServerMessage) -> None:
        self._outbox.post(message, Frame(message))

    async def _write(self) -> None:
        try:
            while (frame := await self._outbox.next()) is not None:
                async with asyncio.timeout(self._limits.send_s):
                    await _send(self._socket, frame)
        except (TimeoutError, ConnectionError) as error:
            log.info("send-failed session=%s why=%s", self.id, type(error).__name__)
            self._outbox.close()
        finally:
            await self._close()

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_FLOOD_S if self.was_flood else CLOSE_S):
                await self._socket.close()
        except (TimeoutError, ConnectionError):
            log.info("close-failed session=%s", self.id)


async def _send(socket: web.WebSocketResponse, frame: Frame) -> None:
    """Send it as it is, not made anew for this socket. aiohttp does not compress what has an opcode above 7,
    and writes the opcode as the first byte; so ours has the other bits of that byte, too."""
    deflated = frame.deflated(socket.compress)
    if deflated is None:
        await socket.send_frame(frame.plain, _PLAIN)
    else:
        await socket.send_frame(deflated, _DEFLATED)
