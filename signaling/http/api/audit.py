"""The audit log for chair and operator: read in pages, or downloaded as a file.

| path | what |
|---|---|
| GET /api/audit?meeting=CODE&after=N | the next entries after number N, as JSON |
| GET /api/audit?meeting=CODE&last=N | the same from the Nth newest entry on |
| GET /api/audit.jsonl?meeting=CODE, /api/audit.csv?meeting=CODE | all of them, as a file |

Without `meeting`: all entries, including those that belong to no meeting.
"""

import re
from http import HTTPStatus

import msgspec
from aiohttp import web

from signaling.audit.export import CONTENT_TYPE, AuditLine, Form, exported, line, opening
from signaling.connections.connection import abort
from signaling.http.answers import json, problem
from signaling.http.auth import actor, allowed, held
from signaling.http.context import CONTEXT
from signaling.room.state.seat import STAFF
from signaling.store import StorageUnavailable

PAGE = 200
"""Entries per page."""
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COUNT = re.compile(r"[1-9][0-9]{0,4}")
_NUMBER = re.compile(r"[0-9]{1,15}")


class AuditPage(msgspec.Struct, frozen=True):
    entries: tuple[AuditLine, ...]
    after: int
    """Ask with this for the next page."""
    more: bool


def install(app: web.Application) -> None:
    app.router.add_get("/api/audit", page, allow_head=False)
    app.router.add_get("/api/audit.jsonl", jsonl, allow_head=False)
    app.router.add_get("/api/audit.csv", table, allow_head=False)


def _asked_untrusted(request: web.Request) -> tuple[str | None, int] | web.Response:
    """Meeting and number of a request."""
    meeting, after = request.query.get("meeting"), request.query.get("after", "0")
    if (meeting is not None and not _CODE.fullmatch(meeting)) or not _NUMBER.fullmatch(after):
        return problem(HTTPStatus.BAD_REQUEST, "bad-request")
    return meeting, int(after)


async def page(request: web.Request) -> web.Response:
    reader = await allowed(request, STAFF)
    if isinstance(reader, web.Response):
        return reader
    asked = _asked_untrusted(request)
    if isinstance(asked, web.Response):
        return asked
    meeting, after = asked
    last = request.query.get("last")
    if last is not None:
        if not _COUNT.fullmatch(last):
            return problem(HTTPStatus.BAD_REQUEST, "bad-request")
        after = await request.app[CONTEXT].audit_table.before_last(int(last), meeting)
    found = await request.app[CONTEXT].audit_table.page(after, PAGE + 1, meeting)
    shown = found[:PAGE]
    view = AuditPage(
        entries=tuple(line(stored) for stored in shown),
        after=shown[-1].number if shown else after,
        more=len(found) > PAGE,
    )
    return json(view)


async def jsonl(request: web.Request) -> web.StreamResponse:
    return await _download(request, Form.JSONL)


async def table(request: web.Request) -> web.StreamResponse:
    return await _download(request, Form.CSV)


async def _download(request: web.Request, form: Form) -> web.StreamResponse:
    reader = await allowed(request, STAFF)
    if isinstance(reader, web.Response):
        return reader
    asked = _asked_untrusted(request)
    if isinstance(asked, web.Response):
        return asked
    meeting, after = asked
    context = request.app[CONTEXT]
    last = (
        await context.audit_table.head()
    ).number  # entries from now on, including this request, are not in it
    context.audit.note(
        "audit-exported",
        meeting=meeting or "",
        who=actor(request, reader),
        fields=(("form", form.value),),
    )
    name = f"{meeting or 'giaoban'}.audit.{form.value}"
    answer = web.StreamResponse(
        headers={
            "Content-Type": f"{CONTENT_TYPE[form]}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    await answer.prepare(request)
    await answer.write(opening(form))
    try:
        with held(request):
            while after < last:
                part = await context.audit_table.page(after, PAGE, meeting)
                await answer.write(exported((stored for stored in part if stored.number <= last), form))
                after = part[-1].number if part else last
    except (StorageUnavailable, ConnectionError):
        if request.transport is not None:
            abort(request.transport)  # half a file must not look like a whole one
        return answer
    await answer.write_eof()
    return answer
