"""The recorder's door: the only names of `recorder` that the control plane may use. Pure.

The recorder is a process of its own. It listens on a Unix socket; the control plane connects and sends
Orders, the recorder sends Reports, both one way, as frames like those of `sfu.wire`. When a control plane
connects, the recorder first sends a Status for every recording in progress, then a Snapshot to end that list;
the control plane decides which of them continue. A recording whose control plane does not come back within
ORPHAN_S is ended in order.

The recorder never decides to record. It holds no private key: recipients are public halves (age v1, X25519).
"""

from enum import StrEnum
from typing import NewType
from zlib import crc32

import msgspec

from recorder.instants import DAY_MS, civil, clock
from sfu import EndpointId, RoomId

RecordingId = NewType("RecordingId", str)
"""Also the name of its folder: lower-case letters, digits and hyphens, at most 64 (new_id)."""

ORPHAN_S = 60.0


def new_id(code: str, unix_ms: int, mark: str) -> RecordingId:
    """When (UTC), which meeting, and four digits of `mark`. No two recordings begin in the same second, but a
    clock can be set back: the digits tell them apart then."""
    days, of_day = divmod(unix_ms, DAY_MS)
    year, month, day = civil(days)
    time = clock(of_day).replace(":", "")
    of = "".join(letter if letter.isalnum() else "-" for letter in code.lower())
    return RecordingId(f"{year:04}{month:02}{day:02}-{time}-{of[:40]}-{crc32(mark.encode()) & 0xFFFF:04x}")


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who can open a recording: the public half of a key."""

    name: str
    """What people call it: "Ban Giám đốc"."""
    key: str
    """age1... (Bech32)."""
    second: bool = False
    """A key of the second lock. If any recipient has one, opening takes a key of each lock: two people."""


class AuditHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and hash of the audit log's newest entry."""

    number: int
    hash: str


# --- orders: control plane -> recorder -------------------------------------------------------------


class Order(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of all orders."""


class Start(Order, frozen=True, tag="start"):
    """Begin or resume this recording. If it is already in progress nothing changes, so this may be sent
    again; if its folder exists, it continues in a new segment."""

    recording: RecordingId
    room: RoomId
    meeting: str
    """Code of the meeting."""
    title: str
    recipients: tuple[Recipient, ...]
    """At least one of the first lock."""
    worker: int = 0
    """Number of the media worker that has the room."""
    audit: AuditHead | None = None
    """For the manifest of a recording that begins; None: the log is empty, or not known yet."""
    paused: bool = False


class Pause(Order, frozen=True, tag="pause"):
    """Nothing is written while this is on; the timeline shows the gap."""

    recording: RecordingId
    on: bool


class Stop(Order, frozen=True, tag="stop"):
    """End in order. Answered by a Status with ENDED."""

    recording: RecordingId


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person behind an endpoint, in the words people read."""

    endpoint: EndpointId
    name: str
    unit: str


class People(Order, frozen=True, tag="people"):
    """Everyone in the meeting and who has the floor; sent at each change."""

    recording: RecordingId
    people: tuple[Person, ...]
    floor: tuple[EndpointId, ...] = ()


class Mark(Order, frozen=True, tag="mark"):
    """A place to find again later: the chair or operator pressed a button."""

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
    """The folder is made and the keys are accepted; nothing is written yet."""
    ON = "on"
    PAUSED = "paused"
    ENDED = "ended"
    """Ended in order: the manifest says so."""
    FAILED = "failed"
    """It cannot continue; what was written is kept, and `trouble` says why it stopped."""


class Trouble(StrEnum):
    NONE = ""
    NO_RECIPIENT = "no-recipient"
    BAD_RECIPIENT = "bad-recipient"
    DISK_FULL = "disk-full"
    """The disk reserve was reached: ended in order."""
    DISK_FAILED = "disk-failed"
    MEMORY_SWAPS = "memory-swaps"
    """Refused: memory could be written to a swap disk in the clear."""
    NO_MEDIA = "no-media"
    """The media worker does not answer; recording continues when it is back."""
    SLOW = "slow"
    """The disk does not keep up: media was dropped (a gap in the timeline)."""


class Status(Report, frozen=True, tag="status"):
    """One recording's state: at each change, and every ten seconds while it is in progress."""

    recording: RecordingId
    room: RoomId
    stage: Stage
    trouble: Trouble
    since_ms: int
    """Unix time of its start."""
    written_bytes: int = msgspec.field(name="octets")
    """Written so far, encrypted. The key on the wire stays "octets"."""
    minutes_left: int
    """Until the disk reserve is reached at the present rate; -1 while unknown. Warn at 30."""
    head: str = ""
    """Hash of the manifest's newest line. The audit log keeps it when the recording has ENDED."""


class Snapshot(Report, frozen=True, tag="snapshot"):
    """Every recording in progress has been reported."""


AnyReport = Status | Snapshot
