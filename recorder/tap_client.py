"""The recorder's end of the tap line: connects to the media worker, and again when it went away."""

import asyncio
import contextlib
from collections.abc import Callable

from sfu import RoomId
from sfu.tapline import AskKeyframes, FromTap, TapRoom, decode_from_tap, frame
from sfu.wire import BadFrame, Deframer

RETRY_S = 0.25
READ_BYTES = 1 << 18


class TapClient:
    """One room's tap. `run` keeps it connected until it is cancelled."""

    def __init__(self, path: str, room: RoomId, take: Callable[[FromTap], None]) -> None:
        self._path = path
        self._room = room
        self._take = take
        self._writer: asyncio.StreamWriter | None = None
        self.up = False
        """A media worker answers."""

    def ask_keyframes(self) -> None:
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.write(frame(AskKeyframes()))

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, BadFrame):
                await self._connected()
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> None:
        """One connection, until the worker goes. Raises OSError, BadFrame."""
        reader, self._writer = await asyncio.open_unix_connection(self._path)
        writer, deframer = self._writer, Deframer()
        try:
            writer.write(frame(TapRoom(self._room)))
            self.up = True
            while data := await reader.read(READ_BYTES):
                for body in deframer.feed(data):
                    self._take(decode_from_tap(body))
        finally:
            self.up = False
            self._writer = None
            writer.transport.abort()
