"""The audit log as a chain: each entry carries the hash of the one before it, so that nothing in it can be
changed, left out, moved or cut off unseen. Pure.

An entry is kept as one JSON document, and the SHA-256 of those very bytes is its hash.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import msgspec

START = "0" * 64
"""What the first entry names as the one before it."""


class Happening(msgspec.Struct, frozen=True):
    """Something that is to be written down: who, what, when, from where."""

    mark: str
    """Its own name, whoever writes it and however often: it is written once."""
    unix_ms: int
    event: str
    meeting: str = ""
    """Code; empty for what belongs to no meeting (a sign-in)."""
    run: int = 0
    actor: str = ""
    """Account id; empty: the server itself."""
    login: str = ""
    """Of the actor, then: accounts change and go."""
    address: str = ""
    fields: tuple[tuple[str, str | int], ...] = ()
    """Ids and figures."""
    words: tuple[tuple[str, str], ...] = ()
    """What people typed, and the names of those whom the ids mean."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link of the chain. The order of the fields is the order in its document."""

    number: int
    """From 1, without a hole."""
    before: str
    """Hash of the entry before."""
    mark: str
    unix_ms: int
    meeting: str
    run: int
    event: str
    actor: str
    login: str
    address: str
    fields: tuple[tuple[str, str | int], ...]
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's number and hash; number 0 of a log without entries."""

    number: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as the database holds it, nothing of it believed yet."""

    number: int
    mark: str
    meeting: str
    document: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)


class Wrong(StrEnum):
    UNREADABLE = "cannot be read as an entry"
    CHANGED = "was changed after it was written"
    MISSING = "is missing"
    UNLINKED = "does not follow the entry before it"
    CUT = "was there and is gone: the end of the log is cut off"
    REWRITTEN = "is not the one that was noted then: the log was written anew"
    UNKNOWN_HEAD = "no entry has the hash that was noted"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong, and at which entry (0: at none that can be named)."""

    number: int
    wrong: Wrong


_entry: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def chained(head: Head, happenings: Iterable[Happening]) -> tuple[Stored, ...]:
    """The entries that follow `head`."""
    links: list[Stored] = []
    for each in happenings:
        entry = Entry(
            number=head.number + 1,
            before=head.hash,
            mark=each.mark,
            unix_ms=each.unix_ms,
            meeting=each.meeting,
            run=each.run,
            event=each.event,
            actor=each.actor,
            login=each.login,
            address=each.address,
            fields=tuple(
                (key, value if isinstance(value, str) else int(value)) for key, value in each.fields
            ),
            words=each.words,
        )
        document = msgspec.json.encode(entry)
        link = Stored(
            entry.number, entry.mark, entry.meeting, document.decode(), sha256(document).hexdigest()
        )
        links.append(link)
        head = link.head
    return tuple(links)


def read(stored: Stored) -> Entry | None:
    """The entry in a row of the database, without looking at its hash. None: it cannot be read."""
    try:
        return _entry.decode(stored.document)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def judged(stored: Stored, before: Head) -> Fault | None:
    """What is wrong with an entry that is to follow `before`."""
    entry = read(stored)
    due = before.number + 1
    if stored.number > due:
        return Fault(due, Wrong.MISSING)
    if stored.number < due:
        return Fault(stored.number, Wrong.UNLINKED)
    if entry is None:
        return Fault(due, Wrong.UNREADABLE)
    if sha256(stored.document.encode("utf-8", "surrogatepass")).hexdigest() != stored.hash:
        return Fault(due, Wrong.CHANGED)
    if (entry.number, entry.mark, entry.meeting) != (due, stored.mark, stored.meeting):
        return Fault(due, Wrong.CHANGED)
    return None if entry.before == before.hash else Fault(due, Wrong.UNLINKED)


class Verifier:
    """Goes through the log once, oldest entry first.

    `kept` is the head that the state directory holds, `noted` a hash that somebody wrote down: both
    must be met on the way, or the log was cut off or written anew from there.
    """

    def __init__(self, kept: Head | None = None, noted: str | None = None) -> None:
        self.head = Head()
        self._kept = kept
        self._noted = noted

    def take(self, stored: Stored) -> Fault | None:
        fault = judged(stored, self.head)
        if fault is not None:
            return fault
        self.head = stored.head
        if self._kept is not None and self._kept.number == stored.number and self._kept.hash != stored.hash:
            return Fault(stored.number, Wrong.REWRITTEN)
        if self._noted == stored.hash:
            self._noted = None
        return None

    def finish(self) -> Fault | None:
        """After the last entry."""
        if self._kept is not None and self._kept.number > self.head.number:
            return Fault(self.head.number + 1, Wrong.CUT)
        if self._noted is not None and self._noted != START:
            return Fault(0, Wrong.UNKNOWN_HEAD)
        return None


def verify(log: Iterable[Stored], kept: Head | None = None, noted: str | None = None) -> Fault | None:
    """The first change, gap or cut in a whole log; None when it is as it was written."""
    verifier = Verifier(kept, noted)
    for stored in log:
        fault = verifier.take(stored)
        if fault is not None:
            return fault
    return verifier.finish()


_HEAD_BYTES = 20 + 1 + 64 + 1


def head_line(head: Head) -> bytes:
    """The head as the file in the state directory holds it: always of one length."""
    return f"{head.number:020d} {head.hash}\n".encode()


def head_of(line: bytes) -> Head | None:
    """None: this is no head."""
    number, _, digest = line.decode("ascii", "replace").rstrip("\n").partition(" ")
    if len(line) != _HEAD_BYTES or not number.isdecimal() or len(digest) != len(START):
        return None
    return Head(int(number), digest)
