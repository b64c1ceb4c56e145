"""What a layer costs and shows, by temporal layer, from the fast path's cumulative counters.

Bytes are counted as the estimator counts them: the RTP packet before protection, as in the kernel's `sent`
ring. The counters hold payload, so our header is added for each packet: 12 bytes and 8 of extensions. SRTP's
tag (16) and UDP and IP (28) are in neither figure: a line's rate is spent in the same units as it is
measured. Packets are not counted by temporal layer; a publisher splits a frame evenly, so a frame has its
payload / FULL_PACKET packets, rounded up.
"""

from collections import deque
from dataclasses import dataclass

HEADER = 20
FULL_PACKET = 1150
"""About the most payload that libwebrtc puts into a packet."""
WINDOW_S = 2.0
QUICK_S = 0.7
"""Over this time a sudden rise is seen; with a shorter one, every keyframe would be a rise."""
SUDDEN = 1.5
"""Times the mean of two seconds: the last QUICK_S show this much when a rate has doubled; few keyframes
do."""
MIN_S = 0.45
"""A shorter time says nothing."""
PAUSE_S = 1.0
"""Silence of this length is a pause, and what was known stays true."""
TEMPORALS = 3

Counts = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    payload: Counts
    frames: Counts

    def is_behind(self, earlier: "_Sample") -> bool:
        counts = self.payload + self.frames
        return any(now < then for now, then in zip(counts, earlier.payload + earlier.frames, strict=True))


class LayerRates:
    """The rates of one layer. Call `update` ten times a second."""

    __slots__ = ("_bps", "_fps", "_samples")

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=64)
        self._bps = [0, 0, 0]
        self._fps = [0.0, 0.0, 0.0]

    def update(self, now: float, payload: Counts, frames: Counts) -> None:
        """Cumulative counters by temporal layer (TID 0, 1, 2): payload bytes, and frames (markers). A counter
        that goes back is a new encoder's: counting begins anew, and what was known is kept until then."""
        samples = self._samples
        sample = _Sample(now, payload, frames)
        if samples:
            newest = samples[-1]
            if payload == newest.payload and frames == newest.frames:
                return
            if not 0 < now - newest.at < PAUSE_S or sample.is_behind(newest):
                samples.clear()
        samples.append(sample)
        while len(samples) > 2 and samples[1].at <= now - WINDOW_S:
            samples.popleft()
        if now - samples[0].at >= MIN_S:
            self._measure()

    def bps(self, temporal: int) -> int:
        """Of the frames with TID <= temporal, headers included; 0 only while it was never known."""
        return self._bps[max(0, min(TEMPORALS - 1, temporal))]

    def fps(self, temporal: int) -> float:
        """Frames a second with TID <= temporal."""
        return self._fps[max(0, min(TEMPORALS - 1, temporal))]

    def _measure(self) -> None:
        samples = self._samples
        newest = samples[-1]
        recent = next((sample for sample in reversed(samples) if sample.at <= newest.at - QUICK_S), None)
        if recent is not None and _bps(recent, newest) >= SUDDEN * _bps(samples[0], newest):
            while samples[0] is not recent:
                samples.popleft()  # it has become another stream: the past says nothing about it
        oldest = samples[0]
        span = newest.at - oldest.at
        payload = frames = 0
        for temporal in range(TEMPORALS):
            more, more_frames = _between(oldest, newest, temporal)
            payload += more + HEADER * _packets(more, more_frames)
            frames += more_frames
            self._bps[temporal] = int(payload * 8 / span) or self._bps[temporal]
            self._fps[temporal] = frames / span


def _bps(old: _Sample, new: _Sample) -> float:
    return (sum(new.payload) - sum(old.payload)) * 8 / (new.at - old.at)


def _between(old: _Sample, new: _Sample, temporal: int) -> tuple[int, int]:
    return new.payload[temporal] - old.payload[temporal], new.frames[temporal] - old.frames[temporal]


def _packets(payload: int, frames: int) -> int:
    if frames <= 0:
        return -(-payload // FULL_PACKET)
    return frames * -(-payload // (frames * FULL_PACKET))


__all__ = ["LayerRates"]
