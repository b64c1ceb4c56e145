"""What the documents tell people to type and where they point: it must exist."""

import re
from collections.abc import Iterator
from pathlib import Path

DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "THREAT_MODEL.md",
    "ROADMAP.md",
)
"""At the top; everything below docs/ is held to the same."""
GENERATED = frozenset({"docs/protocol.md", "docs/roles.md", "docs/seat-states.md"})
MAX_COLUMNS = 100
_CODE = re.compile(r"^```[^\n]*\n(.*?)^```|`([^`\n]+)`|^ {4}(\S[^\n]*)", re.DOTALL | re.MULTILINE)
_MAKE = re.compile(r"(?:^|[;&|(]\s*)make ([a-z][a-z-]*)", re.MULTILINE)
_GIAOBAN = re.compile(
    r"(?:^|[;&|(]\s*|\S/)giaoban ([a-z][a-z-]*(?: [a-z][a-z-]*)?)([^\n;&|#]*)", re.MULTILINE
)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\((?:[\w-]+/)*([\w-]+)\.png\)")
_TARGET = re.compile(r"^([a-z][\w-]*):", re.MULTILINE)
_FLAG = re.compile(r"--[a-z][a-z-]*")
_SPAN = re.compile(r"`((?:sfu|signaling|recorder|deploy|web|tests|docs)/[\w./-]+)(?:::\w+)?`")
_UNWRAPPABLE = re.compile(r"^(\||#|<!--|!?\[[^\]]*\]\([^)]*\)\S*$)")


def code(text: str) -> Iterator[str]:
    """Code blocks (fenced or indented) and code spans of Markdown."""
    for found in _CODE.finditer(text):
        yield next(group for group in found.groups() if group is not None)


def make_complaints(text: str, makefile: str) -> Iterator[str]:
    """`make x` in a document without a target x."""
    targets = set(_TARGET.findall(makefile))
    for block in code(text):
        yield from (f"make {name}" for name in _MAKE.findall(block) if name not in targets)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Every `giaoban x [y] --flags` in a document: the command's words and its flags."""
    for block in code(text):
        for words, rest in _GIAOBAN.findall(block):
            yield words, _FLAG.findall(rest)


def flags_in(text: str) -> set[str]:
    return set(_FLAG.findall(text))


def path_complaints(text: str, root: Path) -> Iterator[str]:
    """Files and folders of ours that a document names and that are not there."""
    for name in _SPAN.findall(text):
        if not (root / name.rstrip(".")).exists():
            yield name


def width_complaints(text: str) -> Iterator[str]:
    """Lines that are too long. Rows of tables, headings and a link alone cannot be wrapped."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        if len(line) > MAX_COLUMNS and not fenced and not _UNWRAPPABLE.match(line.strip()):
            yield f"line {number} has {len(line)} columns"


def picture_complaints(text: str, tests: str) -> Iterator[str]:
    """Pictures in a document that no test takes."""
    for picture in _PICTURE.findall(text):
        if not re.search(rf'take\([\w.]+, "(?:[\w-]+/)*{re.escape(picture)}"\)', tests):
            yield picture


def link_complaints(text: str, folder: Path) -> Iterator[str]:
    """Links and pictures that lead to no file."""
    for target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:") and not (folder / target).exists():
            yield target
