"""The walls of the house (ARCHITECTURE.md, "Imports"), and that the rules would notice a hole."""

import pytest

from tests.arch import dependencies
from tests.arch.source import Source, inside, product, report

TASKS_WITHOUT_A_GROUP: dict[str, str] = {
    "deploy.simulate.media": "a transport is closed to its end, also when its point is cancelled",
    "sfu.transport.ports": "handshakes are kept in a table by association and ended with it",
}
"""Modules that start tasks outside of a TaskGroup, with the reason."""


def test_the_planes_meet_only_at_the_door() -> None:
    assert report(dependencies.wall_complaints(product())) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sfu/plane/plane.py", "import signaling.messages"),
        ("sfu/plane/plane.py", "from deploy import config"),
        ("signaling/room/room.py", "from sfu.plane import Plane"),
        ("signaling/room/room.py", "from sfu import plane"),
        ("signaling/room/room.py", "from deploy.config import Config"),
        ("recorder/tap.py", "from sfu.transport import ice"),
        ("recorder/tap.py", "from signaling import messages"),
        ("deploy/cli.py", "from tests.support import world"),
    ],
)
def test_a_hole_in_the_wall_is_noticed(path: str, text: str) -> None:
    house = [Source("sfu/plane/__init__.py", ""), Source("sfu/__init__.py", ""), Source(path, text)]
    assert list(dependencies.wall_complaints(house))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sfu/plane/plane.py", "from sfu import RoomId\nfrom .rtp import header"),
        ("signaling/room/room.py", "from sfu import GateReason"),
        ("recorder/tap.py", "from sfu.rtp import header\nfrom sfu import RoomId"),
        ("deploy/run/appliance.py", "from sfu.worker import run\nfrom signaling import http"),
    ],
)
def test_a_door_is_not_taken_for_a_hole(path: str, text: str) -> None:
    house = [Source("sfu/worker.py", ""), Source(path, text)]
    assert list(dependencies.wall_complaints(house)) == []


def test_each_foreign_library_stays_at_home() -> None:
    assert report(dependencies.home_complaints(product())) == ""


@pytest.mark.parametrize("text", ["import numba", "from numba import njit", "import numba.core.types as t"])
def test_a_library_away_from_home_is_noticed(text: str) -> None:
    assert list(dependencies.home_complaints([Source("signaling/room/room.py", text)]))
    assert not list(dependencies.home_complaints([Source("sfu/fastpath/kernel/native.py", text)]))


def test_cores_are_pure() -> None:
    assert report(dependencies.core_complaints(product())) == ""


@pytest.mark.parametrize(
    "text", ["import time", "from asyncio import Queue", "import os.path", "import logging"]
)
def test_the_world_in_a_core_is_noticed(text: str) -> None:
    assert list(dependencies.core_complaints([Source("sfu/rtp/header.py", text)]))
    assert not list(dependencies.core_complaints([Source("sfu/worker.py", text)]))


def test_the_rules_of_the_house_stay_cores() -> None:
    modules = {source.module for source in product()}
    for core in dependencies.CORES:
        assert any(inside(module, (core,)) for module in modules), f"{core} is gone"
        assert not inside(core, tuple(dependencies.SHELLS)), core


def test_no_core_is_called_a_shell() -> None:
    assert dependencies.idle_shells(product()) == []


def test_every_task_has_a_group() -> None:
    complaints = dependencies.task_complaints(product(), frozenset(TASKS_WITHOUT_A_GROUP))
    assert report(complaints) == ""


@pytest.mark.parametrize(
    ("text", "noticed"),
    [
        ("import asyncio\nasyncio.create_task(run())", True),
        ("import asyncio\nasyncio.get_running_loop().create_task(run())", True),
        ("from asyncio import ensure_future\nensure_future(run())", True),
        ("async def f():\n  async with asyncio.TaskGroup() as tasks:\n    tasks.create_task(run())", False),
        ("def f(group: asyncio.TaskGroup):\n  group.create_task(run())", False),
        ("def f(self, group: TaskGroup):\n  self._group = group\n  self._group.create_task(run())", False),
    ],
)
def test_a_task_without_a_group_is_noticed(text: str, noticed: bool) -> None:
    complaints = list(dependencies.task_complaints([Source("signaling/http/app.py", text)], frozenset()))
    assert bool(complaints) is noticed
