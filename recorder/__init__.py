"""The recorder's door: the only names of `recorder` that the control plane may use.

The recorder is a process of its own. It listens on a Unix socket; the control plane connects and sends
Orders, the recorder sends Reports, both one way, as frames like those of `sfu.wire`. A control plane that
comes (again) is first sent a Status of every recording that goes on, then Snapshot ends that list: it decides
what is to go on. A recording whose control plane does not come back within ORPHAN_S is ended in order.

The recorder never decides to record. It holds no private key: recipients are public halves (age v1, X25519).
"""

from enum import StrEnum
from typing import NewType
from zlib import crc32

import msgspec

from recorder.format.instants import DAY_MS, civil, clock
from sfu import EndpointId, RoomId

RecordingId = NewType("RecordingId", str)
"""Its folder's name, too: lower-case letters, digits, hyphens, at most 64 (new_id)."""

ORPHAN_S = 60.0


def new_id(code: str, unix_ms: int, mark: str) -> RecordingId:
    """When (UTC), of which meeting, and four digits of `mark`: no two begin in one second of one clock, but
    clocks are set back."""
    days, of_day = divmod(unix_ms, DAY_MS)
    year, month, day = civil(days)
    time = clock(of_day).replace(":", "")
    of = "".join(letter if letter.isalnum() else "-" for letter in code.lower())
    return RecordingId(f"{year:04}{month:02}{day:02}-{time}-{of[:40]}-{crc32(mark.encode()) & 0xFFFF:04x}")


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who can open a recording: the public half of a key."""

    name: str
    """As people call it: "Ban Giám đốc"."""
    key: str
    """age1... (Bech32)."""
    second: bool = False
    """Of the second lock. When any recipient has it, opening needs one key of each lock (two persons)."""


# --- orders: control plane -> recorder -------------------------------------------------------------


class Order(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all orders."""


class Start(Order, frozen=True, tag="start"):
    """Begin, or go on with, this recording. One that goes on already is left as it is, so it may be sent
    again; one whose folder is there goes on in a new segment."""

    recording: RecordingId
    room: RoomId
    meeting: str
    """Code of the meeting."""
    title: str
    recipients: tuple[Recipient, ...]
    """At least one of the first lock."""
    worker: int = 0
    """Number of the media worker that has the room."""
    paused: bool = False


class Pause(Order, frozen=True, tag="pause"):
    """Nothing is written while it is on; the gap stands in the timeline."""

    recording: RecordingId
    on: bool


class Stop(Order, frozen=True, tag="stop"):
    """End in order. Answered by a Status with ENDED."""

    recording: RecordingId


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an endpoint's name means, in the words people read."""

    endpoint: EndpointId
    name: str
    unit: str


class People(Order, frozen=True, tag="people"):
    """Everybody who is inside, at each change, and who has the floor."""

    recording: RecordingId
    people: tuple[Person, ...]
    floor: tuple[EndpointId, ...] = ()


class Mark(Order, frozen=True, tag="mark"):
    """Something to be found again: chair or operator pressed a button."""

    recording: RecordingId
    by: str
    """Name of the person."""
    text: str


AnyOrder = Start | Pause | Stop | People | Mark

# --- reports: recorder -> control plane --------------------------------------------------------------


class Report(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all reports."""


class Stage(StrEnum):
    """How far a recording is."""

    STARTING = "starting"
    """Folder made, keys accepted; nothing has been written yet."""
    ON = "on"
    PAUSED = "paused"
    ENDED = "ended"
    """In order: the manifest says so."""
    FAILED = "failed"
    """It cannot go on; what was written is kept, and `trouble` says why it stopped."""


class Trouble(StrEnum):
    NONE = ""
    NO_RECIPIENT = "no-recipient"
    BAD_RECIPIENT = "bad-recipient"
    DISK_FULL = "disk-full"
    """The reserve was reached: ended in order."""
    DISK_FAILED = "disk-failed"
    MEMORY_SWAPS = "memory-swaps"
    """Memory could be written to a swap disk in the clear: refused."""
    NO_MEDIA = "no-media"
    """The media worker does not answer; it goes on when that comes back."""
    SLOW = "slow"
    """The disk does not keep up: media was left out (a gap in the timeline)."""


class Status(Report, frozen=True, tag="status"):
    """Of one recording: at each change, and every ten seconds while it goes on."""

    recording: RecordingId
    room: RoomId
    stage: Stage
    trouble: Trouble
    since_ms: int
    """Unix time of its beginning."""
    written_bytes: int = msgspec.field(name="octets")
    """Written so far, encrypted. The key on the wire stays "octets"."""
    minutes_left: int
    """Until the disk's reserve is reached at the present rate; -1 while unknown. Warn at 30."""
    head: str = ""
    """Hash of the manifest's newest line; when ENDED, what the audit log keeps."""


class Snapshot(Report, frozen=True, tag="snapshot"):
    """All recordings that go on have been told."""


AnyReport = Status | Snapshot
