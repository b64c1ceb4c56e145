"""GET /healthz: whether everything works, for machines."""

import asyncio

import msgspec
from aiohttp import web

import sfu
from signaling.audit.log import ALARMS, AuditState
from signaling.disks import Space
from signaling.http.answers import json
from signaling.http.context import CONTEXT, Context
from signaling.http.shared_answer import SharedAnswer
from signaling.model.certificate import Standing, standing
from signaling.store import StorageUnavailable
from signaling.surroundings import last_day


class DiskView(msgspec.Struct, frozen=True):
    space: Space
    free_mb: int


class HealthView(msgspec.Struct, frozen=True):
    status: str
    control: str
    media: str
    database: str
    audit: AuditState
    disks: dict[str, DiskView]
    certificate: Standing | None
    """The dates are those of the last day, in UTC; all are null when the certificate is another server's."""
    certificate_ends: str | None
    authority: Standing | None
    """Of our own; null with a certificate from elsewhere."""
    authority_ends: str | None


HEALTH_VIEW = web.AppKey("health", SharedAnswer[HealthView])


def install(app: web.Application) -> None:
    context = app[CONTEXT]
    # Not kept: but however many ask, one question at a time is on its way to media workers and database.
    app[HEALTH_VIEW] = SharedAnswer(lambda: _view(context), 0.0, lambda: context.clock().s)
    app.router.add_get("/healthz", health)


async def health(request: web.Request) -> web.Response:
    """200 only when control, media workers and database all answer in time, no disk is full, and the audit
    log can be relied on. "degraded" is 200, too: somebody has to look before it fails."""
    view = await request.app[HEALTH_VIEW].get()
    return json(view, 503 if view.status == "failing" else 200)


async def _view(context: Context) -> HealthView:
    media, database = await asyncio.gather(_media(context), _database(context))
    audit = context.audit.state
    space = context.disks.worst
    well = media == database == "ok" and audit not in ALARMS and space is not Space.FULL
    status = "failing" if not well else "ok" if space is Space.OK else "degraded"
    disks = {name: DiskView(seen.space, seen.free_bytes >> 20) for name, seen in context.disks.seen.items()}
    return HealthView(status, "ok", media, database, audit, disks, *_certificate(context))


def _certificate(context: Context) -> tuple[Standing | None, str | None, Standing | None, str | None]:
    if context.certificate is None:
        return None, None, None, None
    served = context.certificate()
    found = standing(served, context.clock().unix_ms)
    own = served.authority
    authority_ends = None if own is None else last_day(own.validity)
    return found.server, last_day(served.validity), found.authority, authority_ends


async def _media(context: Context) -> str:
    results = await context.ping_media()
    if None in results:
        return "down"
    return "ok" if all(isinstance(result, sfu.Pong) for result in results) else "failing"


async def _database(context: Context) -> str:
    try:
        async with asyncio.timeout(context.rooms.limits.health_s):
            await context.store.ping()
    except (StorageUnavailable, TimeoutError):
        return "down"
    return "down" if context.store.database.trouble else "ok"
