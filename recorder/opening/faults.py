"""What can be wrong with a recording, in words for the person who opens it. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    MISSING = "missing"
    RENAMED = "renamed"
    """Found under another segment's name; read anyway."""
    REPLACED = "replaced"
    """Not the signed file, or its first bytes are damaged."""
    SHORTENED = "shortened"
    CHANGED = "changed"
    """Its contents are not what was signed."""
    DAMAGED = "damaged"
    """A chunk could not be opened: everything before it is genuine; the rest of the segment is lost."""
    FOREIGN = "foreign"
    """A segment of another recording."""
    UNPROVEN = "unproven"
    WRONG_KEY = "wrong-key"
    NOT_MATROSKA = "not-matroska"
    INTERRUPTED = "interrupted"
    """The recorder stopped while writing it; what it wrote is readable."""
    NO_MANIFEST = "no-manifest"
    MANIFEST = "manifest"
    """A line of the manifest is damaged or missing."""
    FORGED = "forged"
    """A line of the manifest has no valid signature."""
    NOT_FINISHED = "not-finished"
    STRANGE = "strange"
    """Files or bytes that do not belong there."""


@dataclass(frozen=True, slots=True)
class Fault:
    segment: int
    """0: the recording as a whole."""
    at_ms: int
    """Where the missing part begins."""
    code: FaultCode
    words: str
    grave: bool = True
    """False if a crash explains it or nothing is lost."""

    def __str__(self) -> str:
        return f"segment {self.segment}: {self.words}" if self.segment else self.words
