"""make bench-sync: whether the voice of a participant on the stage fits their lips, in real browsers.

Two speakers flash and beep once a second, drawn and made by one clock; a viewer behind a link sees and hears
them through the product, and at the same time over one direct connection, which is the measure: a figure is
how much later than the voice the picture comes, beyond what the browser does by itself. Positive: the picture
comes later. (`make record-sync` measures the recorder's film.)
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.lips.rows import ROWS, Figures, Row
from tests.lips.scene import scene
from tests.support.bench import keep
from tests.support.gathering import Kind
from tests.support.idle import cpu_ticks, idle_share

OUT = Path("build/browser-sync.json")
KINDS: tuple[Kind, ...] = ("chromium", "firefox")


@dataclass(frozen=True, slots=True)
class Measured:
    """A row in one browser."""

    browser: Kind
    row: Row
    figures: Figures

    @property
    def reached(self) -> bool:
        return all(bound.holds(self.figures) for bound in self.row.bounds)

    def as_json(self) -> dict[str, object]:
        about = {"name": f"{self.browser} {self.row.name}", "browser": self.browser, "link": self.row.link}
        targets = {bound.figure: f"<= {bound.most:g}" for bound in self.row.bounds}
        figures = {name: round(value, 2) for name, value in self.figures.items()}
        return about | figures | {"targets": targets, "reached": self.reached}


async def measure(kind: Kind, rows: Sequence[Row], seconds: float, console: Console) -> list[Measured]:
    found: list[Measured] = []
    async with scene(kind) as place:
        for row in rows:
            place.link.become(row.up, row.down)
            before = cpu_ticks()
            figures = await row.measure(place, seconds)
            found.append(Measured(kind, row, figures | {"idle": idle_share(before, cpu_ticks())}))
            words = ", ".join(f"{name} {value:.4g}" for name, value in found[-1].figures.items())
            console.print(f"{kind} {row.name}: {words}", style="dim", highlight=False)
    return found


def report(found: Sequence[Measured]) -> Table:
    table = Table(title="Voice and lips: ms beyond a direct connection")
    for name in ("browser", "row", "link", "figure", "measured", "target", "reached"):
        table.add_column(name, justify="right" if name in ("measured", "target") else "left")
    for one in found:
        for number, bound in enumerate(one.row.bounds):
            head = ("", "", "") if number else (one.browser, one.row.name, one.row.link)
            holds = "yes" if bound.holds(one.figures) else "[red]no[/red]"
            value = f"{one.figures[bound.figure]:.1f}"
            table.add_row(*head, bound.figure, value, f"<= {bound.most:g}", holds)
        table.add_section()
    return table


async def _all(
    kinds: Sequence[Kind], rows: Sequence[Row], seconds: float, console: Console
) -> list[Measured]:
    found: list[Measured] = []
    for kind in kinds:
        found += await measure(kind, rows, seconds, console)
    return found


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.lips", description=__doc__)
    options.add_argument("--seconds", type=float, default=30.0, help="how long a steady row is measured")
    options.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="these rows")
    options.add_argument("--browser", action="append", choices=KINDS, help="in this browser")
    chosen = options.parse_args()
    console = Console()
    rows = [row for row in ROWS if not chosen.only or row.name in chosen.only]
    found = asyncio.run(_all(chosen.browser or KINDS, rows, chosen.seconds, console))
    console.print(report(found))
    keep(OUT, {"rows": [one.as_json() for one in found]}, console)


if __name__ == "__main__":
    main()
