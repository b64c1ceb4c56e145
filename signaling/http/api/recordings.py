"""Recordings for those who may have them: the list, and the encrypted file of one. The key is elsewhere.

| path | what |
|---|---|
| GET /api/recordings | all of them, the oldest first: chair and operator by account |
| GET /api/recordings/ID.tar | one, as it lies on the disk; a single Range is served: chair by account |
"""

import asyncio
import logging
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from recorder import RecordingId, shelf
from recorder.shelf import ShelvedRecording, TarPlan
from signaling.audit.chain import Actor
from signaling.custody import custody
from signaling.custody.byte_range import BadRange, Span, span_untrusted
from signaling.http import guards
from signaling.http.context import CONTEXT, COOKIE
from signaling.http.guards import problem
from signaling.model.meeting import Account
from signaling.room.state.roles import RECORDINGS, Custody

log = logging.getLogger("giaoban.http")

DOWNLOADS = 2
"""At once: the disk and the line belong to the meeting first."""
LISTINGS = 4
STALL_S = 60.0
"""A client that takes nothing for so long is gone."""
RETRY_AFTER_S = 60


class Places:
    """So many at once, and nobody waits for one."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> bool:
        taken = self._free > 0
        self._free -= taken
        return taken

    def leave(self) -> None:
        self._free += 1


_DOWNLOADS = web.AppKey("downloads", Places)
_LISTINGS = web.AppKey("listings", Places)


class RecordingEntry(msgspec.Struct, frozen=True):
    id: RecordingId
    meeting: str
    """Its code."""
    title: str
    begun_ms: int
    ended_ms: int
    """0: it goes on, or was broken off."""
    octets: int
    segments: int
    keys: tuple[str, ...]
    """Names of those that lock it."""
    on: bool
    delete_ms: int
    """0: never."""


class RecordingList(msgspec.Struct, frozen=True):
    recordings: tuple[RecordingEntry, ...]
    may_download: bool


def install(app: web.Application) -> None:
    app[_DOWNLOADS] = Places(DOWNLOADS)
    app[_LISTINGS] = Places(LISTINGS)
    app.router.add_get("/api/recordings", listing, allow_head=False)
    app.router.add_get(r"/api/recordings/{id:[a-z0-9-]{1,64}}.tar", download, allow_head=False)


async def _allowed(request: web.Request, what: Custody) -> Account | web.Response:
    """Who asks, if their account may do this, from one of our pages."""
    if not guards.same_origin(request):
        return problem(HTTPStatus.FORBIDDEN, "other-origin")
    account = await request.app[CONTEXT].accounts.signed_in(request.cookies.get(COOKIE))
    if account is None:
        return problem(HTTPStatus.UNAUTHORIZED, "not-signed-in")
    return account if account.role in RECORDINGS[what] else problem(HTTPStatus.FORBIDDEN, "not-allowed")


def _busy() -> web.Response:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-downloads", RETRY_AFTER_S)


# --- the list ---


async def listing(request: web.Request) -> web.Response:
    reader = await _allowed(request, Custody.LIST)
    if isinstance(reader, web.Response):
        return reader
    places = request.app[_LISTINGS]
    if not places.take():
        return _busy()
    try:
        entries = await _entries(request)
    except shelf.ShelfFailed as error:
        log.error("recordings-not-listed why=%s", error)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "storage-unavailable")
    finally:
        places.leave()
    view = RecordingList(entries, may_download=reader.role in RECORDINGS[Custody.DOWNLOAD])
    return web.Response(
        body=msgspec.json.encode(view),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _entries(request: web.Request) -> tuple[RecordingEntry, ...]:
    """Raises ShelfFailed, StorageUnavailable."""
    context = request.app[CONTEXT]
    if context.recordings is None:
        return ()
    found = await asyncio.to_thread(shelf.recordings, context.recordings)
    keep_days = await context.store.meetings.keep_days()
    going_on = context.rooms.going_on()
    return tuple(_entry(kept, kept.id in going_on, keep_days.get(kept.meeting, 0)) for kept in found)


def _entry(kept: ShelvedRecording, on: bool, keep_days: int) -> RecordingEntry:
    return RecordingEntry(
        id=kept.id,
        meeting=kept.meeting,
        title=kept.title,
        begun_ms=kept.begun_ms,
        ended_ms=kept.ended_ms,
        octets=kept.size_bytes,
        segments=kept.segments,
        keys=tuple(key.name for key in kept.keys),
        on=on,
        delete_ms=0 if on else custody.delete_ms(kept, keep_days),
    )


# --- one of them ---


async def download(request: web.Request) -> web.StreamResponse:
    reader = await _allowed(request, Custody.DOWNLOAD)
    if isinstance(reader, web.Response):
        return reader
    directory, name = request.app[CONTEXT].recordings, request.match_info["id"]
    if directory is None:
        return problem(HTTPStatus.NOT_FOUND, "unknown-recording")
    places = request.app[_DOWNLOADS]
    if not places.take():
        return _busy()
    try:
        return await _download(request, reader, directory, name)
    finally:
        places.leave()


async def _download(request: web.Request, reader: Account, directory: Path, name: str) -> web.StreamResponse:
    try:
        plan = await asyncio.to_thread(shelf.tar_plan, directory, name)
    except shelf.NoRecording:
        return problem(HTTPStatus.NOT_FOUND, "unknown-recording")
    try:
        span = _asked_untrusted(request, plan)
    except BadRange:
        refused = problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "bad-request")
        refused.headers["Content-Range"] = f"bytes */{plan.length}"
        return refused
    _write_down(request, reader, name, span)
    answer = _opening(plan, span)
    await answer.prepare(request)
    try:
        await _send(answer, plan, span)
    except (shelf.NoRecording, TimeoutError, ConnectionError) as error:
        log.info("download-broken-off recording=%s why=%s", name, type(error).__name__)
        if request.transport is not None:
            request.transport.abort()  # half a file must not look like a whole one
        return answer
    await answer.write_eof()
    return answer


def _asked_untrusted(request: web.Request, plan: TarPlan) -> Span:
    """Octets of a file that has changed since do not fit to those the client has: it gets all of it.
    Raises BadRange."""
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != plan.etag:
        return Span(0, plan.length)
    return span_untrusted(request.headers.get("Range"), plan.length)


def _write_down(request: web.Request, reader: Account, name: str, span: Span) -> None:
    request.app[CONTEXT].audit.note(
        "recording-downloaded",
        who=Actor(reader.id, reader.login, request.remote or ""),
        fields=(("recording", name), ("from", span.start), ("octets", span.end - span.start)),
    )


def _opening(plan: TarPlan, span: Span) -> web.StreamResponse:
    whole = span == Span(0, plan.length)
    headers = {
        "Content-Type": "application/x-tar",
        "Content-Disposition": f'attachment; filename="{plan.name}"',
        "Cache-Control": "no-store",
        "Accept-Ranges": "bytes",
        "ETag": plan.etag,
        "Content-Length": str(span.end - span.start),
    }
    if not whole:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{plan.length}"
    return web.StreamResponse(status=HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT, headers=headers)


async def _send(answer: web.StreamResponse, plan: TarPlan, span: Span) -> None:
    """Read in threads, one part at a time. Raises NoRecording, TimeoutError, and ConnectionError when
    the client went away."""
    parts = plan.read(span.start, span.end)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        sent = False
        try:
            async with asyncio.timeout(STALL_S):
                await answer.write(part)
            sent = True
        finally:
            if not sent:
                parts.close()
