"""Which account a request comes from.

Who has signed in and was here lately is remembered, for two reasons: their connections do not give way to
strangers', and strangers with made-up cookies do not use up their way to the database.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from aiohttp import web

from signaling.accounts.accounts import token_hash
from signaling.http import guards
from signaling.http.context import CONTEXT, COOKIE
from signaling.http.shared_answer import SharedAnswer
from signaling.model.addresses import network
from signaling.model.ids import AccountId
from signaling.model.meeting import Account
from signaling.store import StorageUnavailable

MAX_KNOWN = 4096
"""Sign-ins remembered; the one that was here longest ago is forgotten first, and loses nothing by it."""
MAX_LOOKUPS = 16
"""Cookies nobody knows yet that are looked up at once for one network; the others wait. After a restart
nobody is known, and a building's pages all come back at once."""
MAX_LOOKUP_WAIT_S = 10.0


class Visitors:
    """Says nothing about rights: a sign-in may have ended since. Without I/O."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, AccountId] = OrderedDict()
        self._lookups: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Of each network that has one at this time."""
        self.asking: dict[str, SharedAnswer[Account | None]] = {}
        """What the database is being asked now, by hash of the cookie."""

    def known(self, hashed: str) -> AccountId | None:
        return self._known.get(hashed)

    def remember(self, hashed: str, account: AccountId) -> None:
        self._known[hashed] = account
        self._known.move_to_end(hashed)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def forget(self, hashed: str) -> None:
        self._known.pop(hashed, None)

    @asynccontextmanager
    async def looking_up(self, whose: str) -> AsyncIterator[None]:
        """One of the look-ups of a network; in turn. Raises TimeoutError: too many are before it."""
        turns = self._lookups.setdefault(whose, asyncio.Semaphore(MAX_LOOKUPS))
        async with asyncio.timeout(MAX_LOOKUP_WAIT_S):
            await turns.acquire()
        try:
            yield
        finally:
            turns.release()


VISITORS = web.AppKey("visitors", Visitors)


def install(app: web.Application) -> None:
    app[VISITORS] = Visitors()


def was_here(request: web.Request) -> AccountId | None:
    """Whose cookie the request brings, if that account was here lately."""
    token = request.cookies.get(COOKIE)
    return request.app[VISITORS].known(token_hash(token)) if token else None


def greet(request: web.Request) -> None:
    """Let the connection of somebody who was here lately stand before those of strangers."""
    account = was_here(request)
    if account is not None:
        request.app[CONTEXT].connections.prove(request.protocol, account)


async def account_of(request: web.Request) -> Account | None:
    """The account that is signed in with the request's cookie. Raises StorageUnavailable."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    visitors, hashed = request.app[VISITORS], token_hash(token)
    asking = visitors.asking.get(hashed)
    if asking is None:
        clock = request.app[CONTEXT].clock
        asking = SharedAnswer(lambda: _ask(request, token, hashed), 0.0, lambda: clock().s)
        visitors.asking[hashed] = asking
    try:
        account = await asking.get()
    finally:
        visitors.asking.pop(hashed, None)
    if account is None:
        visitors.forget(hashed)
    else:
        visitors.remember(hashed, account.id)
        request.app[CONTEXT].connections.prove(request.protocol, account.id)
    return account


async def _ask(request: web.Request, token: str, hashed: str) -> Account | None:
    """Once for all requests that bring this cookie at the same time: hundreds of them are one look-up."""
    if request.app[VISITORS].known(hashed) is None:
        return await _look_up(request, token)
    return await request.app[CONTEXT].accounts.signed_in(token)


async def _look_up(request: web.Request, token: str) -> Account | None:
    try:
        async with request.app[VISITORS].looking_up(network(guards.asker(request).address)):
            return await request.app[CONTEXT].accounts.signed_in(token)
    except TimeoutError as error:
        raise StorageUnavailable("one network asks for too many strangers") from error
