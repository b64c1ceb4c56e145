"""Which pages are ours: the same place in any spelling, and no other."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.http.origin import Asked, BadOrigin, BadPlace, origin_untrusted, ours, place_untrusted


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://giaoban.example", "giaoban.example"),
        ("https://giaoban.example:443", "giaoban.example"),
        ("https://giaoban.example", "giaoban.example:443"),
        ("HTTPS://GIAOBAN.Example:8443", "giaoban.example:8443"),
        ("https://giaoban.example:8443", "Giaoban.EXAMPLE:8443"),
        ("https://[fd00::10]:8443", "[FD00:0::10]:8443"),
        ("https://192.168.1.10:8443", "192.168.1.10:8443"),
    ],
)
def test_one_place_in_two_spellings_is_one_place(origin: str, host: str) -> None:
    assert ours(origin, Asked(host, tls=True), proxy=False)


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example:8443",
        "https://giaoban.example",
        "https://giaoban.example:8444",
        "http://giaoban.example:8443",
        "https://giaoban.example.elsewhere.example:8443",
        "https://elsewhere@giaoban.example:8443",
        "https://giaoban.example:8443/",
        "https://giaoban.example:8443\\@elsewhere.example",
        "https://giaoban.example:99999",
        "https://[",
        "https://[]:8443",
        "https://[::g]:8443",
        "https://",
        "null",
        "",
        "https://" + "a" * 400,
    ],
)
def test_another_place_is_not_ours_and_nothing_falls_over(origin: str) -> None:
    assert not ours(origin, Asked("giaoban.example:8443", tls=True), proxy=False)
    assert not ours(origin, Asked("giaoban.example:8443", tls=True, forwarded_proto="https"), proxy=True)


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        # The proxy passes the name on, but not the port on which the world sees it.
        ("https://giaoban.example:8443", Asked("giaoban.example", tls=True)),
        ("https://giaoban.example", Asked("giaoban.example", tls=False, forwarded_proto="https")),
        # It asks us by our own address, and says the outside's beside it.
        ("https://giaoban.example", Asked("127.0.0.1:8443", True, "giaoban.example", "https")),
        ("https://giaoban.example", Asked("127.0.0.1:8443", True, "brought.along, giaoban.example:443")),
    ],
)
def test_behind_a_trusted_proxy_the_outside_is_what_it_says(origin: str, asked: Asked) -> None:
    assert ours(origin, asked, proxy=True)
    assert not ours("https://elsewhere.example", asked, proxy=True)


def test_of_nobody_else_such_headers_count() -> None:
    asked = Asked("giaoban.example:8443", True, "elsewhere.example", "http")
    assert not ours("https://elsewhere.example", asked, proxy=False)
    assert ours("https://giaoban.example:8443", asked, proxy=False)
    assert not ours("https://giaoban.example:8443", Asked("giaoban.example", tls=True), proxy=False)


def test_a_page_that_came_unencrypted_is_not_ours_when_the_proxy_says_https() -> None:
    assert not ours("http://giaoban.example", Asked("giaoban.example", True, "", "https"), proxy=True)


_TEXTS = st.text() | st.from_regex(r"https?://[\[\]0-9a-f:.@/]{0,30}", fullmatch=True)


@given(_TEXTS)
def test_any_text_is_an_origin_or_a_bad_one(text: str) -> None:
    with contextlib.suppress(BadOrigin):
        assert origin_untrusted(text).scheme in ("http", "https")


@given(_TEXTS)
def test_any_text_is_a_place_or_a_bad_one(text: str) -> None:
    with contextlib.suppress(BadPlace):
        assert place_untrusted(text).host
