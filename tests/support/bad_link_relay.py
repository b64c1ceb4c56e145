"""A bad link as a relay on this machine: browsers and peers reach the appliance only through its ports.

One UDP port and one TCP port stand for the media port, one TCP port for HTTPS. Everything that passes,
whatever its protocol, shares both directions.
"""

import asyncio
import contextlib
import heapq
import itertools
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

from deploy.run.addresses import url
from tests.support.bad_link import Change, Direction, Quality, Record

PIECE_BYTES = 1400
"""TCP is cut into pieces of a packet's size."""
ROOM_POLL_S = 0.01
EOF_AFTER_S = 0.01
"""After the last piece."""
WINDOW_BYTES = 32_768
"""Of the sockets to the appliance: what a sender may have under way must not hide the link's own queue."""
ROOM_BYTES = 4 << 20
_SO_RCVBUFFORCE = 33
"""Beyond the system's limit, for root. Source: Linux, asm-generic/socket.h."""
MAX_FLOWS = 64
"""UDP clients and TCP connections; more than a test has."""
_CANDIDATE = re.compile(r"^a=candidate:(\S+) 1 (udp|tcp) (\d+) (\S+) \d+ (.*)$", re.IGNORECASE | re.MULTILINE)

Deliver = Callable[[], None]


class BadLink:
    """Between one address of this machine and the appliance. Made by `bad_link`."""

    def __init__(self, address: str, media_port: int, https_port: int, seed: int) -> None:
        self.address = address
        self.up = Direction(Quality(), seed)
        """From the client to the appliance."""
        self.down = Direction(Quality(), seed + 1)
        self.udp_port = self.tcp_port = self.https_port = 0
        self.moves = 0
        self._media_port = media_port
        self._server_https_port = https_port
        self._source = address
        self._udp_blocked = False
        self._flows: dict[tuple[str, int], _Flow] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._port: asyncio.DatagramTransport | None = None
        self._listeners: list[asyncio.Server] = []
        self._under_way: list[tuple[float, int, Deliver]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """The appliance, seen through the link."""
        return url(self.address, self.https_port)

    # --- what happens to a link ---

    def become(self, up: Quality, down: Quality) -> None:
        """From now on it is like that, and stays so. The record begins anew."""
        for direction, quality in ((self.up, up), (self.down, down)):
            direction.plan([])
            direction.quality = quality
        self.record_anew()

    def plan(self, up: Sequence[tuple[float, Quality]], down: Sequence[tuple[float, Quality]]) -> None:
        """What it is like so many seconds from now."""
        now = monotonic()
        for direction, changes in ((self.up, up), (self.down, down)):
            direction.plan([Change(now + after_s, quality) for after_s, quality in changes])

    def cut(self, is_cut: bool = True) -> None:
        for direction in (self.up, self.down):
            direction.quality = replace(direction.quality, is_cut=is_cut)

    def block_udp(self, blocked: bool = True) -> None:
        """Like a firewall that lets only TCP through."""
        self._udp_blocked = blocked

    def move(self, address: str | None = None) -> None:
        """The appliance hears the client from a new port (a NAT forgot it), or from another address of this
        machine (Wi-Fi to 4G; its TCP connections are then gone)."""
        self.moves += 1
        if address is not None and address != self._source:
            self._source = address
            for connection in tuple(self._connections):
                connection.cancel()
        for flow in tuple(self._flows.values()):
            flow.open(self._source, self.address, self._media_port)

    def record_anew(self) -> None:
        self.up.record, self.down.record = Record(), Record()

    # --- for peers that are no browsers ---

    def rewritten(self, answer: str) -> str:
        """The SDP with one candidate per protocol, with this link's ports."""
        return "".join(self._through_here(line) for line in _keep_first_candidates(answer))

    def _through_here(self, line: str) -> str:
        def here(found: "re.Match[str]") -> str:
            foundation, protocol, priority, _, rest = found.groups()
            port = self.udp_port if protocol.lower() == "udp" else self.tcp_port
            return f"a=candidate:{foundation} 1 {protocol} {priority} {self.address} {port} {rest}"

        return _CANDIDATE.sub(here, line)

    # --- the shell ---

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        incoming = _datagram_socket()
        incoming.bind((self.address, 0))
        self._port, _ = await loop.create_datagram_endpoint(
            lambda: _Incoming(self._from_client), sock=incoming
        )
        self.udp_port = self._port.get_extra_info("sockname")[1]
        self.tcp_port = await self._listen(self._media_port)
        self.https_port = await self._listen(self._server_https_port)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for listener in self._listeners:
            listener.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for flow in self._flows.values():
            flow.close()
        if self._port is not None:
            self._port.close()

    async def _listen(self, server_port: int) -> int:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None or len(self._connections) >= MAX_FLOWS:
                writer.close()
                return
            self._connections.add(task)
            try:
                await self._carry(reader, writer, server_port)
            except (OSError, asyncio.CancelledError):  # one end is gone, or the client has moved
                pass
            finally:
                self._connections.discard(task)
                writer.transport.abort()

        listener = await asyncio.start_server(accept, self.address, 0, limit=WINDOW_BYTES)
        self._listeners.append(listener)
        port: int = listener.sockets[0].getsockname()[1]
        return port

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server_port: int
    ) -> None:
        """One TCP connection, until both ends have finished."""
        server = socket.socket()
        server.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            server.setsockopt(socket.SOL_SOCKET, option, WINDOW_BYTES)
        server.bind((self._source, 0))
        await asyncio.get_running_loop().sock_connect(server, (self.address, server_port))
        answers, questions = await asyncio.open_connection(sock=server, limit=WINDOW_BYTES)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(self.up, reader, questions))
                group.create_task(self._pump(self.down, answers, writer))
        except* OSError:
            pass
        finally:
            questions.transport.abort()

    async def _pump(
        self, direction: Direction, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        due = 0.0
        while True:
            piece = await source.read(PIECE_BYTES)
            while not direction.has_room(monotonic()):  # noqa: ASYNC110 - time alone makes room
                await asyncio.sleep(ROOM_POLL_S)
            due = direction.stream(max(len(piece), 1), monotonic(), due)
            if not piece:
                await asyncio.sleep(max(0.0, due - monotonic()) + EOF_AFTER_S)
                if sink.can_write_eof():
                    sink.write_eof()
                else:
                    sink.close()
                return
            self._later(due, lambda piece=piece: _write(sink, piece))  # type: ignore[misc] # a default argument
            await sink.drain()

    def _from_client(self, datagram: bytes, client: tuple[str, int]) -> None:
        if self._udp_blocked:
            return
        flow = self._flows.get(client)
        if flow is None:
            if len(self._flows) >= MAX_FLOWS:
                return
            flow = self._flows[client] = _Flow(lambda answer: self._from_server(answer, client))
            flow.open(self._source, self.address, self._media_port)
        if (due := self.up.send(len(datagram), monotonic())) is not None:
            self._later(due, lambda: flow.send(datagram))

    def _from_server(self, datagram: bytes, client: tuple[str, int]) -> None:
        if self._udp_blocked or (due := self.down.send(len(datagram), monotonic())) is None:
            return
        port = self._port
        if port is not None:
            self._later(due, lambda: port.sendto(datagram, client))

    def _later(self, due: float, deliver: Deliver) -> None:
        """One timer for all: a timer of asyncio is good to a millisecond, and two of them have no order."""
        if due <= monotonic() and not self._under_way:
            deliver()
            return
        heapq.heappush(self._under_way, (due, next(self._order), deliver))
        if self._under_way[0][0] == due:
            self._wake_at(due)

    def _wake_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due - monotonic()), self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = monotonic()
        while self._under_way and self._under_way[0][0] <= now + 0.0005:
            heapq.heappop(self._under_way)[2]()
        if self._under_way:
            self._wake_at(self._under_way[0][0])


class _Flow:
    """What one UDP client is to the appliance: its own socket."""

    def __init__(self, answer: Callable[[bytes], None]) -> None:
        self._answer = answer
        self._socket: socket.socket | None = None

    def open(self, source: str, server: str, port: int) -> None:
        """A new socket in place of the old one."""
        self.close()
        fresh = _datagram_socket()
        fresh.bind((source, 0))
        fresh.connect((server, port))
        self._socket = fresh
        asyncio.get_running_loop().add_reader(fresh, self._readable, fresh)

    def send(self, datagram: bytes) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # full, or the appliance is just restarting
                self._socket.send(datagram)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self, fresh: socket.socket) -> None:
        for _ in range(64):
            try:
                datagram = fresh.recv(65_535)
            except OSError:
                return
            self._answer(datagram)


class _Incoming(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)


def _datagram_socket() -> socket.socket:
    """With room for what comes while this process is busy: only the link may lose packets."""
    fresh = socket.socket(type=socket.SOCK_DGRAM)
    fresh.setblocking(False)
    fresh.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
    with contextlib.suppress(PermissionError):
        fresh.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, ROOM_BYTES)
    return fresh


def _write(sink: asyncio.StreamWriter, piece: bytes) -> None:
    if not sink.is_closing():
        sink.write(piece)


def _keep_first_candidates(sdp: str) -> list[str]:
    """Lines with their ends, of each section only the first candidate of each protocol: one link, one way."""
    kept: list[str] = []
    seen: set[str] = set()
    for line in sdp.splitlines(keepends=True):
        if line.startswith("m="):
            seen.clear()
        if (found := _CANDIDATE.match(line.rstrip())) is not None:
            if found.group(2).lower() in seen:
                continue
            seen.add(found.group(2).lower())
        kept.append(line)
    return kept


@asynccontextmanager
async def bad_link(address: str, media_port: int, https_port: int, seed: int = 1) -> AsyncIterator[BadLink]:
    """A link to the appliance at `address`, without faults at first."""
    link = BadLink(address, media_port, https_port, seed)
    await link.start()
    try:
        yield link
    finally:
        await link.close()
