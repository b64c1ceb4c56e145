"""ICE-TCP, passive: for networks that block UDP.

Each STUN, DTLS or SRTP packet is framed by its length (RFC 4571). A stream must not become a long queue: the
system is given only what the line carries in a moment. The rest waits here, voices before pictures, and what
has waited too long is dropped, as a network would do.
Source: RFC 6544.
"""

import asyncio
import contextlib
import ipaddress
import socket
import struct
from collections.abc import Set
from typing import Protocol

from sfu.errors import BadPacket
from sfu.transport.budget import Budget
from sfu.transport.send_queue import LineGauge, SendQueue

MAX_FRAME_BYTES = 2048
MAX_UNPROVEN = 256
"""Connections without a valid check."""
MAX_UNPROVEN_PER_PLACE = 128
"""Of one address, or one IPv6 network of 64 bits. Two buildings of 46 points with two networks each may be
behind it; each needs its place for a round trip."""
PROOF_DEADLINE_S = 10.0
"""A connection without a valid check after this is closed."""
MAX_BAD_CHECKS = 64
"""In a row, then the connection is closed; before the first valid one, every frame counts. A browser sends
about ten while its offer is still on the way."""
READ_BYTES = 16 * 1024
"""At most, before others get their turn."""
FRAMES_PER_S, FRAMES_AT_ONCE = 2000, 4000
"""Then it is not read for a while, and its sender has to wait. A browser sends 700 in a second at most."""
FRAME_BYTES = 1024
"""This much costs as much as one frame more."""
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

    def feed_untrusted(self, data: bytes) -> tuple[list[bytes], int]:
        """Packets completed by `data`, in order, without empty ones, and how many there were with them.
        Raises BadPacket: nothing after it can be understood, so close."""
        self._buffer += data
        packets: list[bytes] = []
        at = frames = 0
        while len(self._buffer) - at >= 2:
            size = self._buffer[at] << 8 | self._buffer[at + 1]
            if size > MAX_FRAME_BYTES:
                raise BadPacket("TCP: frame size")
            if len(self._buffer) - at - 2 < size:
                break
            if size:
                packets.append(bytes(self._buffer[at + 2 : at + 2 + size]))
            at += 2 + size
            frames += 1
        del self._buffer[:at]
        return packets, frames


class PacketTaker(Protocol):
    """The receiver of what arrives."""

    def on_packets(self, connection: "TcpConnection", packets: list[bytes]) -> None: ...

    def on_lost(self, connection: "TcpConnection") -> None: ...


class TcpConnections:
    """All open connections of a worker, within bounds. Those that belong to an association are bounded by it
    (ice.MAX_STREAMS). Of the others each address has a share, and the oldest goes first: whoever comes with a
    valid check has proved it a round trip later."""

    def __init__(self, taker: PacketTaker) -> None:
        self._taker = taker
        self._open: dict[int, TcpConnection] = {}
        self._unproven: dict[str, dict[int, TcpConnection]] = {}
        """By the place that they come from, oldest first."""
        self._last_number = 0
        self._is_closed = False
        self.room = bytearray(READ_BYTES)
        """What is read goes here first."""

    def accept(self, local: str) -> "TcpConnection":
        """Protocol factory of the listener on this address of ours."""
        return TcpConnection(self, self._taker, local)

    def enter(self, connection: "TcpConnection") -> int:
        """A number for a new connection, or 0 when none are taken any more. It may cost the oldest unproven
        one its place."""
        if self._is_closed:
            return 0
        self._last_number += 1
        self._open[self._last_number] = connection
        mine = self._unproven.setdefault(connection.place, {})
        mine[self._last_number] = connection
        if len(mine) > MAX_UNPROVEN_PER_PLACE:
            self._oldest_of(mine).close()
        elif sum(map(len, self._unproven.values())) > MAX_UNPROVEN:
            self._oldest_of(max(self._unproven.values(), key=len)).close()
        return self._last_number

    def prove(self, connection: "TcpConnection") -> None:
        """It belongs to an association: no longer one of those that may have to go."""
        mine = self._unproven.get(connection.place, {})
        mine.pop(connection.number, None)
        if not mine:
            self._unproven.pop(connection.place, None)

    def leave(self, connection: "TcpConnection") -> None:
        """Leaving twice is harmless."""
        self.prove(connection)
        self._open.pop(connection.number, None)

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

    @staticmethod
    def _oldest_of(connections: "dict[int, TcpConnection]") -> "TcpConnection":
        return next(iter(connections.values()))


class TcpConnection(asyncio.BufferedProtocol):
    """One accepted connection."""

    def __init__(self, crowd: TcpConnections, taker: PacketTaker, local: str) -> None:
        self.local = local
        """Our address, which the client connected to."""
        self.address: tuple[str, int] = ("", 0)
        self.place = ""
        """An address, or the network of a whole building."""
        self.number = 0
        """Never reused; 0 before it is admitted."""
        self._crowd = crowd
        self._taker = taker
        self._deframer = PacketDeframer()
        self._queue = SendQueue()
        self._gauge = LineGauge()
        self._work = Budget(FRAMES_PER_S, FRAMES_AT_ONCE)
        self._written = 0
        self._is_full = False
        """The system accepts nothing more; it may have accepted one packet in part."""
        self._is_proven = False
        self._bad_checks = 0
        self._socket: socket.socket | None = None
        self._poll: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer: tuple[str, int] = transport.get_extra_info("peername") or ("", 0)
        self.address = (peer[0], peer[1])
        self.place = place_of(peer[0])
        self._transport = transport
        self.number = self._crowd.enter(self)
        if not self.number:
            transport.abort()
            return
        self._socket = sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT_BYTES)
        with contextlib.suppress(OSError):  # Linux before 6.15 does not have it
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, MAX_SILENCE_MS)
        transport.set_write_buffer_limits(high=0)
        self._deadline = asyncio.get_running_loop().call_later(PROOF_DEADLINE_S, transport.abort)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._crowd.room

    def buffer_updated(self, nbytes: int) -> None:
        try:
            packets, frames = self._deframer.feed_untrusted(bytes(self._crowd.room[:nbytes]))
        except BadPacket:
            self.close()
            return
        self._bad_checks += sum(packet[0] < 4 for packet in packets) if self._is_proven else frames
        if packets:
            self._taker.on_packets(self, packets)
        if self._bad_checks > MAX_BAD_CHECKS:
            self.close()
            return
        loop = asyncio.get_running_loop()
        rest_s = self._work.charge(frames + nbytes / FRAME_BYTES, loop.time())
        if rest_s > 0 and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._rest = loop.call_later(rest_s, self._transport.resume_reading)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        for timer in (self._deadline, self._poll, self._rest):
            if timer is not None:
                timer.cancel()
        self._crowd.leave(self)
        self._taker.on_lost(self)

    def prove(self) -> None:
        """A valid check came: it may stay."""
        self._bad_checks = 0
        if self._is_proven or self._transport is None:
            return
        self._is_proven = True
        self._crowd.prove(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @property
    def dropped(self) -> int:
        """Packets that waited too long, or found no room."""
        return self._queue.dropped

    def send(self, packet: bytes, *, urgent: bool = True, producer: int = -1) -> None:
        """Frame and write. What the line does not take yet waits, urgent packets before all others."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        now = asyncio.get_running_loop().time()
        self._queue.put(packet, urgent, now, producer)
        self._flush(transport, now)

    def withdraw(self, producers: Set[int]) -> None:
        """Nothing that waits of these producers is written any more."""
        self._queue.withdraw(producers)

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
        self._crowd.leave(self)
        if self._transport is not None:
            self._transport.abort()


def place_of(host: str) -> str:
    """Where somebody comes from, for shares: with IPv6 a single device has a whole network of addresses."""
    if ":" not in host:
        return host
    return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False))


_TCP_RTO_MAX_MS = 44
"""tcp(7); the socket module does not name it."""
_TCP_INFO_BYTES = 152
"""The part of struct tcp_info that we read; Linux 4.9 has it."""
_BYTES_ACKED, _BYTES_ACKED_AT = struct.Struct("=Q"), 120
_MIN_RTT, _MIN_RTT_AT = struct.Struct("=I"), 148
