"""The fast path: every packet's way through the server, as one compiled kernel over tables.

The slow path (the rest of sfu) makes decisions, at human or RTCP rate, by calling FastPath; FastPath writes
them into rows; the kernel reads the rows for every packet. A thread of its own runs the kernel, without the
GIL; its batches and the decisions take turns (turn.py)."""

from sfu.fastpath.fastpath import FastPath
from sfu.fastpath.formats import ProducerFormat, SlotFormat
from sfu.fastpath.handups import Address, HandUp, HandUpKind, MediaKind, Outgoing
from sfu.fastpath.kernel.tables import (
    MAX_ADDRESSES,
    MAX_GAP,
    MAX_PORTS,
    MAX_UFRAGS,
    NOWHERE,
    STREAM,
    Size,
    TableFull,
)
from sfu.fastpath.loader import prepare_kernel
from sfu.fastpath.readings import Reach, StoredPacket
from sfu.fastpath.srtp import SrtpProfile
from sfu.fastpath.thread import PacketsEnded, PacketThread

__all__ = [
    "MAX_ADDRESSES",
    "MAX_GAP",
    "MAX_PORTS",
    "MAX_UFRAGS",
    "NOWHERE",
    "STREAM",
    "Address",
    "FastPath",
    "HandUp",
    "HandUpKind",
    "MediaKind",
    "Outgoing",
    "PacketThread",
    "PacketsEnded",
    "ProducerFormat",
    "Reach",
    "Size",
    "SlotFormat",
    "SrtpProfile",
    "StoredPacket",
    "TableFull",
    "prepare_kernel",
]
