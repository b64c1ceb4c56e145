"""The worker's second Unix socket: a recorder connects, says which room it taps, and is sent its media.

Nobody waits for a recorder that does not read: what waits to be sent is bounded, and beyond that its line
is cut. It connects again, and begins with the next keyframes.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from sfu import RoomId
from sfu.fastpath import TableFull
from sfu.line import FrameLine, listening
from sfu.plane.plane import Plane
from sfu.tapline import AskKeyframes, FromTap, TapRoom, ToTap, decode_to_tap, frame
from sfu.wire import BadFrame

MAX_UNSENT_BYTES = 4 << 20
READ_BYTES = 1 << 12
FIRST_MESSAGE_S = 5.0
"""How long a connection may take to say which room it taps."""

log = logging.getLogger("giaoban.media")


class TapServer:
    """Serves the tap lines of one worker."""

    def __init__(self, plane: Plane, *, first_message_s: float = FIRST_MESSAGE_S) -> None:
        self._plane = plane
        self._first_message_s = first_message_s

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One line, from first to last byte."""
        line = tap_line(reader, writer)
        try:
            room = await self._room(line)
            if room is not None:
                await self._serve_room(line, room)
        except BadFrame as error:
            log.error("tap-bad-frame why=%r", str(error))
        except TableFull:
            log.error("tap-refused why=full")
        except TimeoutError:
            log.error("tap-refused why=silent")
        except ConnectionError:
            pass  # the recorder has gone
        finally:
            line.close()

    async def _room(self, line: FrameLine[ToTap]) -> RoomId | None:
        """The room it taps, which it says first; None: it closed. Raises BadFrame, TimeoutError,
        ConnectionError."""
        async with asyncio.timeout(self._first_message_s):
            first = await line.next()
        if isinstance(first, AskKeyframes):
            raise BadFrame("a tap line begins with its room")
        return None if first is None else first.room

    async def _serve_room(self, line: FrameLine[ToTap], room: RoomId) -> None:
        """Raises BadFrame, TableFull, ConnectionError."""
        tap = self._plane.open_tap(room, lambda messages: send_all(line, messages))
        log.info("tap-up room=%s", room)
        try:
            async for message in line:
                if isinstance(message, TapRoom):
                    raise BadFrame("a tap line has one room")
                self._plane.refresh_tap(tap)
        finally:
            self._plane.close_tap(tap)
            log.info("tap-down room=%s", room)


def tap_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> FrameLine[ToTap]:
    """The worker's end of a tap line."""
    return FrameLine(
        reader,
        writer,
        decode_to_tap,
        peer="recorder",
        max_unsent_bytes=MAX_UNSENT_BYTES,
        read_bytes=READ_BYTES,
    )


def send_all(line: FrameLine[ToTap], messages: Sequence[FromTap]) -> None:
    """Never waits, never fails: a recorder that does not read loses its line."""
    try:
        line.send(b"".join(map(frame, messages)))
    except ValueError as error:  # a bug of ours ends this tap, not the meeting
        log.error("tap-frame-too-long why=%r", str(error))
        line.cut()


@contextlib.asynccontextmanager
async def serve_taps(plane: Plane, socket_path: str | None) -> AsyncIterator[None]:
    """While the worker runs; without a path there are no taps. Raises OSError."""
    if socket_path is None:
        yield
        return
    async with listening(socket_path, TapServer(plane).serve):
        yield
