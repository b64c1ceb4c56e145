"""The typed edge of libav: Opus packets of one microphone to samples. Its native decoder takes three quarters
of libopus' time and gives floats. It mixes stereo down.
Without I/O."""

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from sfu.voice.ears import BadSound

RATE = 48_000
Pcm = NDArray[np.float32]
"""Shapes: mono, 48 kHz, in [-1, 1]."""


class Decoder:
    """The decoder of one microphone: Opus packets depend on those before them."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("opus", "r")
        codec.sample_rate = RATE
        codec.layout = "mono"
        codec.thread_count = 1
        self._codec = codec

    def decode(self, payload: bytes) -> Pcm:
        """At most 120 ms. Raises BadSound. To libav an empty payload would mean the end of the stream, for
        good."""
        if not payload:
            raise BadSound("empty")
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.error.FFmpegError as error:
            raise BadSound(str(error)) from None
        if len(frames) != 1:
            raise BadSound(f"{len(frames)} frames of sound")
        plane = frames[0].planes[0]
        samples: Pcm = np.frombuffer(plane, np.float32, frames[0].samples)  # type: ignore[call-overload] # not in its stubs
        return samples
