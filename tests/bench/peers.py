"""The other side of the benchmark, on the other core: publishers like cameras, and processes that drain what
is forwarded."""

import ctypes
import os
import socket
import struct
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

import numpy as np
from pylibsrtp import Policy, Session

from sfu.fastpath import SrtpProfile

SO_RCVBUFFORCE = 33
FRAMES_PER_S = 25
FRAME = 5
"""Packets of a frame: with 1150 bytes about 1.2 Mbit/s, a camera at 480 lines."""
TWCC = 3
FIRST_SSRC = 1000
PROFILE = SrtpProfile.AEAD_AES_128_GCM
HERE = "127.0.0.1"
CORES = sorted(os.sched_getaffinity(0))
"""The measured process runs on the first, these peers on the last."""


@dataclass(frozen=True, slots=True)
class Load:
    """One setting of the benchmark."""

    destinations: int
    size: int
    """Bytes of RTP payload."""
    frames: bool
    """Packets come five at a time; otherwise evenly spaced."""
    publishers: int = 10
    others: int = 0
    """Transports of other rooms that are open at the same time, each with its own producers and slots."""

    @property
    def pacing(self) -> str:
        return f"frames of {FRAME}" if self.frames else "evenly spaced"


def udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((HERE, 0))
    made.setblocking(False)
    return made


def outbound(key: bytes) -> Session:
    return Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=int(PROFILE)))


def camera_packet(publisher: int, number: int, size: int, twcc: int) -> bytes:
    """A VP8 packet as browsers send it: transport-wide number, 16-bit picture id, TL0PICIDX; the first two of
    a frame are one byte shorter than the rest, as libwebrtc divides it."""
    frame, place = divmod(number, FRAME)
    key = frame % 250 == 0
    descriptor = struct.pack(
        "!BBHBB", 0x90 if place == 0 else 0x80, 0xE0, 0x8000 | frame & 0x7FFF, frame & 255, 0
    )
    picture = (b"\x10\x02\x00\x9d\x01\x2a" if key else b"\x11\x02\x00") if place == 0 else b""
    body = (descriptor + picture).ljust(size - (place < 2), b"\x5a")
    header = struct.pack(
        "!BBHIIHHBHB",
        0x90,
        (0x80 if place == FRAME - 1 else 0) | 96,
        number & 0xFFFF,
        frame * 3600 & 0xFFFFFFFF,
        FIRST_SSRC + publisher,
        0xBEDE,
        1,
        TWCC << 4 | 1,
        twcc & 0xFFFF,
        0,
    )
    return header + body


def _publish(load: Load, sockets: list[socket.socket], keys: list[bytes], server: tuple[str, int]) -> None:
    _settle_on_other_core()
    sessions = [outbound(key) for key in keys]
    burst = FRAME if load.frames else 1
    interval = burst / (FRAMES_PER_S * FRAME * load.publishers)
    sent = [0] * load.publishers
    due = time.monotonic()
    turn = 0
    while os.getppid() != 1:
        publisher = turn % load.publishers
        packets = []
        for _ in range(burst):
            plain = camera_packet(publisher, sent[publisher], load.size, sent[publisher])
            packets.append(sessions[publisher].protect(plain))
            sent[publisher] += 1
        turn += 1
        due += interval
        time.sleep(max(0.0, due - time.monotonic()))
        for packet in packets:
            sockets[publisher].sendto(packet, server)


def _swallow(sockets: list[socket.socket]) -> None:
    """Read and forget, many datagrams per call: this side must never be what limits the other."""
    _settle_on_other_core()
    libc = ctypes.CDLL(None)
    rows = np.zeros((64, 2048), np.uint8)
    iov = np.zeros((64, 2), np.int64)
    messages = np.zeros((64, 8), np.int64)
    iov[:, 0] = rows.ctypes.data + np.arange(64) * 2048
    iov[:, 1] = 2048
    messages[:, 2] = iov.ctypes.data + np.arange(64) * 16
    messages[:, 3] = 1
    pointer = ctypes.c_void_p(messages.ctypes.data)
    while os.getppid() != 1:
        for sink in sockets:
            while libc.recvmmsg(sink.fileno(), pointer, 64, socket.MSG_DONTWAIT, None) == 64:
                pass
        time.sleep(0.002)


def _settle_on_other_core() -> None:
    os.sched_setaffinity(0, {CORES[-1]})


class Peers:
    """The sockets of the publishers and receivers, and the two processes that work them."""

    def __init__(self, load: Load, server: tuple[str, int]) -> None:
        self.sending = [udp_socket() for _ in range(load.publishers)]
        self.receiving = [udp_socket() for _ in range(load.destinations)]
        for sink in self.receiving:
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            if os.geteuid() == 0:
                sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.keys = [os.urandom(28) for _ in self.sending]
        fork = get_context("fork")
        self._processes: list[BaseProcess] = [
            fork.Process(target=_swallow, args=(self.receiving,), daemon=True),
            fork.Process(target=_publish, args=(load, self.sending, self.keys, server), daemon=True),
        ]

    def start(self) -> None:
        for process in self._processes:
            process.start()

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.join()
        for used in self.sending + self.receiving:
            used.close()
