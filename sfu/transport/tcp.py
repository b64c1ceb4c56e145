"""ICE-TCP, passive: for networks where UDP does not pass.

Each STUN, DTLS or SRTP packet is framed by its length (RFC 4571). A stream must not turn into a queue: what
the connection cannot take at once is dropped, as a network would.
Source: RFC 6544.
"""

import asyncio
import socket
from collections import Counter
from typing import Protocol

from sfu.errors import BadPacket

MAX_FRAME_BYTES = 2048
MAX_CONNECTIONS = 512
MAX_PER_ADDRESS = 64
"""A whole station may sit behind one address."""
PROOF_DEADLINE_S = 10.0
"""A connection without a valid check by then is closed."""
WRITE_LIMIT_BYTES = 32 * 1024
KERNEL_BUFFER_BYTES = 64 * 1024
"""Together about a second at 600 kbit/s. The kernel's own choice would grow to megabytes."""


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
        self.dropped = 0
        self._crowd = crowd
        self._taker = taker
        self._deframer = Deframer()
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
        transport.set_write_buffer_limits(high=WRITE_LIMIT_BYTES)
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

    def prove(self) -> None:
        """A valid check came: it may stay."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send(self, packet: bytes) -> None:
        """Frame and write, or drop when the line is full."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() + len(packet) > WRITE_LIMIT_BYTES:
            self.dropped += 1
            return
        transport.write(len(packet).to_bytes(2, "big") + packet)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
