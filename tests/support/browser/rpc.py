"""One WebSocket with numbered JSON commands and events: what CDP and WebDriver BiDi have in common."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import aiohttp
import msgspec

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
T = TypeVar("T")

MAX_MESSAGE_BYTES = 64 << 20
"""Screenshots come back as base64 in one frame."""
DEADLINE_S = 20.0


class DriverError(Exception):
    """The browser refused a command, disconnected, or did not answer in time."""


class Nothing(msgspec.Struct, frozen=True):
    """A result that is ignored."""


class _Envelope(msgspec.Struct, frozen=True):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: msgspec.Raw = msgspec.Raw(b"")
    message: str = ""
    session: str = msgspec.field(name="sessionId", default="")


class Rpc:
    """Commands out, results and events in. Events go to `on_event(method, params, session)`."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http = http
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[_Envelope]] = {}
        self._last = 0
        self.on_event: Callable[[str, msgspec.Raw, str], None] = lambda method, params, session: None
        self._reader = asyncio.ensure_future(self._read())

    @classmethod
    async def connect(cls, url: str) -> "Rpc":
        """Raises DriverError."""
        http = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(DEADLINE_S):
                socket = await http.ws_connect(url, max_msg_size=MAX_MESSAGE_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await http.close()
            raise DriverError(f"{url}: {error!r}") from error
        return cls(http, socket)

    async def call(
        self,
        method: str,
        params: Mapping[str, Json],
        result: type[T],
        *,
        session: str = "",
        deadline_s: float = DEADLINE_S,
    ) -> T:
        """Send one command and decode its result. Raises DriverError."""
        self._last += 1
        number = self._last
        answer: asyncio.Future[_Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        command: dict[str, Json] = {"id": number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        try:
            async with asyncio.timeout(deadline_s):
                await self._socket.send_str(msgspec.json.encode(command).decode())
                envelope = await answer
        except TimeoutError:
            raise DriverError(f"{method}: no answer in {deadline_s} s") from None
        except ConnectionError as error:
            raise DriverError(f"{method}: {error}") from error
        finally:
            self._waiting.pop(number, None)
        if bytes(envelope.error):
            raise DriverError(f"{method}: {bytes(envelope.error).decode()} {envelope.message}")
        return msgspec.json.decode(envelope.result, type=result)

    async def close(self) -> None:
        await self._socket.close()
        await self._http.close()
        await self._reader

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            envelope = msgspec.json.decode(frame.data, type=_Envelope)
            if envelope.id is None:
                self.on_event(envelope.method, envelope.params, envelope.session)
            elif (answer := self._waiting.get(envelope.id)) is not None and not answer.done():
                answer.set_result(envelope)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the browser closed the channel"))
