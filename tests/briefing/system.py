"""What the generator's compiled code calls that is not Python: sleep, poll, and SRTCP the other way
round, beside the C functions that the product's kernel has bound (sfu/fastpath/kernel/native.py). Uncompiled,
as the unit tests run it, it goes through twins, as the kernel does."""

import ctypes
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba
from numba.core import types as nb
from pylibsrtp._binding import ffi, lib

from sfu.fastpath.kernel import native
from sfu.fastpath.kernel.native import REALTIME, Row, clock_us, words_at

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent


def _digest() -> str:
    """Of all source that is compiled together: numba would notice a change in one file only."""
    digest = hashlib.sha256()
    for source in (*sorted(_HERE.glob("*.py")), *sorted(Path(native.__file__).parent.glob("*.py"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


CACHE = _HERE.parents[1] / "build" / "numba" / f"briefing-{_digest()}"


def compiled(function: F) -> F:
    """As the kernel's functions are, but kept in a folder of their own."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined]
    try:
        return cast("F", numba.njit(nogil=True, cache=True, boundscheck=True)(function))
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


_libc = ctypes.CDLL(None, use_errno=True)
for _name in ("nanosleep", "epoll_wait"):
    _address = ctypes.cast(getattr(_libc, _name), ctypes.c_void_p).value
    llvmlite.binding.add_symbol("gb_" + _name, _address)
llvmlite.binding.add_symbol(
    "gb_srtp_protect_rtcp", int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect_rtcp")))
)

_I4, _I8 = nb.int32, nb.int64
_External: Callable[..., Callable[..., int]] = nb.ExternalFunction
_nanosleep = _External("gb_nanosleep", _I4(_I8, _I8))
_epoll_wait = _External("gb_epoll_wait", _I4(_I4, _I8, _I4, _I4))
_protect_rtcp = _External("gb_srtp_protect_rtcp", _I4(_I8, _I8, _I8))


@compiled
def protect_rtcp(session: int, packet: int, length: int) -> int:
    return _protect_rtcp(session, packet, length)


@compiled
def wall_us(w: Row) -> int:
    """Unix time. It is the clock by which the system stamps what arrives."""
    return clock_us(REALTIME, w.time)


@compiled
def sleep_us(w: Row, us: int) -> None:
    span = words_at(w.time, 1, 2)[0]
    span[0] = 0
    span[1] = us * 1000
    _nanosleep(w.time, 0)


@compiled
def readable(epoll: int, events: int, most: int) -> int:
    """How many of the sockets have something to read, now. events: where they are told."""
    return _epoll_wait(epoll, events, most, 0)


def _plain_protect_rtcp(session: int, packet: int, length: int) -> int:
    pointers = (ffi.cast("srtp_t", int(session)), ffi.cast("void *", int(packet)))
    return int(lib.srtp_protect_rtcp(*pointers, ffi.cast("int *", int(length))))


def _plain_readable(epoll: int, events: int, most: int) -> int:
    return int(_libc.epoll_wait(epoll, ctypes.c_void_p(events), most, 0))


native._TWINS.update(
    {
        id(protect_rtcp): _plain_protect_rtcp,
        id(sleep_us): lambda _, us: time.sleep(us / 1e6),
        id(readable): _plain_readable,
    }
)
