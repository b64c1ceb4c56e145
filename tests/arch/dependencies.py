"""Who may import whom: the house's walls, the homes of foreign libraries, the purity of cores."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from tests.arch.source import Source, inside

OURS = frozenset({"sfu", "signaling", "recorder", "deploy", "web", "tests"})

MAY_USE: dict[str, frozenset[str]] = {
    "sfu": frozenset(),
    "signaling": frozenset({"sfu", "sfu.line", "sfu.wire", "recorder", "recorder.wire", "recorder.shelf"}),
    "recorder": frozenset({"sfu", "sfu.line", "sfu.wire", "sfu.tapline", "sfu.rtp"}),
    "deploy": OURS - {"tests"},
    "web": frozenset(),
}
"""What a package may use of ours beside itself. A package's name here means its door, __init__, alone;
`sfu.wire` and `recorder.wire` are how a door's values cross the process boundary, `sfu.tapline` is what a
tap brings, `recorder.shelf` the folder of recordings, encrypted, with what may be known of them;
`deploy`, the composition root, is the one that goes through every door."""

HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": (
        *(
            "signaling.control",
            "signaling.http.guards",
            "signaling.http.app",
            "signaling.http.pages",
            "signaling.session.session",
        ),
        *("signaling.http.api.audit", "signaling.http.api.recordings", "signaling.http.context"),
        *("deploy.simulate", "recorder.opening.player.player"),
    ),
    "aiortc": ("sfu.transport", "sfu.sdp.offer", "deploy.simulate"),
    "OpenSSL": ("sfu.transport",),
    "pylibsrtp": ("sfu.transport", "sfu.fastpath"),
    "llvmlite": ("sfu.fastpath",),
    "numba": ("sfu.fastpath",),
    "numpy": ("sfu.fastpath", "sfu.voice", "deploy.simulate", "recorder.opening"),
    "av": (
        *("deploy.simulate", "sfu.voice"),
        *("recorder.opening.film.encoding", "recorder.opening.film.mix", "recorder.opening.film.picture"),
        "recorder.opening.film.tracks",
    ),
    "PIL": ("recorder.opening.film.captions",),
    "webrtcvad": ("sfu.voice.detector",),
    "sqlalchemy": ("signaling.store", "signaling.audit.table"),
    "alembic": ("signaling.store",),
    "argon2": ("signaling.accounts.passwords",),
    "prometheus_client": ("signaling.http.app", "signaling.http.metrics"),
    "cryptography": ("deploy.run.pki", "recorder.storage.signing"),
    "pyrage": ("recorder.writing.sealer", "recorder.opening.unsealed"),
    "segno": ("deploy",),
    "rich": ("deploy",),
    "ifaddr": ("deploy.run.addresses",),
}
"""The one home of each foreign library; deploy.simulate is a peer of its own, so it has a second one."""

SHELLS: dict[str, str] = {
    "sfu.voice.thread": "the ears' thread",
    "sfu.tap_server": "the Unix socket to recorders",
    "sfu.line": "one end of a Unix socket",
    "sfu.worker": "the media worker's process: loop, ticker, Unix socket",
    "sfu.plane.endpoint": "draws an endpoint's random SSRCs",
    "sfu.fastpath": "native memory and sockets; its tables are pure, its kernel imports nothing of this",
    "sfu.transport.association": "an association lives on the loop",
    "sfu.transport.dtls": "drives OpenSSL's handshake on the loop",
    "sfu.transport.ports": "binds the media ports, reads the clock once for all",
    "sfu.transport.sockets": "opens the media sockets",
    "sfu.transport.tcp": "sockets of ICE-TCP",
    "recorder.storage.folder": "a recording's folder on the disk",
    "recorder.writing.memory": "locks memory, forbids core files",
    "recorder.opening.archive": "reads a folder or a .tar",
    "recorder.opening.film.export": "writes films, part by part",
    "recorder.opening.film.fonts": "looks for a font on this machine",
    "recorder.opening.player.player": "a page on this machine's loopback, a film made in a thread",
    "recorder.opening.recover": "writes what was recovered",
    "recorder.opening.unsealed": "age decrypts in a thread",
    "recorder.storage.pipe": "octets between two threads",
    "recorder.process": "the recorder's process: loop, Unix socket",
    "recorder.writing.recording": "moves what comes to the disk, on the loop",
    "recorder.writing.sealer": "age encrypts in a thread",
    "recorder.storage.segment_file": "ciphertext on the disk",
    "recorder.shelf": "lists, hands out and deletes recordings",
    "recorder.storage.signing": "keeps the server's signing key in a file",
    "recorder.writing.tap_client": "the Unix socket to a media worker",
    "recorder.writing.segments": "a recording's sealer and folder, in threads",
    "signaling.accounts.accounts": "random tokens, the sign-in log",
    "signaling.audit.log": "writes what is noted a moment later",
    "signaling.accounts.bootstrap": "random ids of the first units and accounts",
    "signaling.control": "the control process: loop, certificate, listening sockets",
    "signaling.live.live_room": "carries effects out",
    "signaling.http.context": "names the folder of recordings",
    "signaling.http.guards": "refuses requests and says so in the log",
    "signaling.live.rooms": "holds the rooms: clock, random ids, tasks",
    "signaling.http.app": "HTTPS",
    "signaling.links.local_socket": "connecting to a process of this house",
    "signaling.links.media": "the Unix socket to a media worker",
    "signaling.session.outbox": "what a session still has to send wakes its writer",
    "signaling.http.pages": "reads the web client's files",
    "signaling.accounts.passwords": "argon2 in threads",
    "signaling.links.recorder": "the Unix socket to the recorder",
    "signaling.live.recorder_reports": "brings the recorder's reports to the rooms",
    "signaling.http.api.recordings": "reads what is downloaded in threads, with a deadline",
    "signaling.custody.retention": "deletes recordings whose time is over",
    "signaling.protocol.schema": "writes and reads the generated schema files",
    "signaling.session.session": "a WebSocket's life",
    "signaling.store": "the database",
    "signaling.audit.table": "the audit log's table and its head beside the database",
}
"""Modules of sfu and signaling that may touch the world, and why. All others are cores."""

CORES = (
    *(
        "sfu.rtp",
        "sfu.sdp",
        "sfu.plane.assignment",
        "sfu.recovery.keyframes",
        "sfu.recovery.reports",
        "sfu.plane.speakers",
        "sfu.wire",
    ),
    *("sfu.bandwidth", "sfu.recovery.repair", "sfu.recovery.redundancy", "sfu.transport.pacer"),
    *("sfu.transport.ice", "sfu.transport.stun", "deploy.run.supervision"),
    *(
        "signaling.room.rules.admission",
        "signaling.room.rules.lobby",
        "signaling.protocol",
        "signaling.room.state.roles",
        "signaling.room.room",
    ),
    *(
        "signaling.room.rules.gating",
        "signaling.room.views.roster",
        "signaling.room.rules.entering",
        "signaling.accounts.throttle",
    ),
    *("signaling.audit.chain", "signaling.audit.export"),
    *("signaling.room.rules.recording", "signaling.room.views.recording"),
    *("signaling.custody.custody", "signaling.custody.byte_range"),
    *(
        "signaling.room.rules.line_check",
        "signaling.room.views.board",
        "signaling.live.backlog",
        "signaling.room.rules.quality",
    ),
)
"""These stay cores for good: no reason makes a shell of them."""

WORLD = frozenset(
    {
        "asyncio",
        "concurrent",
        "datetime",
        "fcntl",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
    }
)
"""What a core does not import: it gets `now`, bytes and values, and returns values."""


def wall_complaints(sources: Sequence[Source]) -> Iterator[str]:
    """Imports that go through a wall instead of a door."""
    modules = {source.module for source in sources}
    for source in sources:
        allowed = MAY_USE[source.package]
        below = tuple(name for name in allowed if "." in name)
        for found in source.imports:
            target = found.module.split(".", 1)[0]
            if target not in OURS or target == source.package:
                continue
            if source.package == "deploy" and target in allowed:
                continue
            submodule = f"{found.module}.{found.name}"
            reached = submodule if submodule in modules else found.module
            if reached not in allowed and not inside(reached, below):
                yield f"{source.path}:{found.line} imports {reached}"


def home_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Foreign libraries outside of their one home."""
    for source in sources:
        for found in source.imports:
            homes = HOMES.get(found.module.split(".", 1)[0])
            if homes is not None and not inside(source.module, homes):
                yield f"{source.path}:{found.line} imports {found.module}; its home is {', '.join(homes)}"


def core_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """The world inside a core. A module of sfu or signaling is a core unless SHELLS says otherwise."""
    for source in sources:
        if inside(source.module, tuple(SHELLS)) or (source.package == "deploy" and not is_core(source)):
            continue
        for found in source.imports:
            if found.module.split(".", 1)[0] in WORLD:
                yield f"{source.path}:{found.line} imports {found.module}, but is no shell"


def is_core(source: Source) -> bool:
    return inside(source.module, CORES)


def idle_shells(sources: Iterable[Source]) -> list[str]:
    """Entries of SHELLS that no longer name a module, or one that has become pure."""
    worldly = {
        source.module
        for source in sources
        if any(found.module.split(".", 1)[0] in WORLD for found in source.imports)
    }
    return [shell for shell in SHELLS if not any(inside(module, (shell,)) for module in worldly)]


def task_complaints(sources: Iterable[Source], allowed: frozenset[str]) -> Iterator[str]:
    """Tasks that belong to nobody: created outside of a TaskGroup."""
    for source in sources:
        if source.module in allowed:
            continue
        groups = set(_task_groups(source.tree))
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = _last_name(node.func)
            if name not in ("create_task", "ensure_future"):
                continue
            owner = _last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            if owner not in groups:
                yield f"{source.path}:{node.lineno} {ast.unparse(node.func)}"


def _task_groups(tree: ast.Module) -> Iterator[str]:
    """Names bound to, or annotated as, a TaskGroup."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                if (
                    isinstance(item.context_expr, ast.Call)
                    and _last_name(item.context_expr.func) == "TaskGroup"
                ):
                    yield _last_name(item.optional_vars)
        elif isinstance(node, ast.arg) and "TaskGroup" in ast.unparse(node.annotation or ast.Constant("")):
            yield node.arg
            yield f"_{node.arg}"  # kept as an attribute
        elif isinstance(node, ast.AnnAssign) and "TaskGroup" in ast.unparse(node.annotation):
            yield _last_name(node.target)


def _last_name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
