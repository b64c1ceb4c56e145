"""What the kernel has noted and the slow path reads: arrivals, when packets were sent, missing numbers.

Feedback asks for hundreds of sent packets per tick, so their columns are read through memoryviews: reading an
element of one costs a tenth of reading a numpy field."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from sfu.fastpath.kernel.tables import ARRIVALS, SENT_PACKETS, SILENCE
from sfu.fastpath.memory import Bytes, Memory, Table
from sfu.fastpath.turn import Turn, in_turn


class Reach(NamedTuple):
    """Which unwrapped numbers of a layer may be read."""

    oldest: int
    """-1: none; its gate is shut, or nothing has come since it opened."""
    newest: int
    keyframe: int
    """Where its newest keyframe began; 0: there was none. It may lie before the oldest."""
    generation: int
    """When it changes, the numbers have begun anew."""
    ssrc: int


NOTHING = Reach(-1, -1, 0, -1, -1)


class StoredPacket(NamedTuple):
    """A packet in the history."""

    number: int
    ts: int
    marker: bool
    payload: bytes
    """Empty also when its row of the history was too short for it."""


class Readings:
    def __init__(self, memory: Memory, kernel: SimpleNamespace) -> None:
        self._memory = memory
        self._kernel = kernel
        self._here = memory.here
        self.turn = Turn(kernel, memory.here)
        self._context = memory.context[0]
        self.transports = memory.transports
        self.layers = memory.layers
        self._histories: dict[int, tuple[Bytes, Table]] = {}
        self._twcc_out = memory.transports["twcc_out"].data
        self._sent = memory.sent.data
        self._newest = memory.layers["max_seq"].data
        self._since = memory.layers["since"].data
        self._key_seq = memory.layers["key_seq"].data
        self._generation = memory.layers["generation"].data
        self._ssrc = memory.layers["ssrc"].data
        self._last_us = memory.layers["last_us"].data
        self._khz = memory.layers["khz"].data
        self._transit = memory.layers["transit"].data

    @in_turn
    def take_arrivals(self, transport: int) -> list[tuple[int, int]]:
        """(transport-wide number unwrapped, arrival us) since the last call; at most the newest ARRIVALS."""
        row = self.transports[transport]
        end = int(row.arrivals)
        start = max(int(row.arrivals_read), end - ARRIVALS)
        row.arrivals_read = end
        ring = self._memory.arrivals[transport]
        places = np.arange(start, end) % ARRIVALS
        return list(zip(ring[places, 0].tolist(), ring[places, 1].tolist(), strict=True))

    @in_turn
    def take_level(self, producer: int) -> tuple[int, int]:
        """Sum and number of the levels that a microphone's headers named since the last call."""
        row = self._memory.producers[producer]
        found = int(row.level_sum), int(row.level_count)
        row.level_sum = row.level_count = 0
        return found

    @in_turn
    def take_shut_level(self, producer: int) -> int:
        """The loudest level that the headers of a shut microphone named since the last call."""
        row = self._memory.producers[producer]
        loudest, row.shut_level = int(row.shut_level), SILENCE
        return loudest

    def sent_packet(self, transport: int, number: int) -> tuple[int, int] | None:
        """(sent us, bytes before protection) of an outgoing transport-wide 16-bit number, if it was not
        long ago. A packet noted as sent at 0 has not left yet."""
        at = self._find_sent(transport, number)
        kept = self._sent[transport, at] if at >= 0 else 0
        return (kept >> 16, kept & 0xFFFF) if kept >> 16 else None

    @in_turn
    def note_sent(self, transport: int, number: int, now_us: int) -> None:
        """The packet of this outgoing transport-wide 16-bit number was kept back and leaves only now; 0: it
        has not left yet."""
        at = self._find_sent(transport, number)
        if at >= 0:
            self._sent[transport, at] = now_us << 16 | self._sent[transport, at] & 0xFFFF

    @in_turn
    def take_gaps(self) -> list[tuple[int, int, int]]:
        """(layer, first, last) of the holes in pictures' unwrapped numbers that were seen since the last
        call. Holes are not noted for layers that nobody gets or waits for or whose gate is shut, nor if they
        have more than MAX_GAP numbers; at most GAPS per layer are kept."""
        if self._context.n_gaps == 0:
            return []
        self._context.n_gaps = 0
        counts = self.layers["gaps"]
        gaps = self._memory.gaps
        found = [
            (int(layer), int(first), int(last))
            for layer in np.flatnonzero(counts)
            for first, last in gaps[layer, : counts[layer]].tolist()
        ]
        counts[:] = 0
        return found

    @in_turn
    def missing(self, layer: int, numbers: Sequence[int]) -> list[int]:
        """Those of the unwrapped numbers that have not come yet and would still be accepted."""
        if layer not in self._histories:
            return []
        kept = self._histories[layer][1]["seq"]
        newest = int(self.layers["max_seq"][layer])
        return [
            number
            for number in numbers
            if newest - len(kept) < number <= newest and kept[number % len(kept)] != number
        ]

    @in_turn
    def sounds(self, layer: int, after: int, most: int) -> list[tuple[int, int, bytes]]:
        """(unwrapped number, timestamp, payload) of the sounds after number `after` that came while the gate
        was open, in order, at most the newest `most`. Sounds that are too long for their row of the history
        are missing, and so are those that come after a later one was read."""
        first, newest = self._since[layer], self._newest[layer]
        if first < 0 or layer not in self._histories or newest == after:
            return []
        if after > newest:  # another SSRC: the numbers have begun anew
            after = -1
        payloads, kept = self._histories[layer]
        rows = kept.view(np.ndarray)
        found: list[tuple[int, int, bytes]] = []
        for number in range(max(first, after + 1, newest - min(most, len(rows)) + 1), newest + 1):
            place = number % len(rows)
            seq, ts, length, _ = rows[place].item()
            if seq == number and 0 < length <= payloads.shape[1]:
                found.append((number, ts, payloads[place, :length].tobytes()))
        return found

    @in_turn
    def reach(self, layer: int) -> Reach:
        """What `packets` may be asked for. It never contains what came while the gate was shut."""
        if layer not in self._histories:
            return NOTHING
        since, newest = self._since[layer], self._newest[layer]
        oldest = -1 if since < 0 else max(since, newest - len(self._histories[layer][1]) + 1)
        return Reach(oldest, newest, self._key_seq[layer], self._generation[layer], self._ssrc[layer])

    @in_turn
    def packets(self, layer: int, after: int, most: int) -> list[StoredPacket]:
        """Those that follow that unwrapped number without a hole, in order, at most the first `most`."""
        reach = self.reach(layer)
        if reach.oldest < 0 or after + 1 < reach.oldest:
            return []
        payloads, kept = self._histories[layer]
        rows, room = kept.view(np.ndarray), payloads.shape[1]
        found: list[StoredPacket] = []
        for number in range(after + 1, min(after + most, reach.newest) + 1):
            place = number % len(rows)
            seq, ts, length, marker = rows[place].item()
            if seq != number:
                break
            payload = payloads[place, :length].tobytes() if length <= room else b""
            found.append(StoredPacket(number, ts, bool(marker), payload))
        return found

    @in_turn
    def arrival(self, layer: int) -> tuple[int, int]:
        """(timestamp, us) of the newest packet, which tells its clock; (0, 0) before the first.
        Retransmissions are ignored."""
        at_us = self._last_us[layer]
        return at_us * self._khz[layer] // 1000 - self._transit[layer] & 0xFFFF_FFFF, at_us

    def _find_sent(self, transport: int, number: int) -> int:
        """Its place in the ring; -1 when it was never sent, or too long ago."""
        newest = self._twcc_out[transport] - 1
        unwrapped = newest - (newest - number & 0xFFFF)
        return unwrapped % SENT_PACKETS if unwrapped >= 0 and newest - unwrapped < SENT_PACKETS else -1
