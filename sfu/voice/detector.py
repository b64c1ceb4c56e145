"""The typed edge of webrtcvad. Without I/O."""

import webrtcvad

RATE = 16_000


class Detector:
    """The detector of one microphone: it learns the noise around it."""

    def __init__(self, strictness: int) -> None:
        """0 to 3."""
        self._vad = webrtcvad.Vad(strictness)

    def is_speech(self, samples: bytes) -> bool:
        """10, 20 or 30 ms of 16-bit samples at RATE."""
        return bool(self._vad.is_speech(samples, RATE))
