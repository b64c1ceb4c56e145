"""Sends prepared packets from sockets of its parent: python -m tests.door.flood FD,FD... RATE SECONDS

The packets stand on its standard input, each after its length (two bytes), and are sent over and over. One
sendmmsg for many of them, and the lowest priority: the attacker stands for another machine, and must not be
what the measured one suffers from. Writes how many it sent."""

import ctypes
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

BATCH = 64
_libc = ctypes.CDLL(None, use_errno=True)


class Flood:
    """Packets that leave in another process."""

    def __init__(
        self, sockets: Sequence[socket.socket], packets: Sequence[bytes], rate: float, seconds: float
    ) -> None:
        """sockets: connected UDP sockets, which take turns. rate: packets a second."""
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        fds = [sock.fileno() for sock in sockets]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.door.flood", ",".join(map(str, fds)), str(rate), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=fds,
        )
        self._input = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)

    def run(self) -> int:
        """Blocks until it is over. Returns how many were sent."""
        out, _ = self._process.communicate(self._input)
        return int(out)


def _packets(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


def _send(fds: Sequence[int], packets: Sequence[bytes], rate: float, seconds: float) -> int:
    buffers = [ctypes.create_string_buffer(packet, len(packet)) for packet in packets]
    iov = np.array([(ctypes.addressof(b), len(b)) for b in buffers], np.int64)
    messages = np.zeros((len(packets), 8), np.int64)
    messages[:, 2] = iov.ctypes.data + np.arange(len(packets)) * 16
    messages[:, 3] = 1
    turns = itertools.cycle(fds)
    begun, sent, at = time.monotonic(), 0, 0
    while (now := time.monotonic() - begun) < seconds:
        due = min(int(now * rate) - sent, BATCH, len(packets) - at)
        if due <= 0:
            time.sleep(max(0.0001, min(max(1 / rate, 0.0008), seconds - now)))
            continue
        pointer = ctypes.c_void_p(messages.ctypes.data + at * 64)
        took = max(_libc.sendmmsg(next(turns), pointer, due, 0), 1)  # a refused one is passed over
        sent += took
        at = (at + took) % len(packets)
    return sent


def main() -> None:
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fds, rate, seconds = sys.argv[1:]
    packets = list(_packets(sys.stdin.buffer.read()))
    while len(packets) < BATCH:
        packets *= 2
    print(_send([int(fd) for fd in fds.split(",")], packets, float(rate), float(seconds)))


if __name__ == "__main__":
    main()
