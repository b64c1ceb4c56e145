"""Log lines are `event key=value ...`, and docs/debugging.md says what each event means."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.arch.source import ROOT, Source, product, report

PAGE = ROOT / "docs" / "debugging.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_LINE = re.compile(r"([a-z]+(?:-[a-z]+)*|%s)((?: [a-z_]+=\S+)*|(?: [a-z_]+=\S+)* %s%s)")
_ROW = re.compile(r"^\|(( `[a-z]+(?:-[a-z]+)*`,?)+) \|", re.MULTILINE)
_NAME = re.compile(r"`([a-z-]+)`")


def lines_logged(sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    """Place and text of everything that is logged."""
    for source in sources:
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id.strip("_") in ("log", "logger")
            ):
                text = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
                yield f"{source.path}:{node.lineno}", str(text)


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


def format_complaints(sources: Iterable[Source]) -> Iterator[str]:
    for place, text in lines_logged(sources):
        if not _LINE.fullmatch(text):
            yield f"{place} {text!r} is not `event key=value ...`"


def unexplained(sources: list[Source], explained: set[str]) -> Iterator[str]:
    logged = ((place, text.split(" ")[0]) for place, text in lines_logged(sources))
    for place, event in (*logged, *events_noted(sources)):
        if event != "%s" and event not in explained:
            yield f"{place} {event}"


def explained_in(text: str) -> set[str]:
    """The events that have a row in one of the tables."""
    return {name for row in _ROW.finditer(text) for name in _NAME.findall(row[1])}


def test_log_lines_are_an_event_and_its_values() -> None:
    assert report(format_complaints(product())) == ""


def test_every_event_has_a_row_in_the_documents() -> None:
    assert report(unexplained(product(), explained_in(PAGE.read_text(encoding="utf-8")))) == "", (
        "add a row to docs/debugging.md"
    )


def test_no_row_is_left_of_an_event_that_is_gone() -> None:
    text = "\n".join(source.text for source in product())
    gone = {name for name in explained_in(PAGE.read_text(encoding="utf-8")) if f'"{name}' not in text}
    assert gone == set()


@pytest.mark.parametrize("line", ["Ears died", "ears died: again", "tap up room=%s", "tap-up %s", "tapUp"])
def test_a_line_in_prose_is_noticed(line: str) -> None:
    assert list(format_complaints([Source("sfu/x.py", f"log.info({line!r}, 1)\n")]))


@pytest.mark.parametrize("line", ["tap-up", "tap-up room=%s", "%s meeting=%s %s%s", "left why=%r code=%d"])
def test_a_line_of_event_and_values_passes(line: str) -> None:
    assert list(format_complaints([Source("sfu/x.py", f"log.info({line!r}, 1)\n")])) == []


def test_an_event_without_a_row_is_noticed() -> None:
    sources = [Source("sfu/x.py", 'log.info("tap-up room=%s", 1)\nnote("kicked", seat)\n')]
    assert list(unexplained(sources, {"kicked"})) == ["sfu/x.py:1 tap-up"]
    assert list(unexplained(sources, {"tap-up"})) == ["sfu/x.py:2 kicked"]
