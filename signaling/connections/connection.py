"""One TCP connection, from accept to its end: what comes in is counted before aiohttp's protocol sees it."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from signaling.connections.frames import FrameMeter
from signaling.connections.patience import CLOSING_S, GREETING_S, Patience
from signaling.connections.places import Foothold, Stage

Clock = Callable[[], float]

RECORD_HEADER_BYTES = 5
"""RFC 8446, 5.1: type, version, length."""
HANDSHAKE = 0x16
MAX_RECORD_BYTES = 16 * 1024


class Speech(Enum):
    """What a connection has said before anything is read from it."""

    HALF = auto()
    """More is awaited."""
    WHOLE = auto()
    """The first record of a TLS handshake; without TLS any byte."""
    NONE = auto()
    """It is gone, or this is no TLS."""


AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: a close that waits for nobody to take what was sent (socket(7))."""


def abort(transport: asyncio.WriteTransport) -> None:
    """Close it without a last word. Python 3.11.2 forgets the TLS of a transport that was closed twice, and
    then fails to abort it; such a one ends by itself when its time for closing is over."""
    with contextlib.suppress(AttributeError):
        transport.abort()


class Keeper(Protocol):
    """Keeps the connections; see `signaling.connections.listener`."""

    def stood(self, connection: "Connection") -> None:
        """TLS stands."""

    def ended(self, connection: "Connection") -> None:
        """It is gone."""


class Connection(asyncio.Protocol):
    """Between the transport and `inner`, aiohttp's protocol, which is made when TLS stands."""

    def __init__(
        self,
        raw: socket.socket,
        place: Foothold,
        keeper: Keeper,
        serve: Callable[[], asyncio.Protocol],
        clock: Clock,
    ) -> None:
        self.raw = raw
        self.place = place
        self.inner: asyncio.Protocol | None = None
        self._keeper = keeper
        self._serve = serve
        self._clock = clock
        self.patience = Patience(clock())
        self._awaited_bytes = 1
        """How many make it worth looking."""
        self._transport: asyncio.Transport | None = None
        self._beginning: asyncio.Task[None] | None = None
        self._meter: FrameMeter | None = None
        self._on_flood: Callable[[], None] | None = None

    # --- before HTTP ---

    def hear(self, *, tls: bool) -> Speech:
        """Look at what has come, and leave it there. After HALF the system calls again when it may be whole:
        a call that comes with less than was awaited means that no more will come."""
        try:
            said = self.raw.recv(self._awaited_bytes, socket.MSG_PEEK)
            if len(said) < self._awaited_bytes:
                return Speech.NONE
            if not tls:
                return Speech.WHOLE
            if len(said) < RECORD_HEADER_BYTES:
                return self._await_bytes(RECORD_HEADER_BYTES)
            length = int.from_bytes(said[3:5], "big")
            if said[0] != HANDSHAKE or length > MAX_RECORD_BYTES:
                return Speech.NONE
            if len(said) < RECORD_HEADER_BYTES + length:
                return self._await_bytes(RECORD_HEADER_BYTES + length)
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        except OSError:
            return Speech.NONE
        return Speech.WHOLE

    def _await_bytes(self, number: int) -> Speech:
        self._awaited_bytes = number
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, number)
        return Speech.HALF

    def begin(self, tls: ssl.SSLContext | None) -> None:
        """Begin the TLS handshake."""
        self._beginning = asyncio.create_task(self._begin(tls), name="TLS handshake")
        self._beginning.add_done_callback(self._begun)

    async def _begin(self, tls: ssl.SSLContext | None) -> None:
        deadlines = (
            {} if tls is None else {"ssl_handshake_timeout": GREETING_S, "ssl_shutdown_timeout": CLOSING_S}
        )
        try:
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(lambda: self, self.raw, ssl=tls, **deadlines)
        except OSError:
            pass  # no TLS, an alert, a reset, or too slow: nobody is there to be told

    def _begun(self, _: asyncio.Task[None]) -> None:
        if self._transport is None:
            self.raw.close()
            self._keeper.ended(self)

    def drop(self) -> None:
        """Close it now, whatever it does. What the system still has of it is thrown away, too."""
        if self.raw.fileno() >= 0:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        if self._transport is not None:
            abort(self._transport)
        elif self._beginning is not None:
            self._beginning.cancel()
        else:
            self.raw.close()
            self._keeper.ended(self)

    # --- what the handlers of requests say ---

    def body_begun(self) -> None:
        """A request's body is awaited."""
        self.patience.body_begun(self._clock())

    def count_frames(self, on_flood: Callable[[], None]) -> None:
        """From now on frames of a WebSocket come in. on_flood is called once, if they are too many."""
        self._meter = FrameMeter(self._clock())
        self._on_flood = on_flood

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.patience.greeted(self._clock())
        self.inner = self._serve()
        self._keeper.stood(self)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        assert self.inner is not None
        now_s = self._clock()
        self.patience.received(now_s)
        if self._meter is not None and not self._meter.within_bounds(data, now_s):
            self._flooded()
        elif self._on_flood is None or self._meter is not None:
            self.inner.data_received(data)

    def _flooded(self) -> None:
        """Nothing more is read; the session says goodbye."""
        assert self._transport is not None
        assert self._on_flood is not None
        self._meter = None
        self._transport.pause_reading()
        self.patience.closing(self._clock())
        self._on_flood()

    def eof_received(self) -> bool | None:
        assert self.inner is not None
        return self.inner.eof_received()

    def pause_writing(self) -> None:
        assert self.inner is not None
        self.patience.stalled(self._clock())
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        assert self.inner is not None
        self.patience.moves()
        self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.inner is not None
        self._keeper.ended(self)
        self.inner.connection_lost(exc)

    def overdue(self, now_s: float) -> str:
        """What it takes too long for; empty: nothing."""
        if self._transport is not None and self._transport.is_closing():
            self.patience.closing(now_s)
        return self.patience.overdue(now_s)

    @property
    def stage(self) -> Stage:
        return self.place.stage
