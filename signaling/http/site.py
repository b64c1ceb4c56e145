"""The web client's files, and our CA certificate.

| path | what |
|---|---|
| GET /, /m/<code>, files | the web client |
| GET /ca.crt | our own CA, for a phone to install |
"""

import re

from aiohttp import web

from signaling.http.context import CONTEXT
from signaling.http.pages import INDEX

_MEETING_PATH = re.compile(r"m/[A-Za-z0-9._-]{1,64}/?")


def install(app: web.Application) -> None:
    """The last of all: it takes every path that is left."""
    app.router.add_get("/ca.crt", ca_certificate)
    app.router.add_get("/{path:.*}", page)


async def ca_certificate(request: web.Request) -> web.Response:
    served = request.app[CONTEXT].certificate
    authority = None if served is None else served().authority
    if authority is None:
        raise web.HTTPNotFound
    return web.Response(body=authority.pem, content_type="application/x-x509-ca-cert")


async def page(request: web.Request) -> web.Response:
    path = request.match_info["path"]
    if path == "" or _MEETING_PATH.fullmatch(path):
        path = INDEX
    return await request.app[CONTEXT].pages.answer(request, path)
