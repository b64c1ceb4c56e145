"""A point's media line: a real browser's offer, check, handshake; then its rows in the engine's tables."""

import asyncio
import contextlib
import os
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aiortc import RTCDtlsParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint

from deploy.simulate.speech import TALK_S
from sfu import AUDIO_SLOTS
from sfu.fastpath.kernel.native import session_pointer
from sfu.sdp import Fingerprint, LocalTransport, Offer, parse_offer_untrusted
from tests.briefing.engine import Engine
from tests.briefing.tables import (
    BATCH,
    LAYERS,
    PICTURE,
    SLOT,
    SLOTS,
    STREAM,
    STREAMS,
    VOICE,
    World,
    place,
)
from tests.door.hostile_line import local_of
from tests.support.ice_client import IceClient

BROWSER = Path(__file__).parents[1] / "wire" / "data" / "chromium.preferred.sdp"
DEADLINE_S = 30.0
"""For check and handshake, as a page would go on trying."""
CHECK_EACH_S = 0.3
NAMED = 60
"""Packets of a new stream that carry mid and rid: browsers stop when the first report has come."""
WATCHED = 3
"""Points of which all that they receive is decrypted, not only a sample."""
SOUND_S = 0.02
TURN_S = 0.02
"""Longer than the engine goes round."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a camera sends of one layer."""

    mean_bytes: int
    """Of a picture that is no keyframe."""
    width: int
    height: int
    period_us: int = 1_000_000 // 15
    burst: int = BATCH
    spread_us: int = 0
    """Between bursts of one picture."""


CAMERA = (Layer(650, 160, 90), Layer(1880, 320, 180), Layer(6200, 640, 360))
"""15 pictures a second: 78, 226 and 744 kbit/s, in one, two and six packets."""


class Line:
    """One point's association. `index` is its row in the engine's tables."""

    def __init__(self, engine: Engine, index: int) -> None:
        self._engine = engine
        self._index = index
        self._client = IceClient(LocalTransport("", "", Fingerprint("sha-256", "")))
        self._socket: socket.socket | None = None

    def offer(self) -> str:
        remote = self._client.remote()
        text = BROWSER.read_text()
        text = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{remote.ufrag}", text)
        text = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{remote.pwd}", text)
        mine = f"a=fingerprint:sha-256 {remote.fingerprints[0].value}"
        return re.sub(r"a=fingerprint:\S+ \S+", mine, text)

    async def open(self, answer: str, address: tuple[str, int]) -> None:
        """Until the keys are there. Raises TimeoutError, ConnectionError."""
        client = self._client
        client.server = local_of(answer)
        await client.by_udp(*address)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                client.send(client.request())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.answers.get(), CHECK_EACH_S)
                    break
            mine = client.server.fingerprint
            await client.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(mine.algorithm, mine.value)]))
        if client.dtls.state != "connected":
            raise ConnectionError("the handshake failed")
        assert client._datagrams is not None
        own: socket.socket = client._datagrams.get_extra_info("socket")
        self._socket = socket.socket(fileno=socket.dup(own.fileno()))
        client.close_socket()

    def begin(self, answer: str, offer: str, camera: Sequence[Layer] = CAMERA, *, voice: bool = True) -> None:
        """The engine sends and receives from now on."""
        assert self._socket is not None
        world, p = self._engine.world, self._index
        write_point(world, p, parse_offer_untrusted(offer))
        write_slots(world, p, answer)
        write_streams(world, p, parse_offer_untrusted(offer), camera, voice=voice)
        dtls = self._client.dtls
        world.points[p]["tx"] = session_pointer(dtls._tx_srtp)
        world.points[p]["rx"] = session_pointer(dtls._rx_srtp)
        self._engine.watch(p, self._socket)
        world.points[p]["watched"] = int(p < WATCHED)
        world.points[p]["live"] = 1

    def check(self) -> None:
        """That it still wants to receive (RFC 7675)."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.send(self._client.request())

    def plan(self, camera: Sequence[str]) -> None:
        """Only these layers are wanted; one that comes back begins with a keyframe."""
        streams = self._engine.world.streams
        for number, rid in enumerate(LAYERS):
            row = streams[self._index * STREAMS + 1 + number]
            wanted = int(rid in camera)
            if wanted and not row["wanted"]:
                row["key"] = 1
            row["wanted"] = wanted

    async def close(self) -> None:
        """Without saying goodbye."""
        self._engine.world.points[self._index]["live"] = 0
        if self._socket is not None:
            self._engine.forget(self._socket)
            await asyncio.sleep(TURN_S)  # its thread may be at work on this point
            self._socket.close()
            self._socket = None
        await self._client.close()


def write_point(world: World, p: int, offer: Offer) -> None:
    row, ids = world.points[p], offer.extensions
    row["twcc_ext"], row["level_ext"] = ids.twcc, ids.level
    row["mid_ext"], row["rid_ext"], row["rrid_ext"] = ids.mid, ids.rid, ids.rrid
    row["newest"] = -1
    row["seen"] = 0
    row["arrivals"] = 0
    row["feedback_ssrc"] = 1
    row["next_us"] = row["feedback_us"] = 0


def ssrcs_of(answer: str) -> list[tuple[int, int]]:
    """Of each line on which the server sends: its SSRC, and that of its retransmissions or 0."""
    sections = answer.split("\r\nm=")[1:]
    found = [list(dict.fromkeys(re.findall(r"a=ssrc:(\d+) ", section))) for section in sections]
    return [(int(own[0]), int(own[1]) if len(own) > 1 else 0) for own in found if own]


def write_slots(world: World, p: int, answer: str) -> None:
    world.ssrcs[p] = -1
    for number, (ssrc, rtx_ssrc) in enumerate(ssrcs_of(answer)[:SLOTS]):
        world.slots[p * SLOTS + number] = np.zeros((), SLOT)
        row = world.slots[p * SLOTS + number]
        row["ssrc"], row["rtx_ssrc"] = ssrc, rtx_ssrc
        row["kind"] = VOICE if number < AUDIO_SLOTS else PICTURE
        row["key_ts"] = row["publisher"] = -1
        row["report_us"] = _now_us() + number * 50_000
        for key, value in ((ssrc, number << 1), (rtx_ssrc, number << 1 | 1)):
            if key:
                world.ssrcs[p, place(world.ssrcs[p], key)] = (key, value)


def write_streams(world: World, p: int, offer: Offer, camera: Sequence[Layer], *, voice: bool) -> None:
    microphone, lens, _ = offer.sending
    begin_us = _now_us() + int.from_bytes(os.urandom(2), "big")  # cameras are not in step
    for number in range(STREAMS):
        world.streams[p * STREAMS + number] = np.zeros((), STREAM)
        row = world.streams[p * STREAMS + number]
        line = lens if number else microphone
        row["point"], row["kind"], row["pt"], row["named"] = p, int(number > 0), line.pt, NAMED
        row["ssrc"], row["rtx_ssrc"] = (int.from_bytes(os.urandom(3), "big") << 4 | number, 0)
        row["seq"], row["cname"] = int.from_bytes(os.urandom(2), "big") >> 1, p
        row["due_us"], row["report_us"] = begin_us, begin_us + number * 200_000
        row["khz"], row["period_us"] = (90, 0) if number else (48, 20_000)
        if not number:
            row["open"], row["wanted"] = int(voice), 1
            loops, pieces = world.voice_sizes.shape
            row["loop"], row["piece"] = p % loops, -round(p * TALK_S / SOUND_S) % pieces
        elif number <= len(camera):
            layer = camera[number - 1]
            row["open"], row["wanted"], row["key"] = 1, 1, 1
            row["rtx_ssrc"], row["rtx_pt"] = row["ssrc"] | 8, line.rtx_pt
            row["usual"], row["period_us"] = layer.mean_bytes, layer.period_us
            row["width"], row["height"] = layer.width, layer.height
            row["burst"], row["spread_us"] = layer.burst, layer.spread_us


def _now_us() -> int:
    return time.time_ns() // 1000
