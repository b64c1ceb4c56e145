"""What is open under a sign-in, and ends with it: WebSockets and downloads.

A sign-in ends when its person signs out, when the password is changed, when the account is disabled, and when
its time is over. The terminal only writes the database, so control looks there every two seconds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from signaling.model.ids import Instant
from signaling.model.meeting import Account
from signaling.store import Share, StorageUnavailable, Store

log = logging.getLogger("giaoban.accounts")

LOOK_S = 2.0


class SignInEnd(Enum):
    """Why a sign-in is over."""

    OWN = auto()
    """Its person signed out."""
    REVOKED = auto()
    """Another password, a disabled account, or the end of its time."""


End = Callable[[SignInEnd], Awaitable[None]]
"""Ends one thing that is open, at once. May be called more than once."""


class SignIns:
    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._looking = store.shared(Share.RECORDS)  # behind no stranger
        self._clock = clock
        self._open: dict[str, list[End]] = {}
        """By the hash of the token."""
        self._signed_out: set[str] = set()
        """Sign-ins that are over and that the store still has."""
        self._blind = False

    async def account_of(self, token_hash: str) -> Account | None:
        """The account, as long as the sign-in holds. Raises StorageUnavailable."""
        if token_hash in self._signed_out:
            return None
        return await self._store.people.signed_in(token_hash, self._clock().unix_ms)

    @contextmanager
    def holding(self, token_hash: str, end: End) -> Iterator[None]:
        """While the block runs, something is open under this sign-in. The caller has seen that it holds."""
        ends = self._open.setdefault(token_hash, [])
        ends.append(end)
        try:
            yield
        finally:
            ends.remove(end)
            if not ends and self._open.get(token_hash) is ends:
                del self._open[token_hash]

    @property
    def held(self) -> frozenset[str]:
        """Hashes of the tokens under which something is open."""
        return frozenset(self._open)

    async def end(self, token_hash: str, why: SignInEnd) -> None:
        """End everything that is open under it; none waits for another."""
        await asyncio.gather(*(end(why) for end in tuple(self._open.get(token_hash, ()))))

    async def sign_out(self, token_hash: str) -> None:
        """It is over at once. The store hears of it now or, while it cannot, later."""
        self._signed_out.add(token_hash)
        await self.end(token_hash, SignInEnd.OWN)
        await self._store_sign_outs()

    async def _store_sign_outs(self) -> None:
        for token_hash in tuple(self._signed_out):
            try:
                await self._looking.people.sign_out(token_hash)
            except StorageUnavailable as error:
                log.error("sign-out-not-stored count=%d why=%s", len(self._signed_out), error)
                return
            self._signed_out.discard(token_hash)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self._store_sign_outs()
            await self.look()

    async def look(self) -> None:
        """End what is open under sign-ins that no longer hold. While the store does not answer, nothing is
        known of them, and nothing ends."""
        held = self.held
        if not held:
            return
        try:
            good = await self._looking.people.still_signed_in(held, self._clock().unix_ms)
        except StorageUnavailable as error:
            if not self._blind:
                log.error("sign-ins-not-checked why=%s", error)
            self._blind = True
            return
        self._blind = False
        revoked = held - good
        if revoked:
            log.info("sign-ins-revoked count=%d", len(revoked))
        await asyncio.gather(*(self.end(token_hash, SignInEnd.REVOKED) for token_hash in revoked))
