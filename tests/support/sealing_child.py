"""A process that records until it is killed: blocks that hold the time, padded once a second as by a
recorder. Prints each time once it is written."""

import sys
import time
from pathlib import Path

from recorder import Recipient
from recorder.format import matroska
from recorder.format.blocks import Block, Track
from recorder.storage.folder import Folder, RecordingFacts
from recorder.writing.sealer import Sealer
from tests.support.sealed_recording import BEGUN_MS, SERVER

STEP_S = 0.02
PAD_S = 1.0


def main() -> None:
    keys = Path(sys.argv[1]).read_text().split()
    recipients = tuple(Recipient(key[:9], key, second=at > 0) for at, key in enumerate(keys))
    folder = Folder.create(
        Path(sys.argv[2]), RecordingFacts("killed", "AB12", "Giao ban", recipients), SERVER
    )
    folder.begin_segment(1, 0)
    sealer = Sealer(keys[:1], keys[1:], folder.append)
    sealer.write(matroska.header("Giao ban", BEGUN_MS))
    began = time.monotonic()
    padded = 0.0
    while True:
        now = time.monotonic() - began
        block = Block(Track.VOICE_1, int(now * 1000), f"{now:<20.6f}".encode() + bytes(1500))
        sealer.write(matroska.cluster(block.at_ms, [block]))
        if now - padded >= PAD_S:
            sealer.pad(matroska.void)
            sealer.drained()
            padded = now
        print(f"{now:.6f}", flush=True)
        time.sleep(STEP_S)


if __name__ == "__main__":
    main()
