"""The recorder's end of the tap line: connects to the media worker, and again when it went away. Shell."""

import asyncio
import logging
from collections.abc import Callable

from sfu import RoomId
from sfu.tapline import AskKeyframes, FromTap, TapRoom, decode_from_tap, frame
from sfu.wire import BadFrame, Deframer

RETRY_S = 0.25
READ_BYTES = 1 << 18

log = logging.getLogger("giaoban.recorder")


class TapClient:
    """One room's tap. `run` keeps it connected until it is cancelled.

    `changed` is told whether a media worker answers, before anything of it is taken.
    """

    def __init__(
        self, path: str, room: RoomId, take: Callable[[FromTap], None], changed: Callable[[bool], None]
    ) -> None:
        self._path = path
        self._room = room
        self._take = take
        self._changed = changed
        self._writer: asyncio.StreamWriter | None = None

    def ask_keyframes(self) -> None:
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.write(frame(AskKeyframes()))

    async def run(self) -> None:
        while True:
            try:
                await self._connected()
            except BadFrame as error:
                log.error("media worker sent a bad frame: %s", error)
            except OSError:
                pass  # it is away; told by `changed`
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> None:
        """One connection, until the worker goes. Raises OSError, BadFrame."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        deframer = Deframer()
        self._writer = writer
        self._changed(True)
        try:
            writer.write(frame(TapRoom(self._room)))
            while data := await reader.read(READ_BYTES):
                for body in deframer.feed(data):
                    self._take(decode_from_tap(body))
        finally:
            self._writer = None
            self._changed(False)
            writer.transport.abort()
