"""How many WebSockets there may be: in all, of one network, of one account. Without I/O.

A place is taken before anything is waited for, so that many at once gain nothing. When a share is used up,
the oldest that has not entered a meeting gives way. An account's newest WebSocket always gets in: it may be
the reload of a page whose line is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from signaling.model.ids import AccountId
from signaling.model.limits import Limits


class Visit(Protocol):
    """One WebSocket, as far as its share is concerned."""

    @property
    def entered(self) -> bool:
        """It has said hello and is in a meeting, before its door or inside."""


@dataclass(eq=False, slots=True)
class Held:
    """One place."""

    account: AccountId
    network: str
    visit: Visit


class SessionShares:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held: dict[Visit, Held] = {}
        """The oldest first."""

    def __len__(self) -> int:
        return len(self._held)

    def take(self, visit: Visit, account: AccountId, network: str) -> Visit | None:
        """Take a place. Returns the one that gives way and is to be told; `visit` itself: there is none."""
        gives_way = self._gives_way(account, network, visit)
        if gives_way is not visit:
            self._held[visit] = Held(account, network, visit)
            if gives_way is not None:
                self.leave(gives_way)
        return gives_way

    def leave(self, visit: Visit) -> None:
        """May be said again."""
        self._held.pop(visit, None)

    def _gives_way(self, account: AccountId, network: str, newest: Visit) -> Visit | None:
        mine = [held for held in self._held.values() if held.account == account]
        if len(mine) >= self._limits.sessions_of_account:
            return (_strangers(mine) or mine)[0].visit
        neighbours = [held for held in self._held.values() if held.network == network]
        if len(neighbours) >= self._limits.sessions_of_network:
            return next((held.visit for held in _strangers(neighbours)), newest)
        if len(self._held) >= self._limits.sessions:
            return self._of_the_largest(newest)
        return None

    def _of_the_largest(self, newest: Visit) -> Visit:
        """The oldest of the network that has most who have not entered."""
        by_network: dict[str, list[Held]] = {}
        for held in _strangers(self._held.values()):
            by_network.setdefault(held.network, []).append(held)
        largest = max(by_network.values(), key=len, default=None)
        return newest if largest is None else largest[0].visit


def _strangers(held: Iterable[Held]) -> list[Held]:
    """Those that have not entered a meeting."""
    return [one for one in held if not one.visit.entered]
