"""What one session was sent, kept while its page may come back and ask for what it missed. Without I/O.

When a line breaks, what was on the way is lost: the answer to an offer, the refusal of a request. The page
counts what arrives, the server counts what it sends, and the difference is sent again.
"""

from collections import deque

from signaling.protocol import (
    Bye,
    Departures,
    Floor,
    Frame,
    Lines,
    Lobby,
    MediaLost,
    OwnLine,
    Pong,
    Recording,
    Requests,
    Roster,
    SeatChanged,
    SendPlan,
    ServerMessage,
    Slots,
    Speakers,
    Voices,
    Welcome,
)

NEWEST_ONLY = frozenset(
    {Roster, Lobby, Speakers, Slots, SendPlan, OwnLine, Floor, Requests, Departures, Voices}
)
"""Each of these is complete in itself, so a newer one makes an older one superfluous."""
TOLD_ANEW = NEWEST_ONLY | {Welcome, SeatChanged, MediaLost, Lines, Pong, Bye, Recording}
"""A page that comes back is told these as they are now; as they were then they would only mislead."""
MAX_MESSAGES = 256
MAX_BYTES = 256 * 1024
"""Five answers of the largest size; a page waits for one."""


class KeptMessage:
    """One message; `number` is its place among all that were sent, 0: not sent yet."""

    __slots__ = ("frame", "message", "number")

    def __init__(self, message: ServerMessage, frame: Frame) -> None:
        self.message = message
        self.frame = frame
        self.number = 0


class Backlog:
    """Also stands in for a session that is gone: what is posted to it waits here for the next session."""

    def __init__(self) -> None:
        self._kept: deque[KeptMessage] = deque()
        self._bytes = 0
        self._sent = 0
        self._forgotten: int | None = 0
        """Number of the newest message that is no longer kept; None: it was never sent."""

    def post(self, message: ServerMessage, frame: Frame) -> KeptMessage | None:
        """Keep a message that is to be sent. None: it need not be kept."""
        if type(message) in TOLD_ANEW:
            return None
        kept = KeptMessage(message, frame)
        self._kept.append(kept)
        self._bytes += len(frame.plain)
        while len(self._kept) > MAX_MESSAGES or self._bytes > MAX_BYTES:
            oldest = self._kept.popleft()
            self._bytes -= len(oldest.frame.plain)
            self._forgotten = oldest.number or None if self._forgotten is not None else None
        return kept

    def sent(self, kept: KeptMessage | None) -> None:
        """One more message was sent; `kept` if it is a kept one."""
        self._sent += 1
        if kept is not None:
            kept.number = self._sent

    def dismiss(self, bye: Bye) -> None:
        """A session that is gone needs no goodbye."""

    def missed(self, seen: int) -> list[tuple[ServerMessage, Frame]]:
        """What a page that has received the first `seen` messages has missed, in order. Nothing when that is
        no longer known, or when it claims more than was sent."""
        if self._forgotten is None or not self._forgotten <= seen <= self._sent:
            return []
        return [(kept.message, kept.frame) for kept in self._kept if not 0 < kept.number <= seen]
