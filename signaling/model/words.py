"""The words of the protocol: constrained types and enumerations that both sides' messages use. Pure."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from sfu import MAX_HEIGHT

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
ShortText = Annotated[str, Meta(max_length=120)]
"""One line of text typed by a person: a name, a unit."""
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=9999)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
"""A client may number a message; its answer or refusal carries the number as `to`. 0: no number."""
Height = Annotated[int, Meta(ge=0, le=MAX_HEIGHT)]
"""Rows of device pixels that a picture fills on the screen; 0: it is not visible."""
Sdp = Annotated[str, Meta(max_length=200_000)]


class Role(StrEnum):
    """What an account is in a meeting."""

    CHAIR = "chair"
    OPERATOR = "operator"
    DELEGATE = "delegate"
    TECHNICIAN = "technician"
    SYSADMIN = "sysadmin"
    """Installs and repairs; takes no part in meetings."""


class UnitKind(StrEnum):
    """Kinds of unit, in the default order of the floor queue."""

    BOARD = "board"
    OFFICE = "office"
    DEPARTMENT = "department"
    STATION = "station"


class SeatState(StrEnum):
    """How far an account has come into a meeting."""

    OUTSIDE = "outside"
    """In the green room: has not knocked."""
    WAITING = "waiting"
    """In the lobby."""
    ADMITTED = "admitted"
    """In the room, or away with the seat kept."""
    REFUSED = "refused"
    """Turned away or removed."""


class Why(StrEnum):
    """Why something was refused or has ended; the texts are in web/i18n."""

    BAD_MESSAGE = "bad-message"
    OUT_OF_ORDER = "out-of-order"
    PROTOCOL_VERSION = "protocol-version"
    NOT_SIGNED_IN = "not-signed-in"
    UNKNOWN_MEETING = "unknown-meeting"
    MEETING_ENDED = "meeting-ended"
    UNIT_MISSING = "unit-missing"
    NAME_MISSING = "name-missing"
    NAME_IS_A_ROLE = "name-is-a-role"
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
    TOO_MANY_SESSIONS = "too-many-sessions"
    """The places of the account, its network or the server are taken; this was the oldest not inside."""
    REFUSED = "refused"
    KICKED = "kicked"
    LEFT = "left"
    TAKEN_OVER = "taken-over"
    ENDED = "ended"
    SEAT_EXPIRED = "seat-expired"
    SHUTTING_DOWN = "shutting-down"
    CHECKS_FULL = "checks-full"
    """The server is already running as many line checks as it does at once."""
    CHECK_ENDED = "check-ended"
    """A line check has used up its time, or its person was let in."""
    LOBBY_CLOSED = "lobby-closed"
    """It opens at a set time before the start."""
    MEETING_LOCKED = "meeting-locked"
    NEEDS_CHAIR = "needs-chair"
    """Only the chair decides this: an outsider, a technician who wants to listen, a hard mute."""
    BANNED = "banned"
    SENT_BACK = "sent-back"
    NO_FLOOR = "no-floor"
    """The microphone opens only while its person has the floor."""
    NEEDS_PERMISSION = "needs-permission"
    NOT_ASKED = "not-asked"
    """No such request waits to be decided."""
    CHAIR_PRESENT = "chair-present"
    """The chair can be lent only while no chair is there."""
    QUEUE_FULL = "queue-full"
    NOT_IN_QUEUE = "not-in-queue"
    FLOOR_TAKEN = "floor-taken"
    """Two people have the floor already."""
    UNKNOWN_DEPARTURE = "unknown-departure"
    RECORDING_FORBIDDEN = "recording-forbidden"
    """The meeting's rules, set at the terminal, do not allow recording."""
    NO_RECIPIENT = "no-recipient"
    """There is no key to encrypt a recording to."""
    RECORDER_UNAVAILABLE = "recorder-unavailable"
    NOT_RECORDING = "not-recording"
    ALREADY_RECORDING = "already-recording"


class RecordingState(StrEnum):
    """The recording light. It goes on before anything is written, and off when nothing is written any
    more."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    PAUSED = "paused"
    FAILED = "failed"
    """It cannot go on, or it ended by itself; `trouble` says why."""


class RecordingTrouble(StrEnum):
    """What is wrong with the recording: the values of `recorder.Trouble`, and one for a recorder that does
    not answer."""

    NONE = ""
    NO_RECIPIENT = "no-recipient"
    BAD_RECIPIENT = "bad-recipient"
    DISK_FULL = "disk-full"
    DISK_FAILED = "disk-failed"
    MEMORY_SWAPS = "memory-swaps"
    NO_MEDIA = "no-media"
    SLOW = "slow"
    UNAVAILABLE = "recorder-unavailable"
    """The recorder does not answer. Recording goes on by itself when it does."""


class FloorMode(StrEnum):
    """Who may open a microphone, and in which order people speak."""

    OPEN = "open"
    """Everybody may open their own microphone."""
    MODERATED = "moderated"
    """People raise their hands, in order of time; the chair invites."""
    ORDERED = "ordered"
    """The queue is sorted by kind of unit, then by time; the chair invites the next."""


class Permission(StrEnum):
    """What a person may ask for and the chair or an operator decides."""

    LEAVE = "leave"
    SCREEN = "screen"
    """To share the screen once."""
    LISTEN = "listen"
    """A technician: to hear and see for a set time. Only the chair decides."""


class Presence(StrEnum):
    """Whether a person who has a seat is there."""

    HERE = "here"
    CLOSED = "closed"
    """The page was closed. It may be a reload, so it counts as leaving only after a while."""
    LOST = "lost"
    """The connection was lost; nobody closed anything."""


class DepartureKind(StrEnum):
    """How somebody came to be out of the meeting."""

    PERMITTED = "permitted"
    """Left with permission, or needed none."""
    UNPERMITTED = "unpermitted"
    """Left without permission."""
    LOST = "lost"
    """The connection was lost."""
    REMOVED = "removed"
    SENT_BACK = "sent-back"
    """Sent back to the lobby."""
