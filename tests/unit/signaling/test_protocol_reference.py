"""The page about the protocol is the one of the message types, and leads where it says."""

import re
from pathlib import Path

import pytest

from signaling.protocol import AnyClientMessage, AnyServerMessage
from signaling.protocol.schema import message_types
from signaling.protocol.schema.reference import render

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def page() -> str:
    return render()


def test_the_page_in_the_documents_is_the_one_of_the_message_types(page: str) -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert text == page, "stale: run python -m signaling.protocol.schema.reference > docs/protocol.md"


def test_every_message_has_a_section(page: str) -> None:
    for side, union in (("client", AnyClientMessage), ("server", AnyServerMessage)):
        for tag in message_types(union):
            assert f'<a id="{side}-{tag}"></a>' in page


def test_every_name_that_is_linked_has_a_section(page: str) -> None:
    sections = {name.lower() for name in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    sections |= set(re.findall(r'<a id="([\w-]+)">', page))
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= sections


def test_bounds_and_defaults_are_the_enforced_ones(page: str) -> None:
    assert "| `seconds` | integer, at least `10`, at most `3600` | required |" in page
    assert "| `minutes` | integer, at least `1`, at most `240` | `10` |" in page
