"""FastPath: the slow path's handle on the packet path. It allots rows, writes decisions, calls the kernel."""

import os
import socket
from collections.abc import Sequence

import numpy as np
from pylibsrtp import Error as SrtpError

from sfu.errors import BadPacket
from sfu.fastpath.handups import (
    Address,
    HandUp,
    HandUpKind,
    MediaKind,
    address_key,
    pack_sockaddr,
    unpack_sockaddr,
)
from sfu.fastpath.kernel import entry_points
from sfu.fastpath.kernel.native import prepare, session_pointer, uncompiled
from sfu.fastpath.kernel.tables import (
    BATCH,
    HISTORY,
    HISTORY_ROW,
    KEPT,
    MAX_DATAGRAM,
    MAX_PADDING,
    MAX_PORTS,
    NOWHERE,
    REDUNDANT,
    RESENDS,
    RX_ROW,
    SOUND_ROW,
    SOUNDS,
    STRANGERS_PER_S,
    STREAM,
    STREAM_DATAGRAMS,
    THIN,
    TOKEN,
    Size,
    TableFull,
)
from sfu.fastpath.memory import Memory, Table, table
from sfu.fastpath.readings import Readings
from sfu.fastpath.rows import RowBook
from sfu.fastpath.srtp import Keys, SrtpProfile

MAX_BATCHES = 8
"""Batches read in one wake-up; then the loop gets its turn, and the socket is still readable."""
HANDED_UP = entry_points.HANDED_UP
NO_ADDRESS: Address = ("", 0)
_KHZ = (48, 90)


class _Kernel:
    """The kernel's entry points, compiled or as ordinary Python."""

    def __init__(self, compiled: bool) -> None:
        if compiled:
            prepare_kernel()
        self.drain = entry_points.drain if compiled else uncompiled(entry_points.drain)
        self.ingest = entry_points.ingest if compiled else uncompiled(entry_points.ingest)
        self.inject = entry_points.inject if compiled else uncompiled(entry_points.inject)
        self.resend = entry_points.resend if compiled else uncompiled(entry_points.resend)
        self.send_padding = entry_points.send_padding if compiled else uncompiled(entry_points.send_padding)
        self.switch = entry_points.switch if compiled else uncompiled(entry_points.switch)
        self.break_off = entry_points.break_off if compiled else uncompiled(entry_points.break_off)
        self.end = entry_points.end if compiled else uncompiled(entry_points.end)


def prepare_kernel() -> None:
    """Compile the kernel (some 25 s, once) or load it from the cache (0.2 s)."""
    prepare(entry_points.drain, 3)
    prepare(entry_points.ingest, 4)
    prepare(entry_points.inject, 4)
    prepare(entry_points.resend, 5)
    prepare(entry_points.send_padding, 4)
    prepare(entry_points.switch, 3)
    prepare(entry_points.break_off, 2)
    prepare(entry_points.end, 2)


class FastPath(Readings):
    def __init__(self, size: Size | None = None, *, compiled: bool | None = None) -> None:
        """compiled: by default what the environment says; GIAOBAN_KERNEL=python runs it uncompiled (for
        tests)."""
        if compiled is None:
            compiled = os.environ.get("GIAOBAN_KERNEL") != "python"
        memory = Memory(size or Size())
        super().__init__(memory)
        self._kernel = _Kernel(compiled)
        self._here = memory.here
        self.producers = memory.producers
        self.slots = memory.slots
        self.ports = memory.ports
        self.counters = memory.counters[0]
        self._transport_rows = RowBook("transports", self.transports)
        self._producer_rows = RowBook("producers", self.producers)
        self._layer_rows = RowBook("layers", self.layers)
        self._slot_rows = RowBook("slots", self.slots)
        self._sockets: list[socket.socket] = []
        self._keys: dict[int, Keys] = {}
        self._addresses: dict[int, set[tuple[int, ...]]] = {}
        self._ssrcs: dict[int, set[int]] = {}
        self._stream_out: list[tuple[int, bytes]] = []

    # --- ports and transports ---------------------------------------------------------------------

    def add_port(self, fd: int) -> int:
        """Take a bound, non-blocking UDP socket, v4 or v6, of which the caller keeps the file descriptor
        open.

        Raises TableFull.
        """
        index = len(self._sockets)
        if index == MAX_PORTS:
            raise TableFull("ports")
        self._sockets.append(socket.socket(fileno=os.dup(fd)))
        self.ports["fd"][index] = fd
        self.ports["gso"][index] = 1
        self._context.n_ports = index + 1
        return index

    def close(self) -> None:
        """Let go of the ports; nothing can be sent any more."""
        self._context.n_ports = 0
        for transport in list(self._addresses):
            self.close_transport(transport)
        for port in self._sockets:
            port.close()
        self._sockets.clear()

    def open_transport(self) -> int:
        """Raises TableFull."""
        row = self._transport_rows.take(port=NOWHERE, gso=1, tokens=STRANGERS_PER_S * TOKEN)
        self._addresses[row] = set()
        self._ssrcs[row] = set()
        return row

    def set_keys(self, transport: int, profile: SrtpProfile, rx_key: bytes, tx_key: bytes) -> None:
        """Master key and salt of both directions. Raises ValueError when one is too short."""
        keys = Keys(profile, rx_key, tx_key)
        self.transports["rx"][transport] = session_pointer(keys.rx)
        self.transports["tx"][transport] = session_pointer(keys.tx)
        self._keys[transport] = keys

    def bind_address(self, transport: int, port: int, address: Address) -> None:
        """What comes from there belongs to the transport. Raises TableFull; OSError if it is no IP
        address."""
        key = address_key(port, self._sockaddr(port, address))
        self._memory.addresses.put(key, transport)
        self._addresses[transport].add(key)

    def unbind_address(self, port: int, address: Address) -> None:
        key = address_key(port, self._sockaddr(port, address))
        owner = self._memory.addresses.get(key)
        if owner >= 0:
            self._memory.addresses.remove(key)
            self._addresses[owner].discard(key)

    def set_destination(self, transport: int, port: int, address: Address | None) -> None:
        """Where the transport's packets go. With port STREAM they are set aside for take_stream_out."""
        row = self.transports[transport]
        if port != STREAM and address is not None:
            name = self._sockaddr(port, address)
            self._memory.out_names[transport, : len(name)] = np.frombuffer(name, np.uint8)
            row.name_len = len(name)
        row.port = STREAM if port == STREAM else NOWHERE if address is None else port
        row.gso = 1

    def close_transport(self, transport: int) -> None:
        """Also its addresses, SSRCs, producers, layers and slots; their rows are reused later."""
        for slot in self._rows_of(self.slots, transport):
            self._kernel.switch(self._here, slot, -1)
            self._slot_rows.give_back(slot)
        for ssrc in list(self._ssrcs[transport]):
            self.unbind_ssrc(transport, ssrc)
        for producer in self._rows_of(self.producers, transport):
            layers = np.flatnonzero((self.layers["producer"] == producer) & (self.layers["used"] == 1))
            for layer in (int(found) for found in layers):
                self._kernel.end(self._here, layer)
                self._layer_rows.give_back(layer)
                self._histories.pop(layer, None)
            self._producer_rows.give_back(producer)
        for key in self._addresses.pop(transport):
            if self._memory.addresses.get(key) == transport:
                self._memory.addresses.remove(key)
        del self._ssrcs[transport]
        self._transport_rows.give_back(transport)
        self._keys.pop(transport, None)

    # --- producers, layers, slots -----------------------------------------------------------------

    def open_producer(
        self,
        transport: int,
        kind: MediaKind,
        gate: int,
        level_ext: int = 0,
        twcc_ext: int = 0,
        red_pt: int = 0,
        *,
        pt: int = 0,
        rtx_pt: int = 0,
    ) -> int:
        """Extension ids, and the payload type of redundant sound (RFC 2198); 0: not negotiated. With pt, the
        codec's, packets of any other payload type than these three go nowhere. Raises TableFull."""
        if twcc_ext:
            self.transports["twcc_ext"][transport] = twcc_ext
        return self._producer_rows.take(
            transport=transport,
            kind=int(kind),
            gate=gate,
            level=127,
            shut_level=127,
            level_ext=level_ext,
            twcc_ext=twcc_ext,
            red_pt=red_pt,
            pt=pt,
            rtx_pt=rtx_pt,
        )

    def set_gate(self, producer: int, reasons: int) -> None:
        """Effective for the next packet. Who got this producer waits to begin anew when the gate opens."""
        was, self.producers["gate"][producer] = int(self.producers["gate"][producer]), reasons
        if reasons and not was:
            for layer in np.flatnonzero((self.layers["producer"] == producer) & (self.layers["used"] == 1)):
                self._kernel.break_off(self._here, int(layer))
                self.layers["since"][layer] = -1
                self.layers["gaps"][layer] = 0

    def open_layer(self, producer: int) -> int:
        """One simulcast encoding. Raises TableFull."""
        kind = int(self.producers["kind"][producer])
        depth, room = (HISTORY, HISTORY_ROW) if kind == MediaKind.VIDEO else (SOUNDS, SOUND_ROW)
        octets = np.zeros((depth, room), np.uint8)
        kept = table(depth, KEPT)
        row = self._layer_rows.take(
            producer=producer,
            kind=kind,
            khz=_KHZ[kind],
            ssrc=-1,
            first=-1,
            waiting=-1,
            history=octets.ctypes.data,
            kept=kept.ctypes.data,
            depth=depth,
            room=room,
            since=-1,
        )
        self._histories[row] = octets, kept
        return row

    def bind_ssrc(self, transport: int, ssrc: int, layer: int, *, rtx: bool = False) -> None:
        """Another SSRC for a layer that had one is a new encoder: its numbers begin anew. Raises
        TableFull."""
        self._memory.ssrcs.put((transport, ssrc), layer * 2 + rtx)
        self._ssrcs[transport].add(ssrc)
        if rtx:
            return
        row = self.layers[layer]
        if row.ssrc not in (-1, ssrc):
            self._kernel.break_off(self._here, layer)
            row.generation += 1
            row.packets = row.first_seq = row.max_seq = row.duplicates = row.jitter = row.jitter16 = 0
            row.since = -1
            row.gaps = row.key_seq = 0
            self._histories[layer][1]["seq"] = 0
        row.ssrc = ssrc

    def unbind_ssrc(self, transport: int, ssrc: int) -> None:
        self._memory.ssrcs.remove((transport, ssrc))
        self._ssrcs[transport].discard(ssrc)

    def open_slot(
        self,
        transport: int,
        kind: MediaKind,
        *,
        ssrc: int,
        pt: int,
        rtx_ssrc: int,
        rtx_pt: int,
        twcc_ext: int,
        level_ext: int = 0,
        red_pt: int = 0,
    ) -> int:
        """red_pt: the payload type of redundant sound, 0 if the receiver did not negotiate it. Raises
        TableFull; ValueError for an extension id that the one-byte form has not."""
        if not (0 <= twcc_ext < 15 and 0 <= level_ext < 15):
            raise ValueError("header extension ids are 1 to 14")
        extensions = 3 * bool(twcc_ext) + 2 * bool(level_ext)
        return self._slot_rows.take(
            transport=transport,
            kind=int(kind),
            khz=_KHZ[kind],
            ssrc=ssrc,
            pt=pt,
            rtx_ssrc=rtx_ssrc,
            rtx_pt=rtx_pt,
            twcc_ext=twcc_ext,
            level_ext=level_ext,
            header=12 + (4 + (extensions + 3) // 4 * 4 if extensions else 0),
            layer=-1,
            target=-1,
            next=-1,
            prev=-1,
            wait_next=-1,
            wait_prev=-1,
            out_seq=0x1_0000 + (ssrc & 0x7FFF),
            rtx_seq=rtx_ssrc & 0x7FFF,
            red_pt=red_pt,
            highest=2,
            temporal=2,
        )

    def switch(self, slot: int, layer: int | None) -> None:
        """Video: the old layer goes on until a key frame of the new one begins; audio: until its next packet.
        None: stop now."""
        self._kernel.switch(self._here, slot, -1 if layer is None else layer)

    def waiting(self, slot: int) -> bool:
        """A switch was asked for and its key frame has not been seen yet."""
        return bool(0 <= self.slots["target"][slot] != self.slots["layer"][slot])

    def set_temporal(self, slot: int, highest: int) -> None:
        """Send only frames of the temporal layers 0 to `highest` (2: all, as from the start), from the next
        frame on; more than before from one with the layer sync bit, or a key frame. Packets that name no
        temporal layer are sent all the same."""
        self.slots["highest"][slot] = min(max(highest, 0), 2)
        self.slots["care"][slot] |= THIN

    def set_redundancy(self, slot: int, blocks: int) -> None:
        """How many earlier sounds each packet of the slot repeats (RFC 2198), 0 to 3; none when the receiver
        did not negotiate it."""
        row = self.slots[slot]
        if row.kind != MediaKind.AUDIO or not row.red_pt:
            return
        row.redundancy = min(max(blocks, 0), 3)
        row.care = row.care | REDUNDANT if row.redundancy else row.care & ~REDUNDANT

    # --- packets ----------------------------------------------------------------------------------

    def drain(self, port: int, now_us: int) -> list[HandUp]:
        """One wake-up: read what is there (a bounded number of batches), forward it, return the rest."""
        ups: list[HandUp] = []
        for _ in range(MAX_BATCHES):
            try:
                got = self._kernel.drain(self._here, port, now_us)
            except IndexError:  # the bounds checks' answer to a bug of ours: lose the batch, not the meeting
                self.counters.faults += 1
                continue
            if got > BATCH:
                ups += self._hand_ups(port)
            if got % HANDED_UP < BATCH:
                break
        return ups

    def ingest(self, transport: int, datagrams: Sequence[bytes], now_us: int) -> list[HandUp]:
        """The same path for datagrams that came over a stream."""
        ups: list[HandUp] = []
        for start in range(0, len(datagrams), BATCH):
            batch = datagrams[start : start + BATCH]
            for m, datagram in enumerate(batch):
                self._put(m, datagram)
            try:
                self._kernel.ingest(self._here, transport, len(batch), now_us)
            except IndexError:
                self.counters.faults += 1
            ups += self._hand_ups(STREAM)
        return ups

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

    def unprotect_rtcp(self, transport: int, datagram: bytes) -> bytes:
        """Raises BadPacket."""
        keys = self._keys.get(transport)
        if keys is None:
            raise BadPacket("no keys yet")
        try:
            return bytes(keys.rx.unprotect_rtcp(datagram))
        except (SrtpError, ValueError) as error:
            self.transports["bad"][transport] += 1
            raise BadPacket(str(error)) from error

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
            self._stream_out.append((transport, data))
        else:
            self.counters.stream_dropped += 1

    def send_plain(self, port: int, address: Address, data: bytes) -> None:
        """STUN and DTLS over UDP."""
        self._send(port, address, data)

    def resend(
        self,
        slot: int,
        seqs: Sequence[int],
        now_us: int,
        min_interval_us: int,
        max_octets: int = MAX_PADDING,
    ) -> int:
        """Answer a NACK of outgoing 16-bit numbers from the shared history, as RTX. Returns the protected
        octets that were resent, at most max_octets; column `resent` of the slot counts packets."""
        wanted = [seq & 0xFFFF for seq in seqs[:RESENDS]]
        self._memory.asked[: len(wanted)] = wanted
        self._context.n_asked = len(wanted)
        return int(self._kernel.resend(self._here, slot, now_us, min_interval_us, max_octets))

    def send_padding(self, slot: int, octets: int, now_us: int) -> int:
        """Send about so many octets (at most MAX_PADDING) that mean nothing, as RTX packets with
        transport-wide numbers, to measure the line; the slot need not carry anything. Returns the protected
        octets that were sent; 0 without RTX."""
        return int(self._kernel.send_padding(self._here, slot, min(octets, MAX_PADDING), now_us))

    def take_stream_out(self) -> list[tuple[int, bytes]]:
        """(transport, protected datagram) for STREAM transports, in order, since the last call."""
        out, self._stream_out = self._stream_out, []
        octets = self._memory.stream_bytes
        for put in self._memory.stream[: int(self._context.stream_n)].tolist():
            transport, at, size = put
            out.append((transport, octets[at : at + size].tobytes()))
        self._context.stream_n = self._context.stream_at = 0
        return out

    # --- inside -----------------------------------------------------------------------------------

    def _put(self, m: int, datagram: bytes) -> None:
        size = min(len(datagram), RX_ROW)
        self._memory.rx[m, :size] = np.frombuffer(datagram, np.uint8, size)
        self._memory.msgs[m, 6] = 0
        self._memory.msgs[m, 7] = len(datagram)

    def _hand_ups(self, port: int) -> list[HandUp]:
        memory = self._memory
        return [
            HandUp(
                HandUpKind(kind),
                transport,
                port,
                NO_ADDRESS if port == STREAM else unpack_sockaddr(memory.names[m].tobytes()),
                memory.rx[m, :size].tobytes(),
            )
            for kind, transport, m, size in memory.ups[: int(self._context.n_ups)].tolist()
        ]

    def _send(self, port: int, address: Address, data: bytes) -> None:
        try:
            self._sockets[port].sendto(data, address)
        except OSError:
            self.counters.send_errors += 1

    def _sockaddr(self, port: int, address: Address) -> bytes:
        return pack_sockaddr(self._sockets[port].family, address)

    @staticmethod
    def _rows_of(rows: Table, transport: int) -> list[int]:
        return [int(row) for row in np.flatnonzero((rows["transport"] == transport) & (rows["used"] == 1))]
