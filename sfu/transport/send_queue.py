"""The packets that wait for a TCP line, and how much the line may be given. Without I/O.

Nothing can overtake what the system has been given: on a thin line with deep buffers, seconds of pictures
would stand before a voice. So the system gets only what the line carries within its own delay and a moment
more.
"""

from collections import deque
from collections.abc import Set

MAX_WAIT_BYTES = 64 * 1024
"""A large keyframe must fit at once."""
MAX_WAIT_S = 0.4
"""After an interruption of ten seconds nobody wants to hear the voices of those ten seconds."""
QUEUE_S = 0.1
"""How much of what the line carries may stand in its buffers."""
MIN_ROOM_BYTES = 6 * 1024
"""At the beginning, and for a line that stands still: 0.16 s at 300 kbit/s."""
MAX_ROOM_BYTES = 128 * 1024
URGENT_BYTES = 4 * 1024
"""Extra room for packets that do not wait, in case pictures have just used up the room."""
GAUGE_S = 0.2
"""How often the line's rate is measured anew."""


_Waiting = tuple[float, bytes, int]
"""When it came, the packet, its producer."""


class SendQueue:
    """Urgent packets first, each kind in order."""

    __slots__ = ("_bytes", "_other", "_urgent", "dropped")

    def __init__(self) -> None:
        self.dropped = 0
        self._urgent: deque[_Waiting] = deque()
        self._other: deque[_Waiting] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._other)

    def put(self, packet: bytes, urgent: bool, now: float, producer: int = -1) -> None:
        """When it is full the oldest packet is dropped, pictures first."""
        self._expire(now)
        (self._urgent if urgent else self._other).append((now, packet, producer))
        self._bytes += len(packet)
        while self._bytes > MAX_WAIT_BYTES:
            self._drop(self._other or self._urgent)

    def take(self, now: float, room: int) -> bytes | None:
        """The next packet to write, if a line that may be given `room` bytes has room for its kind."""
        self._expire(now)
        line = self._urgent or self._other
        if not line or room + (URGENT_BYTES if line is self._urgent else 0) <= 0:
            return None
        _, packet, _ = line.popleft()
        self._bytes -= len(packet)
        return packet

    def withdraw(self, producers: Set[int]) -> None:
        """What waits of these is never written."""
        self._urgent, self._other = (
            deque(waiting for waiting in line if waiting[2] not in producers)
            for line in (self._urgent, self._other)
        )
        self._bytes = sum(len(packet) for line in (self._urgent, self._other) for _, packet, _ in line)

    def _expire(self, now: float) -> None:
        for line in (self._urgent, self._other):
            while line and now - line[0][0] > MAX_WAIT_S:
                self._drop(line)

    def _drop(self, line: deque[_Waiting]) -> None:
        _, packet, _ = line.popleft()
        self._bytes -= len(packet)
        self.dropped += 1


class LineGauge:
    """How many bytes a line may have taken and not yet confirmed.

    When it has always had enough to do, it carries what it confirmed; otherwise at least that much.
    """

    __slots__ = ("_acked", "_at", "_is_busy", "_rate", "_room")

    def __init__(self) -> None:
        self._at: float | None = None
        self._acked = 0
        self._rate = 0.0
        """Bytes per second."""
        self._room = MIN_ROOM_BYTES
        self._is_busy = False

    def room(self, written: int, acked: int, min_rtt_s: float, now: float) -> int:
        """What may be written now; negative when too much is under way. `written` and `acked` count from the
        line's beginning."""
        outstanding = max(0, written - acked)
        if self._at is None:
            self._at, self._acked = now, acked
        elif now - self._at >= GAUGE_S:
            measured = (acked - self._acked) / (now - self._at)
            self._rate = measured if self._is_busy else max(measured, self._rate)
            self._room = int(min(max(self._rate * (min_rtt_s + QUEUE_S), MIN_ROOM_BYTES), MAX_ROOM_BYTES))
            self._at, self._acked, self._is_busy = now, acked, True
        if 2 * outstanding < self._room:
            self._is_busy = False
        return self._room - outstanding
