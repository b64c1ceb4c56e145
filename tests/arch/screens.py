"""What the web client must not contain: outside addresses, inline code or style, markup from data."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from tests.arch.source import Source

NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml")
"""Names, not addresses: nothing is fetched from there."""

FORBIDDEN_SCRIPT = {
    r"\.(inner|outer)HTML\s*\+?=": "markup from a string",
    r"\.insertAdjacentHTML\b": "markup from a string",
    r"\bdocument\.write\b": "markup from a string",
    r"\beval\s*\(": "code from a string",
    r"\bnew Function\b": "code from a string",
    r"setAttribute\(\s*['\"`](style|on\w+)['\"`]": "an inline style or handler, which our CSP refuses",
    r"\bset(Timeout|Interval)\(\s*['\"`]": "code from a string",
}


def address_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """http(s) and protocol-relative addresses."""
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            for name in NAMESPACES:
                line = line.replace(name, "")
            outside = re.search(r"\b(?:https?|wss?)://(?!\$\{)[\w\[]|['\"(]//[\w-]+\.[\w.-]+", line)
            if outside:
                yield f"{source.path}:{number} {outside.group()}"


def script_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            for pattern, why in FORBIDDEN_SCRIPT.items():
                if re.search(pattern, line):
                    yield f"{source.path}:{number} {why}"


def style_complaints(sources: Iterable[Source]) -> Iterator[str]:
    """A media query in pixels does not know how large the letters are."""
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            if re.search(r"@(media|container)[^{]*\dpx|matchMedia\([^)]*\dpx", line):
                yield f"{source.path}:{number} pixels in a media query: em"


def markup_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        reader = _MarkupReader()
        reader.feed(source.text)
        yield from (f"{source.path}: {complaint}" for complaint in reader.complaints)


class _MarkupReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style":
            self.complaints.append("<style>")
        if tag == "script" and "src" not in names:
            self.complaints.append("<script> without src")
        self.complaints += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        self.complaints += [
            f"<{tag} {name}={value}>" for name, value in attrs if value and value.startswith("javascript:")
        ]
