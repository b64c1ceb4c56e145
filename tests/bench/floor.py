"""python -m tests.bench.floor: what the least of a copy costs on this machine now, in microseconds: the
reference for what another bench measures in the same run."""

import argparse
import os
import socket
import statistics

from tests.bench.contenders import Floor, phase
from tests.bench.peers import CORES, Load, Peers, udp_socket

ROUNDS, SECONDS = 3, 0.7


def floor_us(load: Load) -> float:
    """srtp_protect and sendmmsg of ready bytes, for each destination."""
    server = udp_socket()
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        server.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    peers = Peers(load, server.getsockname())
    floor = Floor(load, peers, server)
    peers.start()
    try:
        return statistics.median(phase(floor, server, SECONDS)[0] for _ in range(ROUNDS))
    finally:
        peers.stop()
        server.close()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.floor", description=__doc__)
    options.add_argument("--destinations", type=int, default=20)
    options.add_argument("--bytes", type=int, default=1150)
    chosen = options.parse_args()
    os.sched_setaffinity(0, {CORES[0]})
    print(round(floor_us(Load(chosen.destinations, chosen.bytes, frames=True)), 3))


if __name__ == "__main__":
    main()
