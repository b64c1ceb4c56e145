"""Signs simulated bridge points in: ordinary delegates of real units, marked as simulated, no password.
Anyone who can write the database can create them and sign them in."""

from deploy.config import Config
from deploy.problem import StateError
from deploy.run.firstrun import opened_store
from deploy.simulate.view import Identity
from signaling.accounts.bootstrap import simulated_points
from signaling.clocks import clock, served
from signaling.http.context import COOKIE
from signaling.store import Store

SPEAKERS = (
    "Nguyễn Thị Hoa", "Lò Văn Thành", "Giàng A Páo", "Trần Minh Đức", "Hoàng Thị Mai", "Vàng Thị Súa",
    "Phạm Quốc Khánh", "Lý Mùi Khé", "Đỗ Thu Hương", "Thào A Sùng", "Bùi Văn Nam", "Chảo Tả Mẩy",
)  # fmt: skip
"""Invented names of the people in front of the cameras."""


async def sign_in(config: Config, count: int) -> tuple[Identity, ...]:
    """Sign `count` points in, each for its own unit as long as there are any. Raises StateError."""
    async with opened_store(config) as store:
        return await sign_in_at(store, count)


async def sign_in_at(store: Store, count: int) -> tuple[Identity, ...]:
    """The same with an open store. Raises StateError, StorageUnavailable."""
    try:
        points = await simulated_points(store, count, await served(store, clock()))
    except ValueError as error:
        raise StateError(
            f"{count} bridge points cannot be simulated: {error}",
            "Start the appliance first (make run); it makes a district.",
        ) from None
    return tuple(
        Identity(
            index=index,
            cookies={COOKIE: point.token},
            unit=point.unit.id,
            name=SPEAKERS[index % len(SPEAKERS)],
            label=point.unit.name,
            # A number of people behind each camera, some with one or two absent.
            present=8 + index * 7 % 23 - index % 3,
            total=8 + index * 7 % 23,
        )
        for index, point in enumerate(points)
    )
