"""What a manifest proves: which lines are valid, what breaks the chain, and how far segments are signed."""

from collections.abc import Callable
from dataclasses import dataclass

from recorder.format.manifest import (
    AnyLine,
    AnyWrittenLine,
    AuditLine,
    BadManifest,
    EndLine,
    ManifestHead,
    OpeningLine,
    ReopenedLine,
    SegmentEndLine,
    SegmentLine,
    head_of,
    parse_line_untrusted,
)

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signed bytes, signature)"""


@dataclass(frozen=True, slots=True)
class ManifestFlaw:
    """Something wrong with the manifest itself."""

    line: int
    """Its number in the file, from 1."""
    words: str
    forged: bool = False
    """Signed by someone else or not at all; otherwise damaged or missing."""


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """The part of a manifest that is proven."""

    lines: tuple[AnyLine, ...]
    flaws: tuple[ManifestFlaw, ...]
    head: ManifestHead
    public: bytes
    """The public key that verified the signatures; empty if none did."""
    torn: bool
    """It ends in the middle of a line, as a crash leaves it."""
    claimed: OpeningLine | None
    """The first line as found, perhaps unproven."""

    @property
    def opening(self) -> OpeningLine | None:
        first = self.lines[0] if self.lines else None
        return first if isinstance(first, OpeningLine) else None

    @property
    def audit(self) -> AuditLine | None:
        """None: the server did not write it."""
        return next((line for line in self.lines if isinstance(line, AuditLine)), None)

    @property
    def end(self) -> EndLine | None:
        last = self.lines[-1] if self.lines else None
        return last if isinstance(last, EndLine) else None


def read_untrusted(manifest: bytes, verify: Verify, trusted: bytes | None = None) -> ManifestReading:
    """Which lines of a manifest are proven, and what is wrong with it. Raises nothing.

    Lines with a valid signature are accepted even after a damaged or missing one, which is reported as a
    flaw. Without a `trusted` public key, the one that the first line names is taken at its word.
    """
    reader = _ManifestReader(verify, trusted)
    whole, newline, rest = manifest.rpartition(b"\n")
    if newline:
        for number, raw in enumerate(whole.split(b"\n"), 1):
            reader.line(number, raw)
    return reader.reading(bool(rest))


class _ManifestReader:
    def __init__(self, verify: Verify, trusted: bytes | None) -> None:
        self._verify = verify
        self._trusted = trusted
        self._public = trusted
        self._claimed: OpeningLine | None = None
        self._recording: str | None = None
        self._lines: list[AnyLine] = []
        self._flaws: list[ManifestFlaw] = []
        self._unread: list[ManifestFlaw] = []
        """Flaws of lines that could not be read: harmless if a crash tore them, as the next line must say."""
        self._head = ManifestHead()

    def line(self, number: int, raw: bytes) -> None:
        try:
            line, body, signature = parse_line_untrusted(raw)
        except BadManifest:
            self._unread.append(ManifestFlaw(number, f"line {number} of the manifest is damaged"))
            return
        if isinstance(line, OpeningLine) and not self._lines and self._claimed is None:
            self._claimed = line
            if self._trusted is None:
                self._public = _bytes_of(line.public)
        if self._public is None or not self._verify(self._public, body, signature):
            self._unread.append(
                ManifestFlaw(
                    number, f"line {number} of the manifest does not bear the server's signature", True
                )
            )
            return
        self._proven(number, line, raw)

    def _proven(self, number: int, line: AnyLine, raw: bytes) -> None:
        follows = line.n == self._head.n + 1 and line.prev == self._head.sha256
        ours = self._recording is None or line.recording == self._recording
        if not ours or line.n <= self._head.n:
            where = "of another recording" if not ours else "not in its place"
            self._unread.append(ManifestFlaw(number, f"line {number} of the manifest is {where}", True))
            return
        torn = follows and isinstance(line, ReopenedLine) and not any(flaw.forged for flaw in self._unread)
        if not torn:
            self._flaws += self._unread
        if not follows:
            missing = line.n - self._head.n - 1
            words = f"{missing} lines are missing or damaged" if missing else "the chain is broken"
            self._flaws.append(ManifestFlaw(number, f"before line {number} of the manifest {words}"))
        self._unread = []
        self._recording = line.recording
        self._lines.append(line)
        self._head = head_of(raw, line.n)

    def reading(self, torn: bool) -> ManifestReading:
        public = self._public or b""
        flaws = tuple(self._flaws + self._unread)
        return ManifestReading(tuple(self._lines), flaws, self._head, public, torn, self._claimed)


def _bytes_of(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class SignedPoint:
    """A point in a segment's file up to which it is hashed and signed."""

    at_ms: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """What the manifest says about one segment."""

    number: int
    at_ms: int
    """Where it begins."""
    until_ms: int
    """The last instant at which, by the manifest, it was still being written."""
    points: tuple[SignedPoint, ...]
    header: str
    ended: bool
    """It ended in order."""
    crashed: bool
    """It was found unfinished and signed as found."""

    @property
    def size_bytes(self) -> int:
        return self.points[-1].size_bytes if self.points else 0


def segments(lines: tuple[AnyLine, ...]) -> tuple[SegmentRecord, ...]:
    """The segments in order, as far as the lines tell."""
    found: dict[int, SegmentRecord] = {}
    for line in lines:
        if isinstance(line, SegmentLine):
            begun = SegmentRecord(line.segment, line.at_ms, line.at_ms, (), "", False, False)
            found.setdefault(line.segment, begun)
        elif isinstance(line, AnyWrittenLine) and line.segment > 0:
            found[line.segment] = _with_line(found.get(line.segment), line)
    return tuple(found[number] for number in sorted(found))


def _with_line(before: SegmentRecord | None, line: AnyWrittenLine) -> SegmentRecord:
    found = isinstance(line, ReopenedLine)
    at_ms = before.at_ms if before else line.at_ms
    until_ms = before.until_ms if before and found else line.at_ms
    points = before.points if before else ()
    point = SignedPoint(until_ms, line.size_bytes, line.sha256)
    header = line.header or (before.header if before else "")
    ended = isinstance(line, SegmentEndLine)
    return SegmentRecord(line.segment, at_ms, until_ms, (*points, point), header, ended, found)
