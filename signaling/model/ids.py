"""Who and when: the ids of the control plane, and one moment on two clocks. Pure."""

from typing import NamedTuple, NewType

AccountId = NewType("AccountId", str)
ParticipantId = NewType("ParticipantId", str)
SessionId = NewType("SessionId", str)


class Instant(NamedTuple):
    """One moment on two clocks."""

    s: float
    """Monotonic seconds: all deadlines."""
    unix_ms: int
    """Wall clock: what people are shown and what is stored."""
