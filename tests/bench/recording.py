"""What recording one meeting costs the recorder: a row of `make bench`.

A recorder in its own process is fed as a media worker's tap would feed it: the stage at 1.2 Mbit/s and 30
pictures a second, a screen at 0.6 Mbit/s and 5, three voices at 40 kbit/s. The measure is the CPU of all its
threads (user + system, from /proc), as a share of one core."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from recorder import Stage
from sfu import EndpointId, Source
from sfu.tapline import FromTap, TapMedia, TapPacket, TapReport, TapSlot, TapSlots, frame
from tests.support.recorder_process import RecorderProcess, in_stage, recorder_process

SETTLE_S = 3.0
SECONDS = 20.0
TICK_S = 0.1
BAR_PERCENT = 3.0
_KEY = b"\x10\x10\x00\x00\x9d\x01\x2a\x00\x05\xd0\x02"
_DELTA = b"\x10\x11\x00\x00"
_MORE = b"\x00"
_NTP_SECOND = 1 << 32


@dataclass(frozen=True, slots=True)
class Stream:
    slot: int
    endpoint: EndpointId
    source: Source
    rate_hz: int
    each_s: float
    """Between two pictures or sounds."""
    sample_bytes: int
    """Of one picture or sound."""
    parts: int = 1


STREAMS = (
    Stream(0, EndpointId("a"), Source.CAMERA, 90_000, 1 / 30, 5000, 5),
    Stream(1, EndpointId("b"), Source.SCREEN, 90_000, 1 / 5, 15_000, 13),
    *(
        Stream(2 + number, EndpointId(name), Source.MICROPHONE, 48_000, 1 / 50, 100)
        for number, name in enumerate("abc")
    ),
)


@dataclass(frozen=True, slots=True)
class Recording:
    percent: float
    """Of one core."""
    bytes_a_second: float
    """Encrypted, on the disk."""

    def as_json(self) -> dict[str, float]:
        return {"percent": round(self.percent, 2), "octets_a_second": round(self.bytes_a_second)}

    def table(self) -> Table:
        table = Table(title=f"Recording one meeting (CPU of one core; at most {BAR_PERCENT:.0f} %)")
        for name in ("CPU", "written"):
            table.add_column(name, justify="right")
        table.add_row(f"{self.percent:.2f} %", f"{self.bytes_a_second / 1000:.0f} kB/s")
        return table


def measure_recording(seconds: float = SECONDS) -> Recording:
    with tempfile.TemporaryDirectory(prefix="giaoban-bench-") as folder:
        return asyncio.run(_measure(Path(folder), seconds))


async def _measure(folder: Path, seconds: float) -> Recording:
    fed = asyncio.Event()

    async def feed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _feed(writer)
        fed.set()

    server = await asyncio.start_unix_server(feed, folder / "tap")
    async with server, _ends_with(fed), recorder_process(folder) as recorder, recorder.line() as line:
        line.order(recorder.start_order(recorder.recipient()))
        await line.told(in_stage(Stage.ON))
        await asyncio.sleep(SETTLE_S)
        assert recorder.process is not None
        pid = recorder.process.pid
        cpu, size, began = cpu_s(pid), on_disk(recorder), time.monotonic()
        await asyncio.sleep(seconds)
        lasted = time.monotonic() - began
        return Recording((cpu_s(pid) - cpu) / lasted * 100, (on_disk(recorder) - size) / lasted)


@asynccontextmanager
async def _ends_with(event: asyncio.Event) -> AsyncIterator[None]:
    yield
    async with asyncio.timeout(SETTLE_S):
        await event.wait()


def cpu_s(pid: int) -> float:
    """How long a process was on a processor, to the nanosecond; its threads last as long as it does."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def on_disk(recorder: RecorderProcess) -> int:
    return sum(file.stat().st_size for file in recorder.recordings.rglob("*.age"))


async def _feed(writer: asyncio.StreamWriter) -> None:
    """One tap line, as long as it is open. Keyframes come every ten seconds."""
    slots: list[TapSlot] = [TapSlot(one.endpoint, one.source) for one in STREAMS]
    began = time.monotonic()
    writer.write(frame(TapSlots(_us(began), tuple(slots))))
    sent = [0] * len(STREAMS)
    numbers = [0] * len(STREAMS)
    reported = 0.0
    try:
        while not writer.is_closing():
            now = time.monotonic()
            messages: list[FromTap] = []
            for index, stream in enumerate(STREAMS):
                packets: list[TapPacket] = []
                while began + sent[index] * stream.each_s <= now:
                    packets += _packets(stream, sent[index], numbers[index])
                    numbers[index] += stream.parts
                    sent[index] += 1
                if packets:
                    newest_us = _us(began + (sent[index] - 1) * stream.each_s)
                    messages.append(
                        TapMedia(
                            *(stream.slot, stream.endpoint, stream.source, 100 + index),
                            *(packets[-1].ts, newest_us, tuple(packets)),
                        )
                    )
                if now - reported > 1 and packets:
                    ntp = int((now - began) * _NTP_SECOND)
                    ts = round((now - began) * stream.rate_hz)
                    messages.append(TapReport(stream.endpoint, stream.source, 100 + index, ntp, ts, _us(now)))
            reported = now if now - reported > 1 else reported
            writer.write(b"".join(map(frame, messages)))
            await writer.drain()
            await asyncio.sleep(TICK_S)
    except ConnectionError:
        pass  # measured
    finally:
        writer.close()


def _packets(stream: Stream, count: int, number: int) -> list[TapPacket]:
    """Of one picture or sound."""
    ts = round(count * stream.each_s * stream.rate_hz)
    noise = os.urandom(stream.sample_bytes // stream.parts)
    if stream.source is Source.MICROPHONE:
        return [TapPacket(number, ts, False, noise)]
    first = _KEY if count % round(10 / stream.each_s) == 0 else _DELTA
    return [
        TapPacket(number + part, ts, part == stream.parts - 1, (_MORE if part else first) + noise)
        for part in range(stream.parts)
    ]


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)


if __name__ == "__main__":
    print(measure_recording())
