"""ICE-TCP, passive: for networks where UDP does not pass.

Each STUN, DTLS or SRTP packet is framed by its length (RFC 4571). A stream must not turn into a long queue:
the system is given little that it cannot send yet, what it does not take waits here, voices before pictures,
and what has waited too long is dropped, as a network would.
Source: RFC 6544.
"""

import asyncio
import contextlib
import socket
from collections import Counter, deque
from typing import Protocol

from sfu.errors import BadPacket

MAX_FRAME_BYTES = 2048
MAX_CONNECTIONS = 512
MAX_PER_ADDRESS = 64
"""A whole station may sit behind one address."""
PROOF_DEADLINE_S = 10.0
"""A connection without a valid check by then is closed."""
MAX_BAD_CHECKS = 64
"""In a row; then the connection is closed. A browser sends about ten while its offer is still on its way."""
UNSENT_BYTES = 4 * 1024
"""Taken by the system, but not under way yet: nothing can overtake it there. 0.1 s at 300 kbit/s."""
KERNEL_BUFFER_BYTES = 32 * 1024
"""Under way and not confirmed: what may stand before a voice in a line with deep buffers, 0.9 s at 300
kbit/s. A line of 100 ms still carries 2.6 Mbit/s with it. The system's own choice would grow to megabytes."""
LONGEST_SILENCE_MS = 1000
"""Between two tries of the system after a cut; by itself it doubles them up to two minutes."""
WAIT_LIMIT_BYTES = 64 * 1024
"""Waiting here; a large keyframe at once must fit."""
LONGEST_WAIT_S = 0.4
"""Here. After a cut of ten seconds nobody wants to hear the voices of those ten seconds."""


class SendQueue:
    """What one connection could not take yet: urgent packets first, each kind in its order. Pure."""

    __slots__ = ("_bytes", "_other", "_urgent", "dropped")

    def __init__(self) -> None:
        self.dropped = 0
        self._urgent: deque[tuple[float, bytes]] = deque()
        self._other: deque[tuple[float, bytes]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._other)

    def put(self, packet: bytes, urgent: bool, now: float) -> None:
        """When it is full the oldest goes, of the pictures first."""
        self._expire(now)
        (self._urgent if urgent else self._other).append((now, packet))
        self._bytes += len(packet)
        while self._bytes > WAIT_LIMIT_BYTES:
            self._drop(self._other or self._urgent)

    def take(self, now: float) -> bytes | None:
        """The next one to be written."""
        self._expire(now)
        line = self._urgent or self._other
        if not line:
            return None
        _, packet = line.popleft()
        self._bytes -= len(packet)
        return packet

    def _expire(self, now: float) -> None:
        for line in (self._urgent, self._other):
            while line and now - line[0][0] > LONGEST_WAIT_S:
                self._drop(line)

    def _drop(self, line: deque[tuple[float, bytes]]) -> None:
        _, packet = line.popleft()
        self._bytes -= len(packet)
        self.dropped += 1


class Deframer:
    """Cuts a byte stream into packets. Pure."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed_untrusted(self, data: bytes) -> list[bytes]:
        """Packets completed by `data`, in order, empty ones left out. Raises BadPacket: nothing that follows
        can be understood, close."""
        self._buffer += data
        packets: list[bytes] = []
        at = 0
        while len(self._buffer) - at >= 2:
            size = self._buffer[at] << 8 | self._buffer[at + 1]
            if size > MAX_FRAME_BYTES:
                raise BadPacket("TCP: frame size")
            if len(self._buffer) - at - 2 < size:
                break
            if size:
                packets.append(bytes(self._buffer[at + 2 : at + 2 + size]))
            at += 2 + size
        del self._buffer[:at]
        return packets


class PacketTaker(Protocol):
    """Who gets what arrives."""

    def on_packets(self, connection: "TcpConnection", packets: list[bytes]) -> None: ...

    def on_lost(self, connection: "TcpConnection") -> None: ...


class TcpConnections:
    """All open connections of a worker, within bounds."""

    def __init__(self, taker: PacketTaker) -> None:
        self._taker = taker
        self._open: dict[int, TcpConnection] = {}
        self._by_address: Counter[str] = Counter()
        self._last_number = 0

    def accept(self) -> "TcpConnection":
        """Protocol factory of a listener."""
        return TcpConnection(self, self._taker)

    def enter(self, connection: "TcpConnection") -> int:
        """A number for a new connection, or 0 when there are enough already."""
        host = connection.address[0]
        if len(self._open) >= MAX_CONNECTIONS or self._by_address[host] >= MAX_PER_ADDRESS:
            return 0
        self._last_number += 1
        self._by_address[host] += 1
        self._open[self._last_number] = connection
        return self._last_number

    def leave(self, connection: "TcpConnection") -> None:
        host = connection.address[0]
        del self._open[connection.number]
        self._by_address[host] -= 1
        if not self._by_address[host]:
            del self._by_address[host]

    def get(self, number: int) -> "TcpConnection | None":
        return self._open.get(number)

    def close(self) -> None:
        for connection in list(self._open.values()):
            connection.close()

    def __len__(self) -> int:
        return len(self._open)


class TcpConnection(asyncio.Protocol):
    """One accepted connection."""

    def __init__(self, crowd: TcpConnections, taker: PacketTaker) -> None:
        self.address: tuple[str, int] = ("", 0)
        self.number = 0
        """Never used again by another one; 0 before it is admitted."""
        self._crowd = crowd
        self._taker = taker
        self._deframer = Deframer()
        self._queue = SendQueue()
        self._is_full = False
        self._bad_checks = 0
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer: tuple[str, int] = transport.get_extra_info("peername") or ("", 0)
        self.address = (peer[0], peer[1])
        self._transport = transport
        self.number = self._crowd.enter(self)
        if not self.number:
            transport.abort()
            return
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        with contextlib.suppress(OSError):  # Linux before 6.15 does not know it
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, LONGEST_SILENCE_MS)
        transport.set_write_buffer_limits(high=0)  # one packet that was taken in part, no more
        self._deadline = asyncio.get_running_loop().call_later(PROOF_DEADLINE_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._deframer.feed_untrusted(data)
        except BadPacket:
            self.close()
            return
        if packets:
            self._taker.on_packets(self, packets)

    def connection_lost(self, _error: Exception | None) -> None:
        self.prove()
        self._transport = None
        if self.number:
            self._crowd.leave(self)
            self._taker.on_lost(self)

    def strike(self) -> bool:
        """Something came that is no valid check. True when that was once too often: it is closed."""
        self._bad_checks += 1
        if self._bad_checks > MAX_BAD_CHECKS:
            self.close()
        return self._bad_checks > MAX_BAD_CHECKS

    def prove(self) -> None:
        """A valid check came: it may stay."""
        self._bad_checks = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @property
    def dropped(self) -> int:
        """Packets that waited too long, or found no room."""
        return self._queue.dropped

    def send(self, packet: bytes, *, urgent: bool = True) -> None:
        """Frame and write; what the line does not take yet waits, an urgent one before all others."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._is_full:
            self._queue.put(packet, urgent, asyncio.get_running_loop().time())
        else:
            transport.write(len(packet).to_bytes(2, "big") + packet)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        now = asyncio.get_running_loop().time()
        while not self._is_full and (packet := self._queue.take(now)) is not None:
            self.send(packet)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


_TCP_RTO_MAX_MS = 44
"""tcp(7); the socket module does not name it."""
