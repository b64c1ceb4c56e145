"""The manifest of a recording: what was written, in which order and when, hashed and signed line by line.

It is a file of JSON lines that only grows. Each line names the recording and the hash of the line before, and
ends with the server's signature over the rest of the line. So each line proves itself, and the chain shows
where one is missing. It holds nothing of what was said, only titles and the names of keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import msgspec

FORMAT = 1
NO_LINE = "0" * 64
"""The hash that the first line names as the line before it."""
MAX_MANIFEST_BYTES = 64 << 20
"""Enough for a recording of two weeks."""

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signed bytes, signature)"""


class KeyInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that can open the recording."""

    name: str
    fingerprint: str
    second: bool = False


class ManifestLine(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Base of all lines."""

    n: int = 0
    """From 1, without a gap."""
    recording: str = ""
    at_ms: int
    unix_ms: int = 0
    prev: str = ""
    """SHA-256 of the line before, as in the file but without its newline."""


class OpeningLine(ManifestLine, frozen=True, tag="opening", kw_only=True):
    format: int
    meeting: str
    title: str
    keys: tuple[KeyInfo, ...]
    public: str
    """The public key of the signatures: Ed25519, in hexadecimal."""


class SegmentLine(ManifestLine, frozen=True, tag="segment", kw_only=True):
    segment: int
    """From 1."""


class WrittenLine(ManifestLine, frozen=True, kw_only=True):
    """How far a segment's file has come. Base of three lines."""

    segment: int
    size_bytes: int = msgspec.field(name="octets")
    """The stored key stays "octets"."""
    sha256: str
    """Hash of the file so far."""
    header: str
    """SHA-256 of the age file's header alone: if that is unchanged, every chunk that can be opened is
    genuine, even in a file that is damaged further on. Empty while there is no header."""


class CheckpointLine(WrittenLine, frozen=True, tag="checkpoint", kw_only=True):
    pass


class SegmentEndLine(WrittenLine, frozen=True, tag="segment-end", kw_only=True):
    why: str


class ReopenedLine(WrittenLine, frozen=True, tag="again", kw_only=True):
    """The recorder came back after a crash or a restart: the unfinished segment's file as it was found
    (segment 0: none was unfinished). Torn lines before this one are what the crash left."""

    keys: tuple[KeyInfo, ...]


class PauseLine(ManifestLine, frozen=True, tag="pause", kw_only=True):
    pass


class ResumeLine(ManifestLine, frozen=True, tag="resume", kw_only=True):
    pass


class EndLine(ManifestLine, frozen=True, tag="end", kw_only=True):
    segments: int
    total_bytes: int = msgspec.field(name="octets")
    """Of all segments; the stored key stays "octets"."""
    why: str


AnyLine = (
    OpeningLine
    | SegmentLine
    | CheckpointLine
    | SegmentEndLine
    | ReopenedLine
    | PauseLine
    | ResumeLine
    | EndLine
)
AnyWrittenLine = CheckpointLine | SegmentEndLine | ReopenedLine

_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)
_SIGNATURE = b',"sig":"'
_TAIL = len(_SIGNATURE) + 128 + len(b'"}')


class BadManifest(Exception):
    """Not a line of a manifest."""


@dataclass(frozen=True, slots=True)
class ManifestHead:
    """The newest line's number and hash."""

    n: int = 0
    sha256: str = NO_LINE


def key_fingerprint(key: str) -> str:
    """Of an age public key, in a form that people can compare."""
    digits = sha256(key.strip().lower().encode()).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def line_bytes(line: AnyLine, sign: Sign) -> bytes:
    """The line with its signature and newline, as appended to the file."""
    body = msgspec.json.encode(line)
    return body[:-1] + _SIGNATURE + sign(body).hex().encode() + b'"}\n'


def head_of(raw: bytes, n: int) -> ManifestHead:
    """`raw` is a whole line, with or without its newline."""
    return ManifestHead(n, sha256(raw.rstrip(b"\n")).hexdigest())


def parse_line_untrusted(raw: bytes) -> tuple[AnyLine, bytes, bytes]:
    """A line, the bytes that were signed, and the signature. Nothing is proven yet. Raises BadManifest."""
    raw = raw.rstrip(b"\n")
    tail = raw[-_TAIL:]
    if not (tail.startswith(_SIGNATURE) and tail.endswith(b'"}')):
        raise BadManifest("no signature")
    body = raw[:-_TAIL] + b"}"
    try:
        signature = bytes.fromhex(tail[len(_SIGNATURE) : -2].decode("ascii"))
        line = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise BadManifest(str(error)) from None
    return line, body, signature


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


def _with_line(
    before: SegmentRecord | None, line: CheckpointLine | SegmentEndLine | ReopenedLine
) -> SegmentRecord:
    found = isinstance(line, ReopenedLine)
    at_ms = before.at_ms if before else line.at_ms
    until_ms = before.until_ms if before and found else line.at_ms
    points = before.points if before else ()
    point = SignedPoint(until_ms, line.size_bytes, line.sha256)
    header = line.header or (before.header if before else "")
    ended = isinstance(line, SegmentEndLine)
    return SegmentRecord(line.segment, at_ms, until_ms, (*points, point), header, ended, found)
