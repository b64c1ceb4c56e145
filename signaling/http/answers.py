"""The two JSON answers: a view, or a refusal."""

import msgspec
from aiohttp import web


def json(view: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(view),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def problem(status: int, code: str, retry_after_s: int | None = None) -> web.Response:
    """A refusal; web/i18n has its text under the code."""
    body: dict[str, str | int] = {"code": code}
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        body["retry_after_s"] = retry_after_s
        headers["Retry-After"] = str(retry_after_s)
    return web.json_response(body, status=status, headers=headers)
