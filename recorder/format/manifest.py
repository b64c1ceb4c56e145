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


class AuditLine(ManifestLine, frozen=True, tag="audit", kw_only=True):
    """What the server's audit log had reached when the recording began: after the opening line, where it is
    known.

    A line of its own, so that a program that does not know it still has the opening line, proves all others
    and reads everything; it reports this line as damaged.
    """

    number: int
    hash: str


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
    | AuditLine
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
