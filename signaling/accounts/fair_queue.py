"""The queue before work that many ask for, like the password check: each address has its share. Without I/O.

Those who came from their address before are served first, the others after them; among equals the addresses
take turns. When the queue is full, the one of the others that has waited longest makes room.
"""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_WAITING = 512
MAX_WAITING_PLACE = 200
"""Of one address: a full room at once."""


class Full(Exception):
    """There is no room for one more."""


class _Line(Generic[T]):
    """Those who wait, by address; the addresses take turns."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, deque[tuple[int, T]]] = OrderedDict()

    def add(self, number: int, item: T, place: str) -> None:
        self._places.setdefault(place, deque()).append((number, item))

    def of(self, place: str) -> int:
        return len(self._places.get(place, ()))

    def take(self) -> T | None:
        """The oldest of the address whose turn it is."""
        if not self._places:
            return None
        place, waiting = next(iter(self._places.items()))
        _, item = waiting.popleft()
        del self._places[place]
        if waiting:
            self._places[place] = waiting
        return item

    def drop_oldest(self) -> T | None:
        if not self._places:
            return None
        place = min(self._places, key=lambda one: self._places[one][0][0])
        _, item = self._places[place].popleft()
        if not self._places[place]:
            del self._places[place]
        return item


class FairQueue(Generic[T]):
    def __init__(self, most: int = MAX_WAITING, most_of_place: int = MAX_WAITING_PLACE) -> None:
        self._most, self._most_of_place = most, most_of_place
        self._known: _Line[T] = _Line()
        self._others: _Line[T] = _Line()
        self._count = 0
        self._number = 0

    def __len__(self) -> int:
        return self._count

    def add(self, item: T, place: str, known: bool) -> T | None:
        """Put one in line. Returns the one that had to make room for it, if any. Raises Full."""
        if self._known.of(place) + self._others.of(place) >= self._most_of_place:
            raise Full
        dropped = None
        if self._count >= self._most:
            dropped = self._others.drop_oldest()
            if dropped is None:
                raise Full
            self._count -= 1
        self._number += 1
        (self._known if known else self._others).add(self._number, item, place)
        self._count += 1
        return dropped

    def take(self) -> T | None:
        """Whose turn it is; None: nobody waits."""
        item = self._known.take()
        if item is None:
            item = self._others.take()
        if item is not None:
            self._count -= 1
        return item
