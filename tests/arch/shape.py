"""How files look: their size, their names, and the words of the glossary."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.arch.source import Source, words

LIMITS = {".py": 500, ".js": 400, ".css": 500}
"""Lines. Past it a file is split."""
MAX_FUNCTION_LINES = 50
"""With docstring; the aim is 40."""
MAX_PARAMETERS = 7
"""self and cls not counted."""
NAMELESS = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"})
"""Names that say nothing of what is inside."""

NOT_CALLED: dict[str, str] = {
    "conference": "Meeting",
    "publication": "Producer",
    "downtrack": "Slot",
    "subscription": "Slot",
    "subscriber": "Slot",
    "moderation": "Floor",
    "moderator": "chair or operator",
    "bot": "Tap",
    "waiting_room": "Lobby",
    "user_list": "Roster",
    "mute_flag": "Gate",
    "octet": "bytes",
    "sfu_peer": "Endpoint",
}
"""One thing, one word (ARCHITECTURE.md, "Nouns"). Words that also mean something else in our trade (event,
call, group, connection, queue, track, quality, client) are left to the reader."""


def size_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        limit = LIMITS[source.path[source.path.rindex(".") :]]
        if source.lines > limit:
            yield f"{source.path} has {source.lines} lines, {limit} are allowed"


def function_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    yield f"{source.path}:{node.lineno} {node.name} has {length} lines"
                parameters = _parameters(node)
                if len(parameters) > MAX_PARAMETERS:
                    yield f"{source.path}:{node.lineno} {node.name} has {len(parameters)} parameters"


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    own = function.args
    names = [one.arg for one in (*own.posonlyargs, *own.args, *own.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def name_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """Files, folders and classes whose name says nothing."""
    for source in sources:
        parts = re.split(r"[/._-]", source.path.rsplit(".", 1)[0])
        yield from (f"{source.path}: {part}" for part in parts if part in NAMELESS)
        classes = (
            [node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
            if source.path.endswith(".py")
            else re.findall(r"\bclass\s+(\w+)", source.text)
        )
        yield from (f"{source.path}: {name}" for name in classes if NAMELESS & set(words(name)))


def glossary_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for line, name in sorted(set(_identifiers(source))):
            spelled = words(name)
            for wrong, right in NOT_CALLED.items():
                if _contains(spelled, wrong.split("_")):
                    yield f"{source.path}:{line} {name}: we say {right}"


def _identifiers(source: Source) -> Iterator[tuple[int, str]]:
    if not source.path.endswith(".py"):
        for number, line in enumerate(source.text.splitlines(), 1):
            code = re.sub(r"//.*|/\*.*?\*/|^\s*\*.*|'[^']*'|\"[^\"]*\"", "", line)
            yield from ((number, name) for name in re.findall(r"[A-Za-z_$][\w$]*", code))
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def _contains(spelled: list[str], wrong: list[str]) -> bool:
    plural = [*wrong[:-1], wrong[-1] + "s"]
    width = len(wrong)
    return any(spelled[at : at + width] in (wrong, plural) for at in range(len(spelled) - width + 1))
