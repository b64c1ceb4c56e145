"""The log of every process: one event a line on standard error, none of them so often that it floods."""

import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

from deploy.run.log_rate import TRACEBACK_LINES, LogRate

MAX_LINE = 1000
"""Characters of a message; what is longer came from outside."""
QUIET = ("aiohttp.access", "aioice", "aiortc", "alembic", "asyncio")
"""These libraries log every candidate and request at INFO."""
_UNPRINTABLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def configure_logging(level: str) -> None:
    """One event a line on standard error, which suits both systemd's journal and a terminal."""
    handler = Lines(sys.stderr, time.monotonic)
    handler.setFormatter(Line("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class Line(logging.Formatter):
    """A message is one line whatever is in it: nobody outside writes a second one, or drives a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.translate(_UNPRINTABLE)
        if len(record.message) > MAX_LINE:
            record.message = record.message[:MAX_LINE] + "..."
        return super().formatMessage(record)


class Lines(logging.StreamHandler[TextIO]):
    """Writes what its rate lets through, and says what it left out."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream)
        self._clock = clock
        self._rate = LogRate()

    def emit(self, record: logging.LogRecord) -> None:
        now_s = self._clock()
        left_out = self._rate.take(event_of(record), _lines_of(record), now_s)
        if left_out is None:
            return
        self._settle(self._rate.settle(now_s))
        if left_out:
            record.msg, record.args = f"{record.getMessage()} suppressed={left_out}", ()
        super().emit(record)

    def close(self) -> None:
        self.acquire()
        try:
            self._settle(self._rate.settle(self._clock(), all_of_them=True))
        finally:
            self.release()
        super().close()

    def _settle(self, owed: list[tuple[str, int]]) -> None:
        for event, count in owed:
            text = "log-suppressed event=%s suppressed=%d"
            super().emit(
                logging.LogRecord("giaoban.log", logging.WARNING, __file__, 0, text, (event, count), None)
            )


def event_of(record: logging.LogRecord) -> str:
    """What counts as the same event: the place in the code that logs it, since a library's message may have
    anything from outside in it; with the event's name where that comes as a value, and with the kind of
    exception."""
    parts = [f"{record.name}:{record.lineno}"]
    if record.name.startswith("giaoban") and isinstance(record.msg, str):
        name = record.msg.partition(" ")[0]
        first = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        parts.append(str(first)[:32] if name == "%s" else name)
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(record.exc_info[0].__name__)
    return "/".join(parts)


def _lines_of(record: logging.LogRecord) -> float:
    return TRACEBACK_LINES if record.exc_info or record.stack_info else 1.0
