"""The web client fetches nothing from outside and needs no exception from its CSP."""

import pytest

from tests.arch import screens
from tests.arch.source import ROOT, Source, report


def web(*suffixes: str) -> list[Source]:
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text())
        for path in sorted((ROOT / "web").rglob("*"))
        if path.suffix in suffixes
    ]


def test_nothing_is_fetched_from_outside() -> None:
    assert (
        list(screens.address_complaints(web(".html", ".css", ".js", ".json", ".svg", ".webmanifest"))) == []
    )


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "@import url(//fonts.example.com/css);",
        "fetch('http://example.com/')",
        "new WebSocket('wss://example.com')",
    ],
)
def test_an_outside_address_is_noticed(text: str) -> None:
    assert list(screens.address_complaints([Source("web/x.js", text)]))


@pytest.mark.parametrize(
    "text", ['xmlns="http://www.w3.org/2000/svg"', "`wss://${location.host}/ws`", "// a comment", "a = b //c"]
)
def test_our_own_address_is_not_taken_for_an_outside_one(text: str) -> None:
    assert list(screens.address_complaints([Source("web/x.js", text)])) == []


def test_media_queries_know_how_large_letters_are() -> None:
    assert report(screens.style_complaints(web(".css", ".js"))) == ""


@pytest.mark.parametrize(
    "text",
    ["@media (max-width: 760px) {", "@container (min-width: 80px) {", "matchMedia('(max-width: 9px)')"],
)
def test_a_media_query_in_pixels_is_noticed(text: str) -> None:
    assert list(screens.style_complaints([Source("web/x.css", text)]))


def test_markup_has_no_code_and_no_style() -> None:
    assert report(screens.markup_complaints(web(".html"))) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<style>p{}</style>",
        "<script>1</script>",
        '<p style="color:red">',
        '<button onclick="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_inline_code_or_style_is_noticed(text: str) -> None:
    assert list(screens.markup_complaints([Source("web/index.html", text)]))


def test_scripts_make_no_markup_from_data() -> None:
    assert report(screens.script_complaints(web(".js"))) == ""


@pytest.mark.parametrize(
    "text",
    [
        "row.innerHTML = name;",
        "row.insertAdjacentHTML('beforeend', name)",
        "eval(code)",
        "new Function(code)",
        "row.setAttribute('style', 'color: red')",
        "setTimeout('go()', 1)",
    ],
)
def test_markup_from_data_is_noticed(text: str) -> None:
    assert list(screens.script_complaints([Source("web/x.js", text)]))
