"""The layout of the code: every folder, its law, what it may import, and which libraries live in it.

A *place* is a folder, or a module at the top of a package (a door, a process). Any other module that is
listed here is a place of its own as well. A place may import everything that its arrows lead to, directly or
through other places; the arrows form no circle.

Each folder also says its law in its `__init__.py`. `tests/arch/dependencies.py` holds the table, the folders
and the source to each other.
"""

from enum import StrEnum
from typing import NamedTuple


class Law(StrEnum):
    """What a folder's modules may do. Each value is how a docstring says it."""

    PURE = "Pure."
    """Values in, values out. Nothing that was handed over is changed."""
    WITHOUT_IO = "Without I/O."
    """May change the objects it is handed or holds; sees no socket, file, clock, chance or log."""
    IO = ""
    """May do both. A module here that claims one of the laws above is held to it."""


class Place(NamedTuple):
    law: Law
    arrows: tuple[str, ...] = ()
    """Places of ours that it may import."""
    libraries: tuple[str, ...] = ()
    """Foreign libraries that it may import, besides EVERYWHERE."""


PURE, WITHOUT_IO, IO = Law.PURE, Law.WITHOUT_IO, Law.IO

EVERYWHERE = frozenset({"msgspec"})
"""Typed values at every edge: msgspec alone is at home everywhere."""

LAYOUT: dict[str, Place] = {
    # --- the media plane: moves packets, knows no people ---
    "sfu": Place(PURE),
    "sfu.errors": Place(PURE),
    "sfu.wire": Place(WITHOUT_IO, ("sfu",)),
    "sfu.line": Place(IO, ("sfu.wire",)),
    "sfu.newest": Place(WITHOUT_IO, ("sfu",)),
    "sfu.tapline": Place(PURE, ("sfu.wire",)),
    "sfu.rtp": Place(WITHOUT_IO, ("sfu", "sfu.errors")),
    "sfu.sdp": Place(PURE, ("sfu", "sfu.errors"), ("aiortc",)),
    "sfu.recovery": Place(WITHOUT_IO, ("sfu.rtp",)),
    "sfu.bandwidth": Place(WITHOUT_IO, ("sfu", "sfu.rtp")),
    "sfu.voice": Place(IO, (), ("av", "numpy", "webrtcvad")),
    "sfu.addresses": Place(IO),
    "sfu.fastpath.kernel": Place(IO, (), ("numpy", "numba", "llvmlite", "pylibsrtp")),
    "sfu.fastpath": Place(IO, ("sfu.fastpath.kernel", "sfu.errors"), ("numpy", "pylibsrtp")),
    "sfu.transport": Place(IO, ("sfu.fastpath", "sfu.sdp"), ("aiortc", "OpenSSL")),
    "sfu.plane": Place(
        WITHOUT_IO, ("sfu.bandwidth", "sfu.recovery", "sfu.transport", "sfu.voice", "sfu.tapline")
    ),
    "sfu.tap_server": Place(IO, ("sfu.plane", "sfu.line")),
    "sfu.spare_memory": Place(IO),
    "sfu.worker": Place(IO, ("sfu.tap_server", "sfu.addresses", "sfu.newest", "sfu.spare_memory")),
    # --- the control plane: knows people, touches no packet ---
    "signaling": Place(PURE),
    "signaling.model": Place(PURE, ("sfu", "recorder")),
    "signaling.protocol": Place(PURE, ("signaling.model",)),
    "signaling.protocol.schema": Place(IO, ("signaling.protocol",)),
    "signaling.room.state": Place(WITHOUT_IO, ("signaling.protocol",)),
    "signaling.room.rules": Place(WITHOUT_IO, ("signaling.room.state",)),
    "signaling.room.views": Place(WITHOUT_IO, ("signaling.room.rules",)),
    "signaling.room": Place(WITHOUT_IO, ("signaling.room.views",)),
    "signaling.links": Place(IO, ("sfu.wire", "sfu.line", "sfu.newest", "recorder.wire")),
    "signaling.store": Place(IO, ("signaling.model",), ("alembic", "sqlalchemy")),
    "signaling.store.migrations": Place(IO, ("signaling.store",), ("alembic",)),
    "signaling.store.migrations.versions": Place(IO, (), ("alembic", "sqlalchemy")),
    "signaling.audit": Place(IO, ("signaling.store",), ("sqlalchemy",)),
    "signaling.custody": Place(IO, ("signaling.audit", "recorder.shelf")),
    "signaling.accounts": Place(IO, ("signaling.store",), ("argon2",)),
    "signaling.live": Place(IO, ("signaling.room", "signaling.links", "signaling.audit")),
    "signaling.connections": Place(IO, ("signaling.model",)),
    "signaling.session": Place(IO, ("signaling.live", "signaling.connections"), ("aiohttp",)),
    "signaling.disks": Place(IO),
    "signaling.http": Place(
        *(IO, ("signaling.session", "signaling.accounts", "signaling.disks")),
        ("aiohttp", "prometheus_client"),
    ),
    "signaling.http.api": Place(
        IO, ("signaling.http", "signaling.custody", "signaling.surroundings"), ("aiohttp",)
    ),
    "signaling.http.app": Place(IO, ("signaling.http.api",), ("aiohttp",)),
    "signaling.clocks": Place(IO, ("signaling.accounts", "signaling.audit")),
    "signaling.surroundings": Place(IO, ("signaling.audit",)),
    "signaling.control": Place(IO, ("signaling.http.app", "signaling.clocks"), ("aiohttp",)),
    # --- the recorder: writes what a tap brings, encrypted; `opening` runs elsewhere, where the key is ---
    "recorder": Place(PURE, ("sfu", "recorder.instants")),
    "recorder.instants": Place(PURE),
    "recorder.wire": Place(PURE, ("recorder", "sfu.wire")),
    "recorder.format": Place(WITHOUT_IO, ("recorder",)),
    "recorder.storage": Place(IO, ("recorder.format",), ("cryptography",)),
    "recorder.shelf": Place(IO, ("recorder.storage",)),
    "recorder.muxing": Place(WITHOUT_IO, ("recorder.format", "sfu.tapline", "sfu.rtp")),
    "recorder.writing": Place(IO, ("recorder.muxing", "recorder.storage", "sfu.line"), ("pyrage",)),
    "recorder.process": Place(IO, ("recorder.writing", "recorder.shelf", "recorder.wire")),
    "recorder.opening": Place(IO, ("recorder.storage",), ("pyrage",)),
    "recorder.opening.film": Place(IO, ("recorder.opening", "sfu.rtp"), ("av", "numpy", "PIL")),
    "recorder.opening.player": Place(IO, ("recorder.opening.film",), ("aiohttp",)),
    # --- the composition root: imports every package, and nobody imports it ---
    "deploy": Place(PURE),
    "deploy.problem": Place(PURE),
    "deploy.config": Place(IO, ("deploy.problem",)),
    "deploy.confine": Place(IO),
    "deploy.owner": Place(IO, ("deploy.problem",)),
    "deploy.state": Place(IO, ("deploy.owner",)),
    "deploy.run": Place(
        IO,
        (
            *("deploy.config", "deploy.confine", "deploy.state"),
            *("signaling.control", "sfu.worker", "recorder.process"),
        ),
        ("cryptography", "rich", "segno"),
    ),
    "deploy.simulate": Place(IO, ("deploy.run",), ("aiohttp", "aiortc", "av", "numpy", "rich")),
    "deploy.commands": Place(IO, ("deploy.run", "recorder.opening.player"), ("rich", "segno")),
    "deploy.child": Place(IO, ("deploy.run",)),
    "deploy.cli": Place(IO, ("deploy.child", "deploy.commands", "deploy.simulate"), ("rich",)),
}

_PAGE = ("app", "kit", "protocol", "state")
WEB: dict[str, tuple[str, ...]] = {
    "kit": (),
    "protocol": (),
    "state": ("kit", "protocol"),
    "link": ("protocol", "state"),
    "media": ("kit", "protocol", "state"),
    "app": ("kit", "link", "media", "protocol", "state"),
    "screens/shared": _PAGE,
    "screens/door": ("screens/shared", *_PAGE),
    "screens/waiting": ("screens/shared", *_PAGE),
    "screens/meeting": ("screens/shared", *_PAGE),
    "": ("screens/door", "screens/waiting", "screens/meeting", *_PAGE),
}
"""The folders of the web client and what each may import directly; "" is where `main.js` is. Screens have no
arrow to `link` and `media`: they reach the line and the devices through the app."""
