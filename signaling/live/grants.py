"""What has to be stored before anybody hears of an input: who is let in, what somebody was allowed. Pure.

A grant waits for the store beside the room, not in it. Meanwhile other inputs go on, and nothing of the grant
is to be seen. Afterwards it is decided once more, on what is so then, and takes effect if it has been stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signaling.model.ids import AccountId
from signaling.model.run import RunRecord
from signaling.model.seat import KeptSeat


@dataclass(frozen=True, slots=True)
class Grant:
    seats: Mapping[AccountId, KeptSeat] = field(default_factory=dict)
    run: RunRecord | None = None
    """None: the run's record need not be stored."""

    def has(self, other: "Grant") -> bool:
        """A store that has this one has the other one, too."""
        seats = all(self.seats.get(account) == seat for account, seat in other.seats.items())
        return seats and other.run in (None, self.run)


NOTHING = Grant()
