"""What the documents tell people to type and where they point: it must exist."""

import re
from collections.abc import Iterator
from pathlib import Path

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
_CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_MAKE = re.compile(r"(?:^|[;&|(]\s*|\s)make ([a-z][a-z-]*)")
_GIAOBAN = re.compile(r"(?:^|[;&|(/]\s*|\s)giaoban ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^\n;&|]*)")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_TARGET = re.compile(r"^([a-z][\w-]*):", re.MULTILINE)


def code(text: str) -> Iterator[str]:
    """Code blocks and code spans of Markdown."""
    for block, span in _CODE.findall(text):
        yield block or span


def make_targets(makefile: str) -> set[str]:
    return set(_TARGET.findall(makefile))


def make_complaints(text: str, makefile: str) -> Iterator[str]:
    """`make x` in a document without a target x."""
    targets = make_targets(makefile)
    for block in code(text):
        for name in _MAKE.findall(block):
            if name not in targets:
                yield f"make {name}"


def commands(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Every `giaoban x [y] --flags` in a document."""
    for block in code(text):
        for first, second, rest in _GIAOBAN.findall(block):
            yield first, second, re.findall(r"--[a-z][a-z-]*", rest)


def link_complaints(text: str, folder: Path) -> Iterator[str]:
    """Links and pictures that lead to no file."""
    for target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:") and not (folder / target).exists():
            yield target
