"""Health hears of a disk before it is full, and of a full one."""

from pathlib import Path

import pytest

from signaling.disks import MIN_FREE_BYTES, MIN_USABLE_BYTES, Disk, DiskWatch, Seen, Space, free_bytes

STATE, RECORDINGS = Path("/state"), Path("/recordings")
GIGABYTE = 1 << 30


class Server:
    def __init__(self) -> None:
        self.free = {STATE: GIGABYTE, RECORDINGS: 4 * GIGABYTE}
        disks = {"state": Disk(STATE), "recordings": Disk(RECORDINGS, 2 * GIGABYTE)}
        self.watch = DiskWatch(disks, self.free.__getitem__)


@pytest.mark.parametrize(
    ("state", "recordings", "worst"),
    [
        (GIGABYTE, 4 * GIGABYTE, Space.OK),
        (MIN_FREE_BYTES - 1, 4 * GIGABYTE, Space.LOW),
        (GIGABYTE, GIGABYTE, Space.LOW),  # recordings end at their reserve
        (MIN_USABLE_BYTES - 1, 4 * GIGABYTE, Space.FULL),
        (0, 0, Space.FULL),
    ],
)
async def test_the_worst_disk_counts(state: int, recordings: int, worst: Space) -> None:
    server = Server()
    server.free = {STATE: state, RECORDINGS: recordings}
    watch = DiskWatch({"state": Disk(STATE), "r": Disk(RECORDINGS, 2 * GIGABYTE)}, server.free.__getitem__)
    await watch.look()
    assert watch.worst is worst


async def test_a_change_is_logged_once_each_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "giaoban.disk")
    server = Server()
    for free in (GIGABYTE, 100 << 20, 90 << 20, 0, GIGABYTE):
        server.free[STATE] = free
        await server.watch.look()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "disk-space disk=state is=low free_mb=100",
        "disk-space disk=state is=full free_mb=0",
        "disk-space disk=state is=ok free_mb=1024",
    ]


async def test_a_disk_that_does_not_say_is_unknown_and_no_reason_to_stop(tmp_path: Path) -> None:
    def broken(_: Path) -> int:
        raise OSError(5, "I/O error")

    watch = DiskWatch({"state": Disk(tmp_path)}, broken)
    await watch.look()
    assert watch.seen == {"state": Seen(Space.UNKNOWN)}
    assert watch.worst is Space.OK


def test_a_folder_that_is_not_there_yet_is_on_the_disk_of_its_parent(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "recordings" / "later") > 0
