"""What each request meets before its handler: the deadlines of its connection. And what its faults leave in
the log: nothing that a client can cause is a traceback."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from signaling.connections.connection import Connection
from signaling.http import rounds, visitors
from signaling.http.answers import problem
from signaling.http.context import CONTEXT
from signaling.http.guards import Handler

requests_log = logging.getLogger("giaoban.requests")
"""For aiohttp: it says here what it could not read or carry out."""

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

CLIENTS_FAULTS = (HttpProcessingError, web.RequestPayloadError, ConnectionError, TimeoutError)
"""What aiohttp raises for requests that are none, end too early, or whose client has gone."""


class ClientsFaults(logging.Filter):
    """Makes one short line of what a client did wrong. What is left with a traceback is a fault of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, CLIENTS_FAULTS):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "bad-request why=%s", (type(fault).__name__,)
            record.exc_info = None
        elif fault is not None:
            record.msg, record.args = "request-failed", ()
        return True


requests_log.addFilter(ClientsFaults())


@web.middleware
async def within_deadlines(request: web.Request, handler: Handler) -> web.StreamResponse:
    connection = request.app[CONTEXT].connections.of(request.protocol)
    if connection is None:
        raise ConnectionResetError("the client has gone")
    connection.patience.request_begun()
    visitors.greet(request)
    try:
        if request.body_exists and not await _has_body(request, connection):
            return problem(400, "bad-request")
        return await handler(request)
    finally:
        connection.patience.request_over()


async def _has_body(request: web.Request, connection: Connection) -> bool:
    """Read the body, so that no handler waits for it. False: it is too long, or none; if it is too slow, the
    connection ends."""
    connection.body_begun()
    try:
        await request.read()
    except (web.HTTPRequestEntityTooLarge, *CLIENTS_FAULTS):
        return False
    finally:
        connection.patience.body_over()
    return True


def without_expectations(handle: Handle) -> Handle:
    """aiohttp answers an unknown Expect header itself, before every middleware, with words of the client that
    it may not be able to write."""

    async def checked(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "100-continue").lower() != "100-continue":
            return problem(417, "bad-request")
        return await handle(request)

    return checked


def install(app: web.Application) -> None:
    """Before every other guard."""
    visitors.install(app)
    app.middlewares.insert(0, within_deadlines)
    rounds.install(app)
