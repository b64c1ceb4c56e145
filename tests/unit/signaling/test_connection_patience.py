"""How long a connection may take."""

import pytest

from signaling.connections.patience import (
    BODY_S,
    CLOSING_S,
    GREETING_S,
    HEADER_S,
    STALLED_S,
    Patience,
)


@pytest.fixture
def patience() -> Patience:
    """Of a connection that asks its first request right now."""
    patience = Patience(0.0)
    patience.greeted(0.0)
    return patience


def test_a_connection_that_sends_nothing_is_closed() -> None:
    patience = Patience(0.0)
    assert patience.overdue(GREETING_S - 1) == ""
    assert patience.overdue(GREETING_S) == "greeting"


def test_half_a_header_is_not_waited_for(patience: Patience) -> None:
    for now_s in range(int(HEADER_S)):
        patience.received(now_s)  # a byte a second makes it no younger
    assert patience.overdue(HEADER_S) == "header"


def test_a_request_that_takes_hours_to_answer_is_not_late(patience: Patience) -> None:
    patience.request_begun()
    patience.received(3600.0)
    assert patience.overdue(3 * 3600.0) == ""


def test_half_a_body_is_not_waited_for(patience: Patience) -> None:
    patience.request_begun()
    patience.body_begun(10.0)
    assert patience.overdue(10.0 + BODY_S) == "body"
    patience.body_over()
    assert patience.overdue(1000.0) == ""


def test_the_next_header_has_the_same_time(patience: Patience) -> None:
    patience.request_begun()
    patience.request_over()
    assert patience.overdue(1000.0) == ""  # idle: aiohttp's own clock, IDLE_S
    patience.received(1000.0)
    assert patience.overdue(1000.0 + HEADER_S - 1) == ""
    assert patience.overdue(1000.0 + HEADER_S) == "header"


def test_a_download_that_moves_goes_on_and_one_that_does_not_ends(patience: Patience) -> None:
    patience.request_begun()
    for hour in range(5):
        patience.stalled(hour * 3600.0)
        assert patience.overdue(hour * 3600.0 + STALLED_S - 1) == ""
        patience.moves()
    patience.stalled(20_000.0)
    assert patience.overdue(20_000.0 + STALLED_S) == "reading"


def test_what_is_to_be_closed_is_closed_in_time(patience: Patience) -> None:
    patience.request_begun()
    patience.closing(100.0)
    patience.closing(105.0)
    assert patience.overdue(100.0 + CLOSING_S) == "closing"
