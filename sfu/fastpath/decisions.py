"""What the slow path decides and the kernel reads: ports, transports, producers, layers and slots, as
rows."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from sfu.fastpath.budgets import COMMON_REPORTS, LINE_CHECK, PARTICIPANT, Allowance
from sfu.fastpath.formats import ANY_FORMAT, ProducerFormat, SlotFormat
from sfu.fastpath.handups import Address, MediaKind, address_key, pack_sockaddr, port_of
from sfu.fastpath.kernel.native import session_pointer
from sfu.fastpath.kernel.tables import (
    BUDGETS,
    HISTORY,
    HISTORY_ROW,
    KEPT,
    MAX_PORTS,
    NOWHERE,
    REDUNDANT,
    SILENCE,
    SOUND_ROW,
    SOUNDS,
    STREAM,
    THIN,
    TOKEN,
    UFRAG_CHARACTERS,
    TableFull,
)
from sfu.fastpath.loader import load_kernel
from sfu.fastpath.memory import Memory, Table, table
from sfu.fastpath.readings import Readings
from sfu.fastpath.rows import RowBook
from sfu.fastpath.srtp import Keys, SrtpProfile
from sfu.fastpath.turn import in_turn

_KHZ = (48, 90)


class Decisions(Readings):
    """Allots rows and writes decisions into them; each takes effect with the next packet."""

    def __init__(self, memory: Memory, *, compiled: bool) -> None:
        super().__init__(memory, load_kernel(compiled=compiled))
        self.producers = memory.producers
        self.slots = memory.slots
        self.ports = memory.ports
        self._transport_rows = RowBook("transports", self.transports)
        self._producer_rows = RowBook("producers", self.producers)
        self._layer_rows = RowBook("layers", self.layers)
        self._slot_rows = RowBook("slots", self.slots)
        self._sockets: dict[int, socket.socket] = {}
        self._keys: dict[int, Keys] = {}
        self._addresses: dict[int, set[tuple[int, ...]]] = {}
        self._ssrcs: dict[int, set[int]] = {}
        self._ufrags: dict[int, set[str]] = {}
        self._allow(len(self.transports) * BUDGETS, COMMON_REPORTS)
        self._kick = -1
        """An eventfd that makes the packet thread look again at what it waits for; -1: there is none."""

    # --- ports and transports ---------------------------------------------------------------------

    @in_turn
    def add_port(self, fd: int) -> int:
        """Use a bound, non-blocking UDP socket, v4 or v6, whose file descriptor the caller keeps open. Raises
        TableFull."""
        index = next((free for free in range(MAX_PORTS) if free not in self._sockets), None)
        if index is None:
            raise TableFull("ports")
        self._sockets[index] = socket.socket(fileno=os.dup(fd))
        self.ports[index] = 0
        self.ports["fd"][index] = fd
        self.ports["gso"][index] = 1
        self._context.n_ports = max(self._sockets) + 1
        self._kick_thread()
        return index

    @in_turn
    def remove_port(self, index: int) -> None:
        """Let go of a socket before it is closed. Addresses bound there are forgotten, transports that sent
        from there have no destination, and the index may be given to another socket."""
        # The number of a closed descriptor soon belongs to something else: nothing may be sent to it.
        self.ports["fd"][index] = -1
        self.transports["port"][self.transports["port"] == index] = NOWHERE
        for keys in self._addresses.values():
            for key in [key for key in keys if port_of(key) == index]:
                self._memory.addresses.remove(key)
                keys.discard(key)
        self._sockets.pop(index).close()
        self._context.n_ports = max(self._sockets, default=-1) + 1
        self._kick_thread()

    @in_turn
    def close(self) -> None:
        """Let go of the ports; nothing can be sent after this."""
        self._context.n_ports = 0
        for transport in list(self._addresses):
            self.close_transport(transport)
        for port in self._sockets.values():
            port.close()
        self._sockets.clear()

    @in_turn
    def open_transport(self) -> int:
        """Raises TableFull."""
        row = self._transport_rows.take(port=NOWHERE, gso=1)
        self._addresses[row] = set()
        self._ssrcs[row] = set()
        self._ufrags[row] = set()
        self._allow_all(row, PARTICIPANT)
        return row

    @in_turn
    def narrow(self, transport: int) -> None:
        """It may cause no more than a line check needs."""
        self._allow_all(transport, LINE_CHECK)

    @in_turn
    def bind_ufrag(self, transport: int, ufrag: str) -> None:
        """Checks with this name, which has UFRAG_CHARACTERS in ASCII, are for the transport. Raises
        TableFull."""
        self._memory.ufrags.put(_ufrag_key(ufrag), transport)
        self._ufrags[transport].add(ufrag)

    @in_turn
    def unbind_ufrag(self, transport: int, ufrag: str) -> None:
        self._memory.ufrags.remove(_ufrag_key(ufrag))
        self._ufrags[transport].discard(ufrag)

    def refused(self, transport: int, budget: int) -> int:
        """How often a budget (tables.CHECKS and the others) of the transport was used up."""
        return int(self._memory.budgets["refused"][transport * BUDGETS + budget])

    @in_turn
    def set_keys(self, transport: int, profile: SrtpProfile, rx_key: bytes, tx_key: bytes) -> None:
        """Master key and salt of both directions. Raises ValueError when one is too short."""
        keys = Keys(profile, rx_key, tx_key)
        self.transports["rx"][transport] = session_pointer(keys.rx)
        self.transports["tx"][transport] = session_pointer(keys.tx)
        self._keys[transport] = keys

    @in_turn
    def bind_address(self, transport: int, port: int, address: Address) -> None:
        """Datagrams from there belong to the transport. Raises TableFull; OSError if it is not an IP
        address."""
        key = address_key(port, self._sockaddr(port, address))
        self._memory.addresses.put(key, transport)
        self._addresses[transport].add(key)

    @in_turn
    def unbind_address(self, port: int, address: Address) -> None:
        key = address_key(port, self._sockaddr(port, address))
        owner = self._memory.addresses.get(key)
        if owner >= 0:
            self._memory.addresses.remove(key)
            self._addresses[owner].discard(key)

    @in_turn
    def set_destination(self, transport: int, port: int, address: Address | None) -> None:
        """Where the transport's packets go. With port STREAM they are kept for take_stream_out."""
        row = self.transports[transport]
        if port != STREAM and address is not None:
            name = self._sockaddr(port, address)
            self._memory.out_names[transport, : len(name)] = np.frombuffer(name, np.uint8)
            row.name_len = len(name)
        row.port = STREAM if port == STREAM else NOWHERE if address is None else port
        row.gso = 1

    @in_turn
    def close_transport(self, transport: int) -> None:
        """Close it with its addresses, names, SSRCs, producers, layers and slots; their rows are reused
        later."""
        for slot in self._rows_of(self.slots, transport):
            self._kernel.switch(self._here, slot, -1)
            self._slot_rows.give_back(slot)
        for ssrc in list(self._ssrcs[transport]):
            self.unbind_ssrc(transport, ssrc)
        for producer in self._rows_of(self.producers, transport):
            layers = np.flatnonzero((self.layers["producer"] == producer) & (self.layers["used"] == 1))
            for layer in (int(found) for found in layers):
                self._kernel.end_layer(self._here, layer)
                self._layer_rows.give_back(layer)
                self._histories.pop(layer, None)
            self._producer_rows.give_back(producer)
        for key in self._addresses.pop(transport):
            if self._memory.addresses.get(key) == transport:
                self._memory.addresses.remove(key)
        for ufrag in list(self._ufrags[transport]):
            self.unbind_ufrag(transport, ufrag)
        aside = self._memory.stream[: int(self._context.stream_n)]
        aside["transport"][aside["transport"] == transport] = -1
        del self._ssrcs[transport], self._ufrags[transport]
        self._transport_rows.give_back(transport)
        self._keys.pop(transport, None)

    # --- producers, layers, slots -----------------------------------------------------------------

    @in_turn
    def open_producer(
        self, transport: int, kind: MediaKind, gate: int, format: ProducerFormat = ANY_FORMAT
    ) -> int:
        """Raises TableFull."""
        if format.twcc_ext:
            self.transports["twcc_ext"][transport] = format.twcc_ext
        return self._producer_rows.take(
            transport=transport,
            kind=int(kind),
            gate=gate,
            level=SILENCE,
            shut_level=SILENCE,
            **asdict(format),
        )

    @in_turn
    def set_gate(self, producer: int, reasons: int) -> None:
        """Effective from the next packet. Slots that carry this producer wait to begin anew when the gate
        opens."""
        was, self.producers["gate"][producer] = int(self.producers["gate"][producer]), reasons
        if reasons and not was:
            for layer in np.flatnonzero((self.layers["producer"] == producer) & (self.layers["used"] == 1)):
                self._kernel.interrupt(self._here, int(layer))
                self.layers["since"][layer] = -1
                self.layers["gaps"][layer] = 0

    @in_turn
    def open_layer(self, producer: int) -> int:
        """One simulcast encoding. Raises TableFull."""
        kind = int(self.producers["kind"][producer])
        depth, room = (HISTORY, HISTORY_ROW) if kind == MediaKind.VIDEO else (SOUNDS, SOUND_ROW)
        payloads = np.zeros((depth, room), np.uint8)
        kept = table(depth, KEPT)
        row = self._layer_rows.take(
            producer=producer,
            kind=kind,
            khz=_KHZ[kind],
            ssrc=-1,
            first=-1,
            waiting=-1,
            history=payloads.ctypes.data,
            kept=kept.ctypes.data,
            depth=depth,
            room=room,
            since=-1,
        )
        self._histories[row] = payloads, kept
        return row

    @in_turn
    def bind_ssrc(self, transport: int, ssrc: int, layer: int, *, rtx: bool = False) -> None:
        """A second SSRC for a layer is a new encoder: its numbers begin anew. Raises TableFull."""
        self._memory.ssrcs.put((transport, ssrc), layer * 2 + rtx)
        self._ssrcs[transport].add(ssrc)
        if rtx:
            return
        row = self.layers[layer]
        if row.ssrc not in (-1, ssrc):
            self._kernel.interrupt(self._here, layer)
            row.generation += 1
            row.packets = row.first_seq = row.max_seq = row.duplicates = row.jitter = row.jitter16 = 0
            row.since = -1
            row.gaps = row.key_seq = 0
            self._histories[layer][1]["seq"] = 0
        row.ssrc = ssrc

    @in_turn
    def unbind_ssrc(self, transport: int, ssrc: int) -> None:
        self._memory.ssrcs.remove((transport, ssrc))
        self._ssrcs[transport].discard(ssrc)

    @in_turn
    def open_slot(self, transport: int, kind: MediaKind, format: SlotFormat) -> int:
        """Raises TableFull; ValueError for an extension id that the one-byte form does not have."""
        if not (0 <= format.twcc_ext < 15 and 0 <= format.level_ext < 15):
            raise ValueError("header extension ids are 1 to 14")
        extensions = 3 * bool(format.twcc_ext) + 2 * bool(format.level_ext)
        return self._slot_rows.take(
            transport=transport,
            kind=int(kind),
            khz=_KHZ[kind],
            header=12 + (4 + (extensions + 3) // 4 * 4 if extensions else 0),
            layer=-1,
            target=-1,
            next=-1,
            prev=-1,
            wait_next=-1,
            wait_prev=-1,
            out_seq=0x1_0000 + (format.ssrc & 0x7FFF),
            rtx_seq=format.rtx_ssrc & 0x7FFF,
            highest=2,
            temporal=2,
            **asdict(format),
        )

    @in_turn
    def switch(self, slot: int, layer: int | None) -> None:
        """Video: the old layer goes on until a key frame of the new one begins; audio: until the new one's
        next packet. None: stop now."""
        self._kernel.switch(self._here, slot, -1 if layer is None else layer)

    def waiting(self, slot: int) -> bool:
        """A switch was asked for and its key frame has not been seen yet."""
        return bool(0 <= self.slots["target"][slot] != self.slots["layer"][slot])

    @in_turn
    def set_temporal(self, slot: int, highest: int) -> None:
        """Send only frames of temporal layers 0 to `highest` (2: all, as at the start). Fewer from the next
        frame on; more from the next key frame or frame with the layer sync bit. Packets that name no temporal
        layer are always sent."""
        self.slots["highest"][slot] = min(max(highest, 0), 2)
        self.slots["care"][slot] |= THIN

    @in_turn
    def set_redundancy(self, slot: int, blocks: int) -> None:
        """How many earlier sounds each packet of the slot repeats (RFC 2198), 0 to 3; none when the receiver
        did not negotiate it."""
        row = self.slots[slot]
        if row.kind != MediaKind.AUDIO or not row.red_pt:
            return
        row.redundancy = min(max(blocks, 0), 3)
        row.care = row.care | REDUNDANT if row.redundancy else row.care & ~REDUNDANT

    # --- inside -----------------------------------------------------------------------------------

    def _kick_thread(self) -> None:
        if self._kick >= 0:
            os.eventfd_write(self._kick, 1)

    def _allow_all(self, transport: int, allowances: Mapping[int, Allowance]) -> None:
        for budget, allowance in allowances.items():
            self._allow(transport * BUDGETS + budget, allowance)

    def _allow(self, at: int, allowance: Allowance) -> None:
        """Begin anew, with a full bucket."""
        row = self._memory.budgets[at]
        row.per_s, row.burst, row.borrows = allowance.per_s, allowance.burst, allowance.borrows
        row.left, row.at_us, row.refused = allowance.burst * TOKEN, 0, 0

    def _sockaddr(self, port: int, address: Address) -> bytes:
        return pack_sockaddr(self._sockets[port].family, address)

    @staticmethod
    def _rows_of(rows: Table, transport: int) -> list[int]:
        return [int(row) for row in np.flatnonzero((rows["transport"] == transport) & (rows["used"] == 1))]


def _ufrag_key(ufrag: str) -> tuple[int, int]:
    name = ufrag.encode("ascii")
    assert len(name) == UFRAG_CHARACTERS
    return int.from_bytes(name[:4], "big"), int.from_bytes(name[4:], "big")
