"""GET /api/centre: the centre's name and the daily meeting, for the sign-in screen."""

import msgspec
from aiohttp import web

from signaling.http.answers import json
from signaling.http.context import CONTEXT, Context
from signaling.http.shared_answer import SharedAnswer
from signaling.store.store import CENTRE

KEEP_S = 5.0
"""Everybody may ask for it, as often as they like: the database is asked this often at most."""


class CentreView(msgspec.Struct, frozen=True):
    centre: str
    meeting: str | None
    version: str


CENTRE_VIEW = web.AppKey("centre", SharedAnswer[CentreView])


def install(app: web.Application) -> None:
    context = app[CONTEXT]
    app[CENTRE_VIEW] = SharedAnswer(lambda: _view(context), KEEP_S, lambda: context.clock().s)
    app.router.add_get("/api/centre", centre)


async def centre(request: web.Request) -> web.Response:
    return json(await request.app[CENTRE_VIEW].get())


async def _view(context: Context) -> CentreView:
    name = await context.store.setting(CENTRE)
    default = context.default_meeting
    meeting = await context.store.meetings.find(default) if default else None
    return CentreView(name, None if meeting is None else meeting.code, context.version)
