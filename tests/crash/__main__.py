"""A recording whose processes are killed again and again: `make crash-matrix`.

A whole appliance, two bridge points that keep time, and a chair who records. At random instants (drawn from a
seed) the recorder, the media worker, the control process or the whole appliance is killed. After each kill
the recording is opened with the board's key, and the files that changed in the state directory are searched
for plaintext of the meeting; at the end, all files are. Writes build/crash.json.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.crash.matrix import Kill, Matrix, Target
from tests.support.appliance import ROOT, running

OUT = ROOT / "build" / "crash.json"
LOST_BAR_S = 2.0


async def kill_often(kills: int, seed: int) -> tuple[list[Kill], int]:
    """Also returns how many files hold plaintext at the end."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="giaoban-crash-") as folder:
        async with running(Path(folder)) as appliance, Matrix.begin(appliance, Path(folder)) as matrix:
            for number in range(kills):
                kill = await matrix.kill(chance.choice(matrix.targets()), after_s=chance.uniform(1.0, 4.0))
                print(
                    f"{number + 1:4} {kill.target:9} lost {kill.lost_s:5.2f} s, back {kill.back_s:4.1f} s"
                    f"  hole {kill.hole_s:4.2f} s"
                    f"  {kill.unreadable} unreadable, {kill.plaintext} in the clear",
                    flush=True,
                )
            return matrix.kills, len(await matrix.in_the_clear(everything=True))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash-matrix", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kills, clear = asyncio.run(kill_often(options.kills, options.seed))
    rows = [row for target in Target if (row := of(target, kills))]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    print(f"files in the clear in the end: {clear}")
    OUT.parent.mkdir(exist_ok=True)
    report = {
        "seed": options.seed,
        "rows": rows,
        "in_the_clear": clear,
        "kills": [asdict(one) for one in kills],
    }
    OUT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    bad = [one for one in kills if one.lost_s > LOST_BAR_S or one.unreadable or one.plaintext]
    return 1 if bad or clear else 0


def of(target: Target, kills: list[Kill]) -> dict[str, float | str]:
    theirs = [kill for kill in kills if kill.target is target]
    if not theirs:
        return {}
    return {
        "target": target.value,
        "kills": len(theirs),
        "lost_median_s": round(statistics.median(kill.lost_s for kill in theirs), 2),
        "lost_worst_s": max(kill.lost_s for kill in theirs),
        "back_median_s": round(statistics.median(kill.back_s for kill in theirs), 1),
        "back_worst_s": max(kill.back_s for kill in theirs),
        "hole_worst_s": max(kill.hole_s for kill in theirs),
        "unreadable": sum(kill.unreadable for kill in theirs),
        "in_the_clear": sum(kill.plaintext for kill in theirs),
    }


if __name__ == "__main__":
    sys.exit(main())
