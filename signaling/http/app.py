"""The HTTPS side: sign-in, the pages, health, and the door to the WebSocket.

| path | what |
|---|---|
| POST, GET, DELETE /api/session | sign in, who am I, sign out |
| GET /api/centre | the centre's name and the daily meeting, for the door screen |
| GET /api/audit (.jsonl, .csv) | the audit log, for chair and operator (`signaling.http.api.audit`) |
| GET /api/recordings (/ID.tar) | recordings, encrypted (`signaling.http.api.recordings`) |
| GET /ws | the WebSocket of `signaling.session.session` |
| GET /healthz, /metrics, /ca.crt | for machines; /metrics on this machine only |
| GET /, /m/<code>, files | the web client |
"""

import asyncio
import logging
import re

import msgspec
from aiohttp import web

import sfu
from signaling.accounts.accounts import LIFETIME_MS, BadCredentials, SignedIn, TooManyAttempts, token_hash
from signaling.audit.chain import Actor
from signaling.audit.log import AuditState
from signaling.http import guards
from signaling.http.api import audit as audit_http
from signaling.http.api import recordings
from signaling.http.context import CONTEXT, COOKIE, Context
from signaling.http.guards import problem
from signaling.http.metrics import CONTENT_TYPE, Metrics
from signaling.http.pages import INDEX
from signaling.links.media import MediaPort, MediaUnavailable
from signaling.model.meeting import Account
from signaling.model.words import Role, Why
from signaling.protocol import Bye, UnitView, encode
from signaling.room.views.welcome import unit_view
from signaling.session.session import MAX_FRAME_BYTES, Session
from signaling.store import StorageUnavailable
from signaling.store.store import CENTRE

log = logging.getLogger("giaoban.http")

MAX_BODY_BYTES = 16 * 1024
_MEETING_PATH = re.compile(r"m/[A-Za-z0-9._-]{1,64}/?")


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    password: str


class AccountView(msgspec.Struct, frozen=True):
    account: str
    """The login."""
    name: str
    role: Role
    unit: UnitView | None


class CentreView(msgspec.Struct, frozen=True):
    centre: str
    meeting: str | None
    version: str


class HealthView(msgspec.Struct, frozen=True):
    status: str
    control: str
    media: str
    database: str
    audit: AuditState


class BadBody(Exception):
    """The request's body is not what this path takes."""


_credentials: msgspec.json.Decoder[Credentials] = msgspec.json.Decoder(Credentials)


def credentials_untrusted(body: bytes) -> Credentials:
    """Raises BadBody, nothing else."""
    try:
        return _credentials.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadBody(str(error)) from None


SESSIONS = web.AppKey("sessions", set[Session])
METRICS = web.AppKey("metrics", Metrics)


def application(context: Context, hsts: bool = False) -> web.Application:
    """The app; whoever serves it brings the TLS context and the socket."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[CONTEXT] = context
    app[SESSIONS] = set()
    app[METRICS] = Metrics(context.rooms.load)
    guards.install(app, hsts)
    app.router.add_post("/api/session", sign_in)
    app.router.add_get("/api/session", who_am_i)
    app.router.add_delete("/api/session", sign_out)
    app.router.add_get("/api/centre", centre)
    audit_http.install(app)
    recordings.install(app)
    app.router.add_get("/ws", websocket)
    app.router.add_get("/healthz", health)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/ca.crt", ca_certificate)
    app.router.add_get("/{path:.*}", page)
    return app


def _json(view: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(view),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def sign_in(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    if request.content_type != "application/json":
        return problem(400, "bad-request")
    try:
        who = credentials_untrusted(await request.read())
    except BadBody:
        return problem(400, "bad-request")
    except web.HTTPRequestEntityTooLarge:
        return problem(400, "bad-request")
    outcome = await context.accounts.sign_in(who.account, who.password, request.remote or "")
    match outcome:
        case TooManyAttempts():
            return problem(429, "too-many-attempts", outcome.retry_after_s)
        case BadCredentials():
            tried = () if outcome.account is None else (("account", outcome.account),)
            context.audit.note("login-failed", who=Actor(address=request.remote or ""), fields=tried)
            return problem(401, "bad-credentials")
        case SignedIn():
            _note(request, "login", outcome.account)
            response = _json(await _view(context, outcome.account))
            response.set_cookie(
                COOKIE,
                outcome.token,
                max_age=LIFETIME_MS // 1000,
                path="/",
                httponly=True,
                secure=True,
                samesite="Strict",
            )
            return response


def _note(request: web.Request, event: str, account: Account) -> None:
    audit = request.app[CONTEXT].audit
    audit.note(event, who=Actor(account.id, account.login, request.remote or ""))


async def _view(context: Context, account: Account) -> AccountView:
    units = {unit.id: unit for unit in await context.store.meetings.units()}
    unit = units.get(account.unit or "")
    return AccountView(account.login, account.name, account.role, None if unit is None else unit_view(unit))


async def who_am_i(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    account = await context.accounts.signed_in(request.cookies.get(COOKIE))
    if account is None:
        return web.Response(status=204)  # every visitor's page asks this first: nobody is not an error
    return _json(await _view(context, account))


async def sign_out(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    token = request.cookies.get(COOKIE)
    if token:
        account = await context.accounts.signed_in(token)
        await context.accounts.sign_out(token)
        if account is not None:
            _note(request, "logout", account)
        context.rooms.sign_out(token_hash(token))
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", httponly=True, secure=True, samesite="Strict")
    return response


async def centre(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    name = await context.store.setting(CENTRE)
    meeting = await context.store.meetings.find(context.default_meeting) if context.default_meeting else None
    return _json(CentreView(name, None if meeting is None else meeting.code, context.version))


async def websocket(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    sessions = request.app[SESSIONS]
    if not guards.same_origin(request):
        return problem(403, "other-origin")
    if len(sessions) >= context.rooms.limits.sessions:
        return problem(503, "too-many-sessions")
    token = request.cookies.get(COOKIE)
    account = await context.accounts.signed_in(token)
    socket = web.WebSocketResponse(
        heartbeat=context.rooms.limits.heartbeat_s, max_msg_size=MAX_FRAME_BYTES, timeout=5.0
    )
    if not socket.can_prepare(request):
        return problem(400, "bad-request")
    await socket.prepare(request)
    if account is None or token is None:
        await socket.send_str(encode(Bye(Why.NOT_SIGNED_IN)))
        await socket.close()
        return socket
    local = guards.loopback(request)
    session = Session(
        socket, context.rooms, account, token_hash(token), local, request.remote or "", context.clock
    )
    sessions.add(session)
    try:
        await session.run()
    finally:
        sessions.discard(session)
    return socket


async def health(request: web.Request) -> web.Response:
    """200 only when control, media worker and database all answer in time and no audit entry is lost."""
    context = request.app[CONTEXT]
    limit_s = context.rooms.limits.health_s

    async def media() -> str:
        results = await _ping(context)
        if None in results:
            return "down"
        return "ok" if all(isinstance(result, sfu.Pong) for result in results) else "failing"

    async def database() -> str:
        try:
            async with asyncio.timeout(limit_s):
                await context.store.ping()
        except (StorageUnavailable, TimeoutError):
            return "down"
        return "ok"

    media_word, database_word = await asyncio.gather(media(), database())
    audit = context.audit.state
    well = media_word == database_word == "ok" and audit is not AuditState.LOSING
    view = HealthView("ok" if well else "failing", "ok", media_word, database_word, audit)
    return _json(view, 200 if well else 503)


async def _ping(context: Context) -> list[sfu.AnyResult | None]:
    """Each media worker's answer, None for one that gave none in time."""

    async def ask(worker: MediaPort) -> sfu.AnyResult | None:
        try:
            async with asyncio.timeout(context.rooms.limits.health_s):
                return await worker.request(sfu.Ping())
        except (MediaUnavailable, TimeoutError):
            return None

    return await asyncio.gather(*(ask(worker) for worker in context.media))


async def metrics(request: web.Request) -> web.Response:
    if not guards.loopback(request):
        raise web.HTTPNotFound
    pongs = [result if isinstance(result, sfu.Pong) else None for result in await _ping(request.app[CONTEXT])]
    return web.Response(body=request.app[METRICS].text(pongs), headers={"Content-Type": CONTENT_TYPE})


async def ca_certificate(request: web.Request) -> web.Response:
    """Our own CA, for a phone to install."""
    certificate = request.app[CONTEXT].ca_certificate
    if certificate is None:
        raise web.HTTPNotFound
    return web.Response(body=certificate, content_type="application/x-x509-ca-cert")


async def page(request: web.Request) -> web.Response:
    path = request.match_info["path"]
    if path == "" or _MEETING_PATH.fullmatch(path):
        path = INDEX
    return await request.app[CONTEXT].pages.answer(request, path)
