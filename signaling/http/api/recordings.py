"""Recordings for those who may have them: the list, and the encrypted file of one. The keys are elsewhere.

| path | what |
|---|---|
| GET /api/recordings | all of them, oldest first: for chair and operator by account |
| GET /api/recordings/ID.tar | one, as it is on the disk, or a single Range of it: for the chair by account |
"""

import asyncio
import logging
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from recorder import RecordingId, shelf
from recorder.shelf import ShelvedRecording, TarPlan
from signaling.connections.connection import abort
from signaling.custody import custody
from signaling.custody.byte_range import BadRange, Span, span_untrusted
from signaling.http.answers import json, problem
from signaling.http.auth import actor, allowed, held
from signaling.http.context import CONTEXT
from signaling.model.meeting import Account
from signaling.room.state.roles import RECORDINGS, Custody

log = logging.getLogger("giaoban.http")

MAX_DOWNLOADS = 2
"""At once: the meeting has the first right to disk and line."""
MAX_LISTINGS = 4
STALL_S = 60.0
"""A client that takes nothing for this long is gone."""
RETRY_AFTER_S = 60


class Places:
    """A fixed number at once; nobody waits for one."""

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
    """0: in progress, or broken off."""
    size_bytes: int = msgspec.field(name="octets")  # the JSON key is older than the word
    segments: int
    keys: tuple[str, ...]
    """Names of the keys that lock it."""
    on: bool
    delete_ms: int
    """0: never."""


class RecordingList(msgspec.Struct, frozen=True):
    recordings: tuple[RecordingEntry, ...]
    may_download: bool


def install(app: web.Application) -> None:
    app[_DOWNLOADS] = Places(MAX_DOWNLOADS)
    app[_LISTINGS] = Places(MAX_LISTINGS)
    app.router.add_get("/api/recordings", listing, allow_head=False)
    app.router.add_get(r"/api/recordings/{id:[a-z0-9-]{1,64}}.tar", download, allow_head=False)


def _busy() -> web.Response:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-downloads", RETRY_AFTER_S)


# --- the list ---


async def listing(request: web.Request) -> web.Response:
    reader = await allowed(request, RECORDINGS[Custody.LIST])
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
    return json(view)


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
        size_bytes=kept.size_bytes,
        segments=kept.segments,
        keys=tuple(key.name for key in kept.keys),
        on=on,
        delete_ms=0 if on else custody.delete_ms(kept, keep_days),
    )


# --- one of them ---


async def download(request: web.Request) -> web.StreamResponse:
    reader = await allowed(request, RECORDINGS[Custody.DOWNLOAD])
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
        with held(request):
            await _send(answer, plan, span)
    except (shelf.NoRecording, TimeoutError, ConnectionError) as error:
        log.info("download-broken-off recording=%s why=%s", name, type(error).__name__)
        if request.transport is not None:
            abort(request.transport)  # half a file must not look like a whole one
        return answer
    await answer.write_eof()
    return answer


def _asked_untrusted(request: web.Request, plan: TarPlan) -> Span:
    """If the file has changed since the client got its first part, it gets the whole file.
    Raises BadRange."""
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != plan.etag:
        return Span(0, plan.length)
    return span_untrusted(request.headers.get("Range"), plan.length)


def _write_down(request: web.Request, reader: Account, name: str, span: Span) -> None:
    request.app[CONTEXT].audit.note(
        "recording-downloaded",
        who=actor(request, reader),
        # "octets" is the audit log's older word for bytes.
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
    """Read in threads, one part at a time. Raises NoRecording, TimeoutError, and ConnectionError if the
    client has gone."""
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
