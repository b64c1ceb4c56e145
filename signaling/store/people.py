"""Accounts, their password hashes and their sign-ins."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from signaling.model.ids import AccountId
from signaling.model.meeting import Account
from signaling.model.words import Role
from signaling.store.database import Database
from signaling.store.tables import account, came_from, login_session

MAX_SIGN_INS = 12
"""Of one account at once; the oldest that is not in use is dropped. A unit has a few devices, not many."""


MAX_PLACES = 8
"""That an account came from, the newest."""


@dataclass(frozen=True, slots=True)
class StoredPassword:
    account: Account
    password_hash: str | None
    """None: this account cannot sign in with a password."""


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A sign-in. Only the hash of its token is stored, so a stolen database signs nobody in."""

    token_hash: str
    account: AccountId
    created_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Proof:
    """How an account proved that it may sign in."""

    password_hash: str
    """The hash that the password matched."""
    place: str
    """Where it signs in from."""
    in_use: Collection[str] = ()
    """Hashes of the tokens under which something is open: these sign-ins are dropped last."""


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, who: Account, password_hash: str | None, now_ms: int) -> None:
        """Raises StorageUnavailable; AlreadyThere if the login is taken or the unit unknown."""
        values = {
            "id": who.id,
            "login": who.login,
            "password_hash": password_hash,
            "name": who.name,
            "role": who.role.value,
            "unit_id": who.unit,
            "simulated": who.simulated,
            "disabled": False,
            "created_ms": now_ms,
        }
        await self._database.write(lambda db: db.execute(insert(account).values(values)))

    async def find(self, *logins: str) -> StoredPassword | None:
        """The account that may sign in with this login; of several forms of it, the first that there is.
        Raises StorageUnavailable."""
        query = select(account).where(account.c.login.in_(logins), account.c.disabled.is_(False))
        rows = await self._database.read(lambda db: db.execute(query).all())
        row = min(rows, key=lambda one: logins.index(one.login), default=None)
        return None if row is None else StoredPassword(account_of(row), row.password_hash)

    async def every(self) -> tuple[Account, ...]:
        """Raises StorageUnavailable."""
        query = select(account).order_by(account.c.login)
        rows = await self._database.read(lambda db: db.execute(query).all())
        return tuple(account_of(row) for row in rows)

    async def disabled(self) -> frozenset[AccountId]:
        """The accounts that nobody may use. Raises StorageUnavailable."""
        query = select(account.c.id).where(account.c.disabled.is_(True))
        rows = await self._database.read(lambda db: db.execute(query).scalars().all())
        return frozenset(map(AccountId, rows))

    async def set_disabled(self, logins: Sequence[str], disabled: bool) -> Account | None:
        """Close an account, which ends all its sign-ins, or open it again. None: none has one of these forms
        of a login. Raises StorageUnavailable."""

        def work(db: Connection) -> Account | None:
            rows = db.execute(select(account).where(account.c.login.in_(logins))).all()
            row = min(rows, key=lambda one: logins.index(one.login), default=None)
            if row is None:
                return None
            if disabled:
                db.execute(delete(login_session).where(login_session.c.account_id == row.id))
            db.execute(update(account).where(account.c.id == row.id).values(disabled=disabled))
            return account_of(row)

        return await self._database.write(work)

    async def set_password(self, who: AccountId, password_hash: str) -> bool:
        """Replace the hash, and end all sign-ins of the account.
        False: there is no such account. Raises StorageUnavailable."""

        def work(db: Connection) -> bool:
            db.execute(delete(login_session).where(login_session.c.account_id == who))
            change = update(account).where(account.c.id == who).values(password_hash=password_hash)
            return db.execute(change).rowcount == 1

        return await self._database.write(work)

    async def rehash(self, who: AccountId, before: str, after: str) -> None:
        """Another hash of the same password, unless that was changed meanwhile. Raises StorageUnavailable."""
        same = and_(account.c.id == who, account.c.password_hash == before)
        change = update(account).where(same).values(password_hash=after)
        await self._database.write(lambda db: db.execute(change))

    async def sign_in(self, session: LoginSession, proof: Proof | None = None) -> bool:
        """Store a sign-in; drop expired ones, and the oldest beyond the bound. False: the account is closed,
        or its password was changed since it was checked. Raises StorageUnavailable."""
        good = and_(account.c.id == session.account, account.c.disabled.is_(False))
        if proof is not None:
            good = and_(good, account.c.password_hash == proof.password_hash)
        in_use = () if proof is None else proof.in_use
        mine = (
            select(login_session.c.token_hash)
            .where(login_session.c.account_id == session.account)
            .order_by(login_session.c.created_ms.desc())
        )

        def work(db: Connection) -> bool:
            if db.execute(select(account.c.id).where(good)).one_or_none() is None:
                return False
            db.execute(delete(login_session).where(login_session.c.expires_ms <= session.created_ms))
            newest_first = db.execute(mine).scalars().all()
            old = sorted(newest_first, key=lambda one: one not in in_use)[MAX_SIGN_INS - 1 :]
            db.execute(delete(login_session).where(login_session.c.token_hash.in_(old)))
            db.execute(
                insert(login_session).values(
                    token_hash=session.token_hash,
                    account_id=session.account,
                    created_ms=session.created_ms,
                    expires_ms=session.expires_ms,
                )
            )
            if proof is not None:
                _note_place(db, session.account, proof.place, session.created_ms)
            return True

        return await self._database.write(work)

    async def came_from(self) -> tuple[tuple[str, str], ...]:
        """Logins and the places they signed in from, oldest first. Raises StorageUnavailable."""
        query = (
            select(account.c.login, came_from.c.place)
            .join(came_from, came_from.c.account_id == account.c.id)
            .order_by(came_from.c.last_ms, came_from.c.place)
        )
        rows = await self._database.read(lambda db: db.execute(query).all())
        return tuple((row.login, row.place) for row in rows)

    async def signed_in(self, token_hash: str, now_ms: int) -> Account | None:
        """The account of this sign-in, if it is still valid. Raises StorageUnavailable."""
        query = (
            select(account)
            .join(login_session, login_session.c.account_id == account.c.id)
            .where(login_session.c.token_hash == token_hash, _holds(now_ms))
        )
        row = await self._database.read(lambda db: db.execute(query).one_or_none())
        return None if row is None else account_of(row)

    async def still_signed_in(self, token_hashes: Collection[str], now_ms: int) -> frozenset[str]:
        """Those of these sign-ins that are still valid. Raises StorageUnavailable."""
        query = (
            select(login_session.c.token_hash)
            .join(account, login_session.c.account_id == account.c.id)
            .where(login_session.c.token_hash.in_(token_hashes), _holds(now_ms))
        )
        return frozenset(await self._database.read(lambda db: db.execute(query).scalars().all()))

    async def with_sign_in(self, accounts: Collection[AccountId], now_ms: int) -> frozenset[AccountId]:
        """Those of these accounts that somebody is signed in with. Raises StorageUnavailable."""
        query = (
            select(account.c.id)
            .join(login_session, login_session.c.account_id == account.c.id)
            .where(account.c.id.in_(accounts), _holds(now_ms))
        )
        rows = await self._database.read(lambda db: db.execute(query).scalars().all())
        return frozenset(map(AccountId, rows))

    async def shorten_sign_ins(self, latest_ms: int) -> None:
        """No sign-in ends later than this. Raises StorageUnavailable."""
        late = update(login_session).where(login_session.c.expires_ms > latest_ms)
        await self._database.write(lambda db: db.execute(late.values(expires_ms=latest_ms)))

    async def sign_out(self, token_hash: str) -> None:
        """Raises StorageUnavailable."""
        gone = delete(login_session).where(login_session.c.token_hash == token_hash)
        await self._database.write(lambda db: db.execute(gone))


def _note_place(db: Connection, who: AccountId, place: str, now_ms: int) -> None:
    """The newest few are kept."""
    mine = came_from.c.account_id == who
    db.execute(delete(came_from).where(mine, came_from.c.place == place))
    db.execute(insert(came_from).values(account_id=who, place=place, last_ms=now_ms))
    newest = select(came_from.c.place).where(mine).order_by(came_from.c.last_ms.desc(), came_from.c.place)
    old = db.execute(newest).scalars().all()[MAX_PLACES:]
    db.execute(delete(came_from).where(mine, came_from.c.place.in_(old)))


def _holds(now_ms: int) -> ColumnElement[bool]:
    """A sign-in is valid: its time is not over, and its account is open."""
    return and_(login_session.c.expires_ms > now_ms, account.c.disabled.is_(False))


def account_of(row: Row[tuple[object, ...]]) -> Account:
    """The account in a row that has all columns of its table."""
    return Account(
        id=AccountId(row.id),
        login=row.login,
        name=row.name,
        role=Role(row.role),
        unit=row.unit_id,
        simulated=row.simulated,
    )
