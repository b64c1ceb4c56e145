"""ICE-TCP, passive: for networks that block UDP.

Each STUN, DTLS or SRTP packet is framed by its length (RFC 4571). A stream must not become a long queue: the
system is given only what the line carries in a moment. The rest waits here, voices before pictures, and what
has waited too long is dropped, as a network would do.
Source: RFC 6544.
"""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from typing import Protocol

from sfu.errors import BadPacket
from sfu.transport.send_queue import LineGauge, SendQueue

MAX_FRAME_BYTES = 2048
MAX_CONNECTIONS = 512
MAX_PER_ADDRESS = 64
"""A whole health station may be behind one address."""
PROOF_DEADLINE_S = 10.0
"""A connection without a valid check after this is closed."""
MAX_BAD_CHECKS = 64
"""In a row, then the connection is closed. A browser sends about ten while its offer is still on the way."""
POLL_S = 0.01
"""How often to look, while packets wait, whether the line has become free."""
MAX_UNSENT_BYTES = 4 * 1024
"""Taken by the system but not sent yet, where nothing can overtake it. 0.1 s at 300 kbit/s."""
KERNEL_BUFFER_BYTES = 256 * 1024
"""More than a LineGauge ever allows, so that the gauge decides. The system's default would grow to
megabytes."""
MAX_SILENCE_MS = 1000
"""Between two retries of the system after an interruption; by default it doubles them up to two minutes."""


class PacketDeframer:
    """Cuts a byte stream into packets (RFC 4571)."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed_untrusted(self, data: bytes) -> list[bytes]:
        """Packets completed by `data`, in order, without empty ones. Raises BadPacket: nothing after it can
        be understood, so close."""
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
    """The receiver of what arrives."""

    def on_packets(self, connection: "TcpConnection", packets: list[bytes]) -> None: ...

    def on_lost(self, connection: "TcpConnection") -> None: ...


class TcpConnections:
    """All open connections of a worker, within bounds."""

    def __init__(self, taker: PacketTaker) -> None:
        self._taker = taker
        self._open: dict[int, TcpConnection] = {}
        self._by_address: Counter[str] = Counter()
        self._last_number = 0
        self._is_closed = False

    def accept(self, local: str) -> "TcpConnection":
        """Protocol factory of the listener on this address of ours."""
        return TcpConnection(self, self._taker, local)

    def enter(self, connection: "TcpConnection") -> int:
        """A number for a new connection, or 0 when there are too many, or none are taken any more."""
        host = connection.address[0]
        is_full = len(self._open) >= MAX_CONNECTIONS or self._by_address[host] >= MAX_PER_ADDRESS
        if is_full or self._is_closed:
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
        self._is_closed = True  # one that the system has accepted may come after this
        for connection in list(self._open.values()):
            connection.close()

    def close_to(self, local: str) -> None:
        """Close those to an address of ours that has gone."""
        for connection in list(self._open.values()):
            if connection.local == local:
                connection.close()

    def __len__(self) -> int:
        return len(self._open)


class TcpConnection(asyncio.Protocol):
    """One accepted connection."""

    def __init__(self, crowd: TcpConnections, taker: PacketTaker, local: str) -> None:
        self.local = local
        """Our address, which the client connected to."""
        self.address: tuple[str, int] = ("", 0)
        self.number = 0
        """Never reused; 0 before it is admitted."""
        self._crowd = crowd
        self._taker = taker
        self._deframer = PacketDeframer()
        self._queue = SendQueue()
        self._gauge = LineGauge()
        self._written = 0
        self._is_full = False
        """The system accepts nothing more; it may have accepted one packet in part."""
        self._bad_checks = 0
        self._socket: socket.socket | None = None
        self._poll: asyncio.TimerHandle | None = None
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
        self._socket = sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT_BYTES)
        with contextlib.suppress(OSError):  # Linux before 6.15 does not have it
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, MAX_SILENCE_MS)
        transport.set_write_buffer_limits(high=0)
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
        if self._poll is not None:
            self._poll.cancel()
        if self.number:
            self._crowd.leave(self)
            self._taker.on_lost(self)

    def strike(self) -> bool:
        """Something other than a valid check came. True when that was once too often, and it was closed."""
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
        """Frame and write. What the line does not take yet waits, urgent packets before all others."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        now = asyncio.get_running_loop().time()
        self._queue.put(packet, urgent, now)
        self._flush(transport, now)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False

    def _flush(self, transport: asyncio.Transport, now: float) -> None:
        """Write what the line has room for; look again soon while something waits."""
        room = self._room(now)
        while not self._is_full and (packet := self._queue.take(now, room)) is not None:
            transport.write(len(packet).to_bytes(2, "big") + packet)
            self._written += 2 + len(packet)
            room -= 2 + len(packet)
        if self._poll is None and self._queue:
            self._poll = asyncio.get_running_loop().call_later(POLL_S, self._look_again)

    def _look_again(self) -> None:
        self._poll = None
        transport = self._transport
        if transport is not None and not transport.is_closing():
            self._flush(transport, asyncio.get_running_loop().time())

    def _room(self, now: float) -> int:
        """Bytes that the line may be given now."""
        assert self._socket is not None
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        (acked,) = _BYTES_ACKED.unpack_from(info, _BYTES_ACKED_AT)
        (min_rtt_us,) = _MIN_RTT.unpack_from(info, _MIN_RTT_AT)
        return self._gauge.room(self._written, acked, min_rtt_us / 1e6, now)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


_TCP_RTO_MAX_MS = 44
"""tcp(7); the socket module does not name it."""
_TCP_INFO_BYTES = 152
"""The part of struct tcp_info that we read; Linux 4.9 has it."""
_BYTES_ACKED, _BYTES_ACKED_AT = struct.Struct("=Q"), 120
_MIN_RTT, _MIN_RTT_AT = struct.Struct("=I"), 148
