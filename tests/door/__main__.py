"""make bench-door: what the people in a meeting notice of attacks at the doors, and of faults around them.

A whole appliance with a briefing in it. Each attack runs in a process of its own with the lowest priority,
since attackers are other machines. Beside each stands a quiet phase of the same run, just before. Writes
build/door.json."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.door.mornings import PEOPLE, mornings
from tests.door.rows import ROWS, Row
from tests.door.scene import HARMLESS_MS, Outcome, scene
from tests.support.appliance import ApplianceError
from tests.support.bench import go_first, keep

OUT = Path("build/door.json")
MORNINGS, INSIDE_S = 1000, 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """One row of the table and of the file."""

    name: str
    figures: dict[str, float]
    target: str
    reached: bool

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "figures": self.figures, "target": self.target, "reached": self.reached}


def told(row: Row, outcome: Outcome) -> Told:
    quiet, attacked = outcome.quiet, outcome.attacked
    figures = {
        "sent_a_second": outcome.attack.sent / outcome.attack.seconds,
        "quiet_p50_ms": quiet.voice_p50,
        "quiet_p99_ms": quiet.voice_p99,
        "p50_ms": attacked.voice_p50,
        "p99_ms": attacked.voice_p99,
        "added_p99_ms": attacked.voice_p99 - quiet.voice_p99,
        "lost_percent": 100 * attacked.voice_lost,
        "ping_quiet_p99_ms": quiet.ping_p99,
        "ping_p50_ms": attacked.ping_p50,
        "ping_p99_ms": attacked.ping_p99,
        "order_quiet_worst_ms": quiet.order_worst,
        "order_worst_ms": attacked.order_worst,
        "reload_quiet_worst_ms": quiet.reload_worst,
        "reload_worst_ms": attacked.reload_worst,
        "unanswered": float(attacked.failed),
        "log_bytes": float(outcome.log_bytes),
        "recovered_s": outcome.recovered_s,
    } | outcome.attack.more
    for part, (before, most, after) in outcome.memory_mb.items():
        figures |= {f"{part}_mb": before, f"{part}_most_mb": most, f"{part}_after_mb": after}
    figures = {name: round(value, 2) for name, value in figures.items()}
    return Told(row.name, figures, row.target, row.reached(figures))


def class_at_five_to_eight(seed: int) -> Told:
    """Computed on a virtual clock: nobody is attacked, fifty people mistype behind one address."""
    figures = mornings(MORNINGS, seed)
    return Told(
        f"{MORNINGS} mornings behind one address",
        {name: round(value, 2) for name, value in asdict(figures).items()},
        f"all inside {INSIDE_S:.0f} s after their last mistake, the chair never refused",
        figures.people == MORNINGS * PEOPLE and figures.worst_s <= INSIDE_S and figures.owner_refused == 0,
    )


def table(rows: Sequence[Told]) -> Table:
    result = Table(title="What people in the meeting notice")
    columns = {
        "quiet p50/p99": ("quiet_p50_ms", "quiet_p99_ms"),
        "p50/p99 ms": ("p50_ms", "p99_ms"),
        "lost %": ("lost_percent",),
        "ping p99": ("ping_p99_ms",),
        "order worst": ("order_worst_ms",),
        "reload worst": ("reload_worst_ms",),
        "no answer": ("unanswered",),
        "control MB": ("control_mb", "control_most_mb", "control_after_mb"),
        "media MB": ("media-0_mb", "media-0_most_mb", "media-0_after_mb"),
        "log kB": ("log_bytes",),
        "back s": ("recovered_s",),
    }
    result.add_column("")
    for name in columns:
        result.add_column(name, justify="right")
    result.add_column("reached")
    for row in rows:
        shown = []
        for name, keys in columns.items():
            scale = 1000 if name == "log kB" else 1
            values = (row.figures.get(key) for key in keys)
            shown.append("/".join("-" if value is None else f"{value / scale:.4g}" for value in values))
        result.add_row(row.name, *shown, "yes" if row.reached else "NO")
    return result


async def run(chosen: Sequence[Row], participants: int, console: Console) -> list[Told]:
    done = []
    async with scene(participants, console) as place:
        for row in chosen:
            try:
                outcome = await place.attack(row.attack, row.seconds, admitted=row.admitted)
            except ApplianceError as error:
                done.append(Told(row.name, {}, row.target, reached=False))
                console.print(f"{row.name}: {error}", highlight=False)
                continue
            done.append(told(row, outcome))
            console.print(f"{row.name}: {done[-1].figures}, reached: {done[-1].reached}", highlight=False)
    return done


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.door", description=__doc__)
    options.add_argument("--participants", type=int, default=12)
    options.add_argument("--only", action="append", help="rows whose name contains this; may be repeated")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    console = Console(width=200)
    go_first()
    only = chosen.only or [""]
    rows = [row for row in ROWS if any(part in row.name for part in only)]
    done = asyncio.run(run(rows, chosen.participants, console)) if rows else []
    console.print(table(done))
    if any(part in "mornings" for part in only):
        done.append(class_at_five_to_eight(chosen.seed))
        console.print(done[-1], highlight=False)
    report = {
        "participants": chosen.participants,
        "harmless_ms": HARMLESS_MS,
        "rows": [one.as_json() for one in done],
    }
    keep(OUT, report, console)
    return 0 if all(one.reached for one in done) else 1


if __name__ == "__main__":
    raise SystemExit(main())
