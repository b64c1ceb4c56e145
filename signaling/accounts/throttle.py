"""How often a password may be tried, by account and by the address it comes from. Without I/O.

An attempt is charged before the password is checked, so that many at once gain nothing; success clears the
account's charges. After some free attempts each further one doubles the wait. A refused attempt is not
charged: a client that waits as told gets the next attempt.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from signaling.model.addresses import network


@dataclass(frozen=True, slots=True)
class Pace:
    free: int
    """Attempts before the first wait."""
    max_wait_s: float


BY_ACCOUNT = Pace(free=5, max_wait_s=300.0)
"""Not longer: anyone who knows a login could otherwise keep its owner out for the whole briefing."""
BY_ADDRESS = Pace(free=30, max_wait_s=900.0)
"""A whole hospital may be behind one address at 07:50."""
FORGET_S = 1800.0
MAX_RECORDS = 8192
"""Accounts and addresses remembered; the one untouched for longest is dropped first."""


@dataclass(slots=True)
class _Record:
    attempts: int
    last_s: float


class Throttle:
    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def attempt(self, login: str, remote: str, now_s: float) -> int:
        """Charge an attempt and return 0, or charge nothing and return the whole seconds to wait."""
        keys = ((f"a:{login}", BY_ACCOUNT), (f"r:{network(remote)}", BY_ADDRESS))
        wait_s = max(self._wait(key, pace, now_s) for key, pace in keys)
        if wait_s > 0:
            return ceil(wait_s)
        for key, _ in keys:
            record = self._records.setdefault(key, _Record(0, now_s))
            record.attempts += 1
            record.last_s = now_s
            self._records.move_to_end(key)
        while len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)
        return 0

    def succeeded(self, login: str, remote: str) -> None:
        """The password was right: clear the account's charges, and take one from the address."""
        self._records.pop(f"a:{login}", None)
        record = self._records.get(f"r:{network(remote)}")
        if record is not None:
            record.attempts = max(0, record.attempts - 1)

    def _wait(self, key: str, pace: Pace, now_s: float) -> float:
        record = self._records.get(key)
        if record is None:
            return 0.0
        if now_s - record.last_s >= FORGET_S:
            del self._records[key]
            return 0.0
        over = record.attempts - pace.free
        if over < 0:
            return 0.0
        wait_s = min(pace.max_wait_s, 2.0 ** min(over, 16))
        return max(0.0, record.last_s + wait_s - now_s)
