"""make bench: what a forwarded copy costs, CPU microseconds (user + system), from recvmmsg to sendmmsg.

Three contenders are woken by the same datagrams and take turns in short phases, because the machine is not
quiet: the fast path with everything on; the floor (as many srtp_protect + sendmmsg of ready bytes in a bare
compiled loop); plain Python (pylibsrtp + sendto). A row is the median over the rounds; the ratio is that of
one round. Then the whole media worker, with viewers who report: its CPU for each copy, and how long a copy
takes. At the end the ears: what a packet of an open microphone costs them, and how well they judge; how fast
a recording is sealed, and what recording a meeting costs."""

import argparse
import json
import os
import socket
import statistics
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.contenders import Floor, Ours, Plain, phase
from tests.bench.peers import CORES, Load, Peers, udp_socket
from tests.bench.recording import measure_recording
from tests.bench.sealing import measure_sealing
from tests.bench.voice import measure_voices
from tests.bench.whole import measure_whole
from tests.bench.whole import table as whole_table
from tests.support.mix.speech import NoSynthesizer

OUT = Path("build/bench.json")
PARTS = {
    "whole": "the whole media worker, with viewers who report",
    "voices": "the ears",
    "sealing": "how fast a recording is sealed",
    "recording": "what recording a meeting costs",
}


@dataclass(frozen=True, slots=True)
class Row:
    load: Load
    copy_us: float
    floor_us: float
    python_us: float
    ratio_to_floor: float
    datagrams_a_wakeup: float
    note: str = ""

    def as_json(self) -> dict[str, float | int | str]:
        return {
            "destinations": self.load.destinations,
            "bytes": self.load.size,
            "pacing": self.load.pacing,
            "others": self.load.others,
            "copy_us": round(self.copy_us, 3),
            "floor_us": round(self.floor_us, 3),
            "python_us": round(self.python_us, 3),
            "ratio_to_floor": round(self.ratio_to_floor, 3),
            "datagrams_a_wakeup": round(self.datagrams_a_wakeup, 2),
            "note": self.note,
        }


def measure(load: Load, rounds: int, seconds: float) -> Row:
    server = udp_socket()
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        server.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    peers = Peers(load, server.getsockname())
    ours = Ours(load, peers, server)
    floor, plain = Floor(load, peers, server), Plain(load, peers, server)
    peers.start()
    costs: list[tuple[float, float, float]] = []
    wakeups: list[float] = []
    try:
        for _ in range(rounds):
            copy_us, copies = phase(ours, server, seconds)
            wakeups.append(copies / load.destinations)
            costs.append((copy_us, phase(floor, server, seconds)[0], phase(plain, server, seconds)[0]))
    finally:
        peers.stop()
        server.close()
    note = ours.complaints()
    ours.close()
    copy_us, floor_us, python_us = (statistics.median(column) for column in zip(*costs, strict=True))
    ratio = statistics.median(cost[0] / cost[1] for cost in costs)
    return Row(load, copy_us, floor_us, python_us, ratio, statistics.median(wakeups), note)


def loads(short: bool) -> list[Load]:
    sizes = (1150,) if short else (1150, 100)
    every = [
        Load(destinations, size, frames)
        for size in sizes
        for frames in (True, False)
        for destinations in (49, 20, 5)
    ]
    return [*every, Load(20, 1150, True, others=40)]


def report(rows: list[Row]) -> Table:
    table = Table(title="CPU for each forwarded copy (us, AES-128-GCM, 10 publishers)")
    for name in (
        "destinations",
        "bytes",
        "packets",
        "others",
        "ours",
        "floor",
        "python",
        "ours/floor",
        "read at once",
    ):
        table.add_column(name, justify="left" if name == "packets" else "right")
    table.add_column("note")
    for row in rows:
        load = row.load
        table.add_row(
            str(load.destinations),
            str(load.size),
            load.pacing,
            str(load.others),
            f"{row.copy_us:.2f}",
            f"{row.floor_us:.2f}",
            f"{row.python_us:.2f}",
            f"{row.ratio_to_floor:.2f}",
            f"{row.datagrams_a_wakeup:.1f}",
            row.note,
        )
    return table


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="how often the contenders take turns")
    options.add_argument("--seconds", type=float, default=1.0, help="length of one turn")
    options.add_argument("--short", action="store_true", help="1150 bytes only")
    options.add_argument("--only", help="DESTINATIONS,BYTES,frames|even[,OTHERS]: one row")
    for part, what in PARTS.items():
        options.add_argument(f"--{part}", action="store_true", help=f"only {what}")
    chosen = options.parse_args()
    parts = [part for part in PARTS if getattr(chosen, part)]
    wanted = [] if parts else loads(chosen.short)
    if chosen.only:
        destinations, size, pacing, *others = chosen.only.split(",")
        wanted = [
            Load(int(destinations), int(size), pacing == "frames", others=int(others[0]) if others else 0)
        ]
    os.sched_setaffinity(0, {CORES[0]})
    console = Console()
    rows: list[Row] = []
    for load in wanted:
        with console.status(f"{load.destinations} destinations x {load.size} bytes, {load.pacing}"):
            rows.append(measure(load, chosen.rounds, chosen.seconds))
    if rows:
        console.print(report(rows))
    found: dict[str, object] = {}
    for part in [] if chosen.only else parts or PARTS:
        with console.status(PARTS[part]):
            found |= measure_part(part, console)
    write(rows, found)
    console.print(f"written to {OUT}")


def measure_part(part: str, console: Console) -> dict[str, object]:
    """What goes into the file, by its name there; it is printed, too."""
    match part:
        case "whole":
            found = measure_whole()
            console.print(whole_table(found))
            return {"whole": [row.as_json() for row in found]}
        case "voices":
            try:
                voices = measure_voices()
            except NoSynthesizer as error:
                console.print(f"voices are not measured: {error}")
                return {}
            console.print(*voices.tables())
            return {"voices": voices.as_json()}
        case "sealing":
            sealing = measure_sealing()
            console.print(sealing.table())
            return {"sealing": sealing.as_json()}
        case _:
            recording = measure_recording()
            console.print(recording.table())
            return {"recording": recording.as_json()}


def write(rows: list[Row], parts: dict[str, object]) -> None:
    """What was not measured now stays as it was."""
    found: dict[str, object] = json.loads(OUT.read_text()) if OUT.exists() else {}
    if rows:
        reference = next((row for row in rows if row.load == Load(20, 1150, True)), rows[0])
        keys = ("copy_us", "floor_us", "python_us", "ratio_to_floor")
        found |= {key: reference.as_json()[key] for key in keys} | {"rows": [row.as_json() for row in rows]}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found | parts, indent=2))


if __name__ == "__main__":
    main()
