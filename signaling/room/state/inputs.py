"""What can happen to a Room. Who acts is the session, never something that a message says."""

from dataclasses import dataclass

import recorder
import sfu
from signaling.model.ids import ParticipantId, SessionId
from signaling.model.meeting import Account, Meeting
from signaling.model.words import Presence
from signaling.protocol import ClientMessage


@dataclass(frozen=True, slots=True)
class Enter:
    """A session said hello for an account that has signed in."""

    session: SessionId
    account: Account
    fresh: ParticipantId
    """The seat's id, should the account have none here yet."""
    resume: str | None = None
    local: bool = False
    seen: int | None = None
    """With `resume`: how many messages of that session its page has got."""
    address: str = ""
    """Where the session comes from."""


@dataclass(frozen=True, slots=True)
class Said:
    session: SessionId
    message: ClientMessage


@dataclass(frozen=True, slots=True)
class Dropped:
    """The session's socket is gone."""

    session: SessionId
    presence: Presence = Presence.LOST
    """CLOSED: the page itself closed the socket (RFC 6455 codes 1000, 1001)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The media worker's result for an offer; None when it could not be asked."""

    session: SessionId
    participant: ParticipantId
    restart: bool
    result: sfu.AnyResult | None
    offer: int
    check: bool = False
    """The offer was for a line check."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The media worker reports something on its own account."""

    event: sfu.AnyEvent


@dataclass(frozen=True, slots=True)
class WorkerBack:
    """The media worker answers again and does not know these endpoints any more."""

    missing: frozenset[ParticipantId]


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time has passed: seats that nobody came back to are given up."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What is set at the terminal: schedule, composition, what may be recorded, and whose keys lock it."""

    meeting: Meeting
    recipients: tuple[recorder.Recipient, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorder says how one recording does."""

    status: recorder.Status


@dataclass(frozen=True, slots=True)
class RecorderBack:
    """The recorder answers, for the first time or again, and these recordings go on."""

    statuses: tuple[recorder.Status, ...]


@dataclass(frozen=True, slots=True)
class RecorderGone:
    """The recorder does not answer any more."""


Input = (
    Enter
    | Said
    | Dropped
    | Answered
    | Noticed
    | WorkerBack
    | Elapsed
    | Reread
    | Recorded
    | RecorderBack
    | RecorderGone
)
