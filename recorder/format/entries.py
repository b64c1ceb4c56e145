"""The entries of the timeline: each is one JSON object with a "type", in a block of its own.

The tags and field names below are stored in recordings and never change.
"""

from enum import StrEnum

import msgspec

from sfu import EndpointId, Source


class Entry(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    at_ms: int


class OpeningEntry(Entry, frozen=True, tag="opening", kw_only=True):
    """The first entry of every segment, so that each stands alone; slots, people and floor follow."""

    recording: str
    meeting: str
    title: str
    begun_ms: int
    """Unix time of at_ms 0."""
    segment: int
    """From 1."""
    keys: tuple[str, ...]
    """Names of the recipients."""


class SlotItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    track: int
    endpoint: EndpointId | None
    source: Source | None


class SlotsEntry(Entry, frozen=True, tag="slots", kw_only=True):
    """Who is in which slot from now on."""

    slots: tuple[SlotItem, ...]


class PersonItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endpoint: EndpointId
    name: str
    unit: str


class PeopleEntry(Entry, frozen=True, tag="people", kw_only=True):
    people: tuple[PersonItem, ...]


class FloorEntry(Entry, frozen=True, tag="floor", kw_only=True):
    """Who has the floor from now on."""

    holders: tuple[EndpointId, ...]


class MarkEntry(Entry, frozen=True, tag="mark", kw_only=True):
    by: str
    text: str


class GapKind(StrEnum):
    PAUSE = "pause"
    CRASH = "crash"
    """The recorder went away and came back."""
    NO_MEDIA = "no-media"
    SLOW = "slow"


class GapEntry(Entry, frozen=True, tag="gap", kw_only=True):
    """Nothing was recorded from `at_ms` until `until_ms`. Written when it is over."""

    until_ms: int
    kind: GapKind


AnyEntry = OpeningEntry | SlotsEntry | PeopleEntry | FloorEntry | MarkEntry | GapEntry

_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


class BadEntry(Exception):
    """Not a timeline entry."""


def entry_json(entry: AnyEntry) -> bytes:
    return msgspec.json.encode(entry)


def parse_entry_untrusted(data: bytes) -> AnyEntry:
    """Raises BadEntry."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadEntry(str(error)) from None
