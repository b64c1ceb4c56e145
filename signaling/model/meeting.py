"""A Meeting as it was scheduled, and the Accounts that may take part. Pure."""

from dataclasses import dataclass

from signaling.model.ids import AccountId
from signaling.model.words import Role

MEETING_CODE = "giao-ban"
"""Of the standing meeting, which every appliance has."""


@dataclass(frozen=True, slots=True)
class Account:
    id: AccountId
    login: str
    name: str
    role: Role
    unit: str | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    id: str
    code: str
    title: str
    run: int
    """How often the meeting has been held under this code; a seat belongs to one run."""
    ended: bool
    starts_ms: int = 0
    """0: no time is set, and the lobby is always open."""
    opens_before_s: int = 1800
    """The lobby opens this long before the start."""
    composition: frozenset[str] = frozenset()
    """Units that belong to the meeting; empty: all of them."""
    may_record: bool = True
    """False: nobody can record it, not even its chair."""
    keep_days: int = 0
    """Recordings of it are deleted after this many days; 0: never."""

    @property
    def opens_ms(self) -> int:
        """When the lobby opens, in Unix milliseconds; 0: it is always open."""
        return max(0, self.starts_ms - self.opens_before_s * 1000) if self.starts_ms else 0
