"""What ears are given and what they give back. Without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

SILENCE_DBOV = 127
LISTENED = 12
"""Microphones whose sound is decoded at one time, in all rooms together."""


class BadSound(Exception):
    """A payload that is not an Opus packet. Only its own microphone is judged by it, as silent."""


class Sound(NamedTuple):
    """One Opus packet of a microphone that is listened to."""

    microphone: int
    """A new number each time its gate opens, so that nothing is carried over from before."""
    ts: int
    """RTP timestamp, 48 kHz, 32 bits."""
    payload: bytes
    """Untrusted."""


class Judgment(NamedTuple):
    """What a microphone brings now, judged by its sound."""

    speaking: bool = False
    noisy: bool = False
    """Steady noise, and no speech, for some seconds."""
    level_dbov: float = SILENCE_DBOV
    """Below full scale as in RFC 6464, 0 (loudest) to 127, over the last tenth of a second."""
    quiet: bool = True
    """No speech at all, or a pause in it: nothing is cut when it is moved to another slot now."""


SILENT = Judgment()


@dataclass(slots=True)
class Counts:
    """Packets since the start."""

    decoded: int = 0
    bad: int = 0
    """Not Opus."""
    dropped: int = 0
    """Not listened to, because the ears had fallen behind, or because the microphone sent more sound than
    time can hold."""


class Ears(Protocol):
    """None of these calls wait."""

    counts: Counts

    def hear(self, sounds: Sequence[Sound]) -> None:
        """Listen to what came, in order. When the ears have fallen behind, it is dropped and counted."""
        ...

    def forget(self, microphone: int) -> None:
        """Its gate is shut, or it is gone."""
        ...

    def judgments(self) -> Mapping[int, Judgment]:
        """The newest judgment of each microphone."""
        ...
