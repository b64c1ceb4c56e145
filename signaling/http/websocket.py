"""GET /ws: the WebSocket of `signaling.session.session`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from signaling.accounts.accounts import token_hash
from signaling.accounts.sign_ins import SignInEnd
from signaling.http import guards
from signaling.http.answers import problem
from signaling.http.context import CONTEXT, COOKIE
from signaling.http.visitors import account_of
from signaling.model.addresses import network
from signaling.model.meeting import Account
from signaling.model.words import Presence, Why
from signaling.protocol import Bye, encode
from signaling.session.session import CLOSE_S, MAX_FRAME_BYTES, Session
from signaling.session.shares import SessionShares

SHARES = web.AppKey("session shares", SessionShares)
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==", re.ASCII)
"""RFC 6455, 4.1: sixteen bytes in base64."""
_REPEATED = ("Upgrade", "Connection", "Sec-WebSocket-Version")


def install(app: web.Application) -> None:
    app[SHARES] = SessionShares(app[CONTEXT].rooms.limits)
    app.router.add_get("/ws", websocket)


async def websocket(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    if not guards.same_origin(request):
        return problem(403, "other-origin")
    socket = web.WebSocketResponse(
        heartbeat=context.rooms.limits.heartbeat_s, max_msg_size=MAX_FRAME_BYTES, timeout=CLOSE_S
    )
    connection = context.connections.of(request.protocol)
    if connection is None or not _is_handshake(request) or not socket.can_prepare(request):
        return problem(400, "bad-request")
    account = await account_of(request)
    token = request.cookies.get(COOKIE)
    if account is None or token is None:
        connection.count_frames(lambda: None)
        await socket.prepare(request)
        await socket.send_str(encode(Bye(Why.NOT_SIGNED_IN)))
        await socket.close()
        return socket
    hashed, who = token_hash(token), guards.asker(request)

    async def signed_in() -> Account | None:
        return await context.sign_ins.account_of(hashed)

    async def end(why: SignInEnd) -> None:
        # Signing out is leaving; a person who is signed out by others has not left.
        await session.sign_out(Presence.CLOSED if why is SignInEnd.OWN else Presence.LOST)

    session = Session(socket, context.rooms, account, signed_in, who.local, who.address, context.clock)
    with _place(request.app[SHARES], session, network(who.address)) as taken:
        if not taken:
            return problem(503, "too-many-sessions")
        connection.count_frames(session.flooded)
        await socket.prepare(request)
        with context.sign_ins.holding(hashed, end):
            await session.run()
    if session.was_flood:
        connection.drop()  # what it still sends is not waited for
    return socket


def _is_handshake(request: web.Request) -> bool:
    """The part of it that aiohttp fails at or is loud about: its answer repeats what it does not know."""
    headers = request.headers
    repeated = "".join(headers.get(name, "") for name in _REPEATED)
    key, protocol = headers.get("Sec-WebSocket-Key", ""), headers.get("Sec-WebSocket-Protocol")
    return repeated.isascii() and bool(_KEY.fullmatch(key)) and protocol is None


@contextmanager
def _place(shares: SessionShares, session: Session, network: str) -> Iterator[bool]:
    """One of the places for WebSockets, while the block runs. False: there is none."""
    gives_way = shares.take(session, session.account.id, network)
    if isinstance(gives_way, Session) and gives_way is not session:
        gives_way.give_way()
    try:
        yield gives_way is not session
    finally:
        shares.leave(session)
