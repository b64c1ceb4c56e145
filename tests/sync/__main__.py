"""How well sound and picture of a long recording stay in sync, over real sockets: `make record-sync`.

Three bridge points that keep time speak in turn, behind a line with loss and jitter; the chair records. Then
the recording is opened with the board's key, and every beep is compared with its picture and every picture
with the one before it. Writes build/sync.json.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

from deploy.simulate.point import BridgePoint
from recorder.format.blocks import Block
from recorder.opening.archive import open_archive
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import identities_untrusted
from signaling.model.words import FloorMode, Role
from signaling.protocol import Invite, SetRules, StartRecording, StopRecording
from tests.support.appliance import ROOT, running
from tests.support.bad_link import Quality
from tests.support.bad_link_relay import bad_link
from tests.support.metronome import matched
from tests.support.record_meeting import Recorded, recorded_meeting, staff, taking_part
from tests.support.record_reading import Reading, read

OUT = ROOT / "build" / "sync.json"
LINE = Quality(loss=0.03, burst=2.0, delay_s=0.04, jitter_s=0.02)
TURN_S = 15.0
POINTS = 3
BAR_MS = 40.0


async def record(folder: Path, minutes: float) -> Recorded:
    """Hold the meeting and record it."""
    async with running(folder) as appliance:
        meeting = await appliance.add_meeting("Giao ban thử")
        chair = await staff(appliance, meeting, Role.CHAIR, 10)
        async with (
            bad_link(appliance.address, appliance.media_port, appliance.https_port) as link,
            recorded_meeting(appliance, meeting, folder, POINTS, link) as held,
            taking_part(chair),
        ):
            link.become(LINE, LINE)
            await chair.wait_for(lambda view: view.sending, 30)
            await chair.send(SetRules(mode=FloorMode.MODERATED))
            await chair.send(StartRecording())
            await take_turns(held, chair, minutes)
            await chair.send(StopRecording())
            await asyncio.sleep(3)
            return held


async def take_turns(held: Recorded, chair: BridgePoint, minutes: float) -> None:
    """They speak one after another until the time is over."""
    ends_s = time.monotonic() + minutes * 60
    for speaker in itertools.cycle(held.points):
        if time.monotonic() > ends_s:
            return
        await chair.send(Invite(held.id_of(speaker)))
        await asyncio.sleep(TURN_S)


def figures(held: Recorded, reading: Reading) -> dict[str, object]:
    found: list[tuple[float, float]] = []
    for number, point in enumerate(held.points):
        found += matched(reading.ticks_of(held.id_of(point)), reading.beeps_of(number))
    counted = [picture for picture in reading.pictures if picture.counter is not None]
    pairs = [(a, b) for a, b in itertools.pairwise(counted) if a.endpoint == b.endpoint]
    back = sum(
        (b.counter - a.counter) % 24 > 12 for a, b in pairs if a.counter is not None and b.counter is not None
    )
    sizes = sorted(abs(offset) * 1000 for _, offset in found)
    return {
        "pairs": len(found),
        "median_ms": round(statistics.median(sizes), 1),
        "p99_ms": round(sizes[int(len(sizes) * 0.99)], 1),
        "worst_ms": round(sizes[-1], 1),
        "over_bar": [
            f"{offset * 1000:+.0f} ms at {at_s:.0f} s"
            for at_s, offset in sorted(found)
            if abs(offset) * 1000 > BAR_MS
        ],
        "pictures": len(reading.pictures),
        "out_of_order": back + sum(b.at_s < a.at_s for a, b in itertools.pairwise(reading.pictures)),
        "longest_gap_s": round(max(b.at_s - a.at_s for a, b in pairs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="make record-sync", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="giaoban-sync-") as folder:
        held = asyncio.run(record(Path(folder), minutes))
        opened = OpenedRecording(open_archive(held.folder), identities_untrusted(held.key.read_bytes()))
        found = figures(held, read(block for block in opened.blocks() if isinstance(block, Block)))
    row = {"minutes": minutes, "bar_ms": BAR_MS, **found}
    print("\n".join(f"{name:>14}  {value}" for name, value in row.items()))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
