"""How long a voice takes through the server, among all others, while nothing is recorded and while everything
is, and what that costs. The two alternate, because the machine is not quiet. A part of `make
bench-orders`."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.simulate.media import Media
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import View
from sfu.errors import BadPacket
from sfu.rtp.header import parse_header_untrusted
from signaling.model.words import RecordingState
from signaling.protocol import StartRecording, StopRecording
from tests.bench.recording import cpu_s
from tests.support.appliance import Appliance

PHASE_S = 8.0
SETTLE_S = 2.0
"""A recording's first keyframes, a stopped one's last segment: neither is part of a phase."""
WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    ms: list[float]
    worker: float
    """% of a core."""
    recorder: float


@dataclass
class Transit:
    """From the sender's RTP stack to the listener's, both in this process: ms of each voice packet."""

    ms: list[float] = field(default_factory=list)
    sent_s: dict[bytes, float] = field(default_factory=dict)
    """By payload, which repeats when the voice's loop does: much later than any packet arrives."""

    def between(self, sender: Media | None, listener: Media | None) -> None:
        watch(sender, listener, self._sent, self._take)

    def _sent(self, payload: bytes) -> None:
        self.sent_s[payload] = time.monotonic()

    def _take(self, payload: bytes) -> None:
        now_s = time.monotonic()
        if (sent_s := self.sent_s.get(payload)) is not None:
            self.ms.append((now_s - sent_s) * 1000)

    async def phase(self, appliance: Appliance) -> Phase:
        await asyncio.sleep(SETTLE_S)
        self.ms = []
        worker, recorder = appliance.pid("media-0"), appliance.pid("recorder")
        begun_s, worker_s, recorder_s = time.monotonic(), cpu_s(worker), cpu_s(recorder)
        await asyncio.sleep(PHASE_S)
        percent = 100 / (time.monotonic() - begun_s)
        ms, self.ms = self.ms, []
        return Phase(ms, (cpu_s(worker) - worker_s) * percent, (cpu_s(recorder) - recorder_s) * percent)


@dataclass
class Added:
    """What recording adds, by rounds of two phases."""

    without_ms: list[float] = field(default_factory=list)
    recorded_ms: list[float] = field(default_factory=list)
    differences_ms: list[float] = field(default_factory=list)
    """Of the medians of each round."""
    worker: list[float] = field(default_factory=list)
    """The media worker's share of a core, %, of each phase without."""
    worker_recorded: list[float] = field(default_factory=list)
    recorder: list[float] = field(default_factory=list)
    """The recorder's, while it records."""

    def cpu(self) -> dict[str, float]:
        """Medians, % of a core; `tap_percent` is the median of what a round's second phase had more."""
        more = [b - a for a, b in zip(self.worker, self.worker_recorded, strict=True)]
        return {
            "worker_percent": round(statistics.median(self.worker), 2),
            "tap_percent": round(statistics.median(more), 2),
            "recorder_percent": round(statistics.median(self.recorder), 2),
        }


async def measure_added(transit: Transit, chair: BridgePoint, appliance: Appliance, rounds: int) -> Added:
    added = Added()
    for _ in range(rounds):
        before = await transit.phase(appliance)
        await chair.send(StartRecording())
        await chair.wait_for(lambda view: light(view) is RecordingState.ON, WAIT_S)
        after = await transit.phase(appliance)
        await chair.send(StopRecording())
        await chair.wait_for(lambda view: light(view) is RecordingState.OFF, WAIT_S)
        added.without_ms += before.ms
        added.recorded_ms += after.ms
        added.differences_ms.append(statistics.median(after.ms) - statistics.median(before.ms))
        added.worker.append(before.worker)
        added.worker_recorded.append(after.worker)
        added.recorder.append(after.recorder)
    return added


def light(view: View) -> RecordingState | None:
    return None if view.recording is None else view.recording.state


def watch(
    sender: Media | None,
    listener: Media | None,
    sent: Callable[[bytes], None],
    came: Callable[[bytes], None],
) -> None:
    """Tell the payload of each packet that the sender sends and that the listener gets. Uses a private name
    of aiortc, as deploy/simulate/media.py does: what goes out in the clear."""
    assert sender is not None
    assert listener is not None
    transport: Any = sender.pc.getSenders()[0].transport
    send = transport._send_rtp

    async def told(data: bytes) -> None:
        sent(voice_of(data))
        await send(data)

    transport._send_rtp = told
    listener.received.listener = lambda packet: came(voice_of(packet))


def voice_of(packet: bytes) -> bytes:
    """The payload; empty when it is none."""
    try:
        header = parse_header_untrusted(packet)
    except BadPacket:
        return b""
    return packet[header.payload_start : header.payload_end]
