"""docs/debugging.md says what each event of the log means, and nothing of events that are gone."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.arch.names import log_lines
from tests.arch.source import ROOT, Source, product, report

PAGE = ROOT / "docs" / "debugging.md"
_ROW = re.compile(r"^\|(( `[a-z]+(?:-[a-z]+)*`,?)+) \|", re.MULTILINE)
_NAME = re.compile(r"`([a-z-]+)`")


def events_noted(sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    """Place and event of every entry for the audit log that names its event where it is made."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _called(node).strip("_") in ("note", "Note", "write_down"):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield f"{source.path}:{node.lineno}", argument.value
                        break


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def unexplained(sources: list[Source], explained: set[str]) -> Iterator[str]:
    logged = (
        (f"{source.path}:{line}", text.split(" ")[0])
        for source in sources
        for line, text in log_lines(source)
    )
    for place, event in (*logged, *events_noted(sources)):
        if event != "%s" and event not in explained:
            yield f"{place} {event}"


def explained_in(text: str) -> set[str]:
    """The events that have a row in one of the tables."""
    return {name for row in _ROW.finditer(text) for name in _NAME.findall(row[1])}


def test_every_event_has_a_row_in_the_documents() -> None:
    assert report(unexplained(product(), explained_in(PAGE.read_text(encoding="utf-8")))) == "", (
        "add a row to docs/debugging.md"
    )


def test_no_row_is_left_of_an_event_that_is_gone() -> None:
    text = "\n".join(source.text for source in product())
    gone = {name for name in explained_in(PAGE.read_text(encoding="utf-8")) if f'"{name}' not in text}
    assert gone == set()


def test_an_event_without_a_row_is_noticed() -> None:
    sources = [Source("sfu/x.py", 'log.info("tap-up room=%s", 1)\nnote("kicked", seat)\n')]
    assert list(unexplained(sources, {"kicked"})) == ["sfu/x.py:1 tap-up"]
    assert list(unexplained(sources, {"tap-up"})) == ["sfu/x.py:2 kicked"]
