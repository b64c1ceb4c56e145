"""The media transport of a simulated bridge point: one RTCPeerConnection with our client's fixed lines,
which sends loops and drops what it receives.

Uses four private names of aiortc (pinned in pyproject.toml), for what its public interface cannot do:
RTCRtpSender._next_encoded_frame (a pre-encoded packet has no audio level), RTCRtpSender._send_keyframe
(a pre-encoded track is not asked), RTCDtlsTransport._handle_rtp_data (a receiver decodes everything) and
_send_rtp (nobody else reports).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

from deploy.simulate.loops import Loop, picture_loop, voice_loop
from deploy.simulate.speech import TALK_S
from sfu import AUDIO_SLOTS, TILE_SLOTS, Source
from signaling.protocol import SendPlan

CLOSE_S = 2.0
BROAD_BPS = 20_000_000
SAID_EVERY = 500
"""Packets received."""
OWN_SSRC = 1
_CODECS = {"audio": ("audio/opus",), "video": ("video/vp8", "video/rtx")}
_CLOCK_RATES = {"audio": 48_000, "video": 90_000}
_RECEIVED = ("audio",) * AUDIO_SLOTS + ("video",) * (1 + 1 + TILE_SLOTS)
"""Audio slots, stage, screen, tiles."""


class LoopTrack(MediaStreamTrack):
    """Repeats a Loop while it is on; sends nothing at all while it is off."""

    def __init__(self, kind: str, loop: Loop | None, start: int = 0) -> None:
        """start: the piece to send first."""
        super().__init__()
        self.kind = kind
        self.level_dbov = -127
        """Of the last piece handed out."""
        self._source = loop
        self._switched = False
        self._wanted = True
        self._on = asyncio.Event()
        self._position = start
        self._sent = 0
        self._begun = 0.0
        self._clock_rate = _CLOCK_RATES[kind]
        self._time_base = Fraction(1, self._clock_rate)

    def switch(self, on: bool) -> None:
        """The point's own button. A screen without a Loop stays silent."""
        self._switched = on
        self._settle()

    def want(self, wanted: bool) -> None:
        """Whether anybody receives it. When that becomes true again, it resumes with a keyframe."""
        self._wanted = wanted
        self._settle()

    def _settle(self) -> None:
        if self._switched and self._wanted and self._source is not None:
            if not self._on.is_set():
                self._begin(self._source)
            self._on.set()
        else:
            self._on.clear()

    def play(self, loop: Loop) -> None:
        """Send another loop with the same period, from its beginning."""
        self._source, self._position = loop, 0

    def skip_to_keyframe(self) -> None:
        """Someone needs a keyframe: skip to where the loop has one."""
        if self._source is not None:
            self._position = self._source.next_keyframe(self._position)

    async def recv(self) -> "av.Packet[Any]":
        """The next piece, when its time has come. Raises MediaStreamError after stop()."""
        await self._on.wait()
        if self.readyState != "live" or self._source is None:
            raise MediaStreamError
        delay = self._begun + self._sent * float(self._source.period) - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        elif delay < -1:
            self._begin(self._source)  # the machine slept: do not send everything missed in a burst
        piece = self._source.pieces[self._position]
        packet: av.Packet[Any] = av.Packet(piece.data)
        packet.pts = round((self._begun + self._sent * float(self._source.period)) * self._clock_rate)
        packet.time_base = self._time_base
        self.level_dbov = piece.level_dbov
        self._position = (self._position + 1) % len(self._source.pieces)
        self._sent += 1
        return packet

    def stop(self) -> None:
        super().stop()
        self._on.set()

    def _begin(self, loop: Loop) -> None:
        self._begun, self._sent = time.monotonic(), 0
        if loop.pieces[0].keyframe:
            self.skip_to_keyframe()


def prepare(index: int) -> None:
    """Encode the loops of point `index`: about a second of CPU, once."""
    picture_loop(index)
    voice_loop(index)


@dataclass(slots=True)
class Received:
    """What was received, decoded or not."""

    packets: int = 0
    listener: Callable[[bytes], None] | None = None
    """Gets each decrypted RTP packet as it arrives; only without `decode`."""


class Media:
    """One transport, from its offer to its close. Create it inside a running event loop."""

    def __init__(self, index: int, *, decode: bool = False, broad: bool = False) -> None:
        """decode: keep aiortc's receivers as they are, so a test may recv() from `tracks`. broad: say that
        the line carries whatever is asked for; without decoding nothing else would say so."""
        self.received = Received()
        self._broad = broad
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        voice = voice_loop(index)
        # Points that are admitted together talk one after another.
        start = -round(index * TALK_S / voice.period) % len(voice.pieces)
        self._tracks = {
            Source.MICROPHONE: LoopTrack("audio", voice, start),
            Source.CAMERA: LoopTrack("video", picture_loop(index)),
            Source.SCREEN: LoopTrack("video", None),
        }
        for track in self._tracks.values():
            line = self.pc.addTransceiver(track, direction="sendonly")
            _prefer(line)
            _watch(line.sender, track)
        self._receivers = [self.pc.addTransceiver(kind, direction="recvonly") for kind in _RECEIVED]
        for line in self._receivers:
            _prefer(line)
        if not decode:
            self._drop_received()

    @property
    def tracks(self) -> Sequence[MediaStreamTrack]:
        """The receiving tracks in the order of the slots; only with `decode`."""
        return [line.receiver.track for line in self._receivers]

    async def offer(self) -> str:
        """SDP with all candidates."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, answer: str) -> None:
        """Connect. Raises ValueError when the answer is not one."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def switch(self, source: Source, on: bool) -> None:
        self._tracks[source].switch(on)

    def speak(self, loop: Loop) -> None:
        """Send this loop from the microphone from now on."""
        self._tracks[Source.MICROPHONE].play(loop)

    def follow(self, plan: SendPlan) -> None:
        """Send only what somebody receives. Each source has a single encoding, so any rid means that one."""
        self._tracks[Source.CAMERA].want(bool(plan.camera))
        self._tracks[Source.SCREEN].want(bool(plan.screen))

    async def close(self) -> None:
        # The senders wait in recv() of a track that is off; stopping it lets them end.
        for track in self._tracks.values():
            track.stop()
        # aiortc keeps its sockets when close() is cancelled, and close() cannot be called again.
        closing = asyncio.ensure_future(self.pc.close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait([closing], timeout=CLOSE_S)
            raise

    def _drop_received(self) -> None:
        for line in self._receivers:
            # No decoder threads and no receiver reports: 17 threads per point would do nothing.
            line.receiver.receive = _receive_nothing  # type: ignore[method-assign] # this one object only
        transport = self._receivers[0].receiver.transport
        received = self.received
        broad = bytes(RtcpPsfbPacket(RTCP_PSFB_APP, OWN_SSRC, 0, pack_remb_fci(BROAD_BPS, [OWN_SSRC])))

        async def count(data: bytes, arrival_time_ms: int) -> None:
            if self._broad and received.packets % SAID_EVERY == 0:
                await transport._send_rtp(broad)
            received.packets += 1
            if received.listener is not None:
                received.listener(data)

        transport._handle_rtp_data = count  # type: ignore[method-assign] # this one object only


def _prefer(line: RTCRtpTransceiver) -> None:
    """Offer one codec of each kind, as our web client does."""
    known = RTCRtpReceiver.getCapabilities(line.kind)
    assert known is not None
    line.setCodecPreferences(
        [codec for codec in known.codecs if codec.mimeType.lower() in _CODECS[line.kind]]
    )


def _watch(sender: RTCRtpSender, track: LoopTrack) -> None:
    """Put the audio level on the packets, and pass requests for keyframes to the track."""
    next_encoded_frame = sender._next_encoded_frame

    async def with_level(codec: Any) -> Any:  # noqa: ANN401 - aiortc's own, passed through
        frame = await next_encoded_frame(codec)
        if frame is not None and track.kind == "audio":
            frame.audio_level = track.level_dbov
        return frame

    sender._next_encoded_frame = with_level  # type: ignore[method-assign] # this one object only
    sender._send_keyframe = track.skip_to_keyframe  # type: ignore[method-assign] # this one object only


async def _receive_nothing(parameters: RTCRtpReceiveParameters) -> None:
    pass
