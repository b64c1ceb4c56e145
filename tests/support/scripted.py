"""A scripted participant for the world tests: sends a camera and a microphone, receives slots.

It speaks SRTP with its own libsrtp sessions and reads packets with nothing of the fast path, so a
mistake there is not made twice.
"""

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pylibsrtp import Policy, Session

from sfu import (
    TILE_SLOTS,
    EndpointId,
    GateReason,
    Opened,
    OpenEndpoint,
    RoomId,
    SendPlan,
    Show,
    Source,
    TileWish,
)
from sfu.errors import BadPacket
from sfu.rtp import rtcp, vp8
from sfu.rtp.header import parse_header_untrusted
from sfu.rtp.seq import unwrap_u16
from sfu.rtp.twcc import FeedbackWriter
from tests.support.offer import LEVEL_EXT, MID_EXT, OPUS, RID_EXT, RRID_EXT, RTX, TWCC_EXT, VP8, our_offer
from tests.support.scripted_ears import write
from tests.support.world import Path, World

ROOM = RoomId("room")
FRAME_S = 1 / 15
AUDIO_S = 0.02
NACK_EVERY_S = 0.05
NACK_TRIES = 12
FEEDBACK_EVERY_S = 0.06
TEMPORAL = (0, 2, 1, 2)
"""The temporal layer of each picture in turn, as libvpx has it for three."""
HISTORY = 512
TILE_ROWS = 180
OPEN = dict.fromkeys(Source, GateReason.OPEN)


@dataclass(slots=True)
class Receiver:
    """What came on one slot: packets by unwrapped number, frames whose packets are all there."""

    video: bool
    packets: dict[int, bytes] = field(default_factory=dict)
    newest: int = -1
    asked: dict[int, int] = field(default_factory=dict)
    timestamps: list[int] = field(default_factory=list)
    duplicates: int = 0
    holes: set[int] = field(default_factory=set)

    def take(self, seq: int, timestamp: int, payload: bytes) -> None:
        if self.newest < 0:
            self.newest = seq + (1 << 16)
        number = unwrap_u16(seq, self.newest)
        if number in self.packets:
            self.duplicates += 1
            return
        self.holes.update(range(self.newest + 1, number))
        self.holes.discard(number)
        self.newest = max(self.newest, number)
        self.packets[number] = payload
        self.timestamps.append(timestamp)

    def missing(self) -> list[int]:
        return sorted(self.holes)

    def bodies(self) -> list[tuple[str, int, int]]:
        """(sender, layer, frame) of each packet received, in order of its number."""
        return [_read_body(self.packets[n], self.video) for n in sorted(self.packets)]


@dataclass(slots=True)
class Encoding:
    rid: str
    ssrc: int
    packets_per_frame: int
    payload_bytes: int
    """In each packet."""
    rows: int
    seq: int
    rtx_ssrc: int
    rtx_seq: int = 0
    picture: int = 0
    tl0: int = 0
    active: bool = True
    wants_keyframe: bool = True
    keyframes: int = 0
    sent: int = 0
    kept: dict[int, tuple[int, bytes, bool]] = field(default_factory=dict)
    """Timestamp, payload, marker of the newest packets, by number."""


def _simulcast(rng: random.Random) -> list[Encoding]:
    """The camera's encodings: rid, packets in a frame, bytes in a packet, rows."""
    return [
        Encoding(rid, rng.getrandbits(32), count, size, rows, rng.getrandbits(16), rng.getrandbits(32))
        for rid, count, size, rows in (("q", 1, 700, 135), ("h", 4, 850, 270), ("f", 10, 1000, 540))
    ]


class Scripted:
    """One participant. `microphone_dbov` is the level it claims; None leaves the header out. `sound_dbov` is
    how loud it really is; None: as it claims. `opus`, if given, is sent instead, over and over."""

    def __init__(
        self,
        world: World,
        name: str,
        gates: dict[Source, GateReason] | None = None,
        *,
        room: RoomId = ROOM,
        offer: str = "",
        check: bool = False,
    ) -> None:
        self.world = world
        self.name = name
        self.id = EndpointId(name)
        self.up, self.down = Path(), Path()
        self.microphone_dbov: int | None = 127
        self.sound_dbov: int | None = None
        self.opus: Sequence[bytes] = ()
        self.sending_microphone = self.sending_camera = True
        self.nacks = self.feedback = True
        self.sent_audio = 0
        self.inbox: dict[int, Receiver] = {}
        self.reports: dict[int, list[tuple[float, rtcp.SenderReport]]] = {}
        """The server's sender reports, by SSRC, and when each came."""
        self.rtx_seen = self.padding_seen = self.asked_for = 0
        self.peek: Callable[[bytes], None] = lambda packet: None
        """Called with every packet that comes, decrypted."""
        result = world.order(OpenEndpoint(room, self.id, offer or our_offer(), gates or OPEN, check=check))
        assert isinstance(result, Opened), result
        self.slots = result.slots
        self._read_answer(result.answer)
        association = world.associations[max(world.associations)]
        self.row = association.row
        up, down = association.keys
        self._tx, self._rx = _session(up, outbound=True), _session(down, outbound=False)
        world.receivers[self.row] = self.receive
        world.down[self.row] = self.down
        rng = world.rng
        self.encodings = _simulcast(rng)
        self.obeys = True
        """Sends only what the server's plan asks for."""
        self._plans_seen = 0
        self._feedback = FeedbackWriter(1)
        self._arrived: list[tuple[int, int]] = []
        self._newest_arrival = 0
        self._audio_ssrc, self._audio_seq = rng.getrandbits(32), rng.getrandbits(16)
        self._clock_start = rng.getrandbits(31)
        self._frame = self._twcc = 0
        self._begin()

    def _begin(self) -> None:
        self.world.after(0.1, self._send_frame)
        self.world.after(0.1, self._send_audio)
        self.world.after(NACK_EVERY_S, self._send_nacks)
        self.world.after(FEEDBACK_EVERY_S, self._send_feedback)

    def slot(self, kind: str, index: int = 0) -> Receiver:
        """What has come on a slot so far."""
        mid = [line.mid for line in self.slots if line.kind == kind][index]
        return self.inbox[self._ssrc_by_mid[mid]]

    def heard(self) -> set[str]:
        """Names whose voice has come on any audio slot."""
        voices = [r for r in self.inbox.values() if not r.video]
        return {body[0] for receiver in voices for body in receiver.bodies()}

    def forget(self) -> None:
        """Begin counting what is received again from nothing."""
        for receiver in self.inbox.values():
            receiver.packets.clear()
            receiver.holes.clear()
            receiver.newest = -1
            receiver.asked.clear()

    # --- sending ---------------------------------------------------------------------------------

    def _send_frame(self) -> None:
        self.world.after(FRAME_S, self._send_frame)
        if not self.sending_camera:
            return
        self._frame += 1
        self._obey()
        timestamp = self._clock_start + int(self.world.now * 90_000)
        for index, encoding in enumerate(self.encodings):
            if encoding.active:
                self._send_picture(index, encoding, timestamp)

    def _send_picture(self, index: int, encoding: Encoding, timestamp: int) -> None:
        key = encoding.wants_keyframe
        encoding.keyframes += key
        encoding.wants_keyframe = False
        encoding.picture = 0 if key else encoding.picture + 1
        temporal = TEMPORAL[encoding.picture % len(TEMPORAL)]
        encoding.tl0 += temporal == 0
        sync = 0x20 if temporal else 0
        encoding.sent += 1
        for k in range(encoding.packets_per_frame):
            descriptor = struct.pack(
                "!BBHBB",
                0x90 if k == 0 else 0x80,
                0xE0,
                0x8000 | self._frame & 0x7FFF,
                encoding.tl0 & 0xFF,
                temporal << 6 | sync,
            )
            first = _key_header(encoding.rows) if key and k == 0 else b"\x01"
            body = descriptor + first + _write_body(self.name, index, self._frame)
            body += bytes(max(0, encoding.payload_bytes - len(body)))
            encoding.seq = (encoding.seq + 1) & 0xFFFF
            last = k == encoding.packets_per_frame - 1
            encoding.kept[encoding.seq] = (timestamp, body, last)
            encoding.kept.pop((encoding.seq - HISTORY) & 0xFFFF, None)
            names = {MID_EXT: b"1", RID_EXT: encoding.rid.encode()}
            self.send_rtp(VP8, encoding.seq, timestamp, encoding.ssrc, names, body, marker=last)

    def _obey(self) -> None:
        """Do what the newest plan says. It arrives at once here, unlike on a real line."""
        plans = self.world.events[self._plans_seen :]
        self._plans_seen = len(self.world.events)
        for plan in plans:
            if isinstance(plan, SendPlan) and plan.endpoint == self.id and self.obeys:
                for encoding in self.encodings:
                    was, encoding.active = encoding.active, encoding.rid in plan.camera
                    encoding.wants_keyframe |= encoding.active and not was

    def _send_audio(self) -> None:
        self.world.after(AUDIO_S, self._send_audio)
        if not self.sending_microphone:
            return
        self._audio_seq = (self._audio_seq + 1) & 0xFFFF
        self.sent_audio += 1
        timestamp = self._clock_start + self.sent_audio * 960
        names = {MID_EXT: b"0"}
        if self.microphone_dbov is not None:
            names[LEVEL_EXT] = bytes([self.microphone_dbov])
        self.send_rtp(OPUS, self._audio_seq, timestamp, self._audio_ssrc, names, self._sound())

    def _sound(self) -> bytes:
        if self.opus:
            return self.opus[self.sent_audio % len(self.opus)]
        level = self.microphone_dbov if self.sound_dbov is None else self.sound_dbov
        return _write_body(self.name, 0, self.sent_audio) + write(127 if level is None else level)

    @property
    def audio_ssrc(self) -> int:
        return self._audio_ssrc

    def timestamp(self, kind: str, made_s: float) -> int:
        """Of the sound or picture made at this time."""
        if kind == "video":
            return self._clock_start + int(made_s * 90_000) & 0xFFFFFFFF
        behind_s = self.world.now - made_s
        return self._clock_start + int((self.sent_audio * AUDIO_S - behind_s) * 48_000) & 0xFFFFFFFF

    def skip_audio(self, packets: int) -> None:
        """Send this many packets at once, around the network: for things that take minutes."""
        for _ in range(packets):
            self._audio_seq = (self._audio_seq + 1) & 0xFFFF
            head = struct.pack("!BBHII", 0x80, OPUS, self._audio_seq, 0, self._audio_ssrc)
            self.world.fastpath.ingest(self.row, [self._tx.protect(head + b"x")], int(self.world.now * 1e6))

    def ask_keyframe(self, kind: str) -> None:
        self.send_rtcp(rtcp.pli(1, self.slot_ssrc(kind)))

    def slot_ssrc(self, kind: str) -> int:
        """Of the first slot of this kind."""
        return self._ssrc_by_mid[next(line.mid for line in self.slots if line.kind == kind)]

    def leap(self, numbers: int) -> None:
        """Leave out so many transport-wide numbers."""
        self._twcc += numbers

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
        self._twcc = (self._twcc + 1) & 0xFFFF
        extensions = b"".join(
            bytes([ident << 4 | len(value) - 1]) + value
            for ident, value in {**names, TWCC_EXT: self._twcc.to_bytes(2, "big")}.items()
        )
        extensions += bytes(-len(extensions) % 4)
        head = struct.pack("!BBHII", 0x90, pt | (0x80 if marker else 0), seq, ts & 0xFFFFFFFF, ssrc)
        packet = head + struct.pack("!HH", 0xBEDE, len(extensions) // 4) + extensions + body
        self.send(self._tx.protect(packet))

    def send(self, datagram: bytes) -> None:
        self.world.carry(self.up, datagram, lambda d: self.world.arrive(self.row, d))

    def send_rtcp(self, packet: bytes) -> None:
        self.send(self._tx.protect_rtcp(packet))

    # --- receiving -------------------------------------------------------------------------------

    def receive(self, datagram: bytes) -> None:
        if 192 <= datagram[1] <= 223:
            self._receive_rtcp(self._rx.unprotect_rtcp(datagram))
            return
        packet = self._rx.unprotect(datagram)
        self.peek(packet)
        header = parse_header_untrusted(packet)
        if TWCC_EXT in header.extensions:
            wire = int.from_bytes(header.extensions[TWCC_EXT], "big")
            self._newest_arrival = max(self._newest_arrival, unwrap_u16(wire, self._newest_arrival))
            number = unwrap_u16(wire, self._newest_arrival)
            self._arrived.append((number, int(self.world.now * 1e6)))
        payload = packet[header.payload_start : header.payload_end]
        media = self._media_of_rtx.get(header.ssrc)
        if media is not None:
            if len(payload) < 2:
                self.padding_seen += 1
                return
            self.rtx_seen += 1
            self.inbox[media].take(int.from_bytes(payload[:2], "big"), header.timestamp, payload[2:])
        else:
            self.inbox[header.ssrc].take(header.seq, header.timestamp, payload)

    def _receive_rtcp(self, packet: bytes) -> None:
        try:
            parts = rtcp.parse_untrusted(packet)
        except BadPacket as error:
            raise AssertionError("the server sent RTCP that cannot be read") from error
        for part in parts:
            if isinstance(part, rtcp.SenderReport):
                self.reports.setdefault(part.ssrc, []).append((self.world.now, part))
            elif isinstance(part, rtcp.Pli):
                for encoding in self.encodings:
                    if encoding.ssrc == part.media_ssrc:
                        encoding.wants_keyframe = True
            elif isinstance(part, rtcp.Nack):
                self._answer(part)

    def _answer(self, nack: rtcp.Nack) -> None:
        """Send again, as RTX, what the server has not received."""
        for encoding in self.encodings:
            if encoding.ssrc == nack.media_ssrc:
                for seq in nack.seqs:
                    self.asked_for += 1
                    if seq in encoding.kept:
                        timestamp, body, last = encoding.kept[seq]
                        encoding.rtx_seq = (encoding.rtx_seq + 1) & 0xFFFF
                        names = {MID_EXT: b"1", RRID_EXT: encoding.rid.encode()}
                        body = seq.to_bytes(2, "big") + body
                        self.send_rtp(
                            RTX, encoding.rtx_seq, timestamp, encoding.rtx_ssrc, names, body, marker=last
                        )

    def _send_feedback(self) -> None:
        self.world.after(FEEDBACK_EVERY_S, self._send_feedback)
        arrived, self._arrived = self._arrived, []
        if self.feedback:
            for packet in self._feedback.write(next(iter(self.inbox)), arrived):
                self.send_rtcp(packet)

    def _send_nacks(self) -> None:
        self.world.after(NACK_EVERY_S, self._send_nacks)
        if not self.nacks:
            return
        for ssrc, receiver in self.inbox.items():
            lost = [n for n in receiver.missing() if receiver.asked.get(n, 0) < NACK_TRIES]
            for number in lost if receiver.video else ():
                receiver.asked[number] = receiver.asked.get(number, 0) + 1
            if lost and receiver.video:
                self.send_rtcp(rtcp.nack(1, ssrc, [n & 0xFFFF for n in lost[:100]]))

    def _read_answer(self, answer: str) -> None:
        self._ssrc_by_mid: dict[str, int] = {}
        self._media_of_rtx: dict[int, int] = {}
        mid, video = "", False
        for line in answer.splitlines():
            if line.startswith("m="):
                video = line.startswith("m=video")
            elif line.startswith("a=mid:"):
                mid = line.removeprefix("a=mid:")
            elif line.startswith("a=ssrc-group:FID "):
                media, rtx = (int(word) for word in line.split()[1:])
                self._media_of_rtx[rtx] = media
            elif line.startswith("a=ssrc:"):
                ssrc = int(line.removeprefix("a=ssrc:").split()[0])
                if ssrc not in self._media_of_rtx:
                    self._ssrc_by_mid[mid] = ssrc
                    self.inbox.setdefault(ssrc, Receiver(video))


def meet(world: World, *names: str) -> list[Scripted]:
    """Everyone admitted, and everyone's tiles show the others."""
    people = [Scripted(world, name) for name in names]
    for person in people:
        others = tuple(TileWish(endpoint=p.id, height=TILE_ROWS) for p in people if p is not person)
        world.order(Show(endpoint=person.id, tiles=others[:TILE_SLOTS]))
    return people


def _key_header(rows: int) -> bytes:
    """The first ten bytes of a VP8 key frame (RFC 6386 section 9.1)."""
    width = rows * 16 // 9
    return bytes(3) + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + rows.to_bytes(2, "little")


def _session(key: bytes, *, outbound: bool) -> Session:
    kind = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)


def _write_body(name: str, layer: int, frame: int) -> bytes:
    return struct.pack("!B15sI", layer, name.encode(), frame)


def _read_body(payload: bytes, video: bool) -> tuple[str, int, int]:
    at = 0
    if video:
        at = vp8.parse_untrusted(payload).length
        at += 1 if payload[at] & 1 else len(_key_header(0))
    layer, name, frame = struct.unpack_from("!B15sI", payload, at)
    return name.rstrip(b"\0").decode(), layer, frame
