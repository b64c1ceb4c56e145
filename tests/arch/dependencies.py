"""Who may import whom: places and their arrows, laws, the homes of foreign libraries."""

import ast
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter

from tests.arch.layout import EVERYWHERE, LAYOUT, WEB, Law, Place
from tests.arch.source import Source

OURS = frozenset({"sfu", "signaling", "recorder", "deploy", "web", "tests"})

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
"""What a module without I/O does not import: it gets `now`, bytes and values, and returns values."""

COMPUTING = frozenset({"msgspec", "numpy", "PIL", "webrtcvad"})
"""Foreign libraries that only compute; libav opens files as well."""

Layout = Mapping[str, Place]


def place_of(module: str, layout: Layout = LAYOUT) -> str | None:
    """The place where a module stands: its own entry, or its folder's. None: nobody planned it.

    A folder's entry does not cover the folders below it, nor the top folder of a package its modules.
    """
    if module in layout:
        return module
    folder = module.rpartition(".")[0]
    return folder if folder in layout and "." in folder else None


@cache
def _reachable(place: str) -> frozenset[str]:
    return reachable(place, {name: entry.arrows for name, entry in LAYOUT.items()})


def reachable(node: str, arrows: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Every node that the arrows lead to from here, directly or over others."""
    found: set[str] = set()
    ahead = [node]
    while ahead:
        for target in arrows[ahead.pop()]:
            if target not in found:
                found.add(target)
                ahead.append(target)
    return frozenset(found)


def our_imports(source: Source, modules: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Line and module of each import of ours; `from a import b` means the module a.b if there is one."""
    for found in source.imports:
        if found.module.split(".", 1)[0] in OURS:
            submodule = f"{found.module}.{found.name}"
            yield found.line, submodule if submodule in modules else found.module


def place_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Modules that stand in no place of the layout."""
    for source in sources:
        if place_of(source.module) is None:
            yield f"{source.path} stands in a folder that tests/arch/layout.py does not know"


def unused_places(sources: Iterable[Source], layout: Layout = LAYOUT) -> list[str]:
    """Places without a module."""
    used = {place_of(source.module, layout) for source in sources}
    return [place for place in layout if place not in used]


def arrow_complaints(sources: Sequence[Source]) -> Iterator[str]:
    """Imports against the arrows."""
    modules = frozenset(source.module for source in sources)
    for source in sources:
        here = place_of(source.module)
        if here is None:
            continue
        for line, target in our_imports(source, modules):
            there = place_of(target)
            if there != here and (there is None or there not in _reachable(here)):
                yield f"{source.path}:{line} imports {target}: no arrow from {here} to {there or target}"


def circle(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """The nodes of a circle, if there is one."""
    try:
        TopologicalSorter({node: list(targets) for node, targets in arrows.items()}).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def file_arrows(sources: Sequence[Source]) -> dict[str, set[str]]:
    """Which module imports which of ours, at whatever depth of the file."""
    modules = frozenset(source.module for source in sources)
    return {
        source.module: {target for _, target in our_imports(source, modules) if target != source.module}
        for source in sources
    }


_SCRIPT_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]""")


def script_arrow_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Imports of the web client against its arrows, types included."""
    for source in sources:
        here = _web_folder(source.path)
        if here is None:
            yield f"{source.path} stands in a folder that tests/arch/layout.py does not know"
            continue
        for target in _SCRIPT_IMPORT.findall(source.text):
            there = _web_folder(posixpath.normpath(posixpath.join(posixpath.dirname(source.path), target)))
            if there != here and there not in WEB[here]:
                yield f"{source.path} imports {target}: no arrow leads from {here} to {there}"


def _web_folder(path: str) -> str | None:
    """web/kit/dom.js: kit. None: no folder of the web client's layout."""
    folder = posixpath.dirname(path)
    inside = "" if folder == "web" else folder.removeprefix("web/")
    return inside if inside in WEB else None


def library_complaints(sources: Iterable[Source], layout: Layout = LAYOUT) -> Iterator[str]:
    """Foreign libraries outside of the folders where they live."""
    for source in sources:
        here = place_of(source.module, layout)
        at_home = EVERYWHERE | (frozenset(layout[here].libraries) if here else frozenset())
        for found in source.imports:
            library = found.module.split(".", 1)[0]
            if library and library not in sys.stdlib_module_names and library not in OURS | at_home:
                yield f"{source.path}:{found.line} imports {library}, which is not at home in {here}"


def strays(sources: Sequence[Source], layout: Layout = LAYOUT) -> list[str]:
    """Libraries that a place is home to and does not use."""
    used = {
        (place_of(source.module, layout), found.module.split(".", 1)[0])
        for source in sources
        for found in source.imports
    }
    return [
        f"{place}: {library}"
        for place, entry in layout.items()
        for library in entry.libraries
        if (place, library) not in used
    ]


def law_said(source: Source) -> Law:
    """The law that a module claims at the end of its docstring's first paragraph."""
    first = (ast.get_docstring(source.tree) or "").split("\n\n", 1)[0]
    return next((law for law in (Law.PURE, Law.WITHOUT_IO) if first.endswith(law.value)), Law.IO)


def said_law_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Folders whose own first line says another law than the layout."""
    for source in sources:
        planned = LAYOUT.get(source.module)
        if source.path.endswith("/__init__.py") and planned is not None and law_said(source) != planned.law:
            yield f"{source.path} says {law_said(source).value!r}, the layout {planned.law.value!r}"


def law_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """The world inside a module without I/O, and changes of what was handed over inside a pure one.

    Which law holds follows from the folder; in a folder with I/O, from what the module says of itself.
    """
    for source in sources:
        law = law_of(source)
        if law is Law.IO:
            continue
        for found in source.imports:
            if found.module.split(".", 1)[0] in WORLD:
                yield f"{source.path}:{found.line} imports {found.module}, and is to be {law.value}"
        if law is Law.PURE:
            yield from (
                f"{source.path}:{line} changes {what}, and is to be Pure." for line, what in changes(source)
            )


def law_of(source: Source) -> Law:
    """The law that a module is held to: its folder's, or what it says of itself."""
    here = place_of(source.module)
    planned = LAYOUT[here].law if here else Law.IO
    said = law_said(source)
    return said if planned is Law.IO or said is Law.PURE else planned


def silence_complaints(sources: Sequence[Source]) -> Iterator[str]:
    """Modules that say nothing in a folder with I/O, although nothing that they import sees the world: the
    next line of theirs could, and nobody would notice."""
    modules = {source.module: source for source in sources}
    for source in sources:
        if law_of(source) is not Law.IO or source.path.endswith(("__init__.py", "__main__.py")):
            continue
        foreign = {found.module.split(".", 1)[0] for found in source.imports} - OURS - COMPUTING
        ours = {modules[name] for _, name in our_imports(source, frozenset(modules)) if name in modules}
        if foreign <= sys.stdlib_module_names - WORLD and all(law_of(one) is not Law.IO for one in ours):
            yield f"{source.path} sees nothing of the world, and does not say so"


def changes(source: Source) -> Iterator[tuple[int, str]]:
    """Assignments to fields or items of a parameter: what a pure function does not do."""
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        arguments = function.args
        names = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        if function.name in ("__init__", "__post_init__"):
            names -= {"self"}
        for node in ast.walk(function):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign | ast.Delete):
                targets = node.targets
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                owner = target.value if isinstance(target, ast.Attribute | ast.Subscript) else None
                if isinstance(owner, ast.Name) and owner.id in names:
                    yield target.lineno, ast.unparse(target)


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
