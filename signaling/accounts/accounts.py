"""Signing in and out."""

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from signaling.accounts.passwords import Claim, Fit, Passwords, TooBusy
from signaling.accounts.sign_ins import SignIns
from signaling.accounts.throttle import Throttle, Try, Wait
from signaling.model.ids import AccountId, Instant
from signaling.model.meeting import Account
from signaling.model.text import login_of, logins_of
from signaling.store import LoginSession, Proof, StorageUnavailable, Store

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


class Accounts:
    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        clock: Callable[[], Instant],
        sign_ins: SignIns,
        throttle: Throttle,
    ) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._passwords = passwords
        self._clock = clock
        self._throttle = throttle

    async def sign_in(
        self, typed: str, password: str, remote: str
    ) -> SignedIn | BadCredentials | TooManyAttempts:
        """Raises StorageUnavailable."""
        login = login_of(typed)[:64]
        attempt = self._throttle.attempt(login, remote, self._clock().s)
        if isinstance(attempt, Wait):
            log.warning("sign-in-throttled remote=%s retry_after_s=%d", remote, attempt.seconds)
            return TooManyAttempts(attempt.seconds)
        outcome: SignedIn | BadCredentials | None = None
        try:
            outcome = await self._check(attempt, typed, password)
        except TooBusy:
            return TooManyAttempts(BUSY_RETRY_S)
        finally:
            self._settle(attempt, outcome, remote)
        return outcome

    def _settle(self, attempt: Try, outcome: SignedIn | BadCredentials | None, remote: str) -> None:
        match outcome:
            case SignedIn():
                self._throttle.succeeded(attempt)
                log.info("signed-in account=%s remote=%s", outcome.account.id, remote)
            case BadCredentials():
                self._throttle.failed(attempt, self._clock().s)
                log.warning("sign-in-failed remote=%s", remote)
            case None:
                self._throttle.given_back(attempt)  # the store did not answer, or there was no time

    async def _check(self, attempt: Try, typed: str, password: str) -> SignedIn | BadCredentials:
        """Raises StorageUnavailable, TooBusy."""
        found = await self._store.people.find(*logins_of(typed))
        stored = None if found is None else found.password_hash
        claim = Claim(attempt.place, attempt.known)
        fit = await self._passwords.fit(password, stored, claim)
        if found is None or stored is None or fit is Fit.NONE:
            return BadCredentials(None if found is None else found.account.id)
        token, session = _fresh(found.account.id, self._clock())
        proof = Proof(stored, attempt.place, self._sign_ins.held)
        if not await self._store.people.sign_in(session, proof):
            return BadCredentials(found.account.id)
        if fit is Fit.OLD:
            await self._rehash(found.account.id, stored, password, claim)
        return SignedIn(found.account, token)

    async def _rehash(self, account: AccountId, stored: str, password: str, claim: Claim) -> None:
        """The hash is of an older make; if this fails, the next sign-in tries again."""
        try:
            fresh = await self._passwords.hash(password, claim)
            await self._store.people.rehash(account, stored, fresh)
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


async def mint(store: Store, account: AccountId, now: Instant) -> str:
    """Sign in one of the terminal's simulated bridge points, without a password. Returns the cookie's token.
    Raises StorageUnavailable; ValueError if there is no such account, or it is disabled."""
    token, session = _fresh(account, now)
    if not await store.people.sign_in(session):
        raise ValueError("the account is missing or disabled")
    return token


def _fresh(account: AccountId, now: Instant) -> tuple[str, LoginSession]:
    """A token, and what is stored of its sign-in."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, LoginSession(token_hash(token), account, now.unix_ms, now.unix_ms + LIFETIME_MS)
