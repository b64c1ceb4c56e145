"""Somebody seems to speak into a shut microphone: known only from the header's claim, since none of it is
decoded. Without I/O."""

from sfu.voice.candidates import CLAIM_DBOV

GAIN, MOST = 3, 15
ENOUGH = 9
"""Three tenths of a second of claims start a hint; it ends a second and a half after the last claim."""


class Hint:
    def __init__(self) -> None:
        self._score = 0
        self.speaking = False

    def step(self, level_dbov: int) -> None:
        """Ten times a second; 127 when no packet came."""
        claims = level_dbov <= CLAIM_DBOV
        self._score = min(MOST, self._score + GAIN) if claims else max(0, self._score - 1)
        self.speaking = self._score >= ENOUGH or (self.speaking and self._score > 0)
