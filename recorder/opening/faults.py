"""What can be wrong with a recording, in words for whoever opens it. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    MISSING = "missing"
    RENAMED = "renamed"
    """Found under another segment's name; read all the same."""
    REPLACED = "replaced"
    """Another file than the signed one, or its first bytes are damaged."""
    SHORTENED = "shortened"
    CHANGED = "changed"
    """Its bytes are not those that were signed."""
    DAMAGED = "damaged"
    """A chunk could not be opened: what came before it is genuine; the rest of that segment is lost."""
    FOREIGN = "foreign"
    """A segment of something else."""
    UNPROVEN = "unproven"
    WRONG_KEY = "wrong-key"
    NOT_MATROSKA = "not-matroska"
    INTERRUPTED = "interrupted"
    """The recorder went away while it was written; what it wrote is readable."""
    NO_MANIFEST = "no-manifest"
    MANIFEST = "manifest"
    """A line of the manifest is damaged or missing."""
    FORGED = "forged"
    """A line of the manifest bears no valid signature."""
    NOT_FINISHED = "not-finished"
    STRANGE = "strange"
    """Files or bytes that do not belong there."""


@dataclass(frozen=True, slots=True)
class Fault:
    segment: int
    """0: the recording as a whole."""
    at_ms: int
    """From where on something is missing."""
    code: FaultCode
    words: str
    grave: bool = True
    """False: a crash explains it, or nothing is lost."""

    def __str__(self) -> str:
        return f"segment {self.segment}: {self.words}" if self.segment else self.words
