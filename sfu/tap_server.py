"""The worker's second Unix socket: recorders connect, say which room they tap, and are sent what it brings.

A recorder that does not read is no reason for anybody to wait: what it is owed is bounded, and beyond that
its line is cut. It comes again, and begins with the next keyframes.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Sequence

from sfu.fastpath import TableFull
from sfu.plane.plane import Plane
from sfu.plane.tap import Tap
from sfu.tapline import AskKeyframes, FromTap, TapRoom, decode_to_tap, frame
from sfu.wire import BadFrame, Deframer

OUTBOX_BYTES = 4 << 20
READ_BYTES = 1 << 12
FIRST_WORD_S = 5.0
"""Who connects and does not say what for is shown out."""

log = logging.getLogger("giaoban.media")


class TapServer:
    """All tap lines of one worker."""

    def __init__(self, plane: Plane, *, first_word_s: float = FIRST_WORD_S) -> None:
        self._plane = plane
        self._first_word_s = first_word_s
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One line, from first to last byte."""
        self._writers.add(writer)
        tap: Tap | None = None
        deframer = Deframer()
        try:
            while data := await asyncio.wait_for(
                reader.read(READ_BYTES), None if tap else self._first_word_s
            ):
                for body in deframer.feed(data):
                    tap = self._obey(tap, body, writer)
        except BadFrame as error:
            log.error("a recorder sent a bad frame: %s", error)
        except TableFull:
            log.error("too many taps")
        except TimeoutError:
            log.error("a recorder did not say which room it taps")
        except ConnectionError:
            pass
        finally:
            if tap is not None:
                self._plane.close_tap(tap)
                log.info("tap closed")
            self._writers.discard(writer)
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def _obey(self, tap: Tap | None, body: bytes, writer: asyncio.StreamWriter) -> Tap:
        """Raises BadFrame, TableFull."""
        match decode_to_tap(body), tap:
            case TapRoom(room=room), None:
                log.info("tap opened")
                return self._plane.open_tap(room, lambda messages: send_bounded(writer, messages))
            case AskKeyframes(), Tap():
                self._plane.refresh_tap(tap)
                return tap
            case _:
                raise BadFrame("a line begins with its room, and has but one")


def send_bounded(writer: asyncio.StreamWriter, messages: Sequence[FromTap]) -> None:
    """Never waits, never fails: who does not read what is sent loses its line."""
    if writer.is_closing():
        return
    if writer.transport.get_write_buffer_size() > OUTBOX_BYTES:
        log.error("a recorder does not read: its tap is closed")
        writer.transport.abort()
        return
    try:
        writer.write(b"".join(map(frame, messages)))
    except ValueError as error:  # a bug of ours ends this tap, not the meeting
        log.error("tap closed: %s", error)
        writer.transport.abort()


@contextlib.asynccontextmanager
async def serve_taps(plane: Plane, socket_path: str | None) -> AsyncIterator[None]:
    """While the worker runs; without a path there are no taps. Raises OSError."""
    if socket_path is None:
        yield
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket_path)
    taps = TapServer(plane)
    server = await asyncio.start_unix_server(taps.serve, socket_path)
    try:
        async with server:
            yield
            taps.close()
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket_path)
