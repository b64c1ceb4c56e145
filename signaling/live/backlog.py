"""What one session was sent, for as long as its page may come back and ask for what it missed. Pure.

A line that breaks takes with it what was on the way: the answer to an offer, the refusal of a request. The
page counts what arrives, the server counts what leaves, and the difference is sent again.
"""

from collections import deque

from signaling.protocol import (
    Bye,
    Lines,
    Lobby,
    MediaLost,
    OwnLine,
    Pong,
    Recording,
    Roster,
    SeatChanged,
    SendPlan,
    ServerMessage,
    Slots,
    Speakers,
    Welcome,
)

TOLD_ANEW = frozenset(
    {
        Welcome,
        SeatChanged,
        Roster,
        Lobby,
        Slots,
        Speakers,
        SendPlan,
        MediaLost,
        Lines,
        OwnLine,
        Pong,
        Bye,
        Recording,
    }
)
"""Who comes back is told these as they are now; as they were then they would only mislead."""
MAX_MESSAGES = 256
MAX_CHARACTERS = 256 * 1024
"""Five answers of the largest kind; a page waits for one."""


class Entry:
    """One message; `number` is its place among all that were sent, 0 while it was not."""

    __slots__ = ("frame", "message", "number")

    def __init__(self, message: ServerMessage, frame: str) -> None:
        self.message = message
        self.frame = frame
        self.number = 0


class Backlog:
    """Also stands in for a session that is gone: what it is still told waits here for the next one."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._characters = 0
        self._sent = 0
        self._forgotten: int | None = 0
        """Number of the newest message that is no longer held; None: one that was never sent."""

    def post(self, message: ServerMessage, frame: str) -> Entry | None:
        """A message is to be sent. None: it need not be kept."""
        if type(message) in TOLD_ANEW:
            return None
        entry = Entry(message, frame)
        self._entries.append(entry)
        self._characters += len(frame)
        while len(self._entries) > MAX_MESSAGES or self._characters > MAX_CHARACTERS:
            oldest = self._entries.popleft()
            self._characters -= len(oldest.frame)
            self._forgotten = oldest.number or None if self._forgotten is not None else None
        return entry

    def sent(self, entry: Entry | None) -> None:
        """One more message leaves; `entry` if it is a kept one."""
        self._sent += 1
        if entry is not None:
            entry.number = self._sent

    def dismiss(self, bye: Bye) -> None:
        """Who is gone needs no goodbye."""

    def missed(self, seen: int) -> list[tuple[ServerMessage, str]]:
        """What a page that has got the first `seen` messages has missed, in order. Nothing when that is no
        longer known, or when it claims more than it was sent."""
        if self._forgotten is None or not self._forgotten <= seen <= self._sent:
            return []
        return [(entry.message, entry.frame) for entry in self._entries if not 0 < entry.number <= seen]
