"""Landlock: a process gives up, from inside, what it does not need. A media worker that was taken over then
reads neither the database nor a key, although it runs as the user who owns them.

It holds for the process, its threads to come and its children, and cannot be taken back. So it comes before
the first thread. Files that are open already stay open.
"""

import ctypes
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""System calls, the same on all processors."""
_VERSION, _PATH_BENEATH, _O_PATH = 1, 1, 0o10000000
_PR_SET_NO_NEW_PRIVS = 38

WRITE_FILE, READ_FILE = 1 << 1, 1 << 2
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 7, 1 << 8, 1 << 9
_MAKE_OTHER = (1 << 6) | (1 << 10) | (1 << 11) | (1 << 12)
"""Devices, pipes and links: nobody here makes any."""
TRUNCATE = 1 << 14
"""Since version 3."""
_CONNECT_TCP = 1 << 1
"""Since version 4."""
_SIGNALS = 1 << 1
"""Since version 6: none to processes outside."""

READ = READ_FILE
CHANGE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | TRUNCATE
_OF_A_FILE = READ_FILE | WRITE_FILE | TRUNCATE

_SYSTEM = ("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev/urandom", "/dev/random")
_ETC = ("ld.so.cache", "localtime", "ssl/openssl.cnf", "nsswitch.conf", "hosts", "host.conf", "gai.conf")
"""/etc may hold secrets of this and other programs."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a process works with besides the program itself."""

    read: tuple[Path, ...] = ()
    change: tuple[Path, ...] = ()
    """Folders, or files."""
    hidden: tuple[Path, ...] = ()
    """Never opened, even where the program or the system is around them, except what is named above."""


def version() -> int:
    """Of the kernel's Landlock; 0: it has none, or may not be used."""
    found = _call(_CREATE, None, 0, _VERSION)
    return max(0, found)


def confine(needs: Needs, program: Iterable[Path], found: int) -> bool:
    """From now on only this may be opened, no TCP connection be made, and no process outside be signalled, as
    far as this version knows those. Folders may be listed. False: there is no Landlock. Raises OSError.

    program: where its code and libraries are. Only one thread may run.
    """
    if found == 0:
        return False
    handled = (CHANGE | _MAKE_OTHER) & ~(0 if found >= 3 else TRUNCATE)
    ruleset = _ruleset(handled, found)
    try:
        readable = (*map(Path, _SYSTEM), *(Path("/etc", name) for name in _ETC), *program)
        for path in readable:
            for around in _around(path.resolve(), needs.hidden):
                _allow(ruleset, around, READ & handled)
        _allow(ruleset, Path("/dev/null"), (READ | WRITE_FILE) & handled)
        for path in needs.read:
            _allow(ruleset, path, READ & handled)
        for path in needs.change:
            _allow(ruleset, path, CHANGE & handled)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _call(_RESTRICT, ruleset, 0) < 0:
            raise OSError(ctypes.get_errno(), "Landlock cannot be put in force")
    finally:
        os.close(ruleset)
    return True


def _around(path: Path, hidden: tuple[Path, ...]) -> Iterator[Path]:
    """The path, or what is in it without what is hidden. Paths as the kernel resolves them."""
    if any(path == one or one in path.parents for one in hidden):
        return
    if not any(path in one.parents for one in hidden):
        yield path
        return
    for child in path.iterdir():
        yield from _around(child, hidden)


def _ruleset(handled: int, found: int) -> int:
    attributes = [handled, _CONNECT_TCP if found >= 4 else 0, _SIGNALS if found >= 6 else 0]
    size = 8 * (1 if found < 4 else 2 if found < 6 else 3)
    ruleset = _call(_CREATE, (ctypes.c_uint64 * 3)(*attributes), size, 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock makes no ruleset")
    return ruleset


def _allow(ruleset: int, path: Path, access: int) -> None:
    """What is not there, or may not be looked at, stays shut."""
    try:
        descriptor = os.open(path, _O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            access &= _OF_A_FILE
        rule = access.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
        if _call(_ADD, ruleset, _PATH_BENEATH, ctypes.create_string_buffer(rule, len(rule)), 0) < 0:
            raise OSError(ctypes.get_errno(), f"Landlock takes no rule for {path}")
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    return result
