"""A bounded pipe of bytes between two threads, read as pyrage reads and written as it writes.

What lies in it is plain text or nearly so: it is kept in memory only, and let go as soon as it was read.
"""

import threading
from collections import deque


class Broken(Exception):
    """The other side gave up; nothing more goes through."""


class Pipe:
    """One side writes, one side reads; `end` is the writer's, `abandon` is anybody's.

    Its waits have no deadline of their own, for a recording may be silent for an hour: whoever holds the pipe
    ends or abandons it, and that ends them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: deque[memoryview] = deque()
        self._held = 0
        self._passed = 0
        self._hungry = False
        """The reader waits: it has done with all it was given."""
        self._ended = False
        self._abandoned = False
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes written and not read yet."""
        return self._held

    @property
    def passed(self) -> int:
        """Bytes written, all in all."""
        return self._passed

    def offer(self, data: bytes) -> bool:
        """Put it in if there is room for all of it. Never waits. Raises Broken."""
        with self._changed:
            if self._abandoned or self._ended:
                raise Broken
            if self._held + len(data) > self._limit:
                return False
            self._put(data)
            return True

    def write(self, data: bytes) -> int:
        """Put it in, waiting for room. Raises Broken."""
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._held < self._limit)
            if self._abandoned:
                raise Broken
            self._put(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it."""

    def read(self, most: int) -> bytes:
        """Up to `most` bytes as soon as there are some; none: it was ended. Raises Broken."""
        with self._changed:
            if not self._parts:
                self._hungry = True
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._abandoned or self._ended or bool(self._parts))
            self._hungry = False
            if self._abandoned:
                raise Broken
            return self._take(most)

    def drained(self, deadline_s: float) -> bool:
        """Wait until the reader has done with everything that was written so far."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._abandoned or (self._hungry and not self._parts), max(0.0, deadline_s)
            )
            return self._hungry and not self._parts

    def peek(self, most: int) -> bytes:
        """The next `most` bytes, fewer only where it ends; they stay. Raises Broken.

        `most` is far below the limit, or this would wait for what has no room.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._ended or self._held >= most)
            if self._abandoned:
                raise Broken
            return b"".join(self._parts)[:most]

    def end(self) -> None:
        """Nothing more comes; what is in it can still be read."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Wake both sides, for good, and forget what is in it."""
        with self._changed:
            self._abandoned = True
            self._parts.clear()
            self._held = 0
            self._changed.notify_all()

    def _put(self, data: bytes) -> None:
        if data:
            self._parts.append(memoryview(data))
            self._held += len(data)
            self._passed += len(data)
            self._changed.notify_all()

    def _take(self, most: int) -> bytes:
        if not self._parts:
            return b""
        part = self._parts.popleft()
        if len(part) > most:
            self._parts.appendleft(part[most:])
            part = part[:most]
        self._held -= len(part)
        self._changed.notify_all()
        return bytes(part)
