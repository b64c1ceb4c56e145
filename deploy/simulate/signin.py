"""Accounts for simulated bridge points, signed in without a password by who may write the database.

They are ordinary delegates of real units, marked as simulated, and have no password: at the door they are
of no use to anybody.
"""

import secrets
import time
from collections.abc import Sequence

from deploy.simulate.view import Identity
from signaling.accounts import mint
from signaling.messages import Role, UnitKind
from signaling.records import Account, AccountId, Instant, Unit
from signaling.store import Store

LOGIN = "sim-{:03}"
_SPEAKERS = {
    UnitKind.BOARD: "Phó Giám đốc",
    UnitKind.OFFICE: "Trưởng phòng",
    UnitKind.DEPARTMENT: "Trưởng khoa",
    UnitKind.STATION: "Trạm trưởng",
}
_NAMES = (
    "Nguyễn Thị Hoa", "Lò Văn Thành", "Giàng A Páo", "Trần Minh Đức", "Hoàng Thị Mai", "Vàng Thị Súa",
    "Phạm Quốc Khánh", "Lý Mùi Khé", "Đỗ Thu Hương", "Thào A Sùng", "Bùi Văn Nam", "Chảo Tả Mẩy",
)  # fmt: skip
_KINDS_IN_TURN = (UnitKind.STATION, UnitKind.DEPARTMENT, UnitKind.STATION, UnitKind.OFFICE)


async def sign_in_points(store: Store, count: int, cookie: str) -> tuple[Identity, ...]:
    """Sign `count` points in, each for a unit of its own as long as there are enough units.

    Raises StorageUnavailable; ValueError when there is no unit at all.
    """
    units = choose_units(await store.meetings.units(), count)
    identities: list[Identity] = []
    for index, unit in enumerate(units):
        now = Instant(time.monotonic(), time.time_ns() // 1_000_000)
        who = await _account(store, index, unit, now)
        total = 8 + index * 7 % 23
        identities.append(
            Identity(
                index=index,
                cookies={cookie: await mint(store, who.id, now)},
                unit=who.unit or unit.id,
                name=who.name,
                present=total - index % 3,
                total=total,
            )
        )
    return tuple(identities)


def choose_units(units: Sequence[Unit], count: int) -> tuple[Unit, ...]:
    """A mixture as in a real briefing: half stations, some departments and offices; the same each time.

    Errors: raises ValueError when there is no unit.
    """
    if not units:
        raise ValueError("there is no unit")
    left = {
        kind: sorted((unit for unit in units if unit.kind is kind), key=lambda u: (u.rank, u.id))
        for kind in UnitKind
    }
    chosen: list[Unit] = []
    while len(chosen) < min(count, len(units)):
        kind = _KINDS_IN_TURN[len(chosen) % len(_KINDS_IN_TURN)]
        chosen.append((left[kind] or next(of_kind for of_kind in left.values() if of_kind)).pop(0))
    return tuple(chosen[index % len(chosen)] for index in range(count))


async def _account(store: Store, index: int, unit: Unit, now: Instant) -> Account:
    login = LOGIN.format(index + 1)
    found = await store.people.find(login)
    if found is not None:
        return found.account
    who = Account(
        id=AccountId(secrets.token_urlsafe(9)),
        login=login,
        name=f"{_NAMES[index % len(_NAMES)]}, {_SPEAKERS[unit.kind]}",
        role=Role.DELEGATE,
        unit=unit.id,
        simulated=True,
    )
    await store.people.add(who, None, now.unix_ms)
    return who
