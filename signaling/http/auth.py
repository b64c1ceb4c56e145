"""Who is asking: signing in and out, and what an account is allowed.

| path | what |
|---|---|
| POST /api/session | sign in |
| GET /api/session | who am I |
| DELETE /api/session | sign out |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import msgspec
from aiohttp import web

from signaling.accounts.accounts import LIFETIME_MS, BadCredentials, SignedIn, TooManyAttempts, token_hash
from signaling.accounts.sign_ins import SignInEnd
from signaling.audit.chain import Actor
from signaling.connections.connection import abort
from signaling.http.answers import json, problem
from signaling.http.context import CONTEXT, COOKIE, Context
from signaling.http.guards import asker, same_origin
from signaling.http.visitors import account_of
from signaling.model.meeting import Account
from signaling.model.words import Role
from signaling.protocol import UnitView
from signaling.room.views.welcome import unit_view
from signaling.store import StorageUnavailable


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    password: str


class AccountView(msgspec.Struct, frozen=True):
    account: str
    """The login."""
    name: str
    role: Role
    unit: UnitView | None


class BadBody(Exception):
    """The request's body is not what this path takes."""


_credentials: msgspec.json.Decoder[Credentials] = msgspec.json.Decoder(Credentials)


def credentials_untrusted(body: bytes) -> Credentials:
    """Raises BadBody, nothing else."""
    try:
        return _credentials.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadBody(str(error)) from None


def install(app: web.Application) -> None:
    app.router.add_post("/api/session", sign_in)
    app.router.add_get("/api/session", who_am_i)
    app.router.add_delete("/api/session", sign_out)


async def allowed(request: web.Request, right: frozenset[Role]) -> Account | web.Response:
    """The account that asks, if the request comes from one of our pages and the account has one of these
    roles; otherwise the refusal. A role that was handed over or lent in a meeting does not count."""
    if not same_origin(request):
        return problem(HTTPStatus.FORBIDDEN, "other-origin")
    account = await account_of(request)
    if account is None:
        return problem(HTTPStatus.UNAUTHORIZED, "not-signed-in")
    return account if account.role in right else problem(HTTPStatus.FORBIDDEN, "not-allowed")


@contextmanager
def held(request: web.Request) -> Iterator[None]:
    """While the block runs, the answer is broken off as soon as the sign-in that asked for it is over."""

    async def end(_: SignInEnd) -> None:
        if request.transport is not None:
            abort(request.transport)

    with request.app[CONTEXT].sign_ins.holding(token_hash(request.cookies.get(COOKIE, "")), end):
        yield


def actor(request: web.Request, account: Account) -> Actor:
    """Who is asking, for the audit log."""
    return Actor(account.id, account.login, asker(request).address)


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
    address = asker(request).address
    outcome = await context.accounts.sign_in(who.account, who.password, address)
    match outcome:
        case TooManyAttempts():
            return problem(429, "too-many-attempts", outcome.retry_after_s)
        case BadCredentials():
            tried = () if outcome.account is None else (("account", outcome.account),)
            context.audit.note("login-failed", who=Actor(address=address), fields=tried)
            return problem(401, "bad-credentials")
        case SignedIn():
            context.audit.note("login", who=actor(request, outcome.account))
            response = json(await _view(context, outcome.account))
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


async def _view(context: Context, account: Account) -> AccountView:
    units = {unit.id: unit for unit in await context.store.meetings.units()}
    unit = units.get(account.unit or "")
    return AccountView(account.login, account.name, account.role, None if unit is None else unit_view(unit))


async def who_am_i(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    account = await account_of(request)
    if account is None:
        return web.Response(status=204)  # every visitor's page asks this first: nobody is not an error
    return json(await _view(context, account))


async def sign_out(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    token = request.cookies.get(COOKIE)
    if token:
        is_open = token_hash(token) in context.sign_ins.held
        account = None
        try:
            account = await account_of(request)
        except StorageUnavailable:
            if not is_open:
                raise  # nothing is open under it, and nothing is known of it
        if is_open or account is not None:
            await context.accounts.sign_out(token)
        if account is not None:
            context.audit.note("logout", who=actor(request, account))
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", httponly=True, secure=True, samesite="Strict")
    return response
