"""What still has to be sent to one client: in order, bounded, and of the newest only where that is enough."""

import asyncio
from collections import OrderedDict

from signaling.live.backlog import Backlog, KeptMessage
from signaling.model.words import Why
from signaling.protocol import Bye, Lobby, OwnLine, Roster, SendPlan, ServerMessage, Slots, Speakers, encode

NEWEST_ONLY = frozenset({Roster, Lobby, Speakers, Slots, SendPlan, OwnLine})
"""Each of these says all there is to say, so an unsent older one is dropped for the newer."""


class Outbox:
    def __init__(self, size: int) -> None:
        self._size = size
        self._frames: OrderedDict[object, tuple[str, KeptMessage | None]] = OrderedDict()
        self.backlog = Backlog()
        self._stirred = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def post(self, message: ServerMessage, frame: str) -> None:
        """Queue a message with its encoded frame. One too many, and the client is told it is too slow."""
        kept = self.backlog.post(message, frame)
        if self._closed:
            return  # nobody will send it, but the page may come back for it
        kind = type(message)
        key: object = kind if kind in NEWEST_ONLY else object()
        if key not in self._frames and len(self._frames) >= self._size:
            self._frames.clear()
            self.dismiss(Bye(Why.TOO_SLOW))
            return
        self._frames[key] = frame, kept
        self._frames.move_to_end(key)
        self._stirred.set()

    def dismiss(self, bye: Bye) -> None:
        """The last message; nothing follows it."""
        if not self._closed:
            self._frames[object()] = encode(bye), None
            self.close()

    def close(self) -> None:
        self._closed = True
        self._stirred.set()

    async def next(self) -> str | None:
        """The next frame, or None when there will be no more."""
        while not self._frames:
            if self._closed:
                return None
            self._stirred.clear()
            await self._stirred.wait()
        frame, kept = self._frames.popitem(last=False)[1]
        self.backlog.sent(kept)
        return frame
