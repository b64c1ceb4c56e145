"""The state directory: everything the appliance keeps, readable by its own user only.

Shapes: version (one line), lock, giaoban.sqlite3, database (two lines: which one it is), audit.head (one
line), audit.key (it signs where the audit log was cut off), pki/, recorder.key (it signs manifests),
recordings/ (a folder each, encrypted), kernel/ (machine code, which can be made again). One process
serves it at a time.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.owner import act_as_owner
from deploy.problem import NotNow, StateError

STATE_VERSION = 1
"""Raised whenever an older program could not use what a newer one has written."""

DATABASE = "database"
"""File: which database belongs to the directory, without a password."""
PRIVATE = 0o077
"""The mask of every process: nobody else reads what it writes, whichever library opens the file."""


def open_state(directory: Path) -> None:
    """Create or check the state directory, as its owner, and close all of it to others. Raises StateError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StateError(
            f"{directory} (or a part of its path) is a file, not a directory", _remedy(directory)
        ) from None
    except OSError as error:
        raise _unusable("create", directory, error) from None
    act_as_owner(directory, read_on=False)
    _check_version(directory)
    try:
        probe = directory / ".probe"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
        version = directory / "version"
        if not version.exists():
            version.write_text(f"{STATE_VERSION}\n", encoding="ascii")
        close_to_others(directory)
    except OSError as error:
        raise _unusable("write to", directory, error) from None


def existing_state(directory: Path) -> None:
    """Check the state directory for a command other than `serve`, which acts as its owner from now on; it is
    not created. Raises StateError."""
    try:
        there = (directory / "version").exists()
    except OSError as error:
        raise StateError(
            f"the state directory {directory} cannot be read: {error.strerror}",
            "Run the command as root or as the user of the service.",
        ) from None
    if not there:
        raise StateError(
            f"there is no state directory {directory}",
            "Start the appliance once (make run), or name the right directory with --state.",
        )
    act_as_owner(directory, read_on=True)
    _check_version(directory)


@dataclass(frozen=True, slots=True)
class KnownDatabase:
    """The database that a state directory belongs to."""

    name: str
    """Without a password."""
    identity: str


def known_database(directory: Path) -> KnownDatabase | None:
    """None: it has not been served yet, or only by an older program. Raises StateError."""
    file = directory / DATABASE
    try:
        name, identity = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise StateError(
            f"{file} cannot be read", "Restore it from a backup, or remove it: `serve` makes it anew."
        ) from None
    return KnownDatabase(name, identity)


def remember_database(directory: Path, known: KnownDatabase) -> None:
    """Raises OSError."""
    draft = directory / f".{DATABASE}"
    draft.write_text(f"{known.name}\n{known.identity}\n", encoding="utf-8")
    draft.replace(directory / DATABASE)


def close_to_others(directory: Path) -> None:
    """Only its owner may open the directory and what is in it, also what an older program left open. Links
    are not followed. Raises OSError."""
    for folder, _, names in os.walk(directory):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            found = path.lstat()
            mine = found.st_uid == os.geteuid() and found.st_mode & 0o077
            if mine and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                path.chmod(0o700 if stat.S_ISDIR(found.st_mode) else 0o600)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the state directory for this process. Raises StateError when another process holds it.

    The kernel frees the lock with the process, however it dies: there is no stale lock to clean up.
    """
    with (directory / "lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read(20).strip()
            raise StateError(
                f"another giaoban serves {directory} already" + (f" (process {owner})" if owner else ""),
                "Stop that one first, or use another state directory with --state.",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _check_version(directory: Path) -> None:
    file = directory / "version"
    try:
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.isdecimal():
        raise StateError(
            f"{file} cannot be read as a version",
            "Restore the state directory from its backup, or use another one.",
        )
    if int(text) > STATE_VERSION:
        raise StateError(
            f"{directory} belongs to a newer giaoban: it has version {int(text)}, this one {STATE_VERSION}",
            "Install that newer version, or use another state directory with --state.",
        )


def _unusable(what: str, directory: Path, error: OSError) -> StateError:
    """What is missing differs: space, a disk, a right."""
    text = f"cannot {what} {directory}: {error.strerror}"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return NotNow(
                text, f"Free space on the disk of {directory}, then it starts by itself as a service."
            )
        case errno.EROFS | errno.EIO | errno.ENODEV | errno.ESTALE:
            return NotNow(text, "Is the disk there, and mounted for writing? Look at dmesg and mount.")
        case _:
            return StateError(text, _remedy(directory))


def _remedy(directory: Path) -> str:
    return f"Choose another with --state or GIAOBAN_STATE, or let this user write to {directory}."
