"""The memory behind the kernel's context: every array it works on, made once and kept alive here."""

import math
import mmap
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from sfu.fastpath.hash_table import HashTable
from sfu.fastpath.kernel.send import CMSG_LEN, CMSG_SPACE, MESSAGE, UDP_SEGMENT
from sfu.fastpath.kernel.tables import (
    ARENA,
    ARRIVALS,
    BATCH,
    BUDGET,
    BUDGETS,
    CONTEXT,
    COUNTERS,
    ENTRIES,
    ENTRY,
    GAPS,
    LAYER,
    MAX_ADDRESSES,
    MAX_PORTS,
    MAX_STRANGERS,
    MAX_UFRAGS,
    NAME_ROW,
    PORT,
    PRODUCER,
    RESENDS,
    RX_ROW,
    SENT_PACKETS,
    SLOT,
    STREAM_BYTES,
    STREAM_DATAGRAMS,
    STREAMED,
    SWITCH,
    SWITCHES,
    TRANSPORT,
    UP,
    UPS,
    Size,
)

HUGE = 2 << 20
LINE = 64
MUTEX = 64
"""Room for a pthread_mutex_t."""
Table = np.recarray[tuple[int], np.dtype[np.void]]
Words = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def table(rows: int, row_type: np.dtype[np.void]) -> Table:
    return np.zeros(rows, row_type).view(np.recarray)


class Block:
    """One stretch of memory in huge pages for everything that every packet touches.

    Spread over the heap it would be a hundred 4 KB pages, and after the pause between two frames the
    processor has forgotten where they are. If the system has no huge pages, it is ordinary memory.
    """

    def __init__(self, size: int) -> None:
        memory = mmap.mmap(-1, size + HUGE)
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
        whole = np.frombuffer(memory, np.uint8)
        start = -whole.ctypes.data % HUGE
        self._left = whole[start : start + size]

    def take(self, size: int) -> Bytes:
        """Zeroed, and aligned to a cache line. Raises MemoryError when the block was made too small."""
        whole = -(-size // LINE) * LINE
        if whole > len(self._left):
            raise MemoryError("the fast path's block is too small")
        taken, self._left = self._left[:size], self._left[whole:]
        return taken

    def table(self, rows: int, row_type: np.dtype[np.void]) -> Table:
        return self.take(rows * row_type.itemsize).view(row_type).view(np.recarray)

    def words(self, *shape: int) -> Words:
        return self.take(8 * math.prod(shape)).view(np.int64).reshape(shape)


class Memory:
    """What never changes in the message headers (struct mmsghdr, iovec, cmsghdr of 64-bit Linux)."""

    def __init__(self, size: Size) -> None:
        block = Block(_block_size(size))
        self.context = block.table(1, CONTEXT)
        self.counters = block.table(1, COUNTERS)
        self.ports = block.table(MAX_PORTS, PORT)
        self.transports = block.table(size.transports, TRANSPORT)
        self.producers = block.table(size.producers, PRODUCER)
        self.layers = block.table(size.layers, LAYER)
        self.slots = block.table(size.slots, SLOT)
        self.entries = block.table(ENTRIES + 1, ENTRY)
        self.rx = block.take(BATCH * RX_ROW).reshape(BATCH, RX_ROW)
        self.names = block.take(BATCH * NAME_ROW).reshape(BATCH, NAME_ROW)
        self.iov = block.words(BATCH, 2)
        self.msgs = block.words(BATCH, 8)
        self.arena = block.take(ARENA)
        self.tx_iov = block.words(MAX_PORTS * BATCH, 2)
        self.tx_msgs = block.words(MAX_PORTS * BATCH, 8)
        self.tx_ctl = block.words(MAX_PORTS * BATCH, 3)
        self.tx_transport = block.words(MAX_PORTS * BATCH, 3)
        self.out_names = block.take(size.transports * NAME_ROW).reshape(-1, NAME_ROW)
        self.sent = block.words(size.transports, SENT_PACKETS)
        self.addresses = HashTable("addresses", MAX_ADDRESSES * size.transports, keys=5)
        self.ufrags = HashTable("ufrags", (MAX_UFRAGS + 1) * size.transports, keys=2)
        self.budgets = table(size.transports * BUDGETS + 1, BUDGET)
        self.ssrcs = HashTable("SSRCs", size.ssrcs, keys=2)
        self.arrivals = np.zeros((size.transports, ARRIVALS, 2), np.int64)
        self.switches = table(size.slots * SWITCHES, SWITCH)
        self.resends = np.zeros((size.slots, RESENDS), np.int64)
        self.strangers = np.zeros((size.transports, MAX_STRANGERS), np.int64)
        self.asked = np.zeros(RESENDS, np.int64)
        self.gaps = np.zeros((size.layers, GAPS, 2), np.int64)
        self.ups = table(UPS, UP)
        self.up_names = np.zeros((UPS, NAME_ROW), np.uint8)
        self.up_bytes = np.zeros((UPS, RX_ROW), np.uint8)
        self.next_turn = np.zeros(MUTEX, np.uint8)
        self.turn = np.zeros(MUTEX, np.uint8)
        self.watched = np.zeros(MAX_PORTS + 1, np.int64)
        self.scratch = np.zeros((2, 2), np.int64)
        self.stream = table(STREAM_DATAGRAMS, STREAMED)
        self.stream_bytes = np.zeros(STREAM_BYTES, np.uint8)
        self._write_messages()
        self._write_context(size)

    @property
    def here(self) -> int:
        """What the kernel's functions take as their first argument."""
        return self.context.ctypes.data

    def _write_messages(self) -> None:
        """The constant parts of the message headers (struct mmsghdr, iovec, cmsghdr of 64-bit Linux)."""
        steps = np.arange(BATCH)
        self.iov[:, 0] = self.rx.ctypes.data + steps * RX_ROW
        self.iov[:, 1] = RX_ROW
        self.msgs[:, 0] = self.names.ctypes.data + steps * NAME_ROW
        self.msgs[:, 1] = NAME_ROW
        self.msgs[:, 2] = self.iov.ctypes.data + steps * 16
        self.msgs[:, 3] = 1
        self.tx_msgs[:, 2] = self.tx_iov.ctypes.data + np.arange(MAX_PORTS * BATCH) * 16
        self.tx_msgs[:, 3] = 1
        self.tx_ctl[:, 0] = CMSG_LEN
        self.tx_ctl[:, 1] = UDP_SEGMENT
        assert self.tx_msgs.strides[0] == MESSAGE
        assert self.tx_ctl.strides[0] == CMSG_SPACE

    def _write_context(self, size: Size) -> None:
        context = self.context[0]
        here = self.context.ctypes.data
        context.here = here
        context.length_at = (
            here + CONTEXT.itemsize - 8
        )  # `length` and `spare` are the last two, of 4 bytes each
        context.addresses = self.addresses.rows.ctypes.data
        context.ssrcs = self.ssrcs.rows.ctypes.data
        context.ufrags = self.ufrags.rows.ctypes.data
        context.n_addresses = len(self.addresses.rows)
        context.n_ssrcs = len(self.ssrcs.rows)
        context.n_ufrags = len(self.ufrags.rows)
        context.n_transports = size.transports
        context.n_producers = size.producers
        context.n_layers = size.layers
        context.n_slots = size.slots
        for name in _ARRAYS.split():
            context[name] = getattr(self, name).ctypes.data


_ARRAYS = (
    "ports transports producers layers slots budgets counters rx names msgs arena tx_iov tx_msgs tx_ctl "
    "tx_transport entries ups up_names up_bytes next_turn turn watched scratch out_names arrivals sent "
    "switches resends strangers asked gaps stream stream_bytes"
)
"""Which of Memory's fields the context knows the addresses of."""


def _block_size(size: Size) -> int:
    rows = (
        size.transports * (TRANSPORT.itemsize + NAME_ROW + 8 * SENT_PACKETS)
        + size.producers * PRODUCER.itemsize
        + size.layers * LAYER.itemsize
        + size.slots * SLOT.itemsize
    )
    entries = (ENTRIES + 1) * ENTRY.itemsize
    batch = BATCH * (RX_ROW + NAME_ROW + 8 * 10) + MAX_PORTS * BATCH * 8 * 16
    return (
        rows
        + entries
        + batch
        + ARENA
        + CONTEXT.itemsize
        + COUNTERS.itemsize
        + MAX_PORTS * PORT.itemsize
        + 64 * LINE
    )
