"""The checks that every request passes, and the headers that every answer carries."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from signaling.http.answers import problem
from signaling.http.asker import FORWARDED, Asker, asker_of
from signaling.http.context import CONTEXT
from signaling.http.origin import Asked, ours
from signaling.store import StorageUnavailable

log = logging.getLogger("giaoban.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"


def same_origin(request: web.Request) -> bool:
    """The request comes from one of our pages. A browser says where it comes from; a client that does not is
    no browser, and carries only its own cookie."""
    headers = request.headers
    origin = headers.get("Origin")
    if origin is None:
        return headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    asked = Asked(
        host=headers.get("Host", ""),
        tls=request.secure,
        forwarded_host=headers.get("X-Forwarded-Host", ""),
        forwarded_proto=headers.get("X-Forwarded-Proto", ""),
    )
    return ours(origin, asked, asker(request).proxy)


def asker(request: web.Request) -> Asker:
    """Who asks. The one place that looks at the other end of the connection."""
    headers = request.headers
    forwarded = any(name in headers for name in FORWARDED)
    lines = headers.getall("X-Forwarded-For", ())
    return asker_of(request.remote or "", lines, forwarded, request.app[CONTEXT].proxies)


@web.middleware
async def only_from_our_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method not in ("GET", "HEAD") and not same_origin(request):
        return problem(403, "other-origin")
    return await handler(request)


@web.middleware
async def storage_may_fail(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except StorageUnavailable as error:
        log.error("storage-unavailable path=%s why=%s", request.raw_path[:100], error)
        return problem(503, "storage-unavailable")


def install(app: web.Application, hsts: bool) -> None:
    """Put the guards before every handler, and the headers on every answer, including errors."""
    headers = {**SECURITY_HEADERS, "Strict-Transport-Security": HSTS} if hsts else SECURITY_HEADERS

    async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)
        response.headers["Server"] = "giaoban"

    app.middlewares.extend((storage_may_fail, only_from_our_pages))
    app.on_response_prepare.append(add_headers)
