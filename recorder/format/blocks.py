"""What a segment is made of: Blocks on Tracks, and the entries of the timeline. Pure.

All instants `at_ms` are milliseconds since the recording began (its first segment's `begun_ms`), on the
server's clock; they go on through pauses, crashes and segments, so a block's place in the meeting is its
`at_ms`.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import msgspec

from sfu import EndpointId, SlotKind, Source


class Track(IntEnum):
    """Matroska track numbers: one for each slot of the tap, in the tap line's order, and two of the
    timeline."""

    STAGE = 1
    SCREEN = 2
    VOICE_1 = 3
    VOICE_2 = 4
    VOICE_3 = 5
    WORDS = 6
    """The timeline for people: timed text (S_TEXT/UTF8), shown by any player as subtitles."""
    ENTRIES = 7
    """The timeline for programs: one JSON entry a block (S_TEXT/UTF8)."""

    @property
    def kind(self) -> SlotKind | None:
        """Which slot it records; None: the timeline."""
        return _KINDS.get(self)


_KINDS = {
    Track.STAGE: SlotKind.STAGE,
    Track.SCREEN: SlotKind.SCREEN,
    Track.VOICE_1: SlotKind.AUDIO,
    Track.VOICE_2: SlotKind.AUDIO,
    Track.VOICE_3: SlotKind.AUDIO,
}


@dataclass(frozen=True, slots=True)
class Block:
    """One picture (a whole VP8 frame), one sound (an Opus packet), or one entry of the timeline."""

    track: Track
    at_ms: int
    data: bytes
    key: bool = True
    """Can be decoded without any before it."""


# --- the timeline: each entry is one JSON object with a "type" -------------------------------------


class Entry(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    at_ms: int


class Opening(Entry, frozen=True, tag="opening", kw_only=True):
    """First of every segment, so that each is complete in itself; Slots, People and Holders follow it."""

    recording: str
    meeting: str
    title: str
    begun_ms: int
    """Unix time of at_ms 0."""
    segment: int
    """From 1."""
    keys: tuple[str, ...]
    """Names of the recipients."""


class SlotEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    track: int
    endpoint: EndpointId | None
    source: Source | None


class Slots(Entry, frozen=True, tag="slots", kw_only=True):
    """Who is in which slot from now on."""

    slots: tuple[SlotEntry, ...]


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endpoint: EndpointId
    name: str
    unit: str


class People(Entry, frozen=True, tag="people", kw_only=True):
    people: tuple[PersonEntry, ...]


class Holders(Entry, frozen=True, tag="floor", kw_only=True):
    """Who has the floor from now on."""

    holders: tuple[EndpointId, ...]


class Mark(Entry, frozen=True, tag="mark", kw_only=True):
    by: str
    text: str


class GapKind(StrEnum):
    PAUSE = "pause"
    CRASH = "crash"
    """The recorder went away and came back."""
    NO_MEDIA = "no-media"
    SLOW = "slow"


class Gap(Entry, frozen=True, tag="gap", kw_only=True):
    """From `at_ms` on nothing was recorded, until `until_ms`. Written when it is over."""

    until_ms: int
    kind: GapKind


AnyEntry = Opening | Slots | People | Holders | Mark | Gap

_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


class BadEntry(Exception):
    """Not an entry of the timeline."""


def entry_json(entry: AnyEntry) -> bytes:
    return msgspec.json.encode(entry)


def parse_entry_untrusted(data: bytes) -> AnyEntry:
    """Raises BadEntry."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadEntry(str(error)) from None
