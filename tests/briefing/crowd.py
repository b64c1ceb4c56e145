"""The points of a briefing, and the operator who lets them in: each through the product's own doors, as a
page comes. Python does what a page's JavaScript would do; the media are the engine's."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import numpy as np

from deploy.config import Config
from deploy.simulate.command import trusted
from sfu import TILE_SLOTS, Source
from signaling.accounts.passwords import hash_now
from signaling.http.context import COOKIE
from signaling.model.ids import AccountId
from signaling.model.meeting import MEETING_CODE, Account
from signaling.model.words import Role, SeatState
from signaling.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    Admit,
    AdmitAll,
    Answer,
    AnyServerMessage,
    Bye,
    ClientMessage,
    Hello,
    Knock,
    Lobby,
    MediaLost,
    Offer,
    Refusal,
    SeatChanged,
    SendPlan,
    SetSource,
    Show,
    TileWish,
    Welcome,
    decode_server,
    encode,
)
from tests.briefing.engine import Engine
from tests.briefing.lines import Line
from tests.briefing.tables import PICTURE
from tests.support.appliance import PASSWORD, Appliance, now_ms

STAGE_ROWS, TILE_ROWS = 540, 135
SHOW_EACH_S = 0.2
"""A page tells what it shows no more often than that."""
CHECK_EACH_S = 2.5
ADMIT_EACH_S = 0.1
ANSWER_S = 30.0
OFFERS, OFFER_EACH_S = 5, 2.0
"""How often a page offers a line before this one gives up, and its pause in between."""
_UNREAD = ('{"type":"roster"', '{"type":"lines"', '{"type":"slots"', '{"type":"speakers"', '{"type":"voices"')
"""Frames that no decision here needs: the engine sees for itself what comes."""


@dataclass
class Guest:
    """A point: its session, and its line."""

    crowd: "Crowd"
    index: int
    cookie: str
    participant: str = ""
    pressed_s: float = 0.0
    """When the operator let it in."""
    admitted_s: float = 0.0
    sending_s: float = 0.0
    ended: str = ""
    """Why it is not in the briefing any more."""
    refused: list[str] = field(default_factory=list)
    media_lost: int = 0
    line: Line | None = None
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _answers: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    _showing: bool = False
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self) -> None:
        """Until the server says goodbye, or it is cancelled."""
        try:
            async with self.crowd.connect(self.cookie) as socket:
                self._socket = socket
                await self.say(Hello(PROTOCOL, MEETING_CODE))
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT and not frame.data.startswith(_UNREAD):
                        await self._take(decode_server(frame.data))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.ended = self.ended or type(error).__name__
        else:
            self.ended = self.ended or f"closed-{socket.close_code}"

    async def say(self, message: ClientMessage) -> None:
        if self._socket is not None and not self._socket.closed:
            await self._socket.send_str(encode(message))

    async def _take(self, message: AnyServerMessage) -> None:
        match message:
            case Welcome():
                self.participant = message.participant
                if message.seat is SeatState.OUTSIDE:
                    unit = message.unit or self.crowd.unit(self.index)
                    await self.say(Knock(unit, self.crowd.name(self.index)))
            case SeatChanged(SeatState.ADMITTED):
                self.admitted_s = time.monotonic()
                self._do(self._enter())
            case SeatChanged(SeatState.REFUSED, reason):
                self.ended = f"refused {reason}"
            case Answer():
                self._answers.put_nowait(message.sdp)
            case SendPlan():
                if self.line is not None:
                    self.line.plan(message.camera)
            case MediaLost():
                self.media_lost += 1
                if self.sending_s:
                    self._do(self._enter())
                else:
                    self._answers.put_nowait("")
            case Refusal():
                self.refused.append(f"{message.re}: {message.code.value}")
                if message.re == "offer":
                    self._answers.put_nowait("")
            case Bye():
                self.ended = message.code.value
            case _:
                return

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _enter(self) -> None:
        """As a page does: when the line does not come about, or is lost, it offers another."""
        await self._show()
        for _ in range(OFFERS):
            try:
                await self._open_line()
            except (TimeoutError, ConnectionError, OSError) as error:
                self.refused.append(f"no line: {str(error) or type(error).__name__}")
                await asyncio.sleep(OFFER_EACH_S)
                continue
            self.sending_s = self.sending_s or time.monotonic()
            self.crowd.came(self.index)
            return
        self.ended = "no line"

    async def _open_line(self) -> None:
        if self.line is not None:
            await self.line.close()
        line = self.line = Line(self.crowd.engine, self.index)
        offer = line.offer()
        while not self._answers.empty():
            self._answers.get_nowait()  # it was about the line before
        await self.say(Offer(offer))
        answer = await asyncio.wait_for(self._answers.get(), ANSWER_S)
        if not answer:
            raise ConnectionError("the offer was refused")
        await line.open(answer, self.crowd.media)
        for source in (Source.MICROPHONE, Source.CAMERA):
            await self.say(SetSource(source, on=True))
        line.begin(answer, offer)

    def show_soon(self) -> None:
        """Somebody whom this page shows has come."""
        if not self._showing and self.admitted_s:
            self._showing = True
            self._do(self._show_later())

    async def _show_later(self) -> None:
        await asyncio.sleep(SHOW_EACH_S)
        await self._show()

    async def _show(self) -> None:
        self._showing = False
        tiles = tuple(TileWish(one, TILE_ROWS) for one in self.crowd.tiles_of(self.index))
        await self.say(Show(tiles, STAGE_ROWS, STAGE_ROWS))


class Crowd:
    """All points. Each shows, as tiles, the twelve who come after it: so every camera is on twelve pages."""

    def __init__(self, appliance: Appliance, engine: Engine, count: int) -> None:
        self.engine = engine
        self.media = (appliance.address, appliance.media_port)
        self.count = count
        self.guests: list[Guest] = []
        self.appliance = appliance
        self._tls: ssl.SSLContext = trusted(Config(state=str(appliance.state)), local=True)
        self._http: aiohttp.ClientSession | None = None
        self._inside: list[int] = []
        """In the order in which they came."""
        self._units: list[str] = []

    def name(self, index: int) -> str:
        return f"Point {index}"

    def unit(self, index: int) -> str:
        return self._units[index % len(self._units)]

    @asynccontextmanager
    async def connect(self, cookie: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """As a browser connects, which offers compression."""
        assert self._http is not None
        async with self._http.ws_connect(
            f"{self.appliance.url}/ws",
            ssl=self._tls,
            headers={"Origin": self.appliance.url, "Cookie": f"{COOKIE}={cookie}"},
            max_msg_size=4 * MAX_MESSAGE_BYTES,
            compress=15,
        ) as socket:
            yield socket

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator["Operator"]:
        """Everybody has an account and has signed in at the door. Raises aiohttp.ClientError."""
        store = self.appliance.store
        self._units = [unit.id for unit in await store.meetings.units()]
        hashed = await asyncio.to_thread(hash_now, PASSWORD)
        connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as self._http:
            for index in range(self.count):
                login = f"point-{index}"
                account = Account(AccountId(login), login, self.name(index), Role.DELEGATE, self.unit(index))
                await store.people.add(account, hashed, now_ms())
                self.guests.append(Guest(self, index, await self._sign_in(login)))
            login = await self.appliance.add_account(Role.OPERATOR, "Operator", self._units[0])
            operator = Operator(self, await self._sign_in(login))
            running = asyncio.create_task(operator.run())
            checking = asyncio.create_task(self._check_lines())
            try:
                yield operator
            finally:
                for task in (running, checking):
                    task.cancel()
                await asyncio.gather(running, checking, return_exceptions=True)

    async def _sign_in(self, login: str) -> str:
        assert self._http is not None
        body = {"account": login, "password": PASSWORD}
        headers = {"Origin": self.appliance.url}
        url = f"{self.appliance.url}/api/session"
        async with self._http.post(url, json=body, headers=headers, ssl=self._tls) as answer:
            answer.raise_for_status()
            return answer.cookies[COOKIE].value

    @asynccontextmanager
    async def storm(self, seconds: float) -> AsyncIterator[None]:
        """All come within this time; they go when the block ends."""
        runs = [asyncio.create_task(self._come(guest, seconds)) for guest in self.guests]
        try:
            yield
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)

    async def _come(self, guest: Guest, seconds: float) -> None:
        await asyncio.sleep(seconds * guest.index / self.count)
        await guest.run()

    async def close(self) -> None:
        """Their sockets, once the engine has stopped."""
        for guest in self.guests:
            if guest.line is not None:
                await guest.line.close()

    async def _check_lines(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EACH_S)
            for guest in self.guests:
                if guest.line is not None:
                    guest.line.check()

    # --- who shows whom ---

    def tiles_of(self, index: int) -> Sequence[str]:
        return [
            self.guests[other].participant
            for other in self._inside
            if 0 < (other - index) % self.count <= TILE_SLOTS
        ]

    def came(self, index: int) -> None:
        """Its seat is known to everyone."""
        if index not in self._inside:
            self._inside.append(index)
        for back in range(1, min(TILE_SLOTS, self.count - 1) + 1):
            self.guests[(index - back) % self.count].show_soon()

    # --- what they see ---

    def pressed(self, names: Sequence[str]) -> None:
        """The operator lets them in."""
        by_name = {self.name(guest.index): guest for guest in self.guests}
        for name in names:
            guest = by_name.get(name)
            if guest is not None and not guest.pressed_s:
                guest.pressed_s = time.monotonic()

    @property
    def inside(self) -> int:
        return sum(guest.sending_s > 0 and not guest.ended for guest in self.guests)

    def pictures(self) -> int:
        """Slots whose first whole picture has come; each point waits for its tiles and the stage."""
        slots = self.engine.world.slots
        return int(np.count_nonzero((slots["kind"] == PICTURE) & (slots["picture_us"] > 0)))

    def received(self) -> int:
        """Packets of media."""
        return int(self.engine.world.slots["packets"].sum())

    def all_pictures(self) -> bool:
        return self.pictures() >= self.count * (min(TILE_SLOTS, self.count - 1) + 1)

    def first_pictures_ms(self) -> list[float]:
        """From the operator's press to the first whole picture, of each point that has one."""
        wall_s = time.time() - time.monotonic()
        firsts = self.engine.world.points["first_picture_us"]
        return [
            (int(firsts[guest.index]) / 1e6 - wall_s - guest.pressed_s) * 1000
            for guest in self.guests
            if firsts[guest.index] and guest.pressed_s
        ]

    def faults(self) -> dict[str, int]:
        """What went wrong, and how often."""
        found: dict[str, int] = {}
        for guest in self.guests:
            for what in (guest.ended, *guest.refused, *(["media-lost"] * guest.media_lost)):
                if what:
                    found[what] = found.get(what, 0) + 1
        return found


class Operator:
    """Lets everybody in as soon as they knock; has no media."""

    def __init__(self, crowd: Crowd, cookie: str) -> None:
        self.inside = asyncio.Event()
        self._crowd = crowd
        self._cookie = cookie
        self._lobby: Lobby | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        async with self._crowd.connect(self._cookie) as socket:
            await socket.send_str(encode(Hello(PROTOCOL, MEETING_CODE)))
            admitting = asyncio.create_task(self._admit(socket))
            try:
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT and not frame.data.startswith(_UNREAD):
                        await self._take(socket, decode_server(frame.data))
            finally:
                admitting.cancel()

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, message: AnyServerMessage) -> None:
        if isinstance(message, Welcome) and message.seat is SeatState.OUTSIDE:
            await socket.send_str(encode(Knock(message.unit, "Operator")))
        if isinstance(message, Welcome | SeatChanged) and message.seat is SeatState.ADMITTED:
            self.inside.set()
        if isinstance(message, Lobby):
            self._lobby = message
            self._changed.set()

    async def _admit(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            knocks = self._lobby.knocks if self._lobby is not None else ()
            if knocks:
                self._crowd.pressed([knock.name for knock in knocks])
                for knock in knocks:
                    if not knock.expected:
                        await socket.send_str(encode(Admit(knock.id)))
                if any(knock.expected for knock in knocks):
                    await socket.send_str(encode(AdmitAll()))
            await asyncio.sleep(ADMIT_EACH_S)


__all__ = ["Crowd", "Guest", "Operator"]
