"""Everything of a Room that an input can change, as one frozen value. Pure.

Going back to the state before an input means putting its Facts back, so no field can be forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recorder import People, Recipient, Stage
from signaling.model.ids import AccountId, ParticipantId, SessionId
from signaling.model.meeting import Meeting
from signaling.model.run import RunRecord, RunRecording
from signaling.model.words import RecordingTrouble
from signaling.room.state.line import Check, Line
from signaling.room.state.seat import Seat


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the server hears in the room now; a restart forgets it."""

    speaking: Mapping[ParticipantId, float] = field(default_factory=dict)
    """Since when, in monotonic seconds: since they began, or since their talk time was last counted."""
    noisy: tuple[ParticipantId, ...] = ()
    hinted: frozenset[ParticipantId] = frozenset()
    """Those who were told that they speak with a shut microphone."""
    quiet_s: Mapping[ParticipantId, float] = field(default_factory=dict)
    """For each who has the floor: when they were last heard, or got the floor."""
    silent: frozenset[ParticipantId] = frozenset()
    """Those of them who have not been heard for long."""
    talked_ms: Mapping[ParticipantId, int] = field(default_factory=dict)
    """Talk time that is not in the run's record yet."""
    count_s: float | None = None
    """When it is to be added to the record."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """What is known of the recorder and of what it does for this room; a restart forgets it."""

    up: bool = False
    """The recorder answers."""
    heard_s: float = 0.0
    """When we last heard from it, or began to wait for it."""
    begun: bool = False
    """Since it answers: it was asked to record this run, or is recording it."""
    told: bool = False
    """It has reported so itself."""
    missing: bool = False
    """It should be recording, and has not been heard from for long."""
    stage: Stage = Stage.STARTING
    trouble: RecordingTrouble = RecordingTrouble.NONE
    written_bytes: int = 0
    minutes_left: int = -1
    paused: bool = False
    """It was asked to pause, or was paused when it came back."""
    asked_s: float | None = None
    """When it was last asked for something that it does not do yet."""
    people: People | None = None
    """The last value we sent it."""
    closing: RunRecording | None = None
    """A recording that was ended and of which the recorder has not said so yet."""
    until_s: float = 0.0
    """When the recorder will have ended it by itself."""
    failed: RunRecording | None = None
    """A recording that ended by itself; shown until the chair dismisses it."""
    empty_s: float | None = None
    """Since when nobody is inside."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that an input can change. The mappings are never changed, only replaced."""

    meeting: Meeting
    recipients: tuple[Recipient, ...] = ()
    """Whose keys would lock a recording that begins now."""
    seats: Mapping[AccountId, Seat] = field(default_factory=dict)
    """At most one for each account; only the sysadmin creates accounts, so their number is the bound."""
    lines: Mapping[ParticipantId, Line] = field(default_factory=dict)
    checks: Mapping[SessionId, Check] = field(default_factory=dict)
    checked_s: Mapping[AccountId, float] = field(default_factory=dict)
    """When each account's last line check began; the rule drops those that are old enough."""
    next_place: int = 1
    bans_looked_s: float | None = None
    """When the ends of bans were last looked at; None: no ban has one."""
    run: RunRecord = field(default_factory=RunRecord)
    """Rules, floor, requests and departures."""
    heard: tuple[ParticipantId, ...] = ()
    stage: ParticipantId | None = None
    staged: ParticipantId | None = None
    """The participant that the media worker was told to keep on the stage."""
    hearing: Hearing = Hearing()
    recorder: RecorderStatus = RecorderStatus()
    ended: bool = False
