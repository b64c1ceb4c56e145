"""What is measured: the real fast path, the floor under it, and plain Python. Each is one wake-up's work."""

import os
import select
import socket
import struct
import time
from typing import Protocol

import numpy as np

from sfu.fastpath import FastPath, MediaKind, ProducerFormat, Size, SlotFormat
from sfu.fastpath.handups import pack_sockaddr
from sfu.fastpath.kernel.native import (
    Bytes,
    bytes_at,
    compiled,
    protect,
    recvmmsg,
    sendmmsg,
    session_pointer,
    words_at,
)
from sfu.fastpath.kernel.tables import BATCH, NAME_ROW, RX_ROW
from sfu.fastpath.memory import Memory
from tests.bench.peers import FIRST_SSRC, PROFILE, TWCC, Load, Peers, outbound

SETTLE_S = 0.15
OUR_HEADER = 20
"""RTP header and one transport-wide number: what every contender sends in front of the payload."""


UNWANTED = "bad_auth malformed late send_errors protect_errors faults strangers unknown_address gso_fallbacks"


class Contender(Protocol):
    def wake(self) -> None:
        """Do what a readable socket asks for."""
        ...

    def sent(self) -> int:
        """Copies sent so far."""
        ...


class Ours:
    """FastPath.drain with everything on: unprotect, gate, statistics, history, rewriting, feedback rings."""

    def __init__(self, load: Load, peers: Peers, server: socket.socket) -> None:
        self._fastpath = FastPath(Size(transports=256, slots=8192, producers=1024, layers=1024))
        self._port = self._fastpath.add_port(server.fileno())
        layers = [self._publisher(peers, i) for i in range(load.publishers)]
        for sink in peers.receiving:
            self._receiver(sink.getsockname(), layers)
        for _ in range(load.others):
            self._other(server.getsockname())

    def wake(self) -> None:
        self._fastpath.drain(self._port, int(time.monotonic() * 1e6))

    def sent(self) -> int:
        return int(self._fastpath.counters.sent)

    def complaints(self) -> str:
        """Counters that should be zero and are not."""
        counters = self._fastpath.counters
        return " ".join(f"{name}={counters[name]}" for name in UNWANTED.split() if counters[name])

    def close(self) -> None:
        self._fastpath.close()

    def _publisher(self, peers: Peers, i: int) -> int:
        transport = self._fastpath.open_transport()
        self._fastpath.set_keys(transport, PROFILE, peers.keys[i], os.urandom(28))
        self._fastpath.bind_address(transport, self._port, peers.sending[i].getsockname())
        producer = self._fastpath.open_producer(transport, MediaKind.VIDEO, 0, ProducerFormat(twcc_ext=TWCC))
        layer = self._fastpath.open_layer(producer)
        self._fastpath.bind_ssrc(transport, FIRST_SSRC + i, layer)
        return layer

    def _receiver(self, address: tuple[str, int], layers: list[int]) -> None:
        transport = self._fastpath.open_transport()
        self._fastpath.set_keys(transport, PROFILE, os.urandom(28), os.urandom(28))
        self._fastpath.set_destination(transport, self._port, address)
        for i, layer in enumerate(layers):
            self._fastpath.switch(self._slot(transport, 50_000 + 2 * i), layer)

    def _other(self, address: tuple[str, int]) -> None:
        """A participant of another room, who sends and watches, but not now."""
        transport = self._fastpath.open_transport()
        self._fastpath.set_keys(transport, PROFILE, os.urandom(28), os.urandom(28))
        self._fastpath.set_destination(transport, self._port, address)
        for i in range(3):
            producer = self._fastpath.open_producer(
                transport, MediaKind.VIDEO, 0, ProducerFormat(twcc_ext=TWCC)
            )
            layer = self._fastpath.open_layer(producer)
            self._fastpath.bind_ssrc(transport, 90_000 + i, layer)
            for j in range(5):
                self._fastpath.switch(self._slot(transport, 70_000 + 20 * i + 2 * j), layer)

    def _slot(self, transport: int, ssrc: int) -> int:
        return self._fastpath.open_slot(
            transport, MediaKind.VIDEO, SlotFormat(ssrc=ssrc, pt=96, rtx_ssrc=ssrc + 1, rtx_pt=97, twcc_ext=5)
        )


@compiled
def floor_wake(
    fd: int, rx: int, tx: int, rows: int, iov: Bytes, sessions: Bytes, size: int, count: Bytes, length: int
) -> int:
    """For each datagram that came: protect ready bytes for each destination, send them; nothing else."""
    got = recvmmsg(fd, rx, BATCH)
    sent = 0
    queued = 0
    here = words_at(length, 1, 1)
    for _ in range(got):
        count[0] += 1
        for d in range(len(sessions)):
            row = bytes_at(rows + d * RX_ROW, size)
            row[2] = count[0] >> 8 & 255
            row[3] = count[0] & 255
            here[0, 0] = size
            protect(sessions[d], rows + d * RX_ROW, length)
            iov[d, 1] = here[0, 0]
            queued += 1
        sent += sendmmsg(fd, tx, queued)
        queued = 0
    return sent


class Floor:
    """The least that any forwarder without UDP_SEGMENT must do: srtp_protect and sendmmsg, in a compiled
    loop."""

    def __init__(self, load: Load, peers: Peers, server: socket.socket) -> None:
        assert load.destinations <= BATCH
        self._fd = server.fileno()
        self._memory = Memory(Size())
        self._keep = [outbound(os.urandom(28)) for _ in peers.receiving]
        self._sessions = np.array([session_pointer(session) for session in self._keep], np.int64)
        names = b"".join(
            pack_sockaddr(socket.AF_INET, sink.getsockname()).ljust(NAME_ROW, b"\0")
            for sink in peers.receiving
        )
        self._names = np.frombuffer(names, np.uint8).copy()
        self._rows = np.zeros((BATCH, RX_ROW), np.uint8)
        ready = struct.pack("!BBHII", 0x80, 96, 0, 0, 50_000) + os.urandom(OUR_HEADER - 12 + load.size)
        self._rows[:, : len(ready)] = np.frombuffer(ready, np.uint8)
        self._iov = np.zeros((BATCH, 2), np.int64)
        self._iov[:, 0] = self._rows.ctypes.data + np.arange(BATCH) * RX_ROW
        self._messages = np.zeros((BATCH, 8), np.int64)
        self._messages[:, 0] = self._names.ctypes.data + np.arange(BATCH) * NAME_ROW
        self._messages[:, 1] = 16
        self._messages[:, 2] = self._iov.ctypes.data + np.arange(BATCH) * 16
        self._messages[:, 3] = 1
        self._size = len(ready)
        self._count = np.zeros(1, np.int64)
        self._length = np.zeros(1, np.int64)
        self._sent = 0

    def sent(self) -> int:
        return self._sent

    def wake(self) -> None:
        self._sent += floor_wake(
            self._fd,
            self._memory.msgs.ctypes.data,
            self._messages.ctypes.data,
            self._rows.ctypes.data,
            self._iov,  # type: ignore[arg-type] # numba takes any array
            self._sessions,  # type: ignore[arg-type]
            self._size,
            self._count,  # type: ignore[arg-type]
            self._length.ctypes.data,
        )


class Plain:
    """The obvious way to write it: for each datagram and destination, pylibsrtp's protect and a sendto."""

    def __init__(self, load: Load, peers: Peers, server: socket.socket) -> None:
        self._server = server
        self._to = [(outbound(os.urandom(28)), sink.getsockname()) for sink in peers.receiving]
        self._body = os.urandom(OUR_HEADER - 12 + load.size)
        self._count = 0

    def sent(self) -> int:
        return self._count * len(self._to)

    def wake(self) -> None:
        while True:
            try:
                self._server.recvfrom(RX_ROW)
            except BlockingIOError:
                return
            packet = struct.pack("!BBHII", 0x80, 96, self._count & 0xFFFF, 0, 50_000) + self._body
            for session, address in self._to:
                self._server.sendto(session.protect(packet), address)
            self._count += 1


def phase(contender: Contender, server: socket.socket, seconds: float) -> tuple[float, float]:
    """CPU microseconds for each copy, and copies for each wake-up."""
    poll = select.epoll()
    poll.register(server, select.EPOLLIN)
    settled = time.monotonic() + SETTLE_S
    while time.monotonic() < settled:
        poll.poll(0.1)
        contender.wake()
    wakes = 0
    copies = contender.sent()
    cpu = time.process_time()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        poll.poll(0.1)
        contender.wake()
        wakes += 1
    cpu = time.process_time() - cpu
    copies = contender.sent() - copies
    poll.close()
    return cpu / max(copies, 1) * 1e6, copies / max(wakes, 1)
