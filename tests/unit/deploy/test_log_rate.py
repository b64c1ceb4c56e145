"""No event floods the log, whoever causes it; what is left out is counted."""

import io
import logging

import pytest

from deploy.run.log_rate import BURST, MAX_EVENTS, TRACEBACK_LINES, LogRate
from deploy.run.logs import MAX_LINE, Line, Lines


def test_a_district_that_is_admitted_at_once_is_written_line_by_line() -> None:
    rate = LogRate()
    assert [rate.take("admitted", 1, 0.0) for _ in range(46)] == [0] * 46


def test_a_flood_is_written_at_its_rate_and_counted() -> None:
    rate = LogRate()
    answers = [rate.take("bad-request", 1, n / 1000) for n in range(20_000)]
    written = [answer for answer in answers if answer is not None]
    assert len(written) <= BURST + 20 + 1
    assert len(written) + sum(written) + rate.settle(20.0, all_of_them=True)[0][1] == 20_000


def test_one_event_does_not_use_up_what_another_may_write() -> None:
    rate = LogRate()
    for _ in range(10_000):
        rate.take("bad-request", 1, 0.0)
    assert rate.take("media-down", 1, 0.0) == 0


def test_a_traceback_costs_as_much_as_many_lines() -> None:
    rate = LogRate()
    written = [rate.take("fault", TRACEBACK_LINES, 0.0) for _ in range(100)]
    assert sum(answer is not None for answer in written) == BURST // TRACEBACK_LINES


def test_what_was_left_out_is_said_once_the_event_is_silent() -> None:
    rate = LogRate()
    for _ in range(int(BURST) + 7):
        rate.take("bad-request", 1, 0.0)
    assert rate.settle(BURST / 2) == []
    assert rate.settle(BURST) == [("bad-request", 7)]
    assert rate.settle(2 * BURST) == []


def test_a_million_different_events_are_remembered_within_a_bound() -> None:
    rate = LogRate()
    for _ in range(int(BURST) + 5):
        rate.take("first", 1, 0.0)
    for number in range(3 * MAX_EVENTS):
        rate.take(f"event {number}", 1, 0.0)
    assert rate.settle(0.0) == [("first", 5)]


class _Log:
    """A logger of its own that writes as the processes do, on a clock that the test moves."""

    def __init__(self, name: str) -> None:
        self.now_s = 0.0
        self._written = io.StringIO()
        self.handler = Lines(self._written, lambda: self.now_s)
        self.handler.setFormatter(Line("%(levelname)s %(message)s"))
        self.logger = logging.Logger(name)
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self._written.getvalue().splitlines()


@pytest.fixture
def log() -> _Log:
    return _Log("giaoban.test")


def test_the_next_line_says_how_many_were_left_out(log: _Log) -> None:
    for number in range(200):
        if number == 199:
            log.now_s = 1.0
        log.logger.info("bad-request address=%s", f"10.0.0.{number}")
    assert log.lines[-1] == f"INFO bad-request address=10.0.0.199 suppressed={199 - int(BURST)}"


def test_the_end_of_the_process_says_what_is_still_owed(log: _Log) -> None:
    for _ in range(200):
        log.logger.info("bad-request")
    log.handler.close()
    assert log.lines[-1].startswith("WARNING log-suppressed event=giaoban.test:")
    assert log.lines[-1].endswith(f"/bad-request suppressed={200 - int(BURST)}")


def test_events_that_come_as_values_are_told_apart(log: _Log) -> None:
    for event in ["asked"] * 200 + ["muted"]:
        log.logger.info("%s meeting=%s", event, "giao-ban")
    assert log.lines[-1] == "INFO muted meeting=giao-ban"


def test_a_librarys_message_is_the_same_event_whatever_is_in_it() -> None:
    log = _Log("aiohttp.server")
    for number in range(500):
        log.logger.error(f"word{number} from outside")
    assert len(log.lines) == BURST


def test_tracebacks_of_one_place_are_few(log: _Log) -> None:
    for _ in range(50):
        try:
            raise ValueError("from outside")
        except ValueError:
            log.logger.exception("fault")
    assert sum(line.startswith("ValueError") for line in log.lines) == BURST // TRACEBACK_LINES


def test_nobody_outside_writes_a_line_of_their_own(log: _Log) -> None:
    log.logger.info("sign-in-failed remote=%s", "x\r\nINFO signed-in account=chair \x1b[2J\u2028\x85")
    assert log.lines == [
        "INFO sign-in-failed remote=x\\x0d\\x0aINFO signed-in account=chair \\x1b[2J\\u2028\\x85"
    ]


def test_a_line_has_a_bound(log: _Log) -> None:
    log.logger.info("bad-request path=%s", "x" * 100_000)
    assert len(log.lines[0]) < MAX_LINE + 20
