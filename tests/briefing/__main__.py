"""make bench-briefing: a briefing as real pages hold it, at the whole appliance.

The appliance runs on one core and the points, which are compiled, on the other. Each point sends its camera
in three layers and its voice, shows a stage and twelve tiles, and reports as a browser does. All come in a
storm; then a steady phase is measured. Writes build/briefing.json."""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.briefing.rows import ROWS, Told, row_of
from tests.briefing.scene import CORES, carry_out
from tests.briefing.voices import prepared
from tests.support.bench import go_first, keep

OUT = Path("build/briefing.json")
SECONDS = 20.0
COLUMNS = {
    "copies/s": ("copies_a_second",),
    "media %": ("media_percent",),
    "control %": ("control_percent",),
    "picture p50/95/99 ms": ("picture_p50_ms", "picture_p95_ms", "picture_p99_ms"),
    "voice p50/95/99 ms": ("voice_p50_ms", "voice_p95_ms", "voice_p99_ms"),
    "lost %": ("lost_percent",),
    "padding/s": ("padding_a_second",),
    "tick p50/99/longest ms": ("tick_p50_ms", "tick_p99_ms", "tick_longest_ms"),
    "copy us": ("copy_us",),
}
STORM_COLUMNS = {
    "inside": ("inside",),
    "all inside s": ("all_inside_s",),
    "first picture p50/95 ms": ("first_picture_p50_ms", "first_picture_p95_ms"),
    "all pictures s": ("all_pictures_s",),
    "longest pause ms": ("storm_pause_ms",),
    "lost %": ("storm_lost_percent",),
    "media %": ("storm_media_percent",),
    "control %": ("storm_control_percent",),
    "voice p99 ms": ("storm_voice_p99_ms",),
    "late p99 ms": ("storm_generator_late_p99_ms",),
}
MEMORY_COLUMNS = {
    "control": ("control_rss_mib", "control_pss_mib"),
    "media": ("media-0_rss_mib", "media-0_pss_mib"),
    "recorder": ("recorder_rss_mib", "recorder_pss_mib"),
    "supervisor": ("supervisor_rss_mib", "supervisor_pss_mib"),
    "all": ("all_rss_mib", "all_pss_mib"),
    "start s": ("start_s",),
    "generator % of its core": ("generator_percent",),
    "late p99 ms": ("generator_late_p99_ms",),
    "others % of the server's core": ("others_percent",),
}


def table(title: str, columns: dict[str, tuple[str, ...]], rows: Sequence[Told], *, judged: bool) -> Table:
    result = Table(title=title)
    result.add_column("")
    for name in columns:
        result.add_column(name, justify="right")
    if judged:
        result.add_column("reached")
    for row in rows:
        shown = []
        for keys in columns.values():
            values = (row.figures.get(key) for key in keys)
            shown.append(" / ".join("-" if value is None else shorter(value) for value in values))
        verdict = "yes" if row.reached else "NO: " + ", ".join(row.missed) + " " + row.reason
        result.add_row(row.name, *shown, *([verdict] if judged else []))
    return result


def shorter(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def floor_us() -> float:
    """In a process of its own, on the server's core."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.floor"], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.briefing", description=__doc__)
    options.add_argument("--points", default=",".join(str(row.points) for row in ROWS), help="N,N,...")
    options.add_argument("--seconds", type=float, default=SECONDS, help="length of the steady phase")
    chosen = options.parse_args()
    console = Console(width=200)
    go_first()
    if len(CORES) == 1:
        console.print("there is one core only: server and points take it from each other")
    floor = floor_us()
    console.print(f"the floor of a copy, srtp_protect and sendmmsg: {floor:.2f} us")
    voices = prepared()
    done: list[Told] = []
    for points in map(int, chosen.points.split(",")):
        with console.status(f"{points} points"):
            told = asyncio.run(carry_out(row_of(points), chosen.seconds, voices))
        if "copy_us" in told.figures:
            figures = {**told.figures, "copy_to_floor": told.figures["copy_us"] / floor}
            told = replace(told, figures=figures)
        done.append(told)
        console.print(
            f"{told.name}: reached: {told.reached} {told.missed} {told.reason} {told.note}", highlight=False
        )
    console.print(table("A steady briefing", COLUMNS, done, judged=True))
    console.print(table("The storm before it: all come at once", STORM_COLUMNS, done, judged=False))
    console.print(table("Memory, MiB RSS / PSS; how far to trust it", MEMORY_COLUMNS, done, judged=False))
    report = {
        "cores": len(CORES),
        "floor_us": floor,
        "seconds": chosen.seconds,
        "rows": [told.as_json() for told in done],
    }
    keep(OUT, report, console)
    return 0 if all(told.reached for told in done) else 1


if __name__ == "__main__":
    raise SystemExit(main())
