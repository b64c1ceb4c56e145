"""The audit log's head where nobody here can reach it: a file a day in a folder elsewhere.

A whole log can be written anew by anyone who writes the database and `audit.head`. A head that was noted
elsewhere before shows it: `giaoban audit verify` looks for every one of these in the log.
"""

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from signaling.audit.chain import Head, head_line, head_of

MAX_COPIES = 4000
"""That are read: one a day for ten years."""
_NAME = re.compile(r"audit-head-(\d{4}-\d{2}-\d{2})\.txt")


def short(head: Head) -> str:
    """The hash as people compare it: 4 groups of 4 digits."""
    return " ".join(head.hash[at : at + 4] for at in range(0, 16, 4))


def printed(head: Head, day: str) -> str:
    """The line for paper and screens. day: as people write it."""
    return f"{day}  #{head.number}  {short(head)}"


def write_copy(folder: Path, day: str, head: Head) -> None:
    """Once a day; a copy that is there stays as it is. The folder is not made: a disk that is not mounted is
    no place for it. day: YYYY-MM-DD. Raises OSError."""
    name = folder / f"audit-head-{day}.txt"
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with open(descriptor, "wb") as file:
        file.write(head_line(head))
        file.flush()
        os.fsync(file.fileno())


def copied_ms(name: str) -> int | None:
    """When the day of a copy's name begins, in Unix milliseconds; None: it is no day."""
    found = _NAME.fullmatch(name)
    try:
        return (
            None if found is None else round(datetime.fromisoformat(f"{found[1]}T00:00Z").timestamp()) * 1000
        )
    except ValueError:
        return None


def copies_untrusted(folder: Path) -> Iterator[tuple[str, Head | None]]:
    """Name and head of each copy, the oldest first; None: it holds no head. Raises OSError."""
    names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for name in names[-MAX_COPIES:]:
        with (folder / name).open("rb") as file:
            yield name, head_of(file.read(200))
