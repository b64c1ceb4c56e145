"""FastPath: the slow path's handle on the packet path. It calls the kernel and takes what that hands up."""

import os
from collections.abc import Sequence

import numpy as np

from sfu.fastpath.decisions import Decisions
from sfu.fastpath.handups import Address, HandUp, HandUpKind, Outgoing, unpack_sockaddr
from sfu.fastpath.kernel.entry_points import MAX_BATCHES
from sfu.fastpath.kernel.tables import (
    BATCH,
    MAX_DATAGRAM,
    MAX_PADDING,
    NOWHERE,
    RESENDS,
    RX_ROW,
    STREAM,
    STREAM_DATAGRAMS,
    UPS,
    Size,
)
from sfu.fastpath.memory import Memory
from sfu.fastpath.turn import in_turn

NO_ADDRESS: Address = ("", 0)


class FastPath(Decisions):
    def __init__(self, size: Size | None = None, *, compiled: bool | None = None) -> None:
        """compiled: by default what the environment says; GIAOBAN_KERNEL=python runs it uncompiled (for
        tests)."""
        if compiled is None:
            compiled = os.environ.get("GIAOBAN_KERNEL") != "python"
        memory = Memory(size or Size())
        super().__init__(memory, compiled=compiled)
        self.counters = memory.counters[0]
        self._stream_out: list[Outgoing] = []

    def begin_work(self, told: int, kick: int) -> None:
        """The packet thread is about to `work`. Two eventfds: `told` is signalled when something waits to be
        taken (take_hand_ups, take_stream_out), `kick` wakes the thread."""
        self._context.event_fd, self._context.kick_fd, self._kick = told, kick, kick

    def work(self) -> None:
        """The packet thread: read all ports until `stop_work`."""
        context = self._context
        while not context.stopping:
            try:
                self._kernel.run(self._here)
            except IndexError:  # bounds checks caught a bug of ours: lose the batch, not the meeting
                self.counters.faults += 1
                self._kernel.end_turn(self._here)

    def shift_clock(self, ahead_us: int) -> None:
        """For tests: the packet thread's clock is that far ahead of the machine's."""
        self._context.ahead_us = ahead_us

    def stop_work(self) -> None:
        """The packet thread ends soon, and for good."""
        self._context.stopping = 1
        self._kick_thread()
        self._kick = -1

    @in_turn
    def drain(self, port: int, now_us: int) -> list[HandUp]:
        """What the packet thread does with one port: read what is there (a bounded number of batches) and
        forward it. Returns what is handed up."""
        for _ in range(MAX_BATCHES):
            try:
                got = self._kernel.drain(self._here, port, now_us)
            except IndexError:
                self.counters.faults += 1
                continue
            if got < BATCH:
                break
        return self.take_hand_ups()

    @in_turn
    def take_hand_ups(self) -> list[HandUp]:
        """What the kernel does not handle itself, in order, since the last call."""
        memory, context = self._memory, self._context
        places = [at % UPS for at in range(int(context.ups_out), int(context.ups_in))]
        context.ups_out = context.ups_in
        found: list[HandUp] = []
        for at in places:
            kind, transport, owner, port, size = memory.ups[at].item()
            if transport >= 0 and owner != self.transports["generation"][transport]:
                continue  # it has been closed meanwhile
            address = NO_ADDRESS if port == STREAM else unpack_sockaddr(memory.up_names[at].tobytes())
            data = memory.up_bytes[at, :size].tobytes()
            found.append(HandUp(HandUpKind(kind), transport, port, address, data))
        return found

    @in_turn
    def ingest(self, transport: int, datagrams: Sequence[bytes], now_us: int) -> list[HandUp]:
        """The same path for datagrams that came over a stream. transport: whose it is, -1: not yet known.
        Returns what is handed up; that may be what came to a port before, too."""
        ups: list[HandUp] = []
        for start in range(0, len(datagrams), BATCH):
            batch = datagrams[start : start + BATCH]
            for m, datagram in enumerate(batch):
                self._put(m, datagram)
            try:
                self._kernel.ingest(self._here, transport, len(batch), now_us)
            except IndexError:
                self.counters.faults += 1
            ups += self.take_hand_ups()
        return ups

    @in_turn
    def inject(self, transport: int, packet: bytes, now_us: int) -> None:
        """Forward a plain packet (a STRANGER, once its SSRC is bound)."""
        if not 12 <= len(packet) <= MAX_DATAGRAM:
            self.counters.malformed += 1
            return
        self._put(0, packet)
        try:
            self._kernel.inject(self._here, transport, len(packet), now_us)
        except IndexError:
            self.counters.faults += 1

    @in_turn
    def send_rtcp(self, transport: int, packet: bytes) -> None:
        """Protect and send; nothing happens while there are no keys or no destination. Raises ValueError when
        it is longer than one datagram."""
        keys = self._keys.get(transport)
        port = int(self.transports["port"][transport])
        if keys is None or port == NOWHERE:
            return
        data = bytes(keys.tx.protect_rtcp(packet))
        if port != STREAM:
            size = int(self.transports["name_len"][transport])
            self._send(port, unpack_sockaddr(self._memory.out_names[transport, :size].tobytes()), data)
        elif len(self._stream_out) < STREAM_DATAGRAMS:
            self._stream_out.append(Outgoing(transport, data, -1))
        else:
            self.counters.stream_dropped += 1

    def send_plain(self, port: int, address: Address, data: bytes) -> None:
        """STUN and DTLS over UDP."""
        self._send(port, address, data)

    @in_turn
    def resend(
        self,
        slot: int,
        seqs: Sequence[int],
        now_us: int,
        min_interval_us: int,
        max_bytes: int = MAX_PADDING,
    ) -> int:
        """Answer a NACK of outgoing 16-bit numbers from the shared history, as RTX. Returns how many
        protected bytes that took, at most max_bytes; the slot's column `resent` counts packets."""
        wanted = [seq & 0xFFFF for seq in seqs[:RESENDS]]
        self._memory.asked[: len(wanted)] = wanted
        self._context.n_asked = len(wanted)
        return int(self._kernel.resend(self._here, slot, now_us, min_interval_us, max_bytes))

    @in_turn
    def send_padding(self, slot: int, wanted: int, now_us: int) -> int:
        """Send about `wanted` bytes (at most MAX_PADDING) of padding to probe the line, as RTX packets with
        transport-wide numbers; the slot need not carry anything. Returns how many protected bytes were sent;
        0 without RTX."""
        return int(self._kernel.send_padding(self._here, slot, min(wanted, MAX_PADDING), now_us))

    @in_turn
    def take_stream_out(self) -> list[Outgoing]:
        """What is to leave from STREAM transports, in order, since the last call."""
        out, self._stream_out = self._stream_out, []
        datagrams = self._memory.stream_bytes
        for put in self._memory.stream[: int(self._context.stream_n)].tolist():
            transport, at, size, producer = put
            if transport < 0:
                continue  # it has been closed meanwhile
            out.append(Outgoing(transport, datagrams[at : at + size].tobytes(), producer))
        self._context.stream_n = self._context.stream_at = 0
        return out

    # --- inside -----------------------------------------------------------------------------------

    def _put(self, m: int, datagram: bytes) -> None:
        size = min(len(datagram), RX_ROW)
        self._memory.rx[m, :size] = np.frombuffer(datagram, np.uint8, size)
        self._memory.msgs[m, 6] = 0
        self._memory.msgs[m, 7] = len(datagram)

    def _send(self, port: int, address: Address, data: bytes) -> None:
        try:
            self._sockets[port].sendto(data, address)
        except OSError:
            with self.turn:
                self.counters.send_errors += 1
