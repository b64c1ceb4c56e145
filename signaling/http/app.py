"""The HTTPS side put together.

| path | module |
|---|---|
| /api/session | `auth` |
| /api/centre | `api.centre` |
| /api/audit | `api.audit` |
| /api/recordings | `api.recordings` |
| /api/server | `api.server` |
| /ws | `websocket` |
| /healthz | `api.health` |
| /metrics | `metrics` |
| /ca.crt, /, /m/<code>, files | `site` |
"""

from aiohttp import web

from signaling.http import auth, guards, metrics, requests, site, websocket
from signaling.http.api import audit, centre, health, recordings, server
from signaling.http.context import CONTEXT, Context

MAX_BODY_BYTES = 16 * 1024


def application(context: Context, hsts: bool = False) -> web.Application:
    """The app; the caller brings the TLS context and the socket."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[CONTEXT] = context
    guards.install(app, hsts)
    requests.install(app)
    for resource in (auth, centre, audit, recordings, server, websocket, health, metrics, site):
        resource.install(app)
    return app
