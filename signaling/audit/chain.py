"""The audit log as a chain: each entry carries the hash of the entry before it, so that nothing in it can be
changed, left out, moved or cut off unnoticed. Without I/O.

An entry is stored as one JSON document, and its hash is the SHA-256 of exactly those bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import msgspec

START = "0" * 64
"""What the first entry gives as the hash before it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and from where."""

    account: str = ""
    """Account id; empty: the server itself."""
    login: str = ""
    """As it was then: accounts change and are deleted."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something to be written down: who, what, when, from where."""

    mark: str
    """Unique: an event that is sent to the database twice is written once."""
    unix_ms: int
    event: str
    meeting: str = ""
    """Its code; empty when it belongs to no meeting (a sign-in)."""
    run: int = 0
    who: Actor = Actor()
    fields: tuple[tuple[str, str | int], ...] = ()
    """Ids and figures."""
    words: tuple[tuple[str, str], ...] = ()
    """What people typed, and the names behind the ids."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link of the chain. Its document has the fields in this order."""

    number: int
    """From 1, without gaps."""
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
    """The newest entry's number and hash; number 0: the log is empty."""

    number: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it stands in the database, not verified yet."""

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
    NO_CHECKPOINT = (
        "is the first one: those before it are gone, and no checkpoint says that they were cut off"
    )
    FORGED_CUT = "is where a checkpoint says that the log was cut off, but this server did not sign it"
    EARLY_CUT = "was cut off by a checkpoint before its years were over"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong, and at which entry (0: no entry can be named)."""

    number: int
    wrong: Wrong


_entry: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def chained(head: Head, events: Iterable[AuditEvent]) -> tuple[Stored, ...]:
    """The entries that follow `head`."""
    links: list[Stored] = []
    for each in events:
        entry = Entry(
            number=head.number + 1,
            before=head.hash,
            mark=each.mark,
            unix_ms=each.unix_ms,
            meeting=each.meeting,
            run=each.run,
            event=each.event,
            actor=each.who.account,
            login=each.who.login,
            address=each.who.address,
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
    """The entry in a database row, without checking its hash. None: it cannot be read."""
    try:
        return _entry.decode(stored.document)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def judged(stored: Stored, before: Head) -> Fault | None:
    """What is wrong with an entry that should follow `before`."""
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

    `kept` are heads that were kept, in the state directory or elsewhere, `noted` a hash that somebody wrote
    down, or how it begins. All must turn up on the way; otherwise the log was cut off or rewritten. The log
    goes on from `begins`; heads from before it cannot be looked for any more.
    """

    def __init__(
        self, kept: Iterable[Head] = (), noted: str | None = None, begins: Head | None = None
    ) -> None:
        self.head = begins or Head()
        self._kept = {head.number: head.hash for head in kept if head.number >= max(self.head.number, 1)}
        self._newest = max(self._kept, default=0)
        self._noted = None if noted and self.head.hash.startswith(noted) else noted

    def begin(self) -> Fault | None:
        """Before the first entry."""
        begins = self.head
        rewritten = self._kept.get(begins.number, begins.hash) != begins.hash
        return Fault(begins.number, Wrong.REWRITTEN) if rewritten else None

    def take(self, stored: Stored) -> Fault | None:
        fault = judged(stored, self.head)
        if fault == Fault(1, Wrong.MISSING):
            return Fault(stored.number, Wrong.NO_CHECKPOINT)
        if fault is not None:
            return fault
        self.head = stored.head
        if self._kept.get(stored.number, stored.hash) != stored.hash:
            return Fault(stored.number, Wrong.REWRITTEN)
        if self._noted and stored.hash.startswith(self._noted):
            self._noted = None
        return None

    def finish(self) -> Fault | None:
        """After the last entry."""
        if self._newest > self.head.number:
            return Fault(self.head.number + 1, Wrong.CUT)
        if self._noted is not None and self._noted != START:
            return Fault(0, Wrong.UNKNOWN_HEAD)
        return None


def verify(log: Iterable[Stored], kept: Head | None = None, noted: str | None = None) -> Fault | None:
    """The first change, gap or cut in a whole log; None: it is as it was written."""
    verifier = Verifier(() if kept is None else (kept,), noted)
    for stored in log:
        fault = verifier.take(stored)
        if fault is not None:
            return fault
    return verifier.finish()


_HEAD_BYTES = 20 + 1 + 64 + 1


def head_line(head: Head) -> bytes:
    """The head as it stands in its file in the state directory: always the same length."""
    return f"{head.number:020d} {head.hash}\n".encode()


def head_of(line: bytes) -> Head | None:
    """None: this is not a head."""
    number, _, digest = line.decode("ascii", "replace").rstrip("\n").partition(" ")
    if len(line) != _HEAD_BYTES or not number.isdecimal() or len(digest) != len(START):
        return None
    return Head(int(number), digest)
