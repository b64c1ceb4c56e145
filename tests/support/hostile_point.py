"""A hostile bridge point for the virtual world: it sends whatever bytes it likes, and marks every payload by
whether its gate was shut when it was sent. And the listener for those marks.

What it sends reaches the server at once, without a line's delay, so that "sent behind a shut gate" is exact.
"""

import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sfu import GateReason, RoomId, Source
from sfu.voice import Sound
from tests.support.hostility import Tally
from tests.support.offer import LEVEL_EXT, MID_EXT, OPUS, RED, RID_EXT, RRID_EXT, RTX, VP8, our_offer
from tests.support.scripted import ROOM, Scripted
from tests.support.scripted_ears import ScriptedEars, write
from tests.support.world import World

SHUT_MARK, OPEN_MARK = b"<shut:", b"<open:"
END = b">"
KEPT = 64
"""How many packets of a stream, and datagrams, it can send again."""
SPEECH_DBOV = 30
KEY = bytes([0x10, 0, 0]) + b"\x9d\x01\x2a" + (320).to_bytes(2, "little") + (180).to_bytes(2, "little")
"""The head of a VP8 keyframe: every picture is one, so that no slot has to wait for the next."""
STEP = {Source.MICROPHONE: 960, Source.CAMERA: 3000, Source.SCREEN: 3000}
MID = {Source.MICROPHONE: b"0", Source.CAMERA: b"1", Source.SCREEN: b"2"}
CODEC = {Source.MICROPHONE: OPUS, Source.CAMERA: VP8, Source.SCREEN: VP8}


@dataclass(slots=True)
class Said:
    """A packet that was sent on a stream: number, timestamp, payload."""

    seq: int
    ts: int
    body: bytes


@dataclass(slots=True)
class Stream:
    """One SSRC of a source, with that of its retransmissions."""

    source: Source
    ssrc: int
    rtx_ssrc: int
    seq: int
    ts: int
    rtx_seq: int = 0
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=KEPT))

    def names(self) -> dict[int, bytes]:
        """The header extensions that say which line and layer it is."""
        rid = {RID_EXT: b"q"} if self.source is Source.CAMERA else {}
        return {MID_EXT: MID[self.source], **rid}

    def repair_names(self) -> dict[int, bytes]:
        rid = {RRID_EXT: b"q"} if self.source is Source.CAMERA else {}
        return {MID_EXT: MID[self.source], **rid}

    def step(self) -> None:
        self.seq = (self.seq + 1) & 0xFFFF
        self.ts = (self.ts + STEP[self.source]) & 0xFFFFFFFF


class Attacker(Scripted):
    """`gates` are what the server was told; the tests keep them up to date."""

    def __init__(
        self,
        world: World,
        name: str,
        gates: dict[Source, GateReason],
        tally: Tally,
        *,
        room: RoomId = ROOM,
        check: bool = False,
    ) -> None:
        super().__init__(world, name, dict(gates), room=room, offer=our_offer(red=True), check=check)
        self.sending_microphone = self.sending_camera = False
        self.gates = dict(gates)
        self.datagrams: deque[bytes] = deque(maxlen=KEPT)
        """Datagrams that carried something from behind a shut gate."""
        self.spoken = 0
        self._tally = tally
        self._held: list[bytes] | None = None
        self._is_secret = False
        self._stolen: dict[int, Stream] = {}
        self.streams = {source: self.new_stream(source) for source in Source}

    def new_stream(self, source: Source) -> Stream:
        bits = self.world.rng.getrandbits
        return Stream(source, bits(32), bits(32), bits(16), bits(32))

    def stream_of(self, source: Source, ssrc: int) -> Stream:
        """A stream with this SSRC; its sequence numbers go on, or our own libsrtp would refuse to send."""
        stream = self._stolen.setdefault(ssrc, self.new_stream(source))
        stream.source, stream.ssrc = source, ssrc
        return stream

    def is_shut(self, source: Source) -> bool:
        return bool(self.gates[source])

    # --- payloads --------------------------------------------------------------------------------

    def body(self, source: Source, kind: str, *, shut: bool, codec: Source | None = None) -> bytes:
        """A payload with its mark; one behind a shut gate is an attempt. codec: of another source than
        the one that sends it."""
        self.spoken += 1
        if shut:
            self._tally.attempt(kind)
            mark = b"%s%s#%d%s" % (SHUT_MARK, kind.encode(), self.spoken, END)
        else:
            mark = b"%s%s#%d%s" % (OPEN_MARK, source.encode(), self.spoken, END)
        if (codec or source) is Source.MICROPHONE:
            return mark + write(SPEECH_DBOV)
        picture = self.spoken & 0x7FFF
        descriptor = struct.pack("!BBHBB", 0x90, 0xE0, 0x8000 | picture, picture & 0xFF, 0x20)
        return descriptor + KEY + mark

    # --- packets ---------------------------------------------------------------------------------

    def say(
        self,
        source: Source,
        kind: str = "",
        *,
        stream: Stream | None = None,
        names: dict[int, bytes] | None = None,
        pt: int | None = None,
        codec: Source | None = None,
        level: int | None = SPEECH_DBOV,
        shut: bool | None = None,
    ) -> Said:
        """The next packet of a stream. shut: by default as the source's gate is."""
        stream = stream or self.streams[source]
        stream.step()
        said = Said(
            stream.seq,
            stream.ts,
            self.body(source, kind, shut=self.is_shut(source) if shut is None else shut, codec=codec),
        )
        stream.said.append(said)
        self.put(stream, said, said.body, names=names, pt=pt, level=level)
        return said

    def put(
        self,
        stream: Stream,
        said: Said,
        body: bytes,
        *,
        names: dict[int, bytes] | None = None,
        pt: int | None = None,
        level: int | None = SPEECH_DBOV,
    ) -> None:
        """A packet with the number and time of what was sent, and this payload."""
        names = stream.names() if names is None else names
        if level is not None and stream.source is Source.MICROPHONE:
            names = {**names, LEVEL_EXT: bytes([level])}
        pt = CODEC[stream.source] if pt is None else pt
        self.send_rtp(pt, said.seq, said.ts, stream.ssrc, names, body, marker=True)

    def repair(self, stream: Stream, said: Said, *, pt: int = RTX) -> None:
        """Send it again as RTX (RFC 4588)."""
        stream.rtx_seq = (stream.rtx_seq + 1) & 0xFFFF
        body = said.seq.to_bytes(2, "big") + said.body
        self.send_rtp(pt, stream.rtx_seq, said.ts, stream.rtx_ssrc, stream.repair_names(), body, marker=True)

    def repeat(self, stream: Stream, said: Said, earlier: list[Said]) -> None:
        """Sound that repeats earlier packets (RFC 2198), oldest first, as an honest encoder counts them."""
        heads = b"".join(
            bytes([0x80 | OPUS]) + ((said.ts - one.ts & 0x3FFF) << 10 | len(one.body)).to_bytes(3, "big")
            for one in earlier
        )
        body = heads + bytes([OPUS]) + b"".join(one.body for one in earlier) + said.body
        self.put(stream, said, body, pt=RED)

    def send_rtp(
        self,
        pt: int,
        seq: int,
        ts: int,
        ssrc: int,
        names: dict[int, bytes],
        body: bytes,
        *,
        marker: bool = False,
    ) -> None:
        self._is_secret = SHUT_MARK in body
        super().send_rtp(pt, seq, ts, ssrc, names, body, marker=marker)
        self._is_secret = False

    def send_plain(self, packet: bytes) -> None:
        """A handmade RTP packet, protected."""
        self.send(self._tx.protect(packet))

    def send(self, datagram: bytes) -> None:
        """Reaches the server at once, or with `release`."""
        if self._is_secret:
            self.datagrams.append(datagram)
        if self._held is None:
            self.world.arrive(self.row, datagram)
        else:
            self._held.append(datagram)

    def hold(self) -> None:
        """From now on packets wait until `release`, and then arrive as one batch."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        self.world.arrive(self.row, *held)


class Listener(Protocol):
    """Somebody who receives packets: a participant, or a recorder's tap."""

    name: str
    peek: Callable[[bytes], None]


class Witness:
    """Listens to everything somebody receives: anything from behind a shut gate is a leak."""

    def __init__(self, point: Listener, tally: Tally) -> None:
        self.heard = dict.fromkeys(Source, 0)
        """Packets that were sent while their gate was open, by source."""
        self.forbidden: frozenset[Source] = frozenset()
        """Sources of which nothing may arrive now, whenever it was sent."""
        self._name = point.name
        self._tally = tally
        point.peek = self.hear

    def hear(self, packet: bytes) -> None:
        for found in marks(packet, SHUT_MARK):
            self._tally.leak(found.split("#")[0], f"{self._name} got {found}")
        for found in marks(packet, OPEN_MARK):
            source = Source(found.split("#")[0])
            self.heard[source] += 1
            if source in self.forbidden:
                self._tally.leak("asked for again", f"{self._name} got {found}")


class Overhearing(ScriptedEars):
    """The server's own ears get nothing from a shut gate either."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def hear(self, sounds: Sequence[Sound]) -> None:
        for sound in sounds:
            for found in marks(sound.payload, SHUT_MARK):
                self._tally.leak(found.split("#")[0], f"the ears got {found}")
        super().hear(sounds)


def marks(packet: bytes, start: bytes) -> list[str]:
    """What the marks of one kind say."""
    return [part.split(END)[0].decode("ascii", "replace") for part in packet.split(start)[1:]]
