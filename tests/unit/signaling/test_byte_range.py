"""Range headers: a download that broke off is resumed, and a client can do nothing else with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.custody.byte_range import BadRange, Span, span_untrusted

pytestmark = pytest.mark.record


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, (0, 1000)),
        ("bytes=0-", (0, 1000)),
        ("bytes=600-", (600, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=999-", (999, 1000)),
        ("bytes=10-19", (10, 20)),
        ("bytes=10-5000", (10, 1000)),
        ("bytes=-100", (900, 1000)),
        ("bytes=-5000", (0, 1000)),
        (" bytes=600- ", (600, 1000)),
    ],
)
def test_these_bytes_are_asked_for(header: str | None, span: tuple[int, int]) -> None:
    assert span_untrusted(header, 1000) == Span(*span)


@pytest.mark.parametrize(
    "header",
    ["", "bytes=-", "bytes=5-2", "lines=1-2", "bytes=1-2,5-6", "bytes=a-b", "bytes= 1-2", "bytes=٣-"],
)
def test_a_range_that_makes_no_sense_gives_the_whole_file(header: str) -> None:
    assert span_untrusted(header, 1000) == Span(0, 1000)


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(BadRange):
        span_untrusted(header, 1000)


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"bytes=[0-9]{0,30}-[0-9]{0,30}", fullmatch=True)),
    st.integers(1, 1 << 40),
)
def test_any_header_gives_bytes_of_the_file_or_is_refused(header: str, length: int) -> None:
    try:
        span = span_untrusted(header, length)
    except BadRange:
        return
    assert 0 <= span.start < span.end <= length
