"""The manifest of a recording: what was written, in which order, when; hashed and signed by line. Pure.

It is a file of JSON lines to which lines are only added. Each names the recording and the hash of the line
before, and ends with the server's signature over the line without it, so each line is proven by itself, and
the chain shows where one is missing. It holds no word of what was said: titles and names of keys at most.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import msgspec

FORMAT = 1
START = "0" * 64
"""What the first line names as the one before it."""
MAX_OCTETS = 64 << 20
"""Of a manifest: two weeks of a recording."""

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, octets, signature)"""


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who can open it."""

    name: str
    fingerprint: str
    second: bool = False


class Line(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Base of all lines."""

    n: int = 0
    """From 1, without a hole."""
    recording: str = ""
    at_ms: int
    unix_ms: int = 0
    prev: str = ""
    """SHA-256 of the line before, as it stands in the file, without its newline."""


class Opening(Line, frozen=True, tag="opening", kw_only=True):
    format: int
    meeting: str
    title: str
    keys: tuple[Key, ...]
    public: str
    """The key of the signatures, Ed25519, hexadecimal."""


class SegmentBegun(Line, frozen=True, tag="segment", kw_only=True):
    segment: int
    """From 1."""


class Written(Line, frozen=True, kw_only=True):
    """How far a segment's file is. Base of three."""

    segment: int
    octets: int
    sha256: str
    """Of its octets so far."""
    header: str
    """SHA-256 of the age file's header alone: where that is as it was, every chunk that can be opened is
    genuine, even in a file that was damaged behind it. Empty while there is none."""


class Checkpoint(Written, frozen=True, tag="checkpoint", kw_only=True):
    pass


class SegmentEnd(Written, frozen=True, tag="segment-end", kw_only=True):
    why: str


class Again(Written, frozen=True, tag="again", kw_only=True):
    """The recorder came back after it went away: the unfinished segment's file as it was found (segment 0:
    none was unfinished). Torn lines before it are what the crash left."""

    keys: tuple[Key, ...]


class Pause(Line, frozen=True, tag="pause", kw_only=True):
    pass


class Resume(Line, frozen=True, tag="resume", kw_only=True):
    pass


class End(Line, frozen=True, tag="end", kw_only=True):
    segments: int
    octets: int
    """Of all segments."""
    why: str


AnyLine = Opening | SegmentBegun | Checkpoint | SegmentEnd | Again | Pause | Resume | End

_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)
_SIGNATURE = b',"sig":"'
_TAIL = len(_SIGNATURE) + 128 + len(b'"}')


class BadManifest(Exception):
    """Not a line of a manifest."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line's number and hash."""

    n: int = 0
    sha256: str = START


def key_fingerprint(key: str) -> str:
    """Of a public key of age, in a form that people can compare."""
    digits = sha256(key.strip().lower().encode()).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def line_octets(line: AnyLine, sign: Sign) -> bytes:
    """The line with its signature and newline, as it is added to the file."""
    body = msgspec.json.encode(line)
    return body[:-1] + _SIGNATURE + sign(body).hex().encode() + b'"}\n'


def head_of(octets: bytes, n: int) -> Head:
    """Shapes: octets is a whole line, with or without its newline."""
    return Head(n, sha256(octets.rstrip(b"\n")).hexdigest())


def parse_line_untrusted(octets: bytes) -> tuple[AnyLine, bytes, bytes]:
    """A line, the octets that were signed, and the signature; nothing is proven yet. Raises BadManifest."""
    octets = octets.rstrip(b"\n")
    tail = octets[-_TAIL:]
    if not (tail.startswith(_SIGNATURE) and tail.endswith(b'"}')):
        raise BadManifest("no signature")
    body = octets[:-_TAIL] + b"}"
    try:
        signature = bytes.fromhex(tail[len(_SIGNATURE) : -2].decode("ascii"))
        line = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise BadManifest(str(error)) from None
    return line, body, signature


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with the manifest itself."""

    line: int
    """Counted in the file, from 1."""
    words: str
    forged: bool = False
    """Signed by somebody else, or not at all; else damaged or missing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a manifest is proven."""

    lines: tuple[AnyLine, ...]
    flaws: tuple[Flaw, ...]
    head: Head
    public: bytes
    """Whose signatures these are; empty when nobody's."""
    torn: bool
    """It ends in a part of a line, as a crash leaves it."""
    claimed: Opening | None
    """The first line as it stands there, perhaps unproven."""

    @property
    def opening(self) -> Opening | None:
        first = self.lines[0] if self.lines else None
        return first if isinstance(first, Opening) else None

    @property
    def end(self) -> End | None:
        last = self.lines[-1] if self.lines else None
        return last if isinstance(last, End) else None


def read_untrusted(octets: bytes, verify: Verify, trusted: bytes | None = None) -> Reading:
    """What is proven of a manifest, and what is wrong with it. Raises nothing.

    Lines whose signature holds are taken even behind a damaged or missing one, which is told as a Flaw.
    Without a `trusted` public key the one that the first line names is taken at its word.
    """
    reader = _Reader(verify, trusted)
    whole, newline, rest = octets.rpartition(b"\n")
    if newline:
        for number, raw in enumerate(whole.split(b"\n"), 1):
            reader.line(number, raw)
    return reader.reading(bool(rest))


class _Reader:
    def __init__(self, verify: Verify, trusted: bytes | None) -> None:
        self._verify = verify
        self._trusted = trusted
        self._public = trusted
        self._claimed: Opening | None = None
        self._recording: str | None = None
        self._lines: list[AnyLine] = []
        self._flaws: list[Flaw] = []
        self._unread: list[Flaw] = []
        """Of lines that are none: fine when a crash tore them, which the next line has to say."""
        self._head = Head()

    def line(self, number: int, raw: bytes) -> None:
        try:
            line, body, signature = parse_line_untrusted(raw)
        except BadManifest:
            self._unread.append(Flaw(number, f"line {number} of the manifest is damaged"))
            return
        if isinstance(line, Opening) and not self._lines and self._claimed is None:
            self._claimed = line
            if self._trusted is None:
                self._public = _octets_of(line.public)
        if self._public is None or not self._verify(self._public, body, signature):
            self._unread.append(
                Flaw(number, f"line {number} of the manifest does not bear the server's signature", True)
            )
            return
        self._proven(number, line, raw)

    def _proven(self, number: int, line: AnyLine, raw: bytes) -> None:
        follows = line.n == self._head.n + 1 and line.prev == self._head.sha256
        ours = self._recording is None or line.recording == self._recording
        if not ours or line.n <= self._head.n:
            where = "of another recording" if not ours else "not in its place"
            self._unread.append(Flaw(number, f"line {number} of the manifest is {where}", True))
            return
        torn = follows and isinstance(line, Again) and not any(flaw.forged for flaw in self._unread)
        if not torn:
            self._flaws += self._unread
        if not follows:
            missing = line.n - self._head.n - 1
            words = f"{missing} lines are missing or damaged" if missing else "the chain is broken"
            self._flaws.append(Flaw(number, f"before line {number} of the manifest {words}"))
        self._unread = []
        self._recording = line.recording
        self._lines.append(line)
        self._head = head_of(raw, line.n)

    def reading(self, torn: bool) -> Reading:
        public = self._public or b""
        flaws = tuple(self._flaws + self._unread)
        return Reading(tuple(self._lines), flaws, self._head, public, torn, self._claimed)


def _octets_of(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Mark:
    """A signed point of a segment's file."""

    at_ms: int
    octets: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """What the manifest says of one segment."""

    number: int
    at_ms: int
    """Its beginning."""
    until_ms: int
    """The last instant the manifest knows it was being written."""
    marks: tuple[Mark, ...]
    header: str
    ended: bool
    """In order."""
    crashed: bool
    """It was found unfinished, and is signed as it was found."""

    @property
    def octets(self) -> int:
        return self.marks[-1].octets if self.marks else 0


W = TypeVar("W", bound=Written)


def segments(lines: tuple[AnyLine, ...]) -> tuple[SegmentRecord, ...]:
    """Segments in order, as far as the lines know of them."""
    found: dict[int, SegmentRecord] = {}
    for line in lines:
        if isinstance(line, SegmentBegun):
            begun = SegmentRecord(line.segment, line.at_ms, line.at_ms, (), "", False, False)
            found.setdefault(line.segment, begun)
        elif isinstance(line, Checkpoint | SegmentEnd | Again) and line.segment > 0:
            found[line.segment] = _went_on(found.get(line.segment), line)
    return tuple(found[number] for number in sorted(found))


def _went_on(before: SegmentRecord | None, line: Checkpoint | SegmentEnd | Again) -> SegmentRecord:
    found = isinstance(line, Again)
    at_ms = before.at_ms if before else line.at_ms
    until_ms = before.until_ms if before and found else line.at_ms
    marks = before.marks if before else ()
    mark = Mark(until_ms, line.octets, line.sha256)
    header = line.header or (before.header if before else "")
    ended = isinstance(line, SegmentEnd)
    return SegmentRecord(line.segment, at_ms, until_ms, (*marks, mark), header, ended, found)
