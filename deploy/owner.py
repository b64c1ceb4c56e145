"""Acting as the user who owns the state directory, when root types a command.

What root writes there the service could not write again: a head of the audit log that is root's would stand
still for ever, and nobody would notice.
"""

import ctypes
import os
import stat
from pathlib import Path

from deploy.problem import StateError

_NAMES = (
    *("version", "lock", "database", "audit.head", "audit.key", "recorder.key"),
    *("giaoban.sqlite3", "giaoban.sqlite3-wal", "giaoban.sqlite3-shm", "giaoban.sqlite3.served"),
)
"""Files of a state directory that an older program, run as root, may have made."""
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
"""Without it access(2), which libraries ask before they open a file, does not count what was kept."""
_CAPABILITY_VERSION_3 = 0x20080522
_DAC_READ_SEARCH = 1 << 2


def act_as_owner(directory: Path, *, read_on: bool) -> None:
    """If root owns the process and another user the directory, become that user from now on. What root had
    made in it becomes that user's first. `read_on`: go on reading what root may read, such as a path that
    leads to the directory (systemd's /var/lib/private) or a file named on the line. Raises StateError."""
    if os.geteuid() != 0:
        return
    try:
        owner = directory.stat()
        if owner.st_uid == 0:
            return
        for name in _NAMES:
            _give(directory / name, owner.st_uid, owner.st_gid)
        _become(owner.st_uid, owner.st_gid, _DAC_READ_SEARCH if read_on else 0)
    except OSError as error:
        raise StateError(
            f"{directory} belongs to another user, as whom this command cannot run: {error.strerror}",
            "Run it as that user.",
        ) from None


def _give(path: Path, user: int, group: int) -> None:
    """Only an ordinary file that has no other name: a link must not give a foreign file away."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == 0:
            os.fchown(descriptor, user, group)
    finally:
        os.close(descriptor)


def _become(user: int, group: int, capabilities: int) -> None:
    """Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.setgroups([])
    os.setresgid(group, group, group)
    if capabilities:
        for option, value in ((_PR_SET_KEEPCAPS, 1), (_PR_SET_SECUREBITS, _NO_SETUID_FIXUP)):
            if libc.prctl(option, value, 0, 0, 0):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.setresuid(user, user, user)
    if capabilities:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(
            capabilities, capabilities, 0, 0, 0, 0
        )  # effective, permitted, inherited
        if libc.capset(header, sets):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
