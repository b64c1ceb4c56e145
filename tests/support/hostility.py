"""What hostile tests count: attempts to get round the server, and leaks, of which there must be none.

An attempt is a packet or message that must have no effect. A leak is one that had an effect: a payload that
arrived from behind a shut gate, a command that was obeyed although its sender may not give it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

SHOWN = 10
"""Leaks that are listed; one hole lets thousands through."""


@dataclass(slots=True)
class Tally:
    """Attempts by kind, in the words of the table that `pytest -m hostile` ends with; leaks in full."""

    attempts: Counter[str] = field(default_factory=Counter)
    leaks: list[tuple[str, str]] = field(default_factory=list)
    """(kind of the attempt, what got through)."""

    def attempt(self, kind: str, times: int = 1) -> None:
        self.attempts[kind] += times

    def leak(self, kind: str, what: str) -> None:
        self.leaks.append((kind, what))

    def add(self, other: "Tally") -> None:
        """Add what another tally has counted."""
        self.attempts += other.attempts
        self.leaks += other.leaks

    def report(self) -> Iterator[str]:
        """Lines for the terminal."""
        leaked = Counter(kind for kind, _ in self.leaks)
        for kind, times in sorted(self.attempts.items()):
            yield f"{times:7d} attempts {leaked[kind]:5d} leaks  {kind}"
        yield f"{self.attempts.total():7d} attempts {len(self.leaks):5d} leaks  in all"
        yield from (f"leaked: {kind}: {what}" for kind, what in self.leaks[:SHOWN])


__all__ = ["Tally"]
