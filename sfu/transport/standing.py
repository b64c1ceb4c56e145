"""Which addresses have sockets of ours, and which are to get them or lose them. Without I/O."""

from collections.abc import Sequence
from typing import NamedTuple

GRACE_S = 10.0
"""How long sockets outlive their address: a lease is renewed, a cable is pulled and plugged in again, an
address moves to another card. Clients then go on over the same sockets."""


class SiteChange(NamedTuple):
    to_open: tuple[str, ...]
    to_close: tuple[str, ...]


class Standing:
    """Tell it what the machine has; it says what to open and close, and is told what could be opened."""

    def __init__(self, room: int) -> None:
        """room: how many addresses can have sockets at one time."""
        self._room = room
        self._present: tuple[str, ...] = ()
        self._seen: dict[str, float] = {}
        """When each address that has sockets was last there."""

    @property
    def told(self) -> tuple[str, ...]:
        """Where clients can reach us, the best first."""
        return tuple(address for address in self._present if address in self._seen)

    def note(self, present: Sequence[str], now: float) -> SiteChange:
        """The machine has these addresses now, the best first."""
        self._present = tuple(dict.fromkeys(present))
        for address in self.told:
            self._seen[address] = now
        to_open = tuple(address for address in self._present if address not in self._seen)
        gone = sorted(set(self._seen) - set(self._present), key=self._seen.__getitem__)
        crowded = len(self._seen) + len(to_open) - self._room
        to_close = tuple(
            address
            for place, address in enumerate(gone)
            if place < crowded or now - self._seen[address] >= GRACE_S
        )
        for address in to_close:
            del self._seen[address]
        return SiteChange(to_open[: self._room - len(self._seen)], to_close)

    def opened(self, address: str, now: float) -> None:
        self._seen[address] = now
