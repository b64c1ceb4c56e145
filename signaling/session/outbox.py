"""What is still to be sent to one client: in order, bounded, and only the newest where that is enough."""

import asyncio
from collections import OrderedDict

from signaling.live.backlog import NEWEST_ONLY, Backlog, KeptMessage
from signaling.model.words import Why
from signaling.protocol import Bye, Frame, ServerMessage


class Outbox:
    def __init__(self, size: int) -> None:
        self._size = size
        self._frames: OrderedDict[object, tuple[Frame, KeptMessage | None]] = OrderedDict()
        self.backlog = Backlog()
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def post(self, message: ServerMessage, frame: Frame) -> None:
        """Queue a message with its encoded frame. If the queue is full, the client is told it is too slow."""
        kept = self.backlog.post(message, frame)
        if self._closed:
            return  # it will not be sent now, but the page may come back for it
        kind = type(message)
        key: object = kind if kind in NEWEST_ONLY else object()
        if key not in self._frames and len(self._frames) >= self._size:
            self._frames.clear()
            self.dismiss(Bye(Why.TOO_SLOW))
            return
        self._frames[key] = frame, kept
        self._frames.move_to_end(key)
        self._changed.set()

    def dismiss(self, bye: Bye) -> None:
        """Send this last message, and nothing after it."""
        if not self._closed:
            self._frames[object()] = Frame(bye), None
            self.close()

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def next(self) -> Frame | None:
        """The next frame; None: there will be no more."""
        while not self._frames:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        frame, kept = self._frames.popitem(last=False)[1]
        self.backlog.sent(kept)
        return frame
