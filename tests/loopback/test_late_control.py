"""A media worker whose control plane does not read keeps the newest of each thing, and the line stands."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

import sfu
from sfu import EndpointId
from sfu.line import FrameLine, listening
from sfu.plane.plane import Plane
from sfu.wire import Notice, Reply, ToWorker, decode_from_worker, frame
from sfu.worker import Door

pytestmark = pytest.mark.loopback

MANY = 60_000
"""Some megabytes: far more than the socket and asyncio take together."""
STEP_S = 20.0


class NoPlane:
    """Has nothing, and does what it is told."""

    def snapshot(self) -> list[sfu.AnyEvent]:
        return []

    def apply(self, command: sfu.AnyCommand) -> sfu.AnyResult:
        return sfu.Pong(0, 0)


async def test_control_that_was_late_is_told_the_newest_of_each_on_the_same_line(tmp_path: Path) -> None:
    door = Door(lambda _: cast("Plane", NoPlane()))
    path = tmp_path / "door"
    async with asyncio.timeout(STEP_S), listening(str(path), door.serve):
        line: FrameLine[Reply | Notice] = FrameLine(
            *await asyncio.open_unix_connection(path),
            decode_from_worker,
            peer="test",
            max_unsent_bytes=1 << 20,
        )
        line.send(frame(ToWorker(1, sfu.Ping())))
        assert await line.next() == Reply(1, sfu.Pong(0, 0))
        for n in range(MANY):
            door.notify(sfu.LineReport(EndpointId(f"p{n % 5}"), n, 0, 0, 0, 0))
        line.send(frame(ToWorker(2, sfu.Ping())))
        told: list[sfu.LineReport] = []
        while isinstance(message := await line.next(), Notice):
            assert isinstance(message.event, sfu.LineReport)
            told.append(message.event)
        assert message == Reply(2, sfu.Pong(0, 0))
        assert len(told) < MANY / 2
        assert {one.rtt_ms for one in told[-5:]} == set(range(MANY - 5, MANY))
        line.cut()
