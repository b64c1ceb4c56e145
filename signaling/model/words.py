"""The words of the protocol: constrained types and enumerations that client's and server's messages share."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from sfu import MAX_HEIGHT

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Line = Annotated[str, Meta(max_length=120)]
"""One line of text typed by a person: a name, a unit."""
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=9999)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
"""Chosen by the client for a message; what answers or refuses that message carries it as `to`. 0: none."""
Height = Annotated[int, Meta(ge=0, le=MAX_HEIGHT)]
"""Rows of device pixels that a picture fills on the screen; 0: it is not seen."""
Sdp = Annotated[str, Meta(max_length=200_000)]


class Role(StrEnum):
    CHAIR = "chair"
    OPERATOR = "operator"
    DELEGATE = "delegate"
    TECHNICIAN = "technician"
    SYSADMIN = "sysadmin"


class UnitKind(StrEnum):
    """In the order of the floor queue."""

    BOARD = "board"
    OFFICE = "office"
    DEPARTMENT = "department"
    STATION = "station"


class SeatState(StrEnum):
    """Where an account stands with a meeting."""

    OUTSIDE = "outside"
    """Not knocked yet: the green room."""
    WAITING = "waiting"
    """In the lobby."""
    ADMITTED = "admitted"
    """In the room, or on the way back into it: the seat is kept."""
    REFUSED = "refused"


class Why(StrEnum):
    """Every refusal and ending has one of these; its words are in web/i18n."""

    BAD_MESSAGE = "bad-message"
    OUT_OF_ORDER = "out-of-order"
    PROTOCOL_VERSION = "protocol-version"
    NOT_SIGNED_IN = "not-signed-in"
    UNKNOWN_MEETING = "unknown-meeting"
    MEETING_ENDED = "meeting-ended"
    UNIT_MISSING = "unit-missing"
    NAME_MISSING = "name-missing"
    BAD_HEADCOUNT = "bad-headcount"
    NOT_ADMITTED = "not-admitted"
    NOT_ALLOWED = "not-allowed"
    UNKNOWN_KNOCK = "unknown-knock"
    UNKNOWN_PARTICIPANT = "unknown-participant"
    REASON_MISSING = "reason-missing"
    ROOM_FULL = "room-full"
    LOBBY_FULL = "lobby-full"
    BAD_OFFER = "bad-offer"
    MEDIA_UNAVAILABLE = "media-unavailable"
    STORAGE_UNAVAILABLE = "storage-unavailable"
    MUTED_BY_HOST = "muted-by-host"
    SCREEN_TAKEN = "screen-taken"
    TOO_FAST = "too-fast"
    TOO_SLOW = "too-slow"
    REFUSED = "refused"
    KICKED = "kicked"
    LEFT = "left"
    TAKEN_OVER = "taken-over"
    ENDED = "ended"
    SEAT_EXPIRED = "seat-expired"
    SHUTTING_DOWN = "shutting-down"
    CHECKS_FULL = "checks-full"
    """As many lines are being checked in the house as it does at once."""
    CHECK_ENDED = "check-ended"
    """A line check has had its time, or its person was let in."""
    LOBBY_CLOSED = "lobby-closed"
    """It opens at a set time before the start."""
    MEETING_LOCKED = "meeting-locked"
    NEEDS_CHAIR = "needs-chair"
    """The chair alone decides it: an outsider, a technician who listens, a hard mute to be lifted."""
    BANNED = "banned"
    SENT_BACK = "sent-back"
    NO_FLOOR = "no-floor"
    """The microphone waits for its turn."""
    NEEDS_PERMISSION = "needs-permission"
    NOT_ASKED = "not-asked"
    """Nothing of that kind waits to be decided."""
    CHAIR_PRESENT = "chair-present"
    """The chair can be lent only while none is there."""
    QUEUE_FULL = "queue-full"
    NOT_IN_QUEUE = "not-in-queue"
    FLOOR_TAKEN = "floor-taken"
    """Somebody has it, and the one other for a dialogue as well."""
    UNKNOWN_DEPARTURE = "unknown-departure"
    RECORDING_FORBIDDEN = "recording-forbidden"
    """The meeting's rules, set at the terminal, let nobody record it."""
    NO_RECIPIENT = "no-recipient"
    """There is no key that a recording could be locked with."""
    RECORDER_UNAVAILABLE = "recorder-unavailable"
    NOT_RECORDING = "not-recording"
    ALREADY_RECORDING = "already-recording"


class RecordingState(StrEnum):
    """The light. It goes on before anything is written, and out when nothing is written any more."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    PAUSED = "paused"
    FAILED = "failed"
    """It is to go on and cannot, or ended by itself; `trouble` says why."""


class RecordingTrouble(StrEnum):
    """The recorder's own words (`recorder.Trouble`), and one for its silence."""

    NONE = ""
    NO_RECIPIENT = "no-recipient"
    BAD_RECIPIENT = "bad-recipient"
    DISK_FULL = "disk-full"
    DISK_FAILED = "disk-failed"
    MEMORY_SWAPS = "memory-swaps"
    NO_MEDIA = "no-media"
    SLOW = "slow"
    UNAVAILABLE = "recorder-unavailable"
    """It does not answer. It goes on by itself when it does."""


class FloorMode(StrEnum):
    OPEN = "open"
    """Everybody opens their own microphone."""
    MODERATED = "moderated"
    """Hands are raised, in the order of time; the chair invites."""
    ORDERED = "ordered"
    """The queue is ranked by the kind of unit, then by time; the chair invites the next."""


class Permission(StrEnum):
    """What a person may ask for, and chair or operator decides."""

    LEAVE = "leave"
    SCREEN = "screen"
    LISTEN = "listen"
    """A technician: to hear and see, for a set time. The chair alone decides."""


class Presence(StrEnum):
    """Whether somebody who has a seat is there."""

    HERE = "here"
    CLOSED = "closed"
    """The page was closed: nobody asked for leave. It may be a reload, so it counts only after a while."""
    LOST = "lost"
    """The line is gone, and nobody closed anything."""


class DepartureKind(StrEnum):
    """How somebody came to be out of the meeting."""

    PERMITTED = "permitted"
    UNPERMITTED = "unpermitted"
    LOST = "lost"
    REMOVED = "removed"
    SENT_BACK = "sent-back"
