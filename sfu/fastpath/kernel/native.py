"""What the kernel calls that is not Python: libsrtp, socket calls, memory; each in two forms.

Compiled, the C functions are bound by name (`add_symbol` + `ExternalFunction`), so the machine code can be
cached on disk and finds them at their new addresses in the next process. Uncompiled, the same kernel source
runs as ordinary Python over the twins below (ctypes, cffi); `uncompiled` makes the second form from the
first.

libsrtp is the one inside pylibsrtp: its Session objects make and free the keys, the kernel uses their
pointers."""

import builtins
import ctypes
import os
import threading
import time
import types
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import llvmlite.binding
import numba
import numpy as np
import numpy.typing as npt
from numba import carray as numba_carray  # type: ignore[attr-defined] # not in its __all__
from numba.core import cgutils
from numba.core import types as nb
from numba.core.caching import NullCache
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from sfu.fastpath.kernel import cache
from sfu.fastpath.kernel.tables import CONTEXT

Row: TypeAlias = Any
"""A row of a table: numba knows its fields, mypy cannot."""
Rows: TypeAlias = Any
Dispatcher: TypeAlias = Any
"""A function that numba has compiled."""
Bytes: TypeAlias = npt.NDArray[np.uint8]
F = TypeVar("F", bound=Callable[..., Any])

carray: Callable[..., Any] = numba_carray
_libc = ctypes.CDLL(None, use_errno=True)


def _srtp_address(name: str) -> int:
    return int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))


def _libc_address(name: str) -> int:
    return cast("int", ctypes.cast(getattr(_libc, name), ctypes.c_void_p).value)


for _name in ("srtp_protect", "srtp_unprotect", "srtp_unprotect_rtcp"):
    llvmlite.binding.add_symbol("gb_" + _name, _srtp_address(_name))
for _name in (
    *("recvmmsg", "sendmmsg", "memcpy", "__errno_location"),
    *("pthread_mutex_lock", "pthread_mutex_unlock", "ppoll", "clock_gettime", "read", "write"),
):
    llvmlite.binding.add_symbol("gb_" + _name, _libc_address(_name))

_I4, _I8, _U4, _U8 = nb.int32, nb.int64, nb.uint32, nb.uint64
_External: Callable[..., Callable[..., int]] = nb.ExternalFunction
_protect = _External("gb_srtp_protect", _I4(_I8, _I8, _I8))
_unprotect = _External("gb_srtp_unprotect", _I4(_I8, _I8, _I8))
_unprotect_rtcp = _External("gb_srtp_unprotect_rtcp", _I4(_I8, _I8, _I8))
_recvmmsg = _External("gb_recvmmsg", _I4(_I4, _I8, _U4, _I4, _I8))
_sendmmsg = _External("gb_sendmmsg", _I4(_I4, _I8, _U4, _I4))
_memcpy = _External("gb_memcpy", _I8(_I8, _I8, _I8))
_errno_at = _External("gb___errno_location", _I8())
_lock = _External("gb_pthread_mutex_lock", _I4(_I8))
_unlock = _External("gb_pthread_mutex_unlock", _I4(_I8))
_ppoll = _External("gb_ppoll", _I4(_I8, _U8, _I8, _I8))
_clock_gettime = _External("gb_clock_gettime", _I4(_I4, _I8))
_read = _External("gb_read", _I8(_I4, _I8, _U8))
_write = _External("gb_write", _I8(_I4, _I8, _U8))

_DONTWAIT = 0x40
MONOTONIC, REALTIME = 1, 0
"""Clocks (clock_gettime(2)); the first is that of time.monotonic."""
_EVENT = 8
"""What an eventfd takes and gives."""


CACHE = cache.choose(Path(__file__).parent, os.environ)
"""Where the machine code is kept; None: it is compiled at each start."""
if CACHE is not None:
    numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined]
_compiled: list[Dispatcher] = []


def compiled(function: F) -> F:
    """Compile a kernel function. Bounds checks stay on: a bad packet may raise, but never corrupt memory."""
    made = numba.njit(nogil=True, cache=CACHE is not None, boundscheck=True)(function)
    _compiled.append(made)
    return cast("F", made)


@cast("Callable[[Callable[..., object]], Callable[[int], object]]", intrinsic)
def _pointer(_context: object, _address: object) -> tuple[object, object]:
    def generate(_context: object, builder: Row, _signature: object, args: Row) -> object:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return nb.voidptr(nb.int64), generate


@compiled
def protect(session: int, packet: int, length: int) -> int:
    return _protect(session, packet, length)


@compiled
def unprotect(session: int, packet: int, length: int) -> int:
    return _unprotect(session, packet, length)


@compiled
def unprotect_rtcp(session: int, packet: int, length: int) -> int:
    return _unprotect_rtcp(session, packet, length)


@compiled
def recvmmsg(fd: int, messages: int, count: int) -> int:
    return _recvmmsg(fd, messages, count, _DONTWAIT, 0)


@compiled
def sendmmsg(fd: int, messages: int, count: int) -> int:
    return _sendmmsg(fd, messages, count, _DONTWAIT)


@compiled
def last_errno() -> int:
    return np.int64(carray(_pointer(_errno_at()), (1,), np.int32)[0])  # type: ignore[return-value]


@compiled
def copy(to: int, source: int, size: int) -> None:
    """memcpy. The caller has checked both ends; numba's slice assignment copies byte by byte (1.4 us a
    packet)."""
    _memcpy(to, source, size)


@compiled
def lock(mutex: int) -> None:
    """A pthread_mutex_t; zeroed memory is one that nobody holds. Waits without the GIL."""
    _lock(mutex)


@compiled
def unlock(mutex: int) -> None:
    _unlock(mutex)


@compiled
def clock_us(clock: int, scratch: int) -> int:
    """What this clock says. scratch: room for a struct timespec."""
    _clock_gettime(clock, scratch)
    spec = words_at(scratch, 1, 2)
    return int(spec[0, 0] * 1_000_000 + spec[0, 1] // 1000)


@compiled
def poll(watched: int, count: int, timeout_us: int, scratch: int) -> int:
    """Wait for one of these struct pollfd; a negative time-out waits for ever."""
    if timeout_us < 0:
        return _ppoll(watched, count, 0, 0)
    spec = words_at(scratch, 1, 2)
    spec[0, 0], spec[0, 1] = timeout_us // 1_000_000, timeout_us % 1_000_000 * 1000
    return _ppoll(watched, count, scratch, 0)


@compiled
def signal(event_fd: int, scratch: int) -> None:
    """Wake whoever waits for the eventfd."""
    words_at(scratch, 1, 1)[0, 0] = 1
    _write(event_fd, scratch, _EVENT)


@compiled
def hear_signal(event_fd: int, scratch: int) -> None:
    """The eventfd is quiet again; it must not block."""
    _read(event_fd, scratch, _EVENT)


@compiled
def rows_at(address: int, count: int, row_type: object) -> Rows:
    """A bounds-checked table over memory that sfu.fastpath.memory keeps alive."""
    return carray(_pointer(address), (count,), row_type)


@compiled
def words_at(address: int, rows: int, columns: int) -> npt.NDArray[np.int64]:
    return carray(_pointer(address), (rows, columns), np.int64)  # type: ignore[no-any-return] # numba


@compiled
def bytes_at(address: int, size: int) -> Bytes:
    return carray(_pointer(address), (size,), np.uint8)  # type: ignore[no-any-return] # numba


@compiled
def context_at(address: int) -> Row:
    return carray(_pointer(address), (1,), CONTEXT)[0]


# --- the twins: the same names for the uncompiled kernel ------------------------------------------


def _plain_protect(session: int, packet: int, length: int) -> int:
    return int(lib.srtp_protect(*_srtp_arguments(session, packet, length)))


def _plain_unprotect(session: int, packet: int, length: int) -> int:
    return int(lib.srtp_unprotect(*_srtp_arguments(session, packet, length)))


def _plain_unprotect_rtcp(session: int, packet: int, length: int) -> int:
    return int(lib.srtp_unprotect_rtcp(*_srtp_arguments(session, packet, length)))


def _srtp_arguments(session: int, packet: int, length: int) -> tuple[Any, Any, Any]:
    return (
        ffi.cast("srtp_t", int(session)),
        ffi.cast("void *", int(packet)),
        ffi.cast("int *", int(length)),
    )


def _plain_recvmmsg(fd: int, messages: int, count: int) -> int:
    return int(_libc.recvmmsg(int(fd), ctypes.c_void_p(int(messages)), int(count), _DONTWAIT, None))


def _plain_sendmmsg(fd: int, messages: int, count: int) -> int:
    return int(_libc.sendmmsg(int(fd), ctypes.c_void_p(int(messages)), int(count), _DONTWAIT))


def _plain_copy(to: int, source: int, size: int) -> None:
    ctypes.memmove(int(to), int(source), int(size))


@lru_cache(maxsize=64)
def _plain_mutex(mutex: int) -> threading.Lock:
    return threading.Lock()


def _plain_poll(watched: int, count: int, timeout_us: int, scratch: int) -> int:
    spec = _plain_words(scratch, 1, 2)
    spec[0, 0], spec[0, 1] = max(timeout_us, 0) // 1_000_000, max(timeout_us, 0) % 1_000_000 * 1000
    timeout = ctypes.c_void_p(None if timeout_us < 0 else int(scratch))
    return int(_libc.ppoll(ctypes.c_void_p(int(watched)), ctypes.c_ulong(int(count)), timeout, None))


def _plain_hear_signal(event_fd: int, scratch: int) -> None:
    with suppress(BlockingIOError):
        os.eventfd_read(int(event_fd))


@lru_cache(maxsize=4096)
def _memory(address: int, size: int) -> memoryview:
    return memoryview((ctypes.c_char * int(size)).from_address(int(address)))


@lru_cache(maxsize=4096)
def _plain_rows(address: int, count: int, row_type: np.dtype[np.void]) -> Rows:
    size = count * row_type.itemsize
    return np.frombuffer(_memory(address, size), row_type).view(np.recarray)


@lru_cache(maxsize=4096)
def _plain_words(address: int, rows: int, columns: int) -> npt.NDArray[np.int64]:
    size = int(rows) * int(columns) * 8
    return np.frombuffer(_memory(address, size), np.int64).reshape(rows, columns)


@lru_cache(maxsize=4096)
def _plain_bytes(address: int, size: int) -> Bytes:
    return np.frombuffer(_memory(address, size), np.uint8)


def _plain_context(address: int) -> Row:
    return _plain_rows(address, 1, CONTEXT)[0]


_TWINS: dict[int, Callable[..., Any]] = {
    id(protect): _plain_protect,
    id(unprotect): _plain_unprotect,
    id(unprotect_rtcp): _plain_unprotect_rtcp,
    id(recvmmsg): _plain_recvmmsg,
    id(sendmmsg): _plain_sendmmsg,
    id(last_errno): ctypes.get_errno,
    id(copy): _plain_copy,
    id(lock): lambda mutex: _plain_mutex(int(mutex)).acquire(),
    id(unlock): lambda mutex: _plain_mutex(int(mutex)).release(),
    id(clock_us): lambda clock, scratch: time.clock_gettime_ns(clock) // 1000,
    id(poll): _plain_poll,
    id(signal): lambda event_fd, scratch: os.eventfd_write(int(event_fd), 1),
    id(hear_signal): _plain_hear_signal,
    id(rows_at): _plain_rows,
    id(words_at): _plain_words,
    id(bytes_at): _plain_bytes,
    id(context_at): _plain_context,
}


def prepare(function: Callable[..., int | None], arguments: int) -> None:
    """Compile an entry point, or load it from the cache, before the first packet needs it. Raises OSError,
    EOFError, UnpicklingError when the cache cannot be read or written."""
    cast("Any", function).compile((nb.int64,) * arguments)


def forget_cache() -> None:
    """Keep nothing on disk from now on: there is no room for it."""
    for one in _compiled:
        one._cache = NullCache()


def uncompiled(function: F) -> F:
    """The same kernel function as ordinary Python, with everything that it calls."""
    return cast("F", _uncompiled(function))


def _uncompiled(dispatcher: Dispatcher) -> Callable[..., Any]:
    made = _TWINS.get(id(dispatcher))
    if made is not None:
        return made
    source = cast("types.FunctionType", dispatcher.py_func)
    names: dict[str, Any] = {"__builtins__": builtins}
    made = types.FunctionType(source.__code__, names, source.__name__, source.__defaults__)
    _TWINS[id(dispatcher)] = made
    for name in source.__code__.co_names:
        if name in source.__globals__:
            value = source.__globals__[name]
            names[name] = _uncompiled(value) if isinstance(value, CPUDispatcher) else value
    return made


def session_pointer(session: Session) -> int:
    """The srtp_t of a session. It dangles when the Session is collected: keep the object."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))
