"""The fast path: every packet's way through the server, as one compiled kernel over tables.

The slow path (the rest of sfu) decides, at human or RTCP rate, by calling FastPath; FastPath writes the
decisions into rows; the kernel reads them for every packet. One thread calls it all; the kernel itself runs
without the GIL."""

from sfu.fastpath.fastpath import FastPath, prepare_kernel
from sfu.fastpath.handups import Address, HandUp, HandUpKind, MediaKind
from sfu.fastpath.kernel.tables import STREAM, Size, TableFull
from sfu.fastpath.readings import Kept, Reach
from sfu.fastpath.srtp import SrtpProfile

__all__ = [
    "STREAM",
    "Address",
    "FastPath",
    "HandUp",
    "HandUpKind",
    "Kept",
    "MediaKind",
    "Reach",
    "Size",
    "SrtpProfile",
    "TableFull",
    "prepare_kernel",
]
