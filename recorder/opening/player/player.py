"""The player: a page on this machine's loopback, and the film, made and decrypted while it is watched.
Nothing is written to a disk, and nobody else can request it.

| path | what |
|---|---|
| /TOKEN/ | the page; play.js and play.css beside it |
| /TOKEN/timeline | who spoke when, marks, holes: JSON, seconds of the film |
| /TOKEN/watch?from=S | the film from that second on, as WebM of unknown length |

TOKEN is drawn at random each time. Another site in the same browser does not know it and cannot read the
responses.
"""

import asyncio
import contextlib
import itertools
import logging
import queue
import secrets
import threading
from collections.abc import Awaitable, Callable, Generator
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from recorder.opening.film.composer import FilmFrame, FilmSource, FilmStyle
from recorder.opening.film.contents import BlockSource, Contents, Turn
from recorder.opening.film.edit_list import FPS, edit_list, edits_from, frame_at, frame_count
from recorder.opening.film.encoding import CannotEncode, live

HERE = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
_FILES = {
    "": ("index.html", "text/html"),
    "play.js": ("play.js", "text/javascript"),
    "play.css": ("play.css", "text/css"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
    " media-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_MAX_QUEUED = 256
"""Pieces of the film that may wait for the browser: some seconds."""
_MAX_WAIT_S = 30.0
"""How long a paused browser may take nothing; later the film is started anew when it resumes."""

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TimelineSpan(msgspec.Struct, frozen=True):
    """A turn, mark or hole on the film's time, in seconds."""

    from_s: float
    until_s: float
    name: str
    unit: str = ""


class FilmTimeline(msgspec.Struct, frozen=True):
    """What the page shows next to the film."""

    title: str
    begun_ms: int
    seconds: float
    turns: tuple[TimelineSpan, ...]
    marks: tuple[TimelineSpan, ...]
    holes: tuple[TimelineSpan, ...]
    faults: tuple[str, ...]


class Player:
    """One recording, for as long as its page is served."""

    def __init__(self, recording: BlockSource, contents: Contents, style: FilmStyle) -> None:
        self.token = secrets.token_urlsafe(16)
        self._recording = recording
        self._contents = contents
        self._style = style
        self._edits = edit_list(contents)
        self._watching: _FilmStream | None = None

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_guarded])
        for name in _FILES:
            app.router.add_get(f"/{self.token}/{name}", self._file)
        app.router.add_get(f"/{self.token}/timeline", self._timeline)
        app.router.add_get(f"/{self.token}/watch", self._watch)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = _FILES[request.path.rpartition("/")[2]]
        body = await asyncio.to_thread((PAGE / name).read_bytes)
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    async def _timeline(self, _: web.Request) -> web.Response:
        body = msgspec.json.encode(self.timeline())
        return web.Response(body=body, content_type="application/json", headers=_HEADERS)

    def timeline(self) -> FilmTimeline:
        contents = self._contents
        return FilmTimeline(
            title=contents.title,
            begun_ms=contents.begun_ms,
            seconds=frame_count(self._edits) / FPS,
            turns=tuple(self._turn(turn) for turn in contents.turns),
            marks=tuple(
                TimelineSpan(self._film_s(mark.at_ms), self._film_s(mark.at_ms), mark.text or mark.by)
                for mark in contents.marks
            ),
            holes=tuple(
                TimelineSpan(self._film_s(hole.from_ms), self._film_s(hole.until_ms), hole.kind or "lost")
                for hole in contents.holes
            ),
            faults=contents.faults,
        )

    def _turn(self, turn: Turn) -> TimelineSpan:
        return TimelineSpan(self._film_s(turn.from_ms), self._film_s(turn.until_ms), turn.name, turn.unit)

    def _film_s(self, at_ms: int) -> float:
        return frame_at(self._edits, at_ms) / FPS

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        from_s = _seconds_untrusted(request.query.get("from", "0"))
        if from_s is None:
            return web.Response(status=HTTPStatus.BAD_REQUEST, headers=_HEADERS)
        if self._watching is not None:
            self._watching.stop()  # only one film is watched at a time: this is a seek
        stream = self._watching = _FilmStream(self._frames(from_s))
        answer = web.StreamResponse(headers={**_HEADERS, "Content-Type": "video/webm"})
        await answer.prepare(request)
        try:
            while piece := await asyncio.to_thread(stream.next):
                async with asyncio.timeout(_MAX_WAIT_S):
                    await answer.write(piece)
            await answer.write_eof()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            stream.stop()
        return answer

    def _frames(self, from_s: float) -> Callable[[], Generator[FilmFrame, None, None]]:
        number = min(int(from_s * FPS), frame_count(self._edits) - 1)
        rest = edits_from(self._edits, number)

        def frames() -> Generator[FilmFrame, None, None]:
            source = FilmSource(self._recording, self._contents, self._style, rest[0].at_ms)
            try:
                yield from source.frames(rest)
            finally:
                source.close()

        return frames


class _FilmStream:
    """A film made in a thread and taken piece by piece."""

    def __init__(self, frames: Callable[[], Generator[FilmFrame, None, None]]) -> None:
        self._pieces: queue.Queue[bytes] = queue.Queue(_MAX_QUEUED)
        self._stopped = threading.Event()
        threading.Thread(target=self._make, args=(frames,), name="film", daemon=True).start()

    def next(self) -> bytes:
        """Empty once the film is over or stopped."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Empty):
                return self._pieces.get(timeout=0.5)
        return b""

    def stop(self) -> None:
        self._stopped.set()

    def write(self, data: bytes) -> int:
        """Called by the encoder. Once nobody watches any more, the data is dropped."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(bytes(data), timeout=0.5)
                break
        return len(data)

    def _make(self, frames: Callable[[], Generator[FilmFrame, None, None]]) -> None:
        made = frames()
        try:
            live(itertools.takewhile(lambda _: not self._stopped.is_set(), made), self)
        except CannotEncode as error:
            _log.warning("film-broke-off why=%r", str(error))
        finally:
            made.close()
            self.write(b"")


def _seconds_untrusted(text: str) -> float | None:
    """None if this is no number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 7 * 24 * 3600 else None


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Allow only this machine's own names as Host: any other name that points here is another site's."""
    host = request.host.partition(":")[0]
    if host not in (HERE, "localhost"):
        return web.Response(status=HTTPStatus.FORBIDDEN)
    return await handler(request)


async def serve(player: Player, ready: Callable[[str], None], stop: asyncio.Event, port: int = 0) -> None:
    """Serve until `stop`; `ready` is called with the page's address. Raises OSError."""
    runner = web.AppRunner(player.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HERE, port)
        await site.start()
        (address,) = runner.addresses
        ready(f"http://{HERE}:{address[1]}/{player.token}/")
        await stop.wait()
    finally:
        await runner.cleanup()
