"""Signing in and out."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

from signaling.accounts.passwords import Passwords, TooBusy
from signaling.accounts.sign_ins import SignIns
from signaling.accounts.throttle import Throttle
from signaling.model.ids import AccountId, Instant
from signaling.model.meeting import Account
from signaling.store import LoginSession, StorageUnavailable, Store

log = logging.getLogger("giaoban.accounts")

LIFETIME_MS = 12 * 3600 * 1000
"""A working day: a person who signs in for the morning briefing signs in again tomorrow."""
TOKEN_BYTES = 32
BUSY_RETRY_S = 3


@dataclass(frozen=True, slots=True)
class SignedIn:
    account: Account
    token: str
    """For the cookie; never stored or logged."""


@dataclass(frozen=True, slots=True)
class BadCredentials:
    account: AccountId | None = None
    """Whose password was tried, only for the audit log; None: there is no such account."""


@dataclass(frozen=True, slots=True)
class TooManyAttempts:
    retry_after_s: int


def token_hash(token: str) -> str:
    """What is stored of a token. It is random enough that a plain hash cannot be reversed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def login_of(typed: str) -> str:
    """A login as it is stored: people type capitals and spaces."""
    return typed.strip().casefold()


class Accounts:
    def __init__(
        self, store: Store, passwords: Passwords, clock: Callable[[], Instant], sign_ins: SignIns
    ) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._passwords = passwords
        self._clock = clock
        self._throttle = Throttle()

    async def sign_in(
        self, typed: str, password: str, remote: str
    ) -> SignedIn | BadCredentials | TooManyAttempts:
        """Raises StorageUnavailable."""
        login = login_of(typed)[:64]
        wait_s = self._throttle.attempt(login, remote, self._clock().s)
        if wait_s:
            log.warning("sign-in-throttled remote=%s retry_after_s=%d", remote, wait_s)
            return TooManyAttempts(wait_s)
        found = await self._store.people.find(login)
        try:
            stored = None if found is None else found.password_hash
            right = await self._passwords.matches(password, stored)
        except TooBusy:
            return TooManyAttempts(BUSY_RETRY_S)
        if not right or found is None or stored is None:
            log.warning("sign-in-failed remote=%s", remote)
            return BadCredentials(None if found is None else found.account.id)
        self._throttle.succeeded(login, remote)
        if self._passwords.outdated(stored):
            await self._rehash(found.account.id, password)
        token = await mint(self._store, found.account.id, self._clock(), self._sign_ins.held)
        log.info("signed-in account=%s remote=%s", found.account.id, remote)
        return SignedIn(found.account, token)

    async def _rehash(self, account: AccountId, password: str) -> None:
        """The hash parameters have changed; if this fails, the next sign-in tries again."""
        try:
            fresh = await self._passwords.hash(password)
            await self._store.people.set_password(account, fresh, sign_out=False)
        except (TooBusy, StorageUnavailable):
            log.warning("rehash-failed account=%s", account)

    async def signed_in(self, token: str | None) -> Account | None:
        """The account that this token signs in. Raises StorageUnavailable."""
        if not token or len(token) > 128:
            return None
        return await self._sign_ins.account_of(token_hash(token))

    async def sign_out(self, token: str) -> None:
        """End the sign-in and everything that is open under it, also when the store cannot be told now."""
        await self._sign_ins.sign_out(token_hash(token))


async def mint(store: Store, account: AccountId, now: Instant, in_use: Collection[str] = ()) -> str:
    """Sign an account in and return the cookie's token. The caller has checked the password, or signs in the
    terminal's simulated bridge points. Raises StorageUnavailable, AlreadyThere (no such account)."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = LoginSession(token_hash(token), account, now.unix_ms, now.unix_ms + LIFETIME_MS)
    await store.people.sign_in(session, in_use)
    return token
