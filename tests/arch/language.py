"""Plain English in everything that people read: comments, docstrings, documents, names of tests.

Grammar cannot be tested, but the odd turns of phrase that came up most often can. Each pattern stands beside
what to write instead.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from tests.arch.source import Source

_SECOND = (
    "is|are|was|has|gets|may|must|can|cannot|holds|keeps|hears|reads|stays|begins|goes|comes|says|loses|speaks|"
    "sees|leaves|sends|waits|knows"
)
_OLD_WORDS = (
    "lest|thereof|therein|thereby|therefor|whereof|wherein|whereby|wherefrom|hitherto|henceforth|whence|thence|"
    "hence|thus|save for|shall"
)
_VERB = "is|are|was|were|does|do|did|has|have|may|can|must"

_START = r"(?:^|[.;] )"
_NO_QUESTION = r"(?![^.\n]*\?)"
_SUBJECT = "name the subject: 'a participant who ...', 'anyone who ...'"

PATTERNS: dict[str, str] = {
    r"\bSo long (?:a|an|the|it|he|she|they|we|one|nobody|no)\b": "'for 30 s', 'as long as', 'how long'",
    rf"{_START}Who (?:[\w'-]+,? ){{1,9}}?(?<!who )(?:{_SECOND})\b(?! (?:been|had)\b){_NO_QUESTION}": _SUBJECT,
    r"\b(?:[Oo]f|[Bb]y|[Ff]or|[Tt]o|[Ww]ith) who (?:is|was|has|may|comes|left)\b": _SUBJECT,
    r"\bWhoever\b": _SUBJECT,
    r"\bof (?:who|him|whoever)\b|\bfor whom it\b": _SUBJECT,
    r"\b[Hh]is\b|\b[Hh]imself\b|\b[Tt]hemself\b|\b[Oo]neself\b|\bone's own\b": "their, themselves",
    rf"\b(?:{_OLD_WORDS})\b": "the ordinary word: 'so', 'in it', 'by which', 'will'",
    r"\b(?:is|are|was|were) (?:it|they|he|she|there) (?:not|no)\b(?![^.\n]*\?)": "subject first",
    rf"{_START}(?:Never|Nor|Neither|Nowhere|Only then|Not before) (?:{_VERB})\b": "subject first",
    r"\b(?:is|are) no more\b": "no longer",
    r"\bbut for (?:a|an|the|its|their|those|what|one)\b": "except",
    r"\b(?:is|are|was|were|has) to be had\b": "available",
    r"\bby no way\b|\bin no form\b": "not ... in any way",
    r"\bas good as (?:never|nothing|none)\b": "hardly ever, almost nothing",
    r"\b[Tt]he house\b|\bhouse's\b": "the server, the appliance",
    r"\b[Oo]ctets?\b": "bytes",
}
"""Pattern: what to write instead."""

IGNORED = re.compile(r"`[^`\n]*`|\"octets\"|https?://\S+")
"""Code and quoted names inside prose."""


def prose(source: Source) -> Iterator[tuple[int, str]]:
    """Line and text of everything in a file that is written for people, code taken out."""
    if source.path.endswith(".py"):
        yield from _python(source)
    elif source.path.endswith(".md"):
        text = re.sub(
            r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), source.text, flags=re.M | re.S
        )
        yield from enumerate(text.split("\n"), 1)
    elif source.path.endswith((".js", ".css")):
        yield from _script(source.text)
    else:
        for number, line in enumerate(source.text.split("\n"), 1):
            comment = re.search(r"(?:^|\s)#(?!!)(.*)", line)
            if comment:
                yield number, comment.group(1).strip()


def _python(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.removeprefix("#").strip()
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.removeprefix("test_").replace("_", " ").capitalize()


def _script(text: str) -> Iterator[tuple[int, str]]:
    for found in re.finditer(r"/\*(.*?)\*/|(?<![:'\"`])//([^\n]*)", text, re.S):
        comment = re.sub(r"^\s*\* ?", "", found.group(1) or found.group(2) or "", flags=re.M)
        comment = re.sub(r"@\w+(?: \{[^}\n]*\})?", "", comment)
        yield text.count("\n", 0, found.start()) + 1, comment.strip()


def language_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for line, text in prose(source):
            plain = IGNORED.sub("x", text)
            for pattern, better in PATTERNS.items():
                found = re.search(pattern, plain)
                if found:
                    yield f"{source.path}:{line} {found.group().strip()!r}: {better}"
