"""The layout holds: every module has its place, imports follow the arrows, laws and homes are kept; and a
breach of each is noticed.
"""

import pytest

from tests.arch import dependencies
from tests.arch.layout import LAYOUT, WEB, Law, Place
from tests.arch.source import Source, product, report, written

TASKS_WITHOUT_A_GROUP: dict[str, str] = {
    "deploy.simulate.media": "a transport is closed to its end, also when its point is cancelled",
    "signaling.connections.connection": "a TLS handshake belongs to its connection and ends with it",
    "signaling.http.shared_answer": "the answer belongs to all who ask, also when the first has gone",
    "sfu.transport.ports": "handshakes are kept in a table by association and ended with it",
}
"""Modules that start tasks outside of a TaskGroup, with the reason."""


# --- places ---


def test_every_module_stands_in_a_place_of_the_layout() -> None:
    assert report(dependencies.place_complaints(product())) == ""


@pytest.mark.parametrize("path", ["signaling/planning/days.py", "sfu/mixer.py", "deploy/run/deep/a.py"])
def test_a_module_without_a_place_is_noticed(path: str) -> None:
    assert list(dependencies.place_complaints([Source(path, "")]))


def test_the_layout_has_no_place_that_is_empty() -> None:
    assert dependencies.unused_places(product()) == []
    assert "sfu.rtp" in dependencies.unused_places([Source("sfu/plane/plane.py", "")])


# --- arrows ---


def test_imports_follow_the_arrows() -> None:
    assert report(dependencies.arrow_complaints(product())) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sfu/plane/plane.py", "import signaling.protocol"),
        ("sfu/plane/plane.py", "from deploy import config"),
        ("sfu/rtp/header.py", "from sfu.plane import plane"),
        ("sfu/fastpath/kernel/send.py", "from sfu.fastpath import memory"),
        ("signaling/room/room.py", "from sfu.plane.plane import Plane"),
        ("signaling/room/room.py", "from sfu.plane import plane"),
        ("signaling/room/rules/floor.py", "from signaling.room.views import roster"),
        ("signaling/room/state/seat.py", "from signaling.store import Store"),
        ("signaling/model/run.py", "from signaling.protocol import Welcome"),
        ("signaling/store/store.py", "from signaling.audit.table import AuditTable"),
        ("signaling/live/rooms.py", "def f():\n    from signaling.http import app"),
        ("recorder/muxing/muxer.py", "from recorder.opening import archive"),
        ("recorder/process.py", "from recorder.opening import archive"),
        ("recorder/muxing/muxer.py", "from sfu.transport import ice"),
        ("deploy/run/appliance.py", "from deploy.commands import keys"),
        ("deploy/cli.py", "from tests.support import world"),
    ],
)
def test_an_import_against_the_arrows_is_noticed(path: str, text: str) -> None:
    assert list(dependencies.arrow_complaints([*product(), Source(path, text)]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("signaling/room/room.py", "from sfu import GateReason"),
        ("signaling/room/views/roster.py", "from signaling.room.state.seat import Seat"),
        ("recorder/muxing/muxer.py", "from sfu.rtp import header\nfrom sfu import RoomId"),
        ("deploy/run/appliance.py", "from sfu.worker import run\nfrom signaling.http import app"),
    ],
)
def test_an_import_along_the_arrows_is_not_noticed(path: str, text: str) -> None:
    assert list(dependencies.arrow_complaints([Source(path, text)])) == []


def test_the_arrows_form_no_circle() -> None:
    assert dependencies.circle({place: entry.arrows for place, entry in LAYOUT.items()}) == []
    assert dependencies.circle(WEB) == []
    assert dependencies.circle({"sfu.rtp": ["sfu.sdp"], "sfu.sdp": ["sfu.rtp"]})


def test_no_module_imports_itself_through_others() -> None:
    assert dependencies.circle(dependencies.file_arrows(product())) == []
    there, back = Source("sfu/a.py", "from sfu import b"), Source("sfu/b.py", "def f():\n    import sfu.a")
    assert dependencies.circle(dependencies.file_arrows([there, back]))


def test_the_web_client_follows_its_arrows() -> None:
    assert report(dependencies.script_arrow_complaints(written("web", ".js"))) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("web/state/store.js", "import { el } from '../screens/shared/dialog.js';"),
        ("web/screens/door/door.js", "import { Peer } from '../../media/peer.js';"),
        (
            "web/kit/dom.js",
            "/** @typedef {import('../app/app.js').App} App */\nexport * from '../link/protocol.js';",
        ),
        ("web/mixed/dom.js", ""),
    ],
)
def test_a_script_that_imports_against_the_arrows_is_noticed(path: str, text: str) -> None:
    assert list(dependencies.script_arrow_complaints([Source(path, text)]))


# --- libraries ---


def test_each_foreign_library_stays_at_home() -> None:
    assert report(dependencies.library_complaints(product())) == ""


@pytest.mark.parametrize(
    "text", ["import numba", "from numba import njit", "import requests", "import numba.core.x as t"]
)
def test_a_library_away_from_home_is_noticed(text: str) -> None:
    assert list(dependencies.library_complaints([Source("signaling/room/room.py", text)]))


def test_a_library_at_home_is_not_noticed() -> None:
    assert not list(
        dependencies.library_complaints([Source("sfu/fastpath/kernel/native.py", "import numba")])
    )


def test_no_place_is_home_to_a_library_that_it_does_not_use() -> None:
    assert dependencies.strays(product()) == []
    assert dependencies.strays([Source("sfu/a.py", "")], {"sfu.a": Place(Law.IO, (), ("numba",))})


# --- laws ---


def test_every_folder_says_its_own_law() -> None:
    assert report(dependencies.said_law_complaints(product())) == ""


@pytest.mark.parametrize("text", ['"""RTP as values."""', '"""RTP as values. Pure."""', ""])
def test_a_folder_that_says_another_law_is_noticed(text: str) -> None:
    assert list(dependencies.said_law_complaints([Source("sfu/recovery/__init__.py", text)]))


def test_the_laws_are_kept() -> None:
    assert report(dependencies.law_complaints(product())) == ""


@pytest.mark.parametrize(
    "text", ["import time", "from asyncio import Queue", "import os.path", "import logging"]
)
def test_the_world_in_a_module_without_io_is_noticed(text: str) -> None:
    assert list(dependencies.law_complaints([Source("signaling/room/rules/floor.py", text)]))
    assert list(
        dependencies.law_complaints([Source("sfu/transport/ice.py", f'"""ICE. Without I/O."""\n{text}')])
    )
    assert not list(dependencies.law_complaints([Source("sfu/transport/ice.py", f'"""ICE."""\n{text}')]))


@pytest.mark.parametrize(
    ("text", "noticed"),
    [
        ("def f(seat):\n    seat.state = 1", True),
        ("def f(seats):\n    seats['a'] += 1", True),
        ("def f(seats):\n    del seats['a']", True),
        ("class C:\n    def f(self):\n        self.x = 1", True),
        ("class C:\n    def __init__(self):\n        self.x = 1", False),
        ("def f(seat):\n    found = {}\n    found['a'] = seat", False),
    ],
)
def test_a_change_of_what_was_handed_over_is_noticed_in_a_pure_module(text: str, noticed: bool) -> None:
    assert bool(list(dependencies.law_complaints([Source("signaling/model/run.py", text)]))) is noticed
    assert not list(dependencies.law_complaints([Source("signaling/room/rules/floor.py", text)]))


def test_a_module_without_io_says_so() -> None:
    assert report(dependencies.silence_complaints(product())) == ""


@pytest.mark.parametrize(
    ("text", "noticed"),
    [
        ('"""A bucket."""\nfrom dataclasses import dataclass', True),
        ('"""A bucket."""\nimport numpy', True),
        ('"""A bucket. Without I/O."""\nimport numpy', False),
        ('"""A bucket."""\nimport time', False),
        ('"""A bucket."""\nimport aiortc', False),
        ('"""A bucket."""\nfrom sfu.transport import sockets', False),
    ],
)
def test_a_module_that_says_nothing_and_does_nothing_is_noticed(text: str, noticed: bool) -> None:
    sockets = Source("sfu/transport/sockets.py", "import socket")
    complaints = dependencies.silence_complaints([sockets, Source("sfu/transport/budget.py", text)])
    assert bool(list(complaints)) is noticed


# --- tasks ---


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
