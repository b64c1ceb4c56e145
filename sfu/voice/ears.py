"""What ears are given and what they give back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

SILENCE_DBOV = 127
LISTENED = 12
"""Microphones whose sound is decoded at one time, in all rooms together."""


class BadSound(Exception):
    """A payload that is no Opus packet. Only its own microphone is judged by it: as silent."""


class Sound(NamedTuple):
    """One Opus packet of a microphone that is listened to."""

    microphone: int
    """Given anew each time its gate opens: nothing is carried over from before."""
    ts: int
    """RTP timestamp, 48 kHz, 32 bits."""
    payload: bytes
    """Untrusted."""


class Judgment(NamedTuple):
    """What a microphone brings now, by its sound."""

    speaking: bool = False
    noisy: bool = False
    """Steady noise for some seconds, and no speech."""
    level_dbov: float = SILENCE_DBOV
    """Below full scale as in RFC 6464, 0 (loudest) to 127, over the last tenth of a second."""


SILENT = Judgment()


@dataclass(slots=True)
class Counts:
    """Packets since the start."""

    decoded: int = 0
    bad: int = 0
    """No Opus."""
    dropped: int = 0
    """Not listened to, because the ears had fallen behind or the microphone sent more than sound can fill."""


class Ears(Protocol):
    """None of these waits."""

    counts: Counts

    def hear(self, sounds: Sequence[Sound]) -> None:
        """Listen to what came, in order. Whoever falls behind drops it and counts it."""
        ...

    def forget(self, microphone: int) -> None:
        """Its gate is shut, or it is gone."""
        ...

    def judgments(self) -> Mapping[int, Judgment]:
        """The newest of each microphone."""
        ...
