"""When a line that has fallen silent is called lost."""

from collections.abc import Mapping

from sfu import Source
from sfu.plane.producer import Producer
from sfu.plane.pulse import Pulse

LOST_AFTER_S = 12.0
"""Two to three consent checks of Firefox, which come every 4-6 s when it receives nothing."""
CUT_AFTER_S = 5.5
"""The same while an open microphone or camera owes packets: a stall of 3 s, and two and a half for what comes
after it. Not over TCP, which doubles its waits, and so may be silent for six seconds behind such a stall."""
BREATH_S = 1.0
"""Longer pauses than that have neither Opus (0.4 s) nor a camera that somebody watches."""
OWING = (Source.MICROPHONE, Source.CAMERA)
"""Not the screen: one that stands still may send nothing."""


class LineWatch:
    """One endpoint's line."""

    def __init__(self, producers: Mapping[Source, Producer]) -> None:
        self.silent_s = 0.0
        """How long nothing had come when the line was called lost."""
        self._producers = [producers[source] for source in OWING if source in producers]
        self._owed: list[Producer] = []
        """Sources that came until the line fell silent."""

    def is_lost(self, silent_s: float, path: str, pulse: Pulse) -> bool:
        """Whether a line that has brought nothing for that long is lost; a single packet brings it back."""
        if silent_s < BREATH_S:
            # They go on coming until their publisher says otherwise, or is told otherwise.
            self._owed = [one for one in self._producers if path == "udp" and one.comes(pulse, BREATH_S)]
        # A source that is shut meanwhile owes nothing. One that nobody watches any more still does: nobody
        # watches it because it stopped.
        limit_s = CUT_AFTER_S if any(one.is_open for one in self._owed) else LOST_AFTER_S
        lost = silent_s > limit_s or (self.silent_s > 0 and silent_s >= BREATH_S)
        if lost != (self.silent_s > 0):
            self.silent_s = silent_s if lost else 0.0
        return lost
