"""What a Room wants done after an input, as values; `signaling.live.live_room` carries them out. Pure."""

from dataclasses import dataclass

import recorder
import sfu
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.words import Why
from signaling.protocol import Bye, ServerMessage


@dataclass(frozen=True, slots=True)
class Media:
    """One command to the media worker. Its result changes nothing here."""

    command: sfu.SetGates | sfu.Show | sfu.SetStage | sfu.CloseEndpoint | sfu.CloseRoom


@dataclass(frozen=True, slots=True)
class Negotiate:
    """An offer to the media worker. Its result comes back to the room as `inputs.Answered`."""

    session: SessionId
    participant: ParticipantId
    command: sfu.OpenEndpoint | sfu.RestartEndpoint
    offer: int
    """Number of the offer, for its answer."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a message to these sessions."""

    sessions: tuple[SessionId, ...]
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Replay:
    """Send to a session what its page missed of the session before it."""

    session: SessionId
    before: SessionId
    seen: int
    """How many messages of the session before have arrived."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Say goodbye and close the session."""

    session: SessionId
    bye: Bye


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the seats of these accounts.

    With `first`, nothing of the input may be seen before this is done, and if it cannot be done the input is
    refused: nobody is let in, or given a place in the lobby, that a restart would forget. Without it the
    store follows when it can: a full disk keeps nobody from being muted or removed.
    """

    accounts: tuple[AccountId, ...]
    first: bool = False


@dataclass(frozen=True, slots=True)
class KeepRun:
    """Store the run's record (rules, floor, requests, departures, recording) when the store can: a restart
    goes on from it. `first`: as in Keep, so that nothing is recorded that a restart would not know of."""

    first: bool = False


@dataclass(frozen=True, slots=True)
class EndRun:
    """Store that this run of the meeting is over."""


@dataclass(frozen=True, slots=True)
class Record:
    """Send one order to the recorder, after everybody was told of it; with `at_once` before anything else,
    because it ends or pauses the writing."""

    order: recorder.AnyOrder
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the audit log, and a line of the server's log: a stable event name, who did it, and to
    whom.

    `fields` are ids and figures; `words`, what people typed, go only into the audit log."""

    event: str
    fields: tuple[tuple[str, str | int], ...] = ()
    actor: AccountId | None = None
    """None: the server itself (a deadline, a lost connection)."""
    address: str = ""
    words: tuple[tuple[str, str], ...] = ()
    login: str = ""
    """Of the actor. The shell looks it up."""


Effect = Media | Negotiate | Tell | Replay | Dismiss | Keep | KeepRun | EndRun | Record | Note


@dataclass(frozen=True, slots=True)
class Greet:
    """Send the welcome here. A view makes that message, which no rule may call: the Room puts a Tell in its
    place before anybody outside sees the effects."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Refused:
    """The rules say no, and nothing has changed."""

    code: Why


Outcome = tuple[Effect, ...] | Refused
