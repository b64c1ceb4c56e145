"""Who may import whom: the house's walls, the homes of foreign libraries, the purity of cores."""

import ast
from collections.abc import Iterable, Iterator

from tests.arch.source import Source, inside

OURS = frozenset({"sfu", "signaling", "recorder", "deploy", "web", "tests"})

MAY_USE: dict[str, frozenset[str]] = {
    "sfu": frozenset(),
    "signaling": frozenset({"sfu"}),
    "recorder": frozenset({"sfu", "sfu.rtp"}),
    "deploy": OURS - {"tests"},
    "web": frozenset(),
}
"""What a package may use of ours beside itself. A plain package name here means its door, __init__, alone;
`deploy`, the composition root, is the one that goes through every door."""

HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("signaling.http", "signaling.session", "deploy.simulate"),
    "aiortc": ("sfu.transport", "sfu.sdp.offer", "deploy.simulate"),
    "OpenSSL": ("sfu.transport",),
    "pylibsrtp": ("sfu.transport", "sfu.fastpath.native"),
    "llvmlite": ("sfu.fastpath",),
    "numba": ("sfu.fastpath",),
    "numpy": ("sfu.fastpath", "deploy.simulate"),
    "av": ("deploy.simulate", "sfu.voice", "recorder.writer", "recorder.export"),
    "sqlalchemy": ("signaling.store",),
    "alembic": ("signaling.store",),
    "argon2": ("signaling.accounts",),
    "prometheus_client": ("signaling.http", "signaling.metrics"),
    "cryptography": ("deploy.pki",),
    "segno": ("deploy",),
    "rich": ("deploy",),
    "ifaddr": ("deploy.addresses",),
}
"""The one home of each foreign library; deploy.simulate is a peer of its own, so it has a second one."""

SHELLS: dict[str, str] = {
    "sfu.worker": "the media worker's process: loop, ticker, Unix socket",
    "sfu.transport.dtls": "drives OpenSSL's handshake on the loop",
    "sfu.transport.tcp": "sockets of ICE-TCP",
    "sfu.endpoint": "draws the random names (SSRCs, ufrags) of a new endpoint",
    "signaling.schema": "writes and reads the generated schema files",
}
"""Modules of sfu and signaling that may touch the world, and why. All others are cores."""

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


def wall_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Imports that go through a wall instead of a door."""
    for source in sources:
        allowed = MAY_USE[source.package]
        for found in source.imports:
            target = found.module.split(".", 1)[0]
            if target not in OURS or target == source.package:
                continue
            if source.package == "deploy" and target in allowed:
                continue
            reached = {found.module, f"{found.module}.{found.name}"} if found.name else {found.module}
            submodule = any(_is_module(source_name, sources) for source_name in reached - {found.module})
            if not inside(found.module, tuple(allowed - {target})) and (
                found.module not in allowed or submodule
            ):
                yield f"{source.path}:{found.line} imports {found.module} {found.name}".rstrip()


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
        if source.package not in ("sfu", "signaling", "recorder") or inside(source.module, tuple(SHELLS)):
            continue
        for found in source.imports:
            if found.module.split(".", 1)[0] in WORLD:
                yield f"{source.path}:{found.line} imports {found.module}, but is no shell"


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


def _is_module(name: str, sources: Iterable[Source]) -> bool:
    return any(source.module == name for source in sources)
