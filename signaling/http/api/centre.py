"""GET /api/centre: the centre's name and the daily meeting, for the sign-in screen."""

import msgspec
from aiohttp import web

from signaling.http.answers import json
from signaling.http.context import CONTEXT
from signaling.store.store import CENTRE


class CentreView(msgspec.Struct, frozen=True):
    centre: str
    meeting: str | None
    version: str


def install(app: web.Application) -> None:
    app.router.add_get("/api/centre", centre)


async def centre(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    name = await context.store.setting(CENTRE)
    default = context.default_meeting
    meeting = await context.store.meetings.find(default) if default else None
    return json(CentreView(name, None if meeting is None else meeting.code, context.version))
