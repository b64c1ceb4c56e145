"""What the terminal does with a state directory, also while the appliance runs: the first district, accounts,
passwords, and simulated bridge points.

The names of the sample district are invented.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from signaling.accounts.accounts import mint
from signaling.model.ids import AccountId, Instant
from signaling.model.meeting import MEETING_CODE, Account, Meeting
from signaling.model.text import has_name, login_of, logins_of, one_line, search_key
from signaling.model.units import Unit
from signaling.model.words import Role, UnitKind
from signaling.store import AlreadyThere, Store
from signaling.store.store import CENTRE

CENTRE_NAME = "Trung tâm Y tế huyện Nậm Sơn"
MEETING_TITLE = "Giao ban hằng ngày"
SITE_1 = "cơ sở 1"
SITE_2 = "cơ sở 2"

OFFICES = (
    ("Phòng Tổ chức – Hành chính", "Tổ chức – HC"),
    ("Phòng Kế hoạch – Nghiệp vụ", "Kế hoạch – NV"),
    ("Phòng Tài chính – Kế toán", "Tài chính – KT"),
    ("Phòng Điều dưỡng", "Điều dưỡng"),
    ("Phòng Dân số", "Dân số"),
)
DEPARTMENTS_1 = (
    ("Khoa Nội tổng hợp", "Nội"),
    ("Khoa Ngoại", "Ngoại"),
    ("Khoa Nhi", "Nhi"),
    ("Khoa Cấp cứu", "Cấp cứu"),
    ("Khoa Chăm sóc SKSS", "SKSS"),
    ("Khoa Truyền nhiễm", "Truyền nhiễm"),
    ("Khoa Y học cổ truyền", "YHCT"),
    ("Khoa Xét nghiệm – Chẩn đoán hình ảnh", "XN – CĐHA"),
    ("Khoa Dược", "Dược"),
    ("Khoa Kiểm soát bệnh tật", "Kiểm soát BT"),
    ("Khoa An toàn thực phẩm", "ATTP"),
)
DEPARTMENTS_2 = (
    ("Khoa Nội", "Nội"),
    ("Khoa Ngoại", "Ngoại"),
    ("Khoa Cấp cứu", "Cấp cứu"),
    ("Khoa Khám bệnh", "Khám bệnh"),
)
STATIONS = (
    "Bản Lềnh", "Căn Co", "Chiềng Khoa", "Huổi Sang", "Khe Mây", "Lũng Vài", "Ma Quai", "Na Hiềng",
    "Nậm Cha", "Nậm Sơn", "Nậm Tăm", "Pa Khóa", "Pá Lau", "Phăng Sô Lin", "Pu Sam Cáp", "Sà Dề Phìn",
    "Suối Đá", "Tà Lùng", "Tả Phìn", "Thèn Chu", "Tủa Sín Chải",
)  # fmt: skip


def slug(text: str) -> str:
    """An id that is easy to type: Latin letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", search_key(text)).strip("-")


def sample_units() -> tuple[Unit, ...]:
    """A district: the board, offices, the departments of two hospital sites, commune stations."""
    board = Unit("ban-giam-doc", "Ban Giám đốc", "Ban Giám đốc", UnitKind.BOARD)
    offices = [Unit(slug(name), name, short, UnitKind.OFFICE) for name, short in OFFICES]
    first = [_department(name, f"{short} CS1", SITE_1) for name, short in DEPARTMENTS_1]
    second = [_department(name, f"{short} CS2", SITE_2) for name, short in DEPARTMENTS_2]
    stations = [
        Unit(slug(f"tyt {name}"), f"Trạm Y tế xã {name}", name, UnitKind.STATION) for name in STATIONS
    ]
    return (board, *offices, *first, *second, *stations)


def _department(name: str, short: str, site: str) -> Unit:
    full = f"{name}, {site}"
    return Unit(slug(full), full, short, UnitKind.DEPARTMENT)


@dataclass(frozen=True, slots=True)
class FirstAccounts:
    """The two accounts that a new appliance starts with, and their password hashes if they have any yet."""

    operator_hash: str | None = None
    chair_hash: str | None = None
    operator_login: str = "thu-ky"
    chair_login: str = "chu-tri"


async def bootstrap(store: Store, first: FirstAccounts, now: Instant) -> bool:
    """Fill a new state directory: district, operator, chair, a meeting. False: it was filled before.

    Can be repeated after a crash half way. Raises StorageUnavailable.
    """
    if await store.meetings.find(MEETING_CODE) is not None:
        return False
    units = sample_units()
    if not await store.meetings.units():
        await store.meetings.add_units(units)
    if not await store.setting(CENTRE):
        await store.set_setting(CENTRE, CENTRE_NAME)
    operator_unit = next(unit.id for unit in units if unit.kind is UnitKind.OFFICE)
    await _first(store, first.operator_login, first.operator_hash, Role.OPERATOR, operator_unit, now)
    await _first(store, first.chair_login, first.chair_hash, Role.CHAIR, units[0].id, now)
    # The meeting comes last: it means that everything before it is there.
    meeting = Meeting(secrets.token_hex(8), MEETING_CODE, MEETING_TITLE, run=1, ended=False)
    await store.meetings.add(meeting, now.unix_ms)
    return True


async def _first(
    store: Store, login: str, password_hash: str | None, role: Role, unit: str, now: Instant
) -> None:
    """Create the account, or set its new password if an earlier start died half way."""
    found = await store.people.find(login)
    if found is not None:
        if password_hash is not None:
            await store.people.set_password(found.account.id, password_hash)
        return
    name = "Thư ký cuộc họp" if role is Role.OPERATOR else "Chủ trì"
    await create_account(store, NewAccount(login, name, role, unit, password_hash), now)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as it was typed."""

    login: str
    name: str
    role: Role
    unit: str | None = None
    password_hash: str | None = None
    """None: nobody signs in with a password."""
    simulated: bool = False


async def create_account(store: Store, new: NewAccount, now: Instant) -> Account:
    """Raises ValueError (no login or name), AlreadyThere (login taken, unit unknown), StorageUnavailable."""
    login, name = login_of(new.login), one_line(new.name)
    if not re.fullmatch(r"[^\s/]{1,64}", login) or not has_name(name):
        raise ValueError("an account needs a login without spaces and a name")
    if await store.people.find(*logins_of(new.login)) is not None:
        raise AlreadyThere(login)  # perhaps as an older version kept it
    account = Account(
        AccountId(f"a{secrets.token_hex(8)}"), login, name[:120], new.role, new.unit, new.simulated
    )
    await store.people.add(account, new.password_hash, now.unix_ms)
    return account


async def set_password(store: Store, login: str, password_hash: str) -> bool:
    """Replace a password, and sign out everyone who used the old one. False: no such account.
    Raises StorageUnavailable."""
    found = await store.people.find(*logins_of(login))
    return found is not None and await store.people.set_password(found.account.id, password_hash)


async def set_disabled(store: Store, login: str, disabled: bool) -> Account | None:
    """Close an account, and sign out everyone who uses it; or open it again. None: no such account.
    Raises StorageUnavailable."""
    return await store.people.set_disabled(logins_of(login), disabled)


@dataclass(frozen=True, slots=True)
class SimulatedPoint:
    account: Account
    unit: Unit
    token: str
    """The value of the cookie `giaoban`."""


async def mint_login_session(store: Store, account: Account, now: Instant) -> str:
    """Sign in without a password; for simulated accounts only. Returns the cookie's value.
    Raises ValueError (a person's account), StorageUnavailable."""
    if not account.simulated:
        raise ValueError("only a simulated account signs in without its password")
    return await mint(store, account.id, now)


async def simulated_points(store: Store, count: int, now: Instant) -> tuple[SimulatedPoint, ...]:
    """`count` simulated accounts, created when missing, and signed in.

    Stations, departments and offices take turns; when each has one, they get another. Raises ValueError
    (there are no units), StorageUnavailable.
    """
    units = simulation_order(await store.meetings.units())
    if not units:
        raise ValueError("there are no units")
    points = []
    for number in range(count):
        unit = units[number % len(units)]
        account = await _simulated_account(store, unit, 1 + number // len(units), now)
        points.append(SimulatedPoint(account, unit, await mint_login_session(store, account, now)))
    return tuple(points)


def simulation_order(units: Sequence[Unit]) -> list[Unit]:
    """Units with their kinds taking turns, so that even a few points show several kinds. The board is left
    to people."""
    kinds = (UnitKind.STATION, UnitKind.DEPARTMENT, UnitKind.OFFICE)
    groups = [sorted((u for u in units if u.kind is kind), key=lambda u: u.id) for kind in kinds]
    longest = max((len(group) for group in groups), default=0)
    return [group[place] for place in range(longest) for group in groups if place < len(group)]


async def _simulated_account(store: Store, unit: Unit, number: int, now: Instant) -> Account:
    """number: which of the unit's simulated accounts, from 1."""
    login = f"mo-phong-{unit.id}"[:64] if number == 1 else f"mo-phong-{unit.id}"[:60] + f"-{number}"
    found = await store.people.find(login)
    if found is not None:
        return found.account
    try:
        name = f"{unit.short} (mô phỏng)" if number == 1 else f"{unit.short} {number} (mô phỏng)"
        new = NewAccount(login, name, Role.DELEGATE, unit.id, simulated=True)
        return await create_account(store, new, now)
    except AlreadyThere:
        again = await store.people.find(login)  # another simulation was faster
        if again is None:
            raise
        return again.account
