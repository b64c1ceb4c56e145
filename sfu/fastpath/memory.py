"""The memory behind the kernel's context: every array that it works on, made once and kept alive here."""

import numpy as np
import numpy.typing as npt

from sfu.fastpath.kernel_send import CMSG_LEN, CMSG_SPACE, MESSAGE, UDP_SEGMENT
from sfu.fastpath.tables import (
    ARENA,
    ARRIVALS,
    BATCH,
    CONTEXT,
    COUNTERS,
    ENTRY,
    LAYER,
    MAX_PORTS,
    MAX_STRANGERS,
    NAME_ROW,
    PORT,
    PRODUCER,
    RESENDS,
    RX_ROW,
    SENT,
    SLOT,
    STREAM_BYTES,
    STREAM_DATAGRAMS,
    STREAMED,
    SWITCH,
    SWITCHES,
    TRANSPORT,
    UP,
    AddressTable,
    Size,
    SsrcTable,
)

Table = np.recarray[tuple[int], np.dtype[np.void]]
Words = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]


def table(rows: int, row_type: np.dtype[np.void]) -> Table:
    return np.zeros(rows, row_type).view(np.recarray)


class Memory:
    """Large arrays come zeroed from the system page by page, so those never used cost nothing."""

    def __init__(self, size: Size) -> None:
        self.ports = table(MAX_PORTS, PORT)
        self.transports = table(size.transports, TRANSPORT)
        self.producers = table(size.producers, PRODUCER)
        self.layers = table(size.layers, LAYER)
        self.slots = table(size.slots, SLOT)
        self.counters = table(1, COUNTERS)
        self.addresses = AddressTable(4 * size.transports)
        self.ssrcs = SsrcTable(size.ssrcs)
        self.rx = np.zeros((BATCH, RX_ROW), np.uint8)
        self.names = np.zeros((BATCH, NAME_ROW), np.uint8)
        self.iov = np.zeros((BATCH, 2), np.int64)
        self.msgs = np.zeros((BATCH, 8), np.int64)
        self.arena = np.zeros(ARENA, np.uint8)
        self.tx_iov = np.zeros((MAX_PORTS * BATCH, 2), np.int64)
        self.tx_msgs = np.zeros((MAX_PORTS * BATCH, 8), np.int64)
        self.tx_ctl = np.zeros((MAX_PORTS * BATCH, 3), np.int64)
        self.tx_transport = np.zeros((MAX_PORTS * BATCH, 3), np.int64)
        self.entries = table(BATCH, ENTRY)
        self.ups = table(BATCH, UP)
        self.out_names = np.zeros((size.transports, NAME_ROW), np.uint8)
        self.arrivals = np.zeros((size.transports, ARRIVALS, 2), np.int64)
        self.sent = np.zeros((size.transports, SENT), np.int64)
        self.switches = table(size.slots * SWITCHES, SWITCH)
        self.resends = np.zeros((size.slots, RESENDS), np.int64)
        self.strangers = np.zeros((size.transports, MAX_STRANGERS), np.int64)
        self.asked = np.zeros(RESENDS, np.int64)
        self.stream = table(STREAM_DATAGRAMS, STREAMED)
        self.stream_bytes = np.zeros(STREAM_BYTES, np.uint8)
        self.context = table(1, CONTEXT)
        self._write_messages()
        self._write_context(size)

    @property
    def here(self) -> int:
        """What the kernel's functions take as their first argument."""
        return self.context.ctypes.data

    def _write_messages(self) -> None:
        """The parts of the message headers that never change (struct mmsghdr, iovec and cmsghdr of Linux, 64
        bit)."""
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
        context.n_addresses = len(self.addresses.rows)
        context.n_ssrcs = len(self.ssrcs.rows)
        context.n_transports = size.transports
        context.n_producers = size.producers
        context.n_layers = size.layers
        context.n_slots = size.slots
        for name in [
            "ports",
            "transports",
            "producers",
            "layers",
            "slots",
            "counters",
            "rx",
            "names",
            "msgs",
            "arena",
            "tx_iov",
            "tx_msgs",
            "tx_ctl",
            "tx_transport",
            "entries",
            "ups",
            "out_names",
            "arrivals",
            "sent",
            "switches",
            "resends",
            "strangers",
            "asked",
            "stream",
            "stream_bytes",
        ]:
            context[name] = getattr(self, name).ctypes.data
