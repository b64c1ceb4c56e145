"""GET /api/server: the server's certificates, for chair and operator."""

import msgspec
from aiohttp import web

from signaling.http.answers import json
from signaling.http.auth import allowed
from signaling.http.context import CONTEXT
from signaling.model.certificate import Standing, standing
from signaling.room.state.seat import STAFF


class CertificateView(msgspec.Struct, frozen=True):
    standing: Standing
    begins: int
    """Unix milliseconds, as are all times here."""
    ends: int
    fingerprint: str = ""
    """SHA-256 in hex; of our own authority only."""


class ServerView(msgspec.Struct, frozen=True):
    version: str
    certificate: CertificateView | None
    """None: something in front of this server has it."""
    authority: CertificateView | None
    """Our own, whose certificate (/ca.crt) each device installs. None: the certificate is from elsewhere."""


def install(app: web.Application) -> None:
    app.router.add_get("/api/server", server, allow_head=False)


async def server(request: web.Request) -> web.Response:
    reader = await allowed(request, STAFF)
    if isinstance(reader, web.Response):
        return reader
    context = request.app[CONTEXT]
    if context.certificate is None:
        return json(ServerView(context.version, None, None))
    served = context.certificate()
    found = standing(served, context.clock().unix_ms)
    times = served.validity
    certificate = CertificateView(found.server, times.begins_ms, times.ends_ms)
    own = served.authority
    if own is None or found.authority is None:
        return json(ServerView(context.version, certificate, None))
    times = own.validity
    authority = CertificateView(found.authority, times.begins_ms, times.ends_ms, own.fingerprint)
    return json(ServerView(context.version, certificate, authority))
