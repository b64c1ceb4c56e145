"""What a segment is made of: Blocks on Tracks.

Every instant `at_ms` is in milliseconds since the recording began (its first segment's `begun_ms`), on the
server's clock. It runs on through pauses, crashes and segments, so a block's `at_ms` is its place in the
meeting.
"""

from dataclasses import dataclass
from enum import IntEnum

from sfu import SlotKind


class Track(IntEnum):
    """Matroska track numbers: one for each slot of the tap, in the tap line's order, and two for the
    timeline."""

    STAGE = 1
    SCREEN = 2
    VOICE_1 = 3
    VOICE_2 = 4
    VOICE_3 = 5
    WORDS = 6
    """The timeline for people: timed text (S_TEXT/UTF8) that any player shows as subtitles."""
    ENTRIES = 7
    """The timeline for programs: one JSON entry per block (S_TEXT/UTF8)."""

    @property
    def kind(self) -> SlotKind | None:
        """The kind of slot it records; None for the timeline."""
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
    """One picture (a whole VP8 frame), one sound (an Opus packet) or one timeline entry."""

    track: Track
    at_ms: int
    data: bytes
    key: bool = True
    """It can be decoded without the ones before it."""
