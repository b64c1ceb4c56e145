"""How long a voice is on its way through the server, among all others, while nothing is recorded and while
everything is: in turns, because the machine is not quiet. Part of `make bench-orders`."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from deploy.simulate.media import Media
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import View
from sfu.errors import BadPacket
from sfu.rtp.header import parse_header_untrusted
from signaling.messages import RecordingState, StartRecording, StopRecording

PHASE_S = 8.0
SETTLE_S = 2.0
"""A recording's first keyframes, a stopped one's last segment: neither is part of a phase."""
WAIT_S = 60.0


@dataclass
class Transit:
    """From the sender's RTP stack to the listener's, both in this process: ms of each voice packet."""

    ms: list[float] = field(default_factory=list)
    sent_s: dict[bytes, float] = field(default_factory=dict)
    """By payload, which comes again when the voice's loop does: much later than any packet arrives."""

    def between(self, sender: Media | None, listener: Media | None) -> None:
        """Uses a private name of aiortc, as deploy/simulate/media.py does: what goes out in the clear."""
        assert sender is not None
        assert listener is not None
        transport: Any = sender.pc.getSenders()[0].transport
        send = transport._send_rtp

        async def stamped(data: bytes) -> None:
            self.sent_s[voice_of(data)] = time.monotonic()
            await send(data)

        transport._send_rtp = stamped
        listener.received.listener = self.take

    def take(self, packet: bytes) -> None:
        now_s = time.monotonic()
        if (sent_s := self.sent_s.get(voice_of(packet))) is not None:
            self.ms.append((now_s - sent_s) * 1000)

    async def phase(self) -> list[float]:
        await asyncio.sleep(SETTLE_S)
        self.ms = []
        await asyncio.sleep(PHASE_S)
        return self.ms


@dataclass(frozen=True, slots=True)
class Added:
    """What recording adds, by rounds of two phases."""

    without_ms: list[float]
    recorded_ms: list[float]
    differences_ms: list[float]
    """Of the medians of each round."""

    @property
    def median_ms(self) -> float:
        return statistics.median(self.differences_ms)


async def measure_added(transit: Transit, chair: BridgePoint, rounds: int) -> Added:
    without: list[float] = []
    recorded: list[float] = []
    differences = []
    for _ in range(rounds):
        before = await transit.phase()
        await chair.send(StartRecording())
        await chair.wait_for(lambda view: light(view) is RecordingState.ON, WAIT_S)
        after = await transit.phase()
        await chair.send(StopRecording())
        await chair.wait_for(lambda view: light(view) is RecordingState.OFF, WAIT_S)
        differences.append(statistics.median(after) - statistics.median(before))
        without += before
        recorded += after
    return Added(without, recorded, differences)


def light(view: View) -> RecordingState | None:
    return None if view.recording is None else view.recording.state


def voice_of(packet: bytes) -> bytes:
    """The payload; empty when it is none."""
    try:
        header = parse_header_untrusted(packet)
    except BadPacket:
        return b""
    return packet[header.payload_start : header.payload_end]
