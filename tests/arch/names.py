"""One word a thing: class names, the names of bounds, imported names, log lines."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.arch.source import Source

BOUND = re.compile(
    r"^_?(?:MOST|LONGEST|LARGEST|BIGGEST|FURTHEST|UPPER|LEAST|SHORTEST|SMALLEST|LOWER)_"
    r"|_(?:MOST|LEAST|LIMIT|MAXIMUM|MINIMUM)(?:_[A-Z]{1,5})?$"
)
"""A bound is called MAX_ or MIN_ and what it bounds, with the unit at the end."""

_VALUE = r"(?:%[-\d.]*[sdrf]|[a-z0-9-]+)"
LOG_LINE = re.compile(
    rf"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?: [a-z_]+={_VALUE})*"
    rf"|%s(?: [a-z_]+={_VALUE})*(?: ?%s)*"  # what the audit log has as well: event and fields come as values
)
"""`event key=value key=value`: an event of small letters and hyphens, then keys with their values."""
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})

IMPORTED_AS: dict[tuple[str, str], str] = {
    ("dataclasses", "replace"): "replace",
    ("msgspec.structs", "replace"): "changed",
}
"""Two functions that are both called `replace` have one name each, the same in every file."""


def class_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """A class name that stands more than once in a package."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                places[source.package, node.name].append(f"{source.path}:{node.lineno}")
    for (_, name), where in sorted(places.items()):
        if len(where) > 1:
            yield f"class {name}: {', '.join(where)}"


def bound_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for line, name in _constants(source):
            if BOUND.search(name):
                yield f"{source.path}:{line} {name}: bounds begin with MAX_ or MIN_"


def _constants(source: Source) -> Iterator[tuple[int, str]]:
    if not source.path.endswith(".py"):
        for number, line in enumerate(source.text.splitlines(), 1):
            yield from ((number, name) for name in re.findall(r"\bconst (_?[A-Z][A-Z0-9_]+)\b", line))
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper():
            yield node.lineno, node.id


def import_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    wanted = IMPORTED_AS.get((node.module or "", alias.name))
                    if wanted is not None and (alias.asname or alias.name) != wanted:
                        yield f"{source.path}:{node.lineno} {node.module}.{alias.name} as {wanted}"
            elif isinstance(node, ast.Attribute) and ast.unparse(node) == "msgspec.structs.replace":
                yield f"{source.path}:{node.lineno} from msgspec.structs import replace as changed"


def log_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for line, text in log_lines(source):
            if not LOG_LINE.fullmatch(text):
                yield f"{source.path}:{line} {text!r} is not `event key=value`"


def log_lines(source: Source) -> Iterator[tuple[int, str]]:
    """Line and format of every log line; "" where it is not a literal."""
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        logger = node.func.value
        if node.func.attr in LOG_METHODS and ast.unparse(logger) in ("log", "_log", "logger"):
            text = node.args[0] if node.args else None
            yield (
                node.lineno,
                text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else "",
            )
