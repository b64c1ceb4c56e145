"""The server's own ears: open microphones are judged by their sound, never by what their header claims.

    history of a sound layer -> Hearing (which are listened to) -> Ears: Opus -> Judge -> Judgment

`ThreadEars` work beside the packet path; `InlineEars` do the same work at once, for tests and measurements.
"""

from sfu.voice.ears import BadSound, Counts, Ears, Judgment, Sound
from sfu.voice.inline import InlineEars
from sfu.voice.thread import ThreadEars

__all__ = ["BadSound", "Counts", "Ears", "InlineEars", "Judgment", "Sound", "ThreadEars"]
