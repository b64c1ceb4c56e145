"""How long a connection may take for what it does. Without I/O.

The deadlines are those of a page on a line of 300 kbit/s and 400 ms that loses one packet in twenty. The
header of a request is one or two packets, TLS two round trips and 3 kB: that is a second, and 15 s if the
same packet is lost four times in a row (TCP repeats it after 1, 2, 4 and 8 s), which happens to one in
160,000. 20 s let that pass. A download may take hours: it must only move.
"""

GREETING_S = 20.0
"""From the connection to the end of its TLS handshake, and from there to the first request's header."""
HEADER_S = 20.0
"""From the first byte of a further request to the end of its header."""
BODY_S = 20.0
"""A body has 16 kB at most: half a second of that line."""
STALLED_S = 60.0
"""What waits to be sent does not move: 48 kB in a minute is a fiftieth of that line."""
IDLE_S = 75.0
"""Between two requests, without a byte."""
CLOSING_S = 10.0
"""From the decision to close to the end: what still waits is sent."""


class Patience:
    """Of one connection. It says what has happened, and is asked from time to time whether it is overdue."""

    __slots__ = ("_body_s", "_closing_s", "_greeting_s", "_header_s", "_requests", "_stalled_s")

    def __init__(self, now_s: float) -> None:
        self._greeting_s: float | None = now_s
        self._header_s: float | None = None
        self._body_s: float | None = None
        self._stalled_s: float | None = None
        self._closing_s: float | None = None
        self._requests = 0

    def greeted(self, now_s: float) -> None:
        """TLS stands; the first request is awaited."""
        self._greeting_s = None
        self._header_s = now_s

    def received(self, now_s: float) -> None:
        """Bytes have come."""
        if self._header_s is None and self._requests == 0:
            self._header_s = now_s

    def request_begun(self) -> None:
        """A request's header is complete."""
        self._header_s = None
        self._requests += 1

    def body_begun(self, now_s: float) -> None:
        """The request's body is awaited."""
        self._body_s = now_s

    def body_over(self) -> None:
        self._body_s = None

    def request_over(self) -> None:
        self._requests -= 1

    def stalled(self, now_s: float) -> None:
        """More waits to be sent than the client takes."""
        self._stalled_s = now_s

    def moves(self) -> None:
        """What waited has been sent, except a little."""
        self._stalled_s = None

    def closing(self, now_s: float) -> None:
        """It is to be closed. May be said again."""
        if self._closing_s is None:
            self._closing_s = now_s

    def overdue(self, now_s: float) -> str:
        """What it takes too long for; empty: nothing."""
        for what, since_s, allowed_s in (
            ("greeting", self._greeting_s, GREETING_S),
            ("header", self._header_s, HEADER_S),
            ("body", self._body_s, BODY_S),
            ("reading", self._stalled_s, STALLED_S),
            ("closing", self._closing_s, CLOSING_S),
        ):
            if since_s is not None and now_s - since_s >= allowed_s:
                return what
        return ""
