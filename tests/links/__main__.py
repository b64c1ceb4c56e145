"""make bench-links: how well one participant's voice and picture work on bad links, and that nobody else
suffers.

Real browsers in a meeting of fifteen on this machine; one of them is behind a relay that loses, delays and
narrows. A row is the median of its runs.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.links.rows import EASY, NEVER, OTHERS, ROWS, Bound, Figures, Row
from tests.links.scene import Scene, Traffic, scene
from tests.support.bench import keep
from tests.support.browser.gauge import Reading
from tests.support.idle import cpu_ticks, idle_share

OUT = Path("build/links.json")
MAX_RESENT = 0.20


@dataclass(frozen=True, slots=True)
class Line:
    """A measured row of the table."""

    name: str
    link: str
    figures: Figures
    bounds: tuple[Bound, ...]

    @property
    def reached(self) -> bool:
        return all(bound.holds(self.figures) for bound in self.bounds)

    def as_json(self) -> dict[str, object]:
        told = {name: None if value >= NEVER else round(value, 4) for name, value in self.figures.items()}
        targets = {bound.figure: str(bound) for bound in self.bounds}
        return {"name": self.name, "link": self.link, "reached": self.reached, "targets": targets} | told


def medians(runs: Sequence[Figures]) -> Figures:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def witnessed(reading: Reading) -> Figures:
    """How a participant on a good line fares."""
    return {"concealed": reading.concealed, "frozen": reading.frozen, "fps": reading.fps}


def unharmed(usual: Figures, seen: Mapping[str, Figures], traffic: tuple[Traffic, Traffic] | None) -> Line:
    """The witness in the worst row beside the witness while all lines are good."""
    figures = {f"usual_{name}": value for name, value in usual.items()}
    figures |= {
        "worst_concealed": max(figures["concealed"] for figures in seen.values()),
        "worst_frozen": max(figures["frozen"] for figures in seen.values()),
        "worst_fps": min(figures["fps"] for figures in seen.values()),
    }
    bounds = [
        Bound("worst_concealed", most=round(usual["concealed"] + 0.005, 4)),
        Bound("worst_frozen", most=round(usual["frozen"] + 0.01, 4)),
        Bound("worst_fps", least=round(0.85 * usual["fps"], 2)),
    ]
    if traffic is not None:
        first, last = traffic
        figures["resent"] = (last.resent - first.resent) / max(1.0, last.sent - first.sent)
        bounds.append(Bound("resent", most=MAX_RESENT))
    return Line(OTHERS, "what the others have meanwhile", figures, tuple(bounds))


async def measure(rows: Sequence[Row], runs: int, seconds: float, console: Console) -> list[Line]:
    lines: list[Line] = []
    seen: dict[str, Figures] = {}
    begun = time.monotonic()
    async with scene() as place:
        console.print(f"all are inside after {time.monotonic() - begun:.0f} s")
        first = await place.traffic()
        for row in (EASY, *rows):
            taken, others = await _runs(place, row, runs, seconds, console)
            seen[row.name] = medians(others)
            if row is not EASY:
                lines.append(Line(row.name, row.link, medians(taken), row.bounds))
        last = await place.traffic()
    usual = seen.pop(EASY.name)
    if seen:
        traffic = (first, last) if first is not None and last is not None else None
        lines.append(unharmed(usual, seen, traffic))
    console.print(f"measured in {(time.monotonic() - begun) / 60:.1f} min")
    return lines


async def _runs(
    place: Scene, row: Row, runs: int, seconds: float, console: Console
) -> tuple[list[Figures], list[Figures]]:
    taken: list[Figures] = []
    others: list[Figures] = []
    for number in range(1 if row is EASY else runs):
        before = cpu_ticks()
        figures = await row.measure(place, row, seconds)
        taken.append(figures | {"idle": idle_share(before, cpu_ticks())})
        others.append(witnessed(await place.witness_gauge.read()))
        console.print(f"{row.name} {number + 1}: {_words(taken[-1])}", style="dim", highlight=False)
    return taken, others


def _words(figures: Figures) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in figures.items())


def _number(value: float) -> str:
    return "never" if value >= NEVER else f"{value:.4g}"


def report(lines: Sequence[Line]) -> Table:
    table = Table(title="Voice and picture on bad links: medians of the runs")
    for name in ("row", "link", "figure", "measured", "target", "reached"):
        table.add_column(name, justify="right" if name in ("measured", "target") else "left")
    for line in lines:
        for number, bound in enumerate(line.bounds):
            table.add_row(
                "" if number else line.name,
                "" if number else line.link,
                bound.figure,
                _number(line.figures[bound.figure]),
                str(bound),
                "yes" if bound.holds(line.figures) else "[red]no[/red]",
            )
        table.add_section()
    return table


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.links", description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="how often each row is measured")
    options.add_argument("--seconds", type=float, default=30.0, help="how long a steady row is measured")
    options.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="these rows")
    chosen = options.parse_args()
    console = Console()
    rows = [row for row in ROWS if not chosen.only or row.name in chosen.only]
    lines = asyncio.run(measure(rows, chosen.runs, chosen.seconds, console))
    console.print(report(lines))
    keep(OUT, {"rows": [line.as_json() for line in lines]}, console)


if __name__ == "__main__":
    main()
