"""What a phase of a briefing shows: counted by the generator, told by the media worker, read from /proc."""

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.recording import cpu_s
from tests.briefing.engine import Engine
from tests.briefing.tables import LATE, N_SAMPLES, PAUSE, PICTURE, RECEIVED, REFUSED, SENT, VOICE
from tests.support.appliance import Appliance, ApplianceError, Part
from tests.support.percentile import at

PARTS: tuple[Part, ...] = ("control", "media-0", "recorder")
SUPERVISOR = "supervisor"
_METRIC = re.compile(r"^(giaoban_media_\w+)\{(?:of=\"(\w+)\",)?worker=\"0\"\} (\S+)$", re.MULTILINE)
_MIB = 1 << 20
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that counts upwards, at one moment."""

    at_s: float
    samples: int
    """How many the engine had taken."""
    received: int
    """Packets of media, without retransmissions and padding."""
    expected: int
    """By their numbers."""
    repaired: int
    padding: int
    sent: int
    refused: int
    datagrams: int
    cpu_s: Mapping[str, float]
    busy_s: float
    """The server's core, whoever used it."""
    told: Mapping[str, float]
    """The worker's own metrics."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Milliseconds."""

    voice: Sequence[float]
    picture: Sequence[float]
    late: Sequence[float]
    pause: Sequence[float]


def pids(appliance: Appliance) -> dict[str, int]:
    """Raises ApplianceError."""
    return {SUPERVISOR: appliance.process.pid} | {part: appliance.pid(part) for part in PARTS}


async def snapshot(engine: Engine, appliance: Appliance, core: int) -> Snapshot:
    """Raises ApplianceError: a process has died."""
    told = await worker_told(appliance)
    try:
        cpu = {name: cpu_s(pid) for name, pid in pids(appliance).items()}
    except OSError as error:
        raise ApplianceError(f"a process has ended: {error}") from None
    state, slots = engine.world.state, engine.world.slots
    begun = slots[slots["packets"] > 0]
    return Snapshot(
        at_s=time.monotonic(),
        samples=int(state[N_SAMPLES]),
        received=int(begun["packets"].sum()),
        expected=int((begun["newest"] - begun["first"] + 1).sum()),
        repaired=int(begun["repaired"].sum()),
        padding=int(slots["padding"].sum()),
        sent=int(state[SENT]),
        refused=int(state[REFUSED]),
        datagrams=int(state[RECEIVED]),
        cpu_s=cpu | {"generator": cpu_s(os.getpid())},
        busy_s=busy_s(core),
        told=told,
    )


async def worker_told(appliance: Appliance) -> dict[str, float]:
    """The media worker's metrics by name, with "_p99" and so on; none while it does not answer."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
            http.get(f"https://127.0.0.1:{appliance.https_port}/metrics", ssl=False) as answer,
        ):
            return metrics_of(await answer.text())
    except (aiohttp.ClientError, TimeoutError):
        return {}


def metrics_of(text: str) -> dict[str, float]:
    return {f"{name}_{of}" if of else name: float(value) for name, of, value in _METRIC.findall(text)}


def busy_s(core: int) -> float:
    """Seconds that a core has worked since the machine started; what its owner took from it is among them."""
    line = next(
        line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} ")
    )
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS_A_SECOND


def samples_between(engine: Engine, begin: Snapshot, end: Snapshot) -> Samples:
    rows = engine.world.samples[begin.samples : end.samples]

    def of(kind: int) -> list[float]:
        found: list[float] = (rows[rows[:, 1] == kind, 2] / 1000).tolist()
        return found

    return Samples(of(VOICE), of(PICTURE), of(LATE), of(PAUSE))


def rates(begin: Snapshot, end: Snapshot) -> dict[str, float]:
    """What a phase cost."""
    seconds = end.at_s - begin.at_s
    percent = {name: 100 * (end.cpu_s[name] - begin.cpu_s[name]) / seconds for name in end.cpu_s}
    received, expected = end.received - begin.received, end.expected - begin.expected
    copies = end.told.get("giaoban_media_copies_total", 0) - begin.told.get("giaoban_media_copies_total", 0)
    ours = sum(share for name, share in percent.items() if name != "generator")
    return {
        "seconds": seconds,
        "copies_a_second": received / seconds,
        "copies_told_a_second": copies / seconds,
        "media_percent": percent["media-0"],
        "control_percent": percent["control"],
        "recorder_percent": percent["recorder"],
        "generator_percent": percent["generator"],
        "others_percent": 100 * (end.busy_s - begin.busy_s) / seconds - ours,
        "copy_us": 1e4 * percent["media-0"] * seconds / max(1, copies or received),
        "lost_percent": 100 * max(0, expected - received) / max(1, expected),
        "repaired_percent": 100 * (end.repaired - begin.repaired) / max(1, expected),
        "padding_a_second": (end.padding - begin.padding) / seconds,
        "generator_sent_a_second": (end.sent - begin.sent) / seconds,
        "generator_refused": float(end.refused - begin.refused),
    }


def latencies(samples: Samples) -> dict[str, float]:
    """Through the server, and how late the generator was itself."""
    found = {
        f"{name}_p{share}_ms": at(share / 100, values)
        for name, values in (("picture", samples.picture), ("voice", samples.voice))
        for share in (50, 95, 99)
    }
    return found | {
        "generator_late_p99_ms": at(0.99, samples.late),
        "longest_pause_ms": max(samples.pause, default=0.0),
        "measured": float(len(samples.picture) + len(samples.voice)),
    }


def beats(told: Mapping[str, float]) -> dict[str, float]:
    """How long the worker's ticks took in the last ten seconds, and how late its loop woke."""
    return {
        f"{name}_{of}_ms": 1000 * told[key]
        for name in ("tick", "late")
        for of in ("p50", "p99", "longest")
        if (key := f"giaoban_media_{name}_seconds_{of}") in told
    }


def memory(appliance: Appliance) -> dict[str, float]:
    """MiB of each process: RSS, and PSS, in which a shared page counts in part. Raises ApplianceError."""
    found: dict[str, float] = {}
    for name, pid in pids(appliance).items():
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError as error:
            raise ApplianceError(f"a process has ended: {error}") from None
        for kind in ("Rss", "Pss"):
            value = re.search(rf"^{kind}:\s+(\d+) kB", text, re.MULTILINE)
            assert value is not None
            found[f"{name}_{kind.lower()}_mib"] = int(value[1]) * 1024 / _MIB
    for kind in ("rss", "pss"):
        found[f"all_{kind}_mib"] = sum(mib for key, mib in found.items() if key.endswith(f"_{kind}_mib"))
    return found
