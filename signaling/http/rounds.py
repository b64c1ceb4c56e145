"""Requests begin a few at a time, so that whoever speaks over a WebSocket never waits for a crowd of them.

All handlers share one event loop with the sessions. A client that asks for pages without end, or a thousand
clients that ask at once, would fill each of the loop's rounds; now a round begins MAX_BEGUN requests. Those
that wait are served by account, signed-in ones first, and by network.
"""

import asyncio

from aiohttp import web

from signaling.accounts.fair_queue import Full
from signaling.accounts.fair_wait import FairWait
from signaling.http import guards, visitors
from signaling.http.answers import problem
from signaling.http.guards import Handler
from signaling.model.addresses import network

MAX_BEGUN = 4
"""Requests that one round of the event loop begins: a few milliseconds of work."""
MAX_WAITING = 4096
"""More than the connections that may stand (signaling/connections/places.py), each of which asks once."""
MAX_WAITING_PLACE = 2048
MAX_WAIT_S = 15.0
RETRY_S = 5


class Rounds:
    def __init__(self) -> None:
        self._waiting = FairWait(MAX_WAIT_S, MAX_WAITING, MAX_WAITING_PLACE)
        self._left = MAX_BEGUN
        """How many this round may still begin."""
        self._counting = False

    async def wait(self, place: str, known: bool) -> None:
        """Return when it is the turn of a request from `place`. Raises Full or TimeoutError."""
        self._count_rounds()
        if self._left and not self._waiting:
            self._left -= 1
        else:
            await self._waiting.turn(place, known)

    def _count_rounds(self) -> None:
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._next_round)

    def _next_round(self) -> None:
        self._counting = False
        self._left = MAX_BEGUN
        while self._left and self._waiting.give():
            self._left -= 1
        if self._left < MAX_BEGUN:
            self._count_rounds()


ROUNDS = web.AppKey("rounds", Rounds)


@web.middleware
async def in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
    account = visitors.was_here(request)
    place = network(guards.asker(request).address) if account is None else f"account {account}"
    try:
        await request.app[ROUNDS].wait(place, account is not None)
    except (Full, TimeoutError):
        return problem(429, "too-fast", RETRY_S)
    return await handler(request)


def install(app: web.Application) -> None:
    app[ROUNDS] = Rounds()
    app.middlewares.insert(1, in_turn)
