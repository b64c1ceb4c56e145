"""A hostile page over real sockets: its own WebSocket, its own media; it obeys nobody."""

import asyncio
import itertools
import time
from collections.abc import Iterable
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from deploy.simulate.loops import Loop
from deploy.simulate.media import Media
from sfu import Source
from signaling.http.context import COOKIE
from signaling.model.words import SeatState
from signaling.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    Answer,
    AnyServerMessage,
    Bye,
    CheckLine,
    ClientMessage,
    Hello,
    Knock,
    Offer,
    Refusal,
    SeatChanged,
    SetSource,
    Welcome,
    decode_server,
    encode,
)

PATIENCE_S = 15.0
PER_S = 18.0
"""A little less than the server accepts from one session over time."""

FIRST_ASKED = 1_000_000
"""Numbers of messages that are only sent to see when they are answered."""

Message = TypeVar("Message", bound=AnyServerMessage)


class Enemy:
    """One account at one or more browsers. `voice` is what its microphone sends, as soon as there is a media
    transport, whatever the server says."""

    _numbers = itertools.count(FIRST_ASKED)

    def __init__(
        self, url: str, meeting: str, account: str, cookie: str, tls: SSLContext, voice: Loop
    ) -> None:
        self.account, self.cookie = account, cookie
        self.welcome: Welcome | None = None
        self.heard: list[AnyServerMessage] = []
        """Everything received since the session began."""
        self.media: Media | None = None
        self._url, self._meeting, self._tls, self._voice = url, meeting, tls, voice
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._old: list[Media] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for media in (*self._old, *([self.media] if self.media else [])):
            await media.close()
        await self._http.close()

    # --- sessions ---

    async def connect(self, resume: str | None = None) -> Welcome:
        """A new session; an open one is left as it is."""
        self._socket = await self._http.ws_connect(
            f"{self._url}/ws",
            ssl=self._tls,
            headers={"Origin": self._url, "Cookie": f"{COOKIE}={self.cookie}"},
            max_msg_size=4 * MAX_MESSAGE_BYTES,
        )
        self.heard = []
        await self.say(Hello(PROTOCOL, self._meeting, resume))
        self.welcome = await self.hear(Welcome)
        return self.welcome

    async def come(self, unit: str | None, name: str) -> SeatState:
        """Connects and knocks."""
        await self.connect()
        await self.say(Knock(unit, name))
        return (await self.hear(SeatChanged)).seat

    @property
    def participant(self) -> str:
        assert self.welcome is not None
        return self.welcome.participant

    async def say(self, message: ClientMessage | str) -> None:
        assert self._socket is not None
        await self._socket.send_str(message if isinstance(message, str) else encode(message))

    async def hear(self, kind: type[Message]) -> Message:
        """The next message of this type. Raises TimeoutError, ConnectionError (the session ended first)."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._next()
                if isinstance(message, kind):
                    return message

    async def _next(self) -> AnyServerMessage:
        assert self._socket is not None
        frame = await self._socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"{frame.type.name}")
        message = decode_server(frame.data)
        self.heard.append(message)
        return message

    async def all_answered(self) -> list[AnyServerMessage]:
        """What was received since the session began, once everything sent so far has been handled. A ping is
        answered before what waits for the store; a screen that nobody permitted is refused in its turn."""
        number = next(self._numbers)
        await self.say(SetSource(Source.SCREEN, on=True, id=number))
        while (await self.hear(Refusal)).to != number:
            pass
        return [
            message
            for message in self.heard
            if not (isinstance(message, Refusal) and message.to >= FIRST_ASKED)
        ]

    async def bombard(self, frames: Iterable[str]) -> int:
        """Send all this at the pace the server accepts. Returns the number of refusals."""
        before = sum(isinstance(message, Refusal) for message in await self.all_answered())
        begun, said = time.monotonic(), 0
        for said, frame in enumerate(frames, 1):
            await self.say(frame)
            if said % 30 == 0:
                await self.all_answered()
                await asyncio.sleep(max(0.0, begun + (said + 1) / PER_S - time.monotonic()))
        return sum(isinstance(message, Refusal) for message in await self.all_answered()) - before

    async def until_bye(self) -> Bye:
        return await self.hear(Bye)

    # --- media ---

    async def open_media(self, *, check: bool = False) -> None:
        """Opens its own transport and sends the microphone at once. Raises ConnectionError if refused."""
        media = Media(45)
        sdp = await media.offer()
        await self.say(CheckLine(sdp) if check else Offer(sdp))
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(answer := await self._next(), Answer):
                if isinstance(answer, Refusal) and answer.re in ("offer", "check-line"):
                    await media.close()
                    raise ConnectionError(answer.code.value)
        if self.media is not None:
            self._old.append(self.media)  # it goes on sending as well
        self.media = media
        await media.accept(answer.sdp)
        media.speak(self._voice)
        media.switch(Source.MICROPHONE, on=True)

    def speak(self, voice: Loop) -> None:
        """Send this voice from now on, over every transport there ever was."""
        self._voice = voice
        for media in (*self._old, *([self.media] if self.media else [])):
            media.speak(voice)
