"""Keeps the recorder's memory, which holds the meeting in the clear, out of swap disks and core files.

What this cannot do: Python copies as it likes and does not wipe what it frees, so someone who can read this
process's memory while it runs (the machine's administrator) sees the last seconds. Hibernation writes all
memory to the disk, locked or not: turn it off on a server.
"""

import ctypes
import os
import resource
from enum import StrEnum
from pathlib import Path

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_PR_SET_DUMPABLE = 4
_CAP_IPC_LOCK = 14


class MemorySafety(StrEnum):
    """What keeps memory off the disk."""

    LOCKED = "locked"
    """mlockall: no page of this process is ever swapped out."""
    NO_SWAP = "no-swap"
    """There is no swap disk, or this process may not use it."""
    MAY_SWAP = "may-swap"
    """Nothing: the recording could be written to a swap disk in the clear."""


def guard_memory() -> MemorySafety:
    """Forbid core files and tracing, and lock memory where that is allowed.

    Call it first in a process of its own: it cannot be undone. Unless memory is LOCKED, a swap disk that is
    turned on later goes unnoticed.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _lock_is_safe() and libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0:
        return MemorySafety.LOCKED
    return without_lock(Path("/"))


def without_lock(root: Path) -> MemorySafety:
    """NO_SWAP or MAY_SWAP, from the kernel's files below `root` (/proc and /sys). MAY_SWAP if in doubt."""
    try:
        devices = (root / "proc/swaps").read_text().splitlines()[1:]
    except FileNotFoundError:
        return MemorySafety.NO_SWAP
    except OSError:
        return MemorySafety.MAY_SWAP
    on_disk = [line for line in devices if line.strip() and not _in_memory(root, line.split()[0])]
    return MemorySafety.NO_SWAP if not on_disk or _cgroup_forbids(root) else MemorySafety.MAY_SWAP


def wipe(buffer: bytearray) -> None:
    """Overwrite this buffer in place. Existing copies of it stay as they are."""
    buffer[:] = bytes(len(buffer))


def _lock_is_safe() -> bool:
    """Whether all memory may be locked: with a limit, a later allocation beyond it would fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
    return hard == resource.RLIM_INFINITY or _may_lock(Path("/proc/self/status"))


def _may_lock(status: Path) -> bool:
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return os.geteuid() == 0
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> _CAP_IPC_LOCK & 1)


def _in_memory(root: Path, device: str) -> bool:
    """zram compresses pages into memory, unless it has a disk to write back to."""
    name = device.rsplit("/", 1)[-1]
    if not (device.startswith("/dev/") and name.startswith("zram")):
        return False
    try:
        return (root / "sys/block" / name / "backing_dev").read_text().strip() == "none"
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _cgroup_forbids(root: Path) -> bool:
    """memory.swap.max is 0 for our group (cgroup 2) or one above it."""
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return False
    ours = next((line[3:].strip("/") for line in groups if line.startswith("0::")), None)
    if ours is None:
        return False
    top = root / "sys/fs/cgroup"
    here = top / ours
    return any(_forbidden(group) for group in (here, *here.parents) if group.is_relative_to(top))


def _forbidden(group: Path) -> bool:
    try:
        return (group / "memory.swap.max").read_text().strip() == "0"
    except OSError:
        return False
