"""A simulated bridge point: a browser without a window that signs in, knocks, waits and sends.

It opens its microphone and camera once and obeys nobody: when muted by the operator, it keeps sending.
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from typing import assert_never

import aiohttp

from deploy.simulate.media import Media, prepare
from deploy.simulate.page import Shown, shown_by
from deploy.simulate.view import Identity, Step, View
from sfu import Source
from signaling.model.words import SeatState, Why
from signaling.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    Answer,
    AnyServerMessage,
    Bye,
    CheckOver,
    ClientMessage,
    Decision,
    Departures,
    Floor,
    Hello,
    Hint,
    Knock,
    Leave,
    Lines,
    Lobby,
    LobbyTalk,
    MediaLost,
    Offer,
    OwnLine,
    Pong,
    Recording,
    Refusal,
    Requests,
    Roster,
    SeatChanged,
    SendPlan,
    SetSource,
    Show,
    Slots,
    Speakers,
    Voices,
    Welcome,
    Withdraw,
    decode_server,
    encode,
)

SOCKET_PATH = "/ws"
_FINAL = frozenset(
    {
        Why.LEFT,
        Why.KICKED,
        Why.ENDED,
        Why.MEETING_ENDED,
        Why.REFUSED,
        Why.TAKEN_OVER,
        Why.NOT_SIGNED_IN,
        Why.UNKNOWN_MEETING,
    }
)
"""Endings after which coming back makes no sense; after any other the point connects again."""
_PAUSE_S = (0.5, 5.0)
"""Shortest and longest pause before it connects again."""


class BridgePoint:
    """One point, from its first connection to its last word."""

    def __init__(
        self,
        server: str,
        meeting: str,
        who: Identity,
        tls: ssl.SSLContext,
        *,
        decode: bool = False,
        knocks: bool = True,
        on_step: Callable[[Step, str], None] = lambda step, detail: None,
    ) -> None:
        """server: https://host:port. decode: received media may be read from `media.tracks`.
        knocks: without it the point stays outside until a test lets it speak by send()."""
        self.view = View()
        self.media: Media | None = None
        self.shows = Shown.NONE
        """What it asks to be sent; set before it runs."""
        self._server = server
        self._meeting = meeting
        self._who = who
        self._tls = tls
        self._decode = decode
        self._knocks = knocks
        self._shown: Show | None = None
        """What the server was told last."""
        self._leaving = False
        self._unanswered = 0
        """Offers on the way; an answer to any but the newest is for a transport that is gone."""
        self._on_step = on_step
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._changed = asyncio.Condition()
        self._random = random.Random(who.index)  # noqa: S311 - spreads reconnections, no secret

    async def run(self) -> Bye | None:
        """Take part until the server says a final `bye`, which is returned, or until the operator refuses
        the point, then None. May be cancelled.

        Errors: none from the network; a lost connection is made again.
        """
        # Encoding takes a second; do it before somebody admits the point.
        await asyncio.to_thread(prepare, self._who.index)
        pause = _PAUSE_S[0]
        async with aiohttp.ClientSession(cookies=self._who.cookies, cookie_jar=_cookie_jar()) as http:
            try:
                while True:
                    self.view.bye = None
                    try:
                        if await self._session(http):
                            pause = _PAUSE_S[0]
                    except (aiohttp.ClientError, OSError, TimeoutError) as error:
                        await self._step(Step.DISCONNECTED, _reason(error))
                    bye = self.view.bye
                    if bye is not None and bye.code in _FINAL:
                        await self._step(Step.ENDED, bye.code.value)
                        return bye
                    if self._leaving or self.view.seat is SeatState.REFUSED:
                        return None
                    await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
                    pause = min(pause * 2, _PAUSE_S[1])
            finally:
                await self._close_media()

    async def send(self, message: ClientMessage) -> None:
        """Send any other message, for tests. Raises ConnectionError while not connected."""
        if self._socket is None:
            raise ConnectionError("not connected")
        await self._socket.send_str(encode(message))

    async def leave(self) -> None:
        """Give up the seat or the place in the lobby; run() returns when the server has said `bye`."""
        self._leaving = True
        with contextlib.suppress(ConnectionError):
            await self.send(Withdraw() if self.view.seat is SeatState.WAITING else Leave())

    async def wait_for(self, condition: Callable[[View], bool], limit_s: float = 10.0) -> View:
        """Wait until `condition` holds for what the point was told. Raises TimeoutError."""
        async with asyncio.timeout(limit_s), self._changed:
            await self._changed.wait_for(lambda: condition(self.view))
        return self.view

    async def _session(self, http: aiohttp.ClientSession) -> bool:
        """One WebSocket connection. Returns whether it was welcomed."""
        welcomed = False
        async with http.ws_connect(
            self._server + SOCKET_PATH,
            ssl=self._tls,
            origin=self._server,
            max_msg_size=4 * MAX_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=2),
        ) as socket:
            self._socket = socket
            self._unanswered = 0
            try:
                # Naming the session before this one lets the media transport go on.
                before = self.view.welcome.session if self.view.welcome and self._media_lives() else None
                await self.send(Hello(PROTOCOL, self._meeting, before))
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        message = decode_server(frame.data)
                        welcomed = welcomed or isinstance(message, Welcome)
                        await self._take(message)
            finally:
                self._socket = None
        if self.view.bye is None:
            await self._step(Step.DISCONNECTED, "connection closed")
        return welcomed

    async def _take(self, message: AnyServerMessage) -> None:
        view = self.view
        match message:
            case Welcome():
                view.welcome = message
                await self._step(Step.CONNECTED, message.meeting.title)
                # A refusal from before this point started does not stop it from asking again.
                refused = message.seat is SeatState.REFUSED
                await self._take_seat(SeatState.OUTSIDE if refused else message.seat, message.reason)
            case SeatChanged(seat, reason):
                await self._take_seat(seat, reason)
            case Answer(sdp):
                self._unanswered -= 1
                if self._unanswered == 0:
                    await self._connect(sdp)
            case MediaLost(why):
                await self._step(Step.MEDIA_LOST, why.value)
                await self._offer()
            case Roster():
                await self._take_roster(message)
            case Lobby():
                view.lobby = message
            case Slots(slots):
                view.slots = slots
            case Speakers():
                view.speakers = message
            case Refusal():
                if message.re == "offer":
                    self._unanswered -= 1
                view.refusals.append(message)
                del view.refusals[:-20]
            case Bye():
                view.bye = message
            case SendPlan():
                if self.media is not None:
                    self.media.follow(message)
            case Floor():
                view.floor = message
            case Pong(t):
                view.pong = t
            case OwnLine() | Lines() | CheckOver() | LobbyTalk() | Requests():
                pass
            case Recording():
                view.recording = message
            case Decision() | Departures() | Hint() | Voices():
                pass
            case _:
                assert_never(message)
        await self._tell()

    async def _take_seat(self, seat: SeatState, reason: str) -> None:
        self.view.seat = seat
        match seat:
            case SeatState.OUTSIDE:
                if self._leaving and self._socket is not None:
                    await self._socket.close()
                elif self._knocks:
                    who = self._who
                    own_unit = self.view.welcome.unit if self.view.welcome else None
                    await self.send(Knock(own_unit or who.unit, who.name, who.present, who.total))
            case SeatState.WAITING:
                await self._step(Step.WAITING, "")
            case SeatState.ADMITTED:
                await self._step(Step.ADMITTED, "")
                self._shown = None
                await self._show()
                if not self._media_lives():
                    await self._offer()
            case SeatState.REFUSED:
                await self._step(Step.ENDED, reason)
                if self._socket is not None:
                    await self._socket.close()
            case _:
                assert_never(seat)

    async def _show(self) -> None:
        """Tell what is shown, when that has changed."""
        if self.view.seat is SeatState.ADMITTED and self.view.welcome is not None:
            shown = shown_by(self.view.welcome.participant, self.view.roster, self.shows)
            if shown != self._shown:
                self._shown = shown
                await self.send(shown)

    async def _offer(self) -> None:
        """Make a new transport each time; the server cannot use what is left of an old one."""
        await self._close_media()
        self.media = Media(self._who.index, decode=self._decode, broad=self.shows is Shown.PAGE)
        sdp = await self.media.offer()
        self._unanswered += 1
        await self.send(Offer(sdp))

    async def _connect(self, answer: str) -> None:
        if self.media is None:
            return
        await self.media.accept(answer)
        for source in (Source.MICROPHONE, Source.CAMERA):
            self.media.switch(source, on=True)
            await self.send(SetSource(source, on=True))
        self.view.sending = True
        await self._step(Step.SENDING, "")

    def _media_lives(self) -> bool:
        return self.media is not None and self.media.pc.connectionState in ("connecting", "connected")

    async def _take_roster(self, now: Roster) -> None:
        before, self.view.roster = self.view.roster, now
        await self._open_again(before, now)
        await self._show()

    async def _open_again(self, before: Roster | None, now: Roster) -> None:
        """Open the microphone, as a person would, when it may speak again."""
        if self._is_kept_shut(before) and not self._is_kept_shut(now):
            await self.send(SetSource(Source.MICROPHONE, on=True))

    def _is_kept_shut(self, roster: Roster | None) -> bool:
        if roster is None or self.view.welcome is None:
            return False
        own = self.view.welcome.participant
        gates = (other.microphone.gate for other in roster.participants if other.id == own)
        return any(not {"host", "floor"}.isdisjoint(gate) for gate in gates)

    async def _close_media(self) -> None:
        self.view.sending = False
        media, self.media = self.media, None
        if media is not None:
            await media.close()

    async def _step(self, step: Step, detail: str) -> None:
        self._on_step(step, detail)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _reason(error: Exception) -> str:
    """The error in a few words; aiohttp's own text names every object involved."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _cookie_jar() -> aiohttp.CookieJar:
    """Accepts cookies for IP addresses too: the server is often named by one."""
    return aiohttp.CookieJar(unsafe=True)
