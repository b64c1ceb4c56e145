"""GET /api/server: the server's certificates and the audit log's newest hash, for chair and operator."""

from datetime import UTC, datetime

import msgspec
from aiohttp import web

from signaling.audit.copies import printed
from signaling.http.answers import json
from signaling.http.auth import allowed
from signaling.http.context import CONTEXT, Context
from signaling.model.certificate import Standing, standing
from signaling.room.state.seat import STAFF
from signaling.store import StorageUnavailable


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
    audit: str
    """Date, number and hash of the audit log's newest entry, to note elsewhere: what `giaoban audit verify
    --head` takes. Empty: the database does not answer."""


def install(app: web.Application) -> None:
    app.router.add_get("/api/server", server, allow_head=False)


async def server(request: web.Request) -> web.Response:
    reader = await allowed(request, STAFF)
    if isinstance(reader, web.Response):
        return reader
    context = request.app[CONTEXT]
    certificate, authority = _certificates(context)
    return json(ServerView(context.version, certificate, authority, await _audit_head(context)))


async def _audit_head(context: Context) -> str:
    try:
        head = await context.audit_table.head()
    except StorageUnavailable:
        return ""
    return printed(head, f"{datetime.fromtimestamp(context.clock().unix_ms / 1000, UTC):%Y-%m-%d}")


def _certificates(context: Context) -> tuple[CertificateView | None, CertificateView | None]:
    """The server's, and our own authority's."""
    if context.certificate is None:
        return None, None
    served = context.certificate()
    found = standing(served, context.clock().unix_ms)
    times = served.validity
    certificate = CertificateView(found.server, times.begins_ms, times.ends_ms)
    own = served.authority
    if own is None or found.authority is None:
        return certificate, None
    times = own.validity
    return certificate, CertificateView(found.authority, times.begins_ms, times.ends_ms, own.fingerprint)
