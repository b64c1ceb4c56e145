"""The recorder's end of the tap line: connects to the media worker, and again after it went away."""

import asyncio
import logging
from collections.abc import Callable

from sfu import RoomId
from sfu.line import FrameLine
from sfu.tapline import AskKeyframes, FromTap, TapRoom, decode_from_tap, frame
from sfu.wire import BadFrame

RETRY_S = 0.25
MAX_UNSENT_BYTES = 1 << 16
"""It is only ever sent its room and requests for keyframes."""
READ_BYTES = 1 << 18

log = logging.getLogger("giaoban.recorder")


class TapClient:
    """One room's tap. `run` keeps it connected until it is cancelled.

    `changed` is told whether a media worker answers, before any of its messages is taken.
    """

    def __init__(
        self, path: str, room: RoomId, take: Callable[[FromTap], None], changed: Callable[[bool], None]
    ) -> None:
        self._path = path
        self._room = room
        self._take = take
        self._changed = changed
        self._line: FrameLine[FromTap] | None = None

    def ask_keyframes(self) -> None:
        if self._line is not None:
            self._line.send(frame(AskKeyframes()))

    async def run(self) -> None:
        while True:
            try:
                await self._connected()
            except BadFrame as error:
                log.error("tap-bad-frame why=%r", str(error))
            except OSError:
                pass  # the worker is away: `changed` was told
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> None:
        """One connection, until the worker goes. Raises OSError, BadFrame."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        self._line = line = FrameLine(
            reader,
            writer,
            decode_from_tap,
            peer="media",
            max_unsent_bytes=MAX_UNSENT_BYTES,
            read_bytes=READ_BYTES,
        )
        self._changed(True)
        try:
            line.send(frame(TapRoom(self._room)))
            async for message in line:
                self._take(message)
        finally:
            self._line = None
            self._changed(False)
            line.cut()
