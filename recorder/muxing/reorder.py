"""Blocks wait here a moment, so that they are written in the order of their instants."""

import heapq
from collections.abc import Iterable, Iterator

from recorder.format.blocks import Block, Track

TEXT_TRACKS = (Track.WORDS, Track.ENTRIES)
_FIRST = 1 << 62


class ReorderBuffer:
    """Blocks ordered by their instants; on one track these never go back."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of data."""
        self._heap: list[tuple[int, int, Block]] = []
        self._newest_ms: dict[Track, int] = {}
        self._count = 0

    def newest_ms(self, track: Track) -> int:
        """-1 if there was nothing yet."""
        return self._newest_ms.get(track, -1)

    def pass_by(self, track: Track, at_ms: int) -> None:
        """Something was written to the track directly."""
        self._newest_ms[track] = max(at_ms, self.newest_ms(track))

    def put(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self.pass_by(block.track, block.at_ms)
            at_ms = self._newest_ms[block.track]
            # The timeline of an instant comes before its pictures and sounds.
            order = self._count - _FIRST if block.track in TEXT_TRACKS else self._count
            heapq.heappush(self._heap, (at_ms, order, Block(block.track, at_ms, block.data, block.key)))
            self._count += 1
            self.size += len(block.data)

    def take_until(self, before_ms: int) -> Iterator[Block]:
        while self._heap and self._heap[0][0] < before_ms:
            block = heapq.heappop(self._heap)[2]
            self.size -= len(block.data)
            yield block
