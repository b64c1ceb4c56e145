"""A FastPath with publishers and viewers around it, for tests: plain packets in, plain packets out.

Everything travels as over a stream, so there is no socket; the SRTP at both ends is real.
"""

import struct
from dataclasses import dataclass

from pylibsrtp import Policy, Session

from sfu.fastpath import STREAM, FastPath, HandUp, MediaKind, ProducerFormat, Size, SlotFormat, SrtpProfile

TWCC, LEVEL = 3, 1
OUT_TWCC, OUT_LEVEL = 5, 6
PT, RTX_PT = 96, 97
RED_PT, OUT_RED_PT = 63, 98
SMALL = Size(transports=16, producers=24, layers=32, slots=64, ssrcs=64)
KEY_LENGTH = {
    SrtpProfile.AEAD_AES_128_GCM: 28,
    SrtpProfile.AEAD_AES_256_GCM: 44,
    SrtpProfile.AES128_CM_SHA1_80: 30,
}


def session(profile: SrtpProfile, key: bytes, *, inbound: bool) -> Session:
    kind = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=int(profile))
    policy.window_size = 1024
    return Session(policy)


def key(seed: int, profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM) -> bytes:
    return bytes((seed * 37 + i * 11) & 255 for i in range(KEY_LENGTH[profile]))


def rtp(
    ssrc: int,
    seq: int,
    payload: bytes = b"payload",
    *,
    ts: int = 0,
    marker: bool = False,
    extensions: tuple[tuple[int, bytes], ...] = (),
    padding: int = 0,
    pt: int = PT,
) -> bytes:
    """A plain RTP packet with one-byte header extensions."""
    block = b"".join(bytes([name << 4 | len(data) - 1]) + data for name, data in extensions)
    block += bytes(-len(block) % 4)
    head = struct.pack(
        "!BBHII",
        0x80 | (0x10 if extensions else 0) | (0x20 if padding else 0),
        (0x80 if marker else 0) | pt,
        seq & 0xFFFF,
        ts & 0xFFFFFFFF,
        ssrc,
    )
    if extensions:
        head += struct.pack("!HH", 0xBEDE, len(block) // 4) + block
    return head + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def vp8(
    *,
    key: bool = False,
    start: bool = True,
    picture: int = 0,
    tl0: int = 0,
    body: bytes = b"picture",
    bits: int = 15,
    tid: int = 0,
    sync: bool = False,
) -> bytes:
    """A VP8 payload with picture id, TL0PICIDX and temporal layer; a key frame is 320 x 200."""
    name = struct.pack("!H", 0x8000 | picture & 0x7FFF) if bits == 15 else bytes([picture & 0x7F])
    descriptor = bytes([0x90 if start else 0x80, 0xE0]) + name + bytes([tl0 & 255, tid << 6 | sync << 5])
    frame = b""
    if start:
        frame = b"\x10\0\0\x9d\x01\x2a\x40\x01\xc8\x00" if key else b"\x11\0\0"
    return descriptor + frame + body


def red(primary: bytes, *earlier: tuple[int, bytes], pt: int = PT) -> bytes:
    """A payload of redundant sound (RFC 2198): (timestamp offset, sound) of the earlier ones, oldest
    first."""
    heads = b"".join(
        bytes([0x80 | pt]) + (back << 10 | len(sound)).to_bytes(3, "big") for back, sound in earlier
    )
    return heads + bytes([pt]) + b"".join(sound for _, sound in earlier) + primary


def read_red(payload: bytes) -> tuple[list[tuple[int, int, bytes]], bytes]:
    """([(PT, timestamp offset, earlier sound)], the packet's own sound)."""
    heads: list[tuple[int, int, int]] = []
    at = 0
    while payload[at] & 128:
        word = int.from_bytes(payload[at + 1 : at + 4], "big")
        heads.append((payload[at] & 127, word >> 10, word & 1023))
        at += 4
    at += 1
    earlier = []
    for pt, back, length in heads:
        earlier.append((pt, back, payload[at : at + length]))
        assert at + length <= len(payload)
        at += length
    return earlier, payload[at:]


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet as a viewer's browser gets it."""

    transport: int
    ssrc: int
    seq: int
    ts: int
    marker: bool
    pt: int
    payload: bytes
    padded: bool
    extension: bytes

    @property
    def picture(self) -> int:
        return int.from_bytes(self.payload[2:4], "big") & 0x7FFF

    @property
    def tl0(self) -> int:
        return self.payload[4]


def parse(transport: int, packet: bytes) -> Seen:
    first, second, seq, ts, ssrc = struct.unpack_from("!BBHII", packet)
    at = 12
    extension = b""
    if first & 0x10:
        words = int.from_bytes(packet[14:16], "big")
        extension = packet[16 : 16 + 4 * words]
        at = 16 + 4 * words
    payload = packet[at:]
    if first & 0x20:
        payload = payload[: -payload[-1]]
    return Seen(
        transport, ssrc, seq, ts, bool(second & 128), second & 127, payload, bool(first & 0x20), extension
    )


class Publisher:
    """A transport that sends: one producer with some layers, their SSRCs 1000, 1001...; RTX 2000, 2001..."""

    def __init__(self, stage: "Stage", kind: MediaKind, layers: int, profile: SrtpProfile, seed: int) -> None:
        self._fastpath = stage.fastpath
        self.transport = self._fastpath.open_transport()
        self._fastpath.set_keys(self.transport, profile, key(seed, profile), key(seed + 1, profile))
        self.srtp = session(profile, key(seed, profile), inbound=False)
        red_pt = RED_PT if kind == MediaKind.AUDIO else 0
        format = ProducerFormat(level_ext=LEVEL, twcc_ext=TWCC, red_pt=red_pt)
        self.producer = self._fastpath.open_producer(self.transport, kind, 0, format)
        self.layers = [self._fastpath.open_layer(self.producer) for _ in range(layers)]
        for i, layer in enumerate(self.layers):
            self._fastpath.bind_ssrc(self.transport, 1000 + i, layer)
            self._fastpath.bind_ssrc(self.transport, 2000 + i, layer, rtx=True)

    def protect(self, *packets: bytes) -> list[bytes]:
        return [self.srtp.protect(packet) for packet in packets]

    def send(self, *packets: bytes, now: int = 0) -> list[HandUp]:
        return self._fastpath.ingest(self.transport, self.protect(*packets), now)


class Viewer:
    """A transport that receives, with its SRTP."""

    def __init__(self, stage: "Stage", profile: SrtpProfile, seed: int) -> None:
        self._fastpath = stage.fastpath
        self.transport = self._fastpath.open_transport()
        self._fastpath.set_keys(self.transport, profile, key(seed, profile), key(seed + 1, profile))
        self._fastpath.set_destination(self.transport, STREAM, None)
        self.srtp = session(profile, key(seed + 1, profile), inbound=True)
        self._ssrc = 50_000 + 100 * self.transport

    def open_slot(self, kind: MediaKind = MediaKind.VIDEO, *, twcc: int = OUT_TWCC, level: int = 0) -> int:
        self._ssrc += 2
        return self._fastpath.open_slot(
            self.transport,
            kind,
            SlotFormat(
                ssrc=self._ssrc,
                pt=PT,
                rtx_ssrc=self._ssrc + 1,
                rtx_pt=RTX_PT,
                twcc_ext=twcc,
                level_ext=level,
                red_pt=OUT_RED_PT if kind == MediaKind.AUDIO else 0,
            ),
        )


class Stage:
    def __init__(self, *, compiled: bool = False, size: Size = SMALL) -> None:
        self.fastpath = FastPath(size, compiled=compiled)
        self._viewers: dict[int, Viewer] = {}
        self._seed = 0

    def publisher(
        self,
        kind: MediaKind = MediaKind.VIDEO,
        layers: int = 1,
        profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM,
    ) -> Publisher:
        self._seed += 2
        return Publisher(self, kind, layers, profile, self._seed)

    def viewer(self, profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM) -> Viewer:
        self._seed += 2
        viewer = Viewer(self, profile, self._seed)
        self._viewers[viewer.transport] = viewer
        return viewer

    def seen(self) -> list[Seen]:
        """What the viewers got since the last call, each packet authenticated."""
        return [
            parse(transport, self._viewers[transport].srtp.unprotect(data))
            for transport, data, _ in self.fastpath.take_stream_out()
        ]

    def count(self, name: str) -> int:
        return int(self.fastpath.counters[name])
