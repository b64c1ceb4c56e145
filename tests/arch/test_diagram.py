"""The drawings of folders in the documents are those of the source."""

import pytest

from tests.arch import diagram
from tests.arch.source import ROOT, Source


@pytest.mark.parametrize("name", diagram.DRAWN)
def test_the_drawing_in_the_documents_is_the_one_of_the_source(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "```mermaid" in text
    assert text == diagram.redrawn(text, diagram.DRAWN[name]), "stale: run python -m tests.arch.diagram"


def source(path: str, *imports: str) -> Source:
    return Source(path, "".join(f"from {module} import x\n" for module in imports))


HOUSE = [
    source("sfu/__init__.py"),
    source("sfu/wire.py", "sfu"),
    source("sfu/worker.py", "sfu.plane.plane", "sfu.rtp.header", "sfu.wire"),
    source("sfu/plane/plane.py", "sfu.plane.slot", "sfu.rtp.header", "sfu.wire", "sfu"),
    source("sfu/plane/slot.py"),
    source("sfu/rtp/header.py"),
    source("signaling/control.py", "sfu"),
]


def test_folders_and_processes_are_drawn_and_doors_are_not() -> None:
    assert diagram.arrows(HOUSE, "sfu") == {
        "worker": {"plane", "rtp"},
        "plane": {"rtp"},
        "rtp": frozenset(),
    }


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    drawn = diagram.without_shortcuts(diagram.arrows(HOUSE, "sfu"))
    assert drawn == {"worker": {"plane"}, "plane": {"rtp"}, "rtp": frozenset()}


def test_nested_folders_are_named_by_their_way() -> None:
    text = diagram.mermaid({"room": frozenset({"room/rules"}), "room/rules": frozenset()})
    assert "  room --> room-rules[room/rules]\n" in text
