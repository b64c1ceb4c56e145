"""What a Room wants done after an input, as values. `signaling.live.live_room` carries them out: what must be
kept before anybody hears of it, then media, then people, then what may be kept a moment later."""

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
    sessions: tuple[SessionId, ...]
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Replay:
    """Send to a session again what the session before it was sent and its page has not got."""

    session: SessionId
    before: SessionId
    seen: int
    """How many messages of that session have arrived."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Say goodbye and close the session."""

    session: SessionId
    bye: Bye


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the seats of these accounts.

    With `first` nothing may be seen of the input before that is done, and when it cannot be done the input
    is refused: nobody is let in, or told a place in the lobby, that a restart would forget. Without it the
    store follows when it can: a full disk keeps nobody from being muted or removed.
    """

    accounts: tuple[AccountId, ...]
    first: bool = False


@dataclass(frozen=True, slots=True)
class KeepRun:
    """Store the run's record (rules, floor, requests, departures, recording) when the store can: a restart
    goes on from there. `first` as of Keep: nothing is recorded that a restart would not know of."""

    first: bool = False


@dataclass(frozen=True, slots=True)
class EndRun:
    """Store that this run of the meeting is over."""


@dataclass(frozen=True, slots=True)
class Record:
    """One order to the recorder, after everybody was told of it; with `at_once` before anything else, because
    it ends or pauses what is written."""

    order: recorder.AnyOrder
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the audit log, and a line of the server's: a stable event name, who did it, and to whom.

    `fields` are ids and figures, `words` what people typed: the latter stand in the audit log alone."""

    event: str
    fields: tuple[tuple[str, str | int], ...] = ()
    actor: AccountId | None = None
    """None: nobody, the server itself (a deadline, a lost line)."""
    address: str = ""
    words: tuple[tuple[str, str], ...] = ()


Effect = Media | Negotiate | Tell | Replay | Dismiss | Keep | KeepRun | EndRun | Record | Note


@dataclass(frozen=True, slots=True)
class Greet:
    """Send the welcome here. A view makes that message, which no rule may call: the Room puts a Tell in its
    place before anybody outside sees the effects."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Refused:
    """The rules say no. Nothing has changed."""

    code: Why


Outcome = tuple[Effect, ...] | Refused
