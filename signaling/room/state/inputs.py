"""What can happen to a Room. The session tells who acts, never something in a message. Pure."""

from dataclasses import dataclass

import recorder
import sfu
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.meeting import Account, Meeting
from signaling.model.words import Presence
from signaling.protocol import ClientMessage


@dataclass(frozen=True, slots=True)
class Enter:
    """A session of a signed-in account said hello."""

    session: SessionId
    account: Account
    fresh: ParticipantId
    """The id for a new seat, if the account has none here yet."""
    resume: str | None = None
    local: bool = False
    seen: int | None = None
    """With `resume`: how many messages of that session the page has got."""
    address: str = ""
    """Where the session comes from."""


@dataclass(frozen=True, slots=True)
class Said:
    """A session sent a message."""

    session: SessionId
    message: ClientMessage


@dataclass(frozen=True, slots=True)
class Dropped:
    """The session's socket is gone."""

    session: SessionId
    presence: Presence = Presence.LOST
    """CLOSED: the page closed the socket itself (RFC 6455 codes 1000, 1001)."""
    signed_out: bool = False
    """Nobody is signed in behind it any more, so its media may not live on either."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Nobody is signed in with these accounts any more."""

    accounts: frozenset[AccountId]


@dataclass(frozen=True, slots=True)
class Answered:
    """The media worker's result for an offer; None: it could not be asked."""

    session: SessionId
    participant: ParticipantId
    restart: bool
    result: sfu.AnyResult | None
    offer: int
    check: bool = False
    """The offer was for a line check."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The media worker reports something of its own accord: what has come at once, in order."""

    events: tuple[sfu.AnyEvent, ...]


@dataclass(frozen=True, slots=True)
class WorkerBack:
    """The media worker answers again and no longer knows these endpoints."""

    missing: frozenset[ParticipantId]


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time has passed, and some deadline may have too."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What the sysadmin set at the terminal: schedule, composition, what may be recorded, whose keys lock
    it."""

    meeting: Meeting
    recipients: tuple[recorder.Recipient, ...]


@dataclass(frozen=True, slots=True)
class Lifted:
    """The sysadmin lifted the bans of these accounts at the terminal."""

    accounts: frozenset[AccountId]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorder reports on one recording."""

    status: recorder.Status


@dataclass(frozen=True, slots=True)
class RecorderBack:
    """The recorder answers, for the first time or again, and these recordings go on."""

    statuses: tuple[recorder.Status, ...]


@dataclass(frozen=True, slots=True)
class RecorderGone:
    """The recorder no longer answers."""


Input = (
    Enter
    | Said
    | Dropped
    | SignedOut
    | Answered
    | Noticed
    | WorkerBack
    | Elapsed
    | Reread
    | Lifted
    | Recorded
    | RecorderBack
    | RecorderGone
)
