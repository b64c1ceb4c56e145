"""Voices that can be told apart by their packets: who says what, and who has heard it when.

The packets are real Opus; a listener that decrypts knows a voice by its payload alone, whatever numbers
the server gave it on the way."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.simulate.loops import Loop, voice_loop
from deploy.simulate.media import Media
from sfu.errors import BadPacket
from sfu.rtp.header import parse_header_untrusted

LOUD_DBOV = -60
_VOICES = 40
"""Numbers from here on are no simulated point's."""


def voice(number: int) -> Loop:
    """Speaks without a pause, unlike a simulated point: only the syllables of its loop, over and over."""
    loop = voice_loop(_VOICES + number)
    loud = tuple(piece for piece in loop.pieces if piece.level_dbov > LOUD_DBOV)
    return Loop(loud, loop.period)


@dataclass
class Ear:
    """Somebody's ear: when each of the known voices was last heard, and how often. Monotonic seconds."""

    voices: dict[str, Loop]
    clock: Callable[[], float] = time.monotonic
    heard: dict[str, int] = field(default_factory=dict)
    last_s: dict[str, float] = field(default_factory=dict)
    first_s: dict[str, float] = field(default_factory=dict)
    """Since `listen`."""
    packets: int = 0

    def __post_init__(self) -> None:
        self._came = asyncio.Event()
        self._whose = {piece.data: name for name, loop in self.voices.items() for piece in loop.pieces}
        assert len(self._whose) == sum(len({p.data for p in v.pieces}) for v in self.voices.values()), (
            "two voices have a packet in common"
        )

    def on(self, media: Media | None) -> None:
        """Listen on this transport, too."""
        assert media is not None
        media.received.listener = self.take

    def listen(self) -> None:
        """First times count from now on."""
        self.first_s.clear()

    async def hears(self, name: str, limit_s: float) -> float:
        """When that voice was first heard since `listen`. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while name not in self.first_s:
                self._came.clear()
                await self._came.wait()
        return self.first_s[name]

    async def falls_silent(self, name: str, since_s: float, quiet_s: float) -> float:
        """When the last packet of that voice came: none has for so long, nor since `since_s`."""
        while True:
            left_s = max(self.last_s.get(name, 0.0), since_s) + quiet_s - self.clock()
            if left_s <= 0:
                return self.last_s.get(name, 0.0)
            await asyncio.sleep(left_s)

    def take(self, packet: bytes) -> None:
        now_s = self.clock()
        try:
            header = parse_header_untrusted(packet)
        except BadPacket:
            return  # RTCP-muxed leftovers are not for an ear
        self.packets += 1
        name = self._whose.get(packet[header.payload_start : header.payload_end])
        if name is not None:
            self.heard[name] = self.heard.get(name, 0) + 1
            self.last_s[name] = now_s
            self.first_s.setdefault(name, now_s)
            self._came.set()
