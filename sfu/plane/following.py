"""One layer's packets in the order of their numbers, as they come into its history: what a tap reads.

At a hole the reader waits, because a packet may be sent again, or travel with a later sound. After that,
sounds go on without it; pictures are torn until a keyframe begins, because nothing could be decoded. A gate
that was shut in between tears them, too.
"""

from collections import deque

from sfu.fastpath import MAX_GAP, FastPath, MediaKind, StoredPacket

PATIENCE_S = {MediaKind.AUDIO: 0.3, MediaKind.VIDEO: 0.6}
"""How long to wait for a hole to be filled: a sound comes with one of the next nine (RFC 2198), a packet of a
picture takes some round trips."""
MAX_AT_ONCE = {MediaKind.AUDIO: 8, MediaKind.VIDEO: 64}
"""Packets in one step of 20 ms: some 30 Mbit/s of pictures. What is sent faster falls out of the history and
is torn; nothing piles up."""


class Following:
    """Begins with the next packet; of a picture, with the next keyframe."""

    def __init__(self, fastpath: FastPath, layer: int, kind: MediaKind) -> None:
        self.missing: list[tuple[int, int]] = []
        """First and last of the pictures' numbers that were newly found missing in the last step."""
        self._fastpath = fastpath
        self._layer = layer
        self._kind = kind
        reach = fastpath.reach(layer)
        self._generation = reach.generation
        self.stream = reach.ssrc
        """SSRC; when it changes in a step, its numbers have begun anew."""
        self._after = reach.newest
        self._looked = reach.newest
        """How far holes were looked for."""
        self._torn = self._is_picture
        self._seen: deque[tuple[float, int]] = deque()
        """When each number was the newest, for as long as a hole may still be filled."""
        self._given_up = -1
        """Numbers up to this one that have not come are given up."""

    @property
    def _is_picture(self) -> bool:
        return self._kind is MediaKind.VIDEO

    @property
    def waits(self) -> bool:
        """Nothing can be read before a keyframe."""
        return self._torn

    def step(self, now: float) -> list[StoredPacket]:
        """What can be read now, at most MAX_AT_ONCE."""
        self.missing = []
        reach = self._fastpath.reach(self._layer)
        if reach.oldest < 0:
            self._break(reach.newest)
            return []
        self.stream = reach.ssrc
        if reach.generation != self._generation:
            self._generation = reach.generation
            self._break(reach.oldest - 1)
        elif self._after + 1 < reach.oldest:
            self._break(reach.oldest - 1)
        self._note(reach.newest, now)
        if self._torn:
            if reach.keyframe <= self._after or reach.keyframe < reach.oldest:
                return []
            self._after, self._torn = reach.keyframe - 1, False
        most = MAX_AT_ONCE[self._kind]
        found = self._read(most)
        while len(found) < most and self._after < min(self._given_up, reach.newest):
            if self._is_picture:
                self._torn = True
                return found
            self._after = self._next_there(reach.newest) - 1
            found += self._read(most - len(found))
        if self._is_picture and self._after < reach.newest and len(found) < most:
            first = max(self._looked, self._after, reach.newest - MAX_GAP) + 1
            self.missing = _runs(self._fastpath.missing(self._layer, range(first, reach.newest + 1)))
            self._looked = reach.newest
        return found

    def _read(self, most: int) -> list[StoredPacket]:
        found = self._fastpath.packets(self._layer, self._after, most)
        if found:
            self._after = found[-1].number
        return found

    def _break(self, after: int) -> None:
        """Skip everything up to this number."""
        self._after = self._looked = after
        self._torn = self._is_picture
        self._seen.clear()
        self._given_up = -1

    def _note(self, newest: int, now: float) -> None:
        if not self._seen or newest != self._seen[-1][1]:
            self._seen.append((now, newest))
        while self._seen and now - self._seen[0][0] >= PATIENCE_S[self._kind]:
            self._given_up = self._seen.popleft()[1]

    def _next_there(self, newest: int) -> int:
        """The next number that has come; the newest always has, or is too old to matter."""
        wanted = range(self._after + 1, newest + 1)
        missing = frozenset(self._fastpath.missing(self._layer, wanted))
        return next((number for number in wanted if number not in missing), newest + 1)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as stretches without a hole."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs
