"""A whole control plane on its own socket, over a fake media plane."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Self, TypeVar, assert_never

import aiohttp

import sfu
from signaling.accounts.accounts import mint
from signaling.accounts.bootstrap import FirstAccounts, NewAccount, bootstrap, create_account
from signaling.accounts.passwords import hash_now
from signaling.clocks import clock
from signaling.control import ControlConfig, serve_with
from signaling.links.media import MediaEvent, MediaUnavailable, Result, WorkerUp
from signaling.model.addresses import NO_PROXIES, Proxies
from signaling.model.certificate import OwnAuthority, ServedCertificate, Validity
from signaling.model.ids import Instant
from signaling.model.limits import DEFAULT, Limits
from signaling.model.relay import Relay
from signaling.model.words import Role, SeatState
from signaling.protocol import (
    PROTOCOL,
    AnyServerMessage,
    Bye,
    ClientMessage,
    Hello,
    Knock,
    SeatChanged,
    Welcome,
    decode_server,
    encode,
)
from signaling.store import Store

MEETING = "giao-ban"
PASSWORD = "một hai ba bốn"
OFFER = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
PATIENCE_S = 5.0
SLOTS = (sfu.SlotLine("3", sfu.SlotKind.AUDIO), sfu.SlotLine("6", sfu.SlotKind.STAGE))

Message = TypeVar("Message", bound=AnyServerMessage)


class FakeMedia:
    """A MediaPort that keeps endpoints and gates as a worker would, and forwards nothing."""

    def __init__(self) -> None:
        self.up = True
        self.endpoints: dict[str, dict[sfu.Source, sfu.GateReason]] = {}
        self.rooms: dict[str, sfu.RoomId] = {}
        """The room of each endpoint ever opened."""
        self.commands: list[sfu.AnyCommand] = []
        self.pong = sfu.Pong(0, 0)
        self.answering = asyncio.Event()
        """While it is cleared, offers are taken but not answered."""
        self.asked = asyncio.Event()
        """An offer was taken."""
        self.answering.set()
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self._events.put_nowait(WorkerUp())

    def request(self, command: sfu.AnyCommand) -> Result:
        answer = self._answer(None if not self.up else self._apply(command))
        return asyncio.get_running_loop().create_task(answer)

    async def _answer(self, result: sfu.AnyResult | None) -> sfu.AnyResult:
        await asyncio.sleep(0)
        if isinstance(result, sfu.Opened):
            await self.answering.wait()
        if result is None:
            raise MediaUnavailable("crashed by the test")
        return result

    def _apply(self, command: sfu.AnyCommand) -> sfu.AnyResult:
        self.commands.append(command)
        match command:
            case sfu.Ping():
                return self.pong
            case sfu.OpenEndpoint():
                if not command.offer.startswith("v=0"):
                    return sfu.Failed(sfu.Failure.BAD_OFFER)
                self.endpoints[command.endpoint] = dict(command.gates)
                self.rooms[command.endpoint] = command.room
                self.asked.set()
                return sfu.Opened("v=0 answer", SLOTS)
            case sfu.CloseEndpoint():
                self.endpoints.pop(command.endpoint, None)
            case sfu.CloseRoom():
                self.endpoints.clear()
            case sfu.RestartEndpoint() if command.endpoint in self.endpoints:
                return sfu.Opened("v=0 restart", SLOTS)
            case sfu.SetGates() if command.endpoint in self.endpoints:
                self.endpoints[command.endpoint].update(command.gates)
            case sfu.SetGates() | sfu.RestartEndpoint():
                return sfu.Failed(sfu.Failure.UNKNOWN_ENDPOINT)
            case sfu.Show() | sfu.SetStage():
                pass  # nothing is forwarded here
            case _:
                assert_never(command)
        return sfu.Done()

    async def next_events(self) -> Sequence[MediaEvent]:
        events = [await self._events.get()]
        while not self._events.empty():
            events.append(self._events.get_nowait())
        return events

    def report(self, event: sfu.AnyEvent) -> None:
        self._events.put_nowait(event)

    def crash(self) -> None:
        self.up = False
        self.endpoints.clear()

    def come_back(self) -> None:
        self.up = True
        self._events.put_nowait(WorkerUp())


_DECADE = Validity(0, 4_000_000_000_000)
CERTIFICATE = ServedCertificate(_DECADE, OwnAuthority(b"certificate", "ab" * 32, _DECADE))
"""What a control plane under test says that it shows; the test is asked over plain HTTP."""


class Browser:
    """A WebSocket client that reads the protocol as a browser does."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = line
        self.welcome: Welcome | None = None
        self.heard: list[AnyServerMessage] = []
        """Every message that has arrived."""

    async def say(self, message: ClientMessage | str | bytes) -> None:
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_str(message if isinstance(message, str) else encode(message))

    async def hear(self, kind: type[Message]) -> Message:
        """The next message of this type; others are skipped. Fails if the socket ends first."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self._socket.receive()
                assert frame.type is aiohttp.WSMsgType.TEXT, f"{frame.type.name} while waiting for {kind}"
                message = decode_server(frame.data)
                self.heard.append(message)
                if isinstance(message, kind):
                    return message
                assert not isinstance(message, Bye) or kind is Bye, f"{message} while waiting for {kind}"

    async def ended(self) -> Bye:
        """The goodbye, after which the socket is closed."""
        bye = await self.hear(Bye)
        async with asyncio.timeout(PATIENCE_S):
            frame = await self._socket.receive()
        assert frame.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)
        return bye

    async def close(self) -> None:
        await self._socket.close()

    def cut(self) -> None:
        """The line breaks: no goodbye, nothing more arrives."""
        self._socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    @property
    def participant(self) -> str:
        assert self.welcome is not None
        return self.welcome.participant

    @property
    def session(self) -> str:
        assert self.welcome is not None
        return self.welcome.session

    async def knock(self, name: str = "YS. G.A.P.", unit: str | None = None) -> SeatChanged:
        await self.say(Knock(unit, name))
        return await self.hear(SeatChanged)


@cache
def _password_hash() -> str:
    return hash_now(PASSWORD)


class Control:
    """The running control plane and the ways to it."""

    def __init__(
        self,
        folder: Path,
        media: FakeMedia,
        limits: Limits,
        relay: Relay | None,
        proxies: Proxies,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.folder = folder
        self.media = media
        self._limits = limits
        self._relay = relay
        self._proxies = proxies
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"{'http' if tls is None else 'https'}://{self.authority}"
        self._tls = tls
        self.database_url = f"sqlite:///{folder / 'giaoban.db'}"
        self._stop = asyncio.Event()
        self._browsers: list[Browser] = []
        self._serving: asyncio.Task[None] | None = None
        self.ahead_s = 0.0
        """Time that has passed only for the control plane: add to it instead of waiting."""
        self.set_by_s = 0.0
        """By how much its wall clock has been set, without any time having passed."""
        self.certificate = CERTIFICATE
        self.http: aiohttp.ClientSession
        self.store: Store

    async def __aenter__(self) -> Self:
        web_root = self.folder / "web"
        web_root.mkdir(exist_ok=True)
        (web_root / "index.html").write_text("<!doctype html><title>Giao ban</title>", encoding="utf-8")
        (self.folder / "secret.html").write_text("not for the world", encoding="utf-8")
        self.store = await Store.open(self.database_url)
        await bootstrap(self.store, FirstAccounts(_password_hash(), _password_hash()), clock())
        connector = aiohttp.TCPConnector(ssl=False)  # anybody's certificate will do
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector)
        ready = asyncio.Event()
        config = ControlConfig(
            database_url=self.database_url,
            web_root=web_root,
            audit_head=self.folder / "audit.head",
            recordings=self.folder / "recordings",
            media_sockets=(),
            sockets=(self._listening,),
            certificate=lambda: self.certificate,
            version="0.1.0",
            limits=self._limits,
            relay=self._relay,
            tls=self._tls,
            proxies=self._proxies,
        )
        self._serving = asyncio.create_task(
            serve_with(config, (self.media,), self._stop, ready.set, self._now)
        )
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._serving is not None
        self._stop.set()
        async with asyncio.timeout(3 * PATIENCE_S):
            await self._serving
        for browser in self._browsers:
            await browser.close()
        await self.http.close()
        await self.store.close()

    def _now(self) -> Instant:
        now = clock()
        return Instant(now.s + self.ahead_s, now.unix_ms + int((self.ahead_s + self.set_by_s) * 1000))

    async def account(self, login: str, role: Role = Role.DELEGATE, unit: str | None = None) -> str:
        """A new account; returns the cookie of a sign-in."""
        new = NewAccount(login, login, role, unit, _password_hash())
        made = await create_account(self.store, new, clock())
        return await mint(self.store, made.id, clock())

    async def cookie_of(self, login: str) -> str:
        found = await self.store.people.find(login)
        assert found is not None
        return await mint(self.store, found.account.id, clock())

    async def sign_in(self, account: str, password: str) -> aiohttp.ClientResponse:
        return await self.http.post(
            f"{self.url}/api/session", json={"account": account, "password": password}
        )

    async def connect(self, cookie: str | None, origin: str | None = None) -> Browser:
        headers = {"Origin": origin or self.url}
        if cookie is not None:
            headers["Cookie"] = f"giaoban={cookie}"
        browser = Browser(await self.http.ws_connect(f"{self.url}/ws", headers=headers, max_msg_size=0))
        self._browsers.append(browser)
        return browser

    async def enter(
        self, cookie: str, meeting: str = MEETING, resume: str | None = None, seen: int | None = None
    ) -> Browser:
        """Connected, greeted and welcomed."""
        browser = await self.connect(cookie)
        await browser.say(Hello(PROTOCOL, meeting, resume, seen))
        browser.welcome = await browser.hear(Welcome)
        return browser

    async def operator(self) -> Browser:
        """The operator inside the room."""
        browser = await self.enter(await self.cookie_of("thu-ky"))
        assert (await browser.knock("Thư ký")).seat is SeatState.ADMITTED
        return browser


@asynccontextmanager
async def running_control(
    folder: Path,
    media: FakeMedia | None = None,
    limits: Limits = DEFAULT,
    relay: Relay | None = None,
    proxies: Proxies = NO_PROXIES,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Control]:
    """A control plane until the block ends; start it again in the same folder to see a restart."""
    async with Control(folder, media or FakeMedia(), limits, relay, proxies, tls) as control:
        yield control
