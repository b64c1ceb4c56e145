"""Reading our own source: files, their syntax trees, what they import.

The rules in this folder are functions from Sources to complaints, so that each is also held against a small
bad snippet: a rule that cannot fail proves nothing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("sfu", "signaling", "recorder", "deploy", "web")
"""The product."""


@dataclass(frozen=True)
class Import:
    module: str
    """Absolute dotted name; for `from a import b` both "a" and "a.b" are asked about by the rules."""
    name: str
    line: int


@dataclass(frozen=True)
class Source:
    path: str
    """Relative to the root, with slashes."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, "", node.lineno)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield Import(self._absolute(node), alias.name, node.lineno)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        folder = self.path.split("/")[: -node.level]
        return ".".join([*folder, node.module] if node.module else folder)


def inside(module: str, homes: tuple[str, ...] | frozenset[str]) -> bool:
    """A module is one of the homes or lies below one."""
    return any(module == home or module.startswith(home + ".") for home in homes)


@cache
def product(suffix: str = ".py") -> list[Source]:
    """Every file of the product with this suffix."""
    found: list[Source] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob(f"*{suffix}")):
            if "__pycache__" not in path.parts:
                found.append(Source(path.relative_to(ROOT).as_posix(), path.read_text()))
    return found


def everything(suffix: str = ".py") -> list[Source]:
    """The product and its tests."""
    return product(suffix) + written("tests", suffix)


@cache
def written(folder: str, suffix: str) -> list[Source]:
    """Every file of ours below a folder with this suffix; "." is the root. None that is hidden or built."""
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text())
        for path in sorted((ROOT / folder).rglob(f"*{suffix}"))
        if not any(part.startswith((".", "build", "node_modules")) for part in path.relative_to(ROOT).parts)
    ]


def words(identifier: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case.

    >>> words("_RoomList_of2Peers")
    ['room', 'list', 'of2', 'peers']
    """
    return [
        part.lower() for part in re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", identifier)
    ]


def report(complaints: Iterable[str]) -> str:
    """One complaint a line, so that a failing test shows all of them."""
    return "\n".join(complaints)
