"""Gives memory back to the system that only the start has needed.

numba compiles or loads the kernel with LLVM, a hundred megabytes that are not used again, and a start that
had to compile leaves much free memory between what is in use.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

COMPILER = "libllvmlite"
_DONTNEED = 4
"""madvise(2): the pages are read from the file again, should anybody need them."""


def give_back() -> None:
    libc = ctypes.CDLL(None)
    for begin, end in unchanged_parts(COMPILER):
        libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _DONTNEED)
    trim = getattr(libc, "malloc_trim", None)
    if trim is not None:  # glibc
        trim(0)


def unchanged_parts(library: str) -> Iterator[tuple[int, int]]:
    """Where its code and constants lie in memory: mapped from its file, not to be written, and no page of it
    changed (the loader changes some before it protects them)."""
    found: tuple[int, int] | None = None
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        head, *rest = line.split(maxsplit=5)
        if "-" in head:
            begin, end = (int(address, 16) for address in head.split("-"))
            mapped = len(rest) == 5 and Path(rest[4]).name.startswith(library) and "w" not in rest[0]
            found = (begin, end) if mapped else None
        elif head in ("Anonymous:", "Swap:") and int(rest[0]):
            found = None
        elif head == "VmFlags:" and found is not None:  # the last line about a mapping
            yield found
