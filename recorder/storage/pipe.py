"""A bounded pipe of bytes between two threads, with the read and write methods that pyrage expects.

It may carry plaintext: the bytes are only in memory and are released as soon as they are read.
"""

import threading
from collections import deque


class Broken(Exception):
    """The other side gave up; nothing more passes through."""


class Pipe:
    """One side writes, one side reads; the writer calls `end`, anyone may call `abandon`.

    Its waits have no deadline, because a recording may be silent for an hour: they end when the owner of the
    pipe ends or abandons it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: deque[memoryview] = deque()
        self._held = 0
        self._passed = 0
        self._hungry = False
        """The reader waits: it has finished with everything it was given."""
        self._ended = False
        self._abandoned = False
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes written but not read yet."""
        return self._held

    @property
    def passed(self) -> int:
        """Bytes written in total."""
        return self._passed

    def offer(self, data: bytes) -> bool:
        """Write it if there is room for all of it. Never waits. Raises Broken."""
        with self._changed:
            if self._abandoned or self._ended:
                raise Broken
            if self._held + len(data) > self._limit:
                return False
            self._put(data)
            return True

    def write(self, data: bytes) -> int:
        """Write it, waiting for room. Raises Broken."""
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._held < self._limit)
            if self._abandoned:
                raise Broken
            self._put(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: nothing is buffered beyond the pipe."""

    def read(self, most: int) -> bytes:
        """Up to `most` bytes as soon as there are any; empty once it has ended. Raises Broken."""
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
        """Wait until the reader has finished with everything written so far. Returns whether it has."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._abandoned or (self._hungry and not self._parts), max(0.0, deadline_s)
            )
            return self._hungry and not self._parts

    def peek(self, most: int) -> bytes:
        """The next `most` bytes, fewer only at the end, without removing them. Raises Broken.

        `most` must be far below the limit, or this would wait for bytes that have no room.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._ended or self._held >= most)
            if self._abandoned:
                raise Broken
            return b"".join(self._parts)[:most]

    def end(self) -> None:
        """No more will be written; what is in the pipe can still be read."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Wake both sides for good and drop the contents."""
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
