"""Where the audit log begins once its oldest entries were cut off: the last of them, signed by the server.
Pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from signaling.audit.chain import Fault, Head, Stored, Wrong, judged, read

YEAR_MS = 31_557_600_000
"""365.25 days."""
SINCE_MS = 1_735_689_600_000
"""2025-01-01: an entry with an earlier time is as old as the next one whose time can be true."""

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SignedCut:
    """Everything up to entry `number` was cut off."""

    number: int
    hash: str
    """Of that entry."""
    newest_ms: int
    """When that entry was written."""
    cut_ms: int
    years: int
    """How long entries were kept then."""
    signature: str = ""
    """Hexadecimal, over `signed`."""

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)

    @property
    def fields(self) -> tuple[tuple[str, str | int], ...]:
        """Of the entry that says so."""
        return (
            *(("until", self.number), ("hash", self.hash)),
            *(("until_ms", self.newest_ms), ("years", self.years)),
        )

    @property
    def signed(self) -> bytes:
        """No other text that a key of ours signs begins like this."""
        fields = (self.number, self.hash, self.newest_ms, self.cut_ms, self.years)
        return "\n".join(("giaoban audit checkpoint 1", *map(str, fields), "")).encode()


@dataclass(frozen=True, slots=True)
class Term:
    """How long entries are kept, and who signs that they were."""

    years: int
    now_ms: int
    sign: Sign

    @property
    def until_ms(self) -> int:
        """What was written later is kept."""
        return self.now_ms - self.years * YEAR_MS


class Damaged(Exception):
    """The log is not as it was written. What is wrong with it must not be cut off."""


def over(log: Iterable[Stored], before: Head, term: Term) -> SignedCut | None:
    """The checkpoint for the entries whose time is over, of those that follow `before`; None: there are none.
    Raises Damaged."""
    newest: tuple[Head, int] | None = None
    for stored in log:
        fault, entry = judged(stored, before), read(stored)
        if fault is not None or entry is None:
            raise Damaged(f"entry {stored.number}")
        if entry.unix_ms > term.until_ms:
            break
        before = stored.head
        if entry.unix_ms >= SINCE_MS:
            newest = before, entry.unix_ms
    if newest is None:
        return None
    last, newest_ms = newest
    bare = SignedCut(last.number, last.hash, newest_ms, term.now_ms, term.years)
    return replace(bare, signature=term.sign(bare.signed).hex())


def contradicted(checkpoint: SignedCut, head: Head, noted_ms: int) -> bool:
    """Whether a head that was noted elsewhere, no sooner than this, shows that the last entry which was cut
    off is younger than the checkpoint says."""
    return head.number < checkpoint.number and checkpoint.newest_ms < noted_ms <= checkpoint.cut_ms


def distrusted(checkpoint: SignedCut, genuine: Callable[[bytes, bytes], bool], now_ms: int) -> Fault | None:
    """What is wrong with a checkpoint. genuine: whether the server signed these bytes so."""
    try:
        signature = bytes.fromhex(checkpoint.signature)
    except ValueError:
        signature = b""
    if not genuine(checkpoint.signed, signature):
        return Fault(checkpoint.number, Wrong.FORGED_CUT)
    kept_ms = min(checkpoint.cut_ms, now_ms) - checkpoint.newest_ms
    if kept_ms < max(checkpoint.years, 1) * YEAR_MS:
        return Fault(checkpoint.number, Wrong.EARLY_CUT)
    return None
