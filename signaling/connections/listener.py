"""Accepts connections, and closes those for which there is no place or that take too long.

asyncio's own server accepts whatever comes and makes the whole of TLS for it, until there are no descriptors
left. This one looks before it makes anything: a socket that has sent nothing is a descriptor and no more.
"""

import asyncio
import asyncio.sslproto
import contextlib
import ctypes
import errno
import logging
import resource
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence

from signaling.connections.bucket import Bucket
from signaling.connections.connection import Clock, Connection, Speech
from signaling.connections.places import Foothold, Shares, Stage, Turns
from signaling.model.addresses import Proxies, address_of, network

log = logging.getLogger("giaoban.connections")

BACKLOG = 1024
ACCEPTED_AT_ONCE = 16
"""Between two looks at everything else: a flood of connections delays nobody by more than a millisecond."""
HANDSHAKES_PER_S = 150.0
"""Each costs 2 ms; a building of 60 points that reloads at once is through in three seconds."""
MAX_HANDSHAKES_AT_ONCE = 300
SWEEP_S = 1.0
PAUSE_S = 1.0
"""Without accepting, when the system has no descriptor or memory for another socket."""
TLS_BUFFER_BYTES = 16 * 1024
"""What is read from a connection at once: one TLS record."""
USED_UP = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# ip(7) and ipv6(7); the socket module does not name these.
_IP_FREEBIND, _IPV6_FREEBIND = 15, 78
MIN_FLOOD = 256
"""Connections that came and went before memory is given back to the system."""


class Connections:
    """All connections of the web door."""

    def __init__(self, clock: Clock, proxies: Proxies) -> None:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._clock = clock
        self._proxies = proxies
        self.shares = Shares(descriptors)
        self._turns = Turns()
        self._by_place: dict[Foothold, Connection] = {}
        self._by_protocol: dict[asyncio.BaseProtocol, Connection] = {}
        self._handshakes = Bucket(HANDSHAKES_PER_S, MAX_HANDSHAKES_AT_ONCE, clock())
        self._taking_turns = False
        self._tls: ssl.SSLContext | None = None
        self._serve: Callable[[], asyncio.Protocol]
        self._most = 0
        """Connections at once since memory was given back."""
        # asyncio gives each TLS connection a buffer of this size for its whole life, 256 kB by default. What
        # comes in here is small. This process has no other TLS.
        asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER_BYTES

    def of(self, protocol: asyncio.BaseProtocol) -> Connection | None:
        """The connection of a request's protocol; None: not one of ours, or gone."""
        return self._by_protocol.get(protocol)

    async def run(
        self,
        sockets: Sequence[socket.socket],
        tls: ssl.SSLContext | None,
        serve: Callable[[], asyncio.Protocol],
    ) -> None:
        """Accept on these listening sockets until cancelled, then close them. serve: makes aiohttp's
        protocol."""
        loop = asyncio.get_running_loop()
        self._tls, self._serve = tls, serve
        for listening in sockets:
            listening.setblocking(False)
            loop.add_reader(listening, self._accept, listening)
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                self._sweep()
        finally:
            for listening in sockets:
                loop.remove_reader(listening)
                listening.close()
            for connection in list(self._by_place.values()):
                if connection.stage < Stage.ASKING:
                    connection.drop()

    # --- arriving ---

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                raw, address = listening.accept()
            except OSError as error:
                if error.errno in USED_UP:
                    self._pause(listening, error)
                return  # nothing waits, or it has gone again
            self._arrived(raw, self._network_of(str(address[0]), int(address[1])))

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """The system gives no more, though there are places. Taking up what ends makes room."""
        log.error("accept-paused why=%s", error.strerror)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        loop.call_later(PAUSE_S, self._go_on, listening)

    def _go_on(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _network_of(self, address: str, port: int) -> str:
        """Whose share a connection takes from. Behind a proxy of ours is everybody: each of its connections
        counts for itself."""
        return f"{address} {port}" if self._proxies.trusts(address_of(address)) else network(address)

    def _arrived(self, raw: socket.socket, network: str) -> None:
        raw.setblocking(False)
        place, too_many = self.shares.arrive(network)
        connection = Connection(raw, place, self, self._serve, self._clock)
        self._by_place[place] = connection
        self._most = max(self._most, len(self._by_place))
        self._give_way(too_many)
        asyncio.get_running_loop().add_reader(raw, self._speaks, connection)

    def _speaks(self, connection: Connection) -> None:
        """What was awaited is there, or it is gone. Nothing is read yet, and half a greeting is none."""
        speech = connection.hear(tls=self._tls is not None)
        if speech is Speech.HALF:
            return
        asyncio.get_running_loop().remove_reader(connection.raw)
        if speech is Speech.NONE:
            connection.drop()
            return
        too_many = self.shares.advance(connection.place, Stage.GREETING)
        self._turns.add(connection.place)
        self._give_way(too_many)
        self._take_turns()

    def _take_turns(self) -> None:
        if not self._taking_turns:
            self._taking_turns = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        """Begin one handshake; the next one after everything else that is to be done."""
        loop = asyncio.get_running_loop()
        self._taking_turns = bool(self._turns)
        if not self._taking_turns:
            return
        if not self._handshakes.take(self._clock()):
            loop.call_later(1 / HANDSHAKES_PER_S, self._next_turn)
            return
        self._by_place[self._turns.next()].begin(self._tls)
        loop.call_soon(self._next_turn)

    # --- as its connections see it (Keeper) ---

    def stood(self, connection: Connection) -> None:
        assert connection.inner is not None
        self._by_protocol[connection.inner] = connection
        self._give_way(self.shares.advance(connection.place, Stage.ASKING))

    def ended(self, connection: Connection) -> None:
        if self._by_place.pop(connection.place, None) is None:
            return
        self.shares.leave(connection.place)
        self._turns.discard(connection.place)
        if connection.inner is not None:
            del self._by_protocol[connection.inner]

    def prove(self, protocol: asyncio.BaseProtocol, account: str) -> None:
        """Its request has brought the cookie of an account that is signed in."""
        connection = self.of(protocol)
        if connection is not None:
            self._give_way(self.shares.prove(connection.place, account))

    def _give_way(self, place: Foothold | None) -> None:
        if place is None:
            return
        log.info("connection-gave-way network=%s stage=%s", place.network, place.stage.name.lower())
        self._end(self._by_place[place])

    def _end(self, connection: Connection) -> None:
        """Its place is free at once, whenever the transport says that it has ended."""
        if connection.stage is Stage.ARRIVED:
            asyncio.get_running_loop().remove_reader(connection.raw)
        self.ended(connection)
        connection.drop()

    # --- time passes ---

    def _sweep(self) -> None:
        now_s = self._clock()
        for connection in list(self._by_place.values()):
            what = connection.overdue(now_s)
            if what:
                log.info("connection-overdue network=%s what=%s", connection.place.network, what)
                self._end(connection)
        if self._most >= MIN_FLOOD and len(self._by_place) < self._most // 8:
            self._most = len(self._by_place)
            _give_memory_back()


def listening_sockets(hosts: Iterable[str], port: int) -> list[socket.socket]:
    """Sockets on these addresses; on all of IPv4 and IPv6 if there are none. Raises OSError.

    An address need not be there now: when its cable is plugged in again it answers, and a process that starts
    meanwhile does not end. deploy/run/ports.py refuses addresses that are not this machine's at all.
    """
    wanted = tuple(hosts)
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as undo:
        for host in wanted or ("0.0.0.0", "::"):  # noqa: S104 - pages are for everybody who reaches the server
            try:
                sockets.append(undo.enter_context(_listening(host, port)))
            except OSError as error:
                if wanted or host != "::" or error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                    raise  # otherwise this machine has no IPv6
        undo.pop_all()
    return sockets


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        else:
            listening.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _give_memory_back() -> None:
    """glibc keeps what was freed between things that are in use; it gives that back when told to."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
