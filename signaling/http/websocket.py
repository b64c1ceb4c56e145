"""GET /ws: the WebSocket of `signaling.session.session`."""

from aiohttp import web

from signaling.accounts.accounts import token_hash
from signaling.accounts.sign_ins import SignInEnd
from signaling.http import guards
from signaling.http.answers import problem
from signaling.http.context import CONTEXT, COOKIE
from signaling.http.visitors import account_of
from signaling.model.meeting import Account
from signaling.model.words import Presence, Why
from signaling.protocol import Bye, encode
from signaling.session.session import MAX_FRAME_BYTES, Session

SESSIONS = web.AppKey("sessions", set[Session])


def install(app: web.Application) -> None:
    app[SESSIONS] = set()
    app.router.add_get("/ws", websocket)


async def websocket(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    sessions = request.app[SESSIONS]
    limits = context.rooms.limits
    if not guards.same_origin(request):
        return problem(403, "other-origin")
    if len(sessions) >= limits.sessions:
        return problem(503, "too-many-sessions")
    token = request.cookies.get(COOKIE)
    account = await account_of(request)
    socket = web.WebSocketResponse(heartbeat=limits.heartbeat_s, max_msg_size=MAX_FRAME_BYTES, timeout=5.0)
    if not socket.can_prepare(request):
        return problem(400, "bad-request")
    await socket.prepare(request)
    if account is None or token is None:
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
    sessions.add(session)
    try:
        with context.sign_ins.holding(hashed, end):
            await session.run()
    finally:
        sessions.discard(session)
    return socket
