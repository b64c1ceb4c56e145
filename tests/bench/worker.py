"""python -m tests.bench.worker FOLDER PORT: a media worker alone, as its own process has it, until its input
ends."""

import asyncio
import sys
from pathlib import Path

from sfu.worker import WorkerConfig, serve_worker

SOCKET = "media"


async def main(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    await serve_worker(WorkerConfig(str(folder / SOCKET), ("127.0.0.1",), port), stop)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
