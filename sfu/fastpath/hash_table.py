"""The hash table that the slow path writes and the kernel reads (kernel/lookup.py). Without I/O."""

import numpy as np

from sfu.fastpath.kernel.tables import TableFull


class HashTable:
    """A row number for each key of some words: open addressing, keys compared in full.

    A row is the key and its value (-1: empty). Removal shifts the followers back, so a search ends at the
    first empty row.
    """

    def __init__(self, subject: str, room: int, keys: int) -> None:
        """subject: what the keys are, for TableFull. keys: how many words a key has."""
        capacity = 16
        while capacity < 2 * room:
            capacity *= 2
        self._subject = subject
        self._keys = keys
        self._mask = capacity - 1
        self._room = room
        self._count = 0
        self.rows = np.zeros((capacity, keys + 1), np.int64)
        self.rows[:, keys] = -1

    def get(self, key: tuple[int, ...]) -> int:
        return int(self.rows[self._find(key), self._keys])

    def put(self, key: tuple[int, ...], value: int) -> None:
        """Raises TableFull."""
        at = self._find(key)
        if self.rows[at, self._keys] < 0:
            if self._count >= self._room:
                raise TableFull(self._subject)
            self._count += 1
        self.rows[at, : self._keys] = key
        self.rows[at, self._keys] = value

    def remove(self, key: tuple[int, ...]) -> None:
        hole = self._find(key)
        if self.rows[hole, self._keys] < 0:
            return
        self._count -= 1
        at = hole
        while True:
            at = (at + 1) & self._mask
            if self.rows[at, self._keys] < 0:
                break
            home = bucket(tuple(int(word) for word in self.rows[at, : self._keys])) & self._mask
            if (at - home) & self._mask >= (at - hole) & self._mask:
                self.rows[hole] = self.rows[at]
                hole = at
        self.rows[hole, self._keys] = -1

    def _find(self, key: tuple[int, ...]) -> int:
        at = bucket(key) & self._mask
        while self.rows[at, self._keys] >= 0 and tuple(self.rows[at, : self._keys]) != key:
            at = (at + 1) & self._mask
        return at


def bucket(words: tuple[int, ...]) -> int:
    """The kernel's hash (lookup.mix) over words of at most 32 bits.

    No product exceeds 62 bits, so int64 and Python's int agree.
    """
    h = 0
    for word in words:
        h = ((h ^ word) & 0xFFFF_FFFF) * 0x3C6E_F35F
        h ^= h >> 29
    return h >> 7
