"""Where each session's messages go: to its client, or for a while into its backlog. Without I/O.

A session ends when its line breaks. Its page comes back with a new session and asks for what it missed, so
a mailbox is kept for as long as the seat.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from signaling.model.ids import Instant, SessionId
from signaling.model.limits import Limits
from signaling.protocol import Bye, Frame, ServerMessage


class Mailbox(Protocol):
    """Messages for one client: sent at once, or kept while its page is away."""

    def post(self, message: ServerMessage, frame: Frame) -> object: ...
    def dismiss(self, bye: Bye) -> None: ...
    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, Frame]]: ...


class Mailboxes:
    def __init__(self, limits: Limits, clock: Callable[[], Instant]) -> None:
        self._limits = limits
        self._clock = clock
        self._mailboxes: dict[SessionId, Mailbox] = {}
        self._departed: OrderedDict[SessionId, float] = OrderedDict()
        """Until when the mailbox of a session that is gone is kept."""

    @property
    def by_session(self) -> Mapping[SessionId, Mailbox]:
        return self._mailboxes

    def arrived(self, session: SessionId, mailbox: Mailbox) -> None:
        self._mailboxes[session] = mailbox

    def departed(self, session: SessionId, backlog: Mailbox) -> None:
        """From now on `backlog` keeps what the session would be sent."""
        self._mailboxes[session] = backlog
        self._departed[session] = self._clock().s + self._limits.seat_grace_s
        self.forget_departed()

    def forget_departed(self) -> None:
        """Drop those whose time is over, and the oldest of too many. All are kept equally long."""
        now_s = self._clock().s
        for session, until_s in list(self._departed.items()):
            if until_s > now_s and len(self._departed) <= self._limits.departed:
                return
            del self._departed[session], self._mailboxes[session]
