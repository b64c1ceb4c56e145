"""The control plane's end of a media worker's Unix socket, against a worker that is a few lines long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import sfu
from sfu import wire
from signaling.links.command_lanes import MAX_OFFERS_AT_WORKER
from signaling.links.media import MediaUnavailable, WorkerSocket, WorkerUp

pytestmark = pytest.mark.loopback

PATIENCE_S = 5.0
Behaviour = Callable[[wire.ToWorker], bytes | None]


def obey(request: wire.ToWorker) -> bytes:
    return wire.frame(wire.Reply(request.id, sfu.Pong(0, 0)))


@asynccontextmanager
async def worker(path: Path, behaviour: Behaviour = obey) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """Listens and answers; in the end it is gone, and its socket too."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        deframer = wire.Deframer()
        while data := await reader.read(65536):
            for body in deframer.feed(data):
                answer = behaviour(wire.decode_to_worker(body))
                if answer is not None:
                    writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield writers
    finally:
        server.close()
        for writer in writers:
            writer.close()


@asynccontextmanager
async def connected(path: Path, deadline_s: float = PATIENCE_S) -> AsyncIterator[WorkerSocket]:
    port = WorkerSocket(path, deadline_s)
    running = asyncio.create_task(port.run())
    try:
        yield port
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def up(port: WorkerSocket) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not any(isinstance(event, WorkerUp) for event in await port.next_events()):
            pass


async def test_a_worker_may_start_later_than_the_control_plane(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    async with connected(path) as port:
        assert not port.up
        with pytest.raises(MediaUnavailable):
            await port.request(sfu.Ping())
        async with worker(path):
            await up(port)
            assert await port.request(sfu.Ping()) == sfu.Pong(0, 0)


async def test_commands_arrive_in_the_order_they_were_sent(tmp_path: Path) -> None:
    path, seen = tmp_path / "media.sock", []

    def remember(request: wire.ToWorker) -> bytes:
        assert isinstance(request.command, sfu.CloseEndpoint)
        seen.append(request.command.endpoint)
        return wire.frame(wire.Reply(request.id, sfu.Done()))

    async with worker(path, remember), connected(path) as port:
        await up(port)
        names = [sfu.EndpointId(f"p{n}") for n in range(100)]
        asked = [port.request(sfu.CloseEndpoint(name)) for name in names]
        for request in reversed(asked):
            assert await request == sfu.Done()
        assert seen == names


async def test_when_the_worker_dies_pending_requests_fail_and_the_next_worker_is_found(
    tmp_path: Path,
) -> None:
    path = tmp_path / "media.sock"
    async with connected(path) as port:
        async with worker(path, lambda _: None):
            await up(port)
            waiting = port.request(sfu.Ping())
        with pytest.raises(MediaUnavailable):
            await waiting
        async with worker(path):
            await up(port)
            assert await port.request(sfu.Ping()) == sfu.Pong(0, 0)


async def test_a_worker_that_does_not_answer_is_taken_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    async with worker(path, lambda _: None), connected(path, deadline_s=0.05) as port:
        await up(port)
        with pytest.raises(MediaUnavailable, match="in time"):
            await port.request(sfu.Ping())
        await up(port)  # connected again


@pytest.mark.parametrize("noise", [b"\xff" * 8, b"\x00\x00\x00\x02\xc1\xc1", b"\x00\x00\x00\x01\x80"])
async def test_noise_from_the_worker_breaks_the_connection_not_the_program(
    tmp_path: Path, noise: bytes
) -> None:
    path = tmp_path / "media.sock"
    async with worker(path, lambda _: noise), connected(path) as port:
        await up(port)
        with pytest.raises(MediaUnavailable):
            await port.request(sfu.Ping())
        await up(port)


async def test_events_come_in_order_after_worker_up(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    async with worker(path) as writers, connected(path) as port:
        await up(port)
        await port.request(sfu.Ping())
        events = [sfu.FlowChanged(sfu.EndpointId(f"p{n}"), sfu.Source.CAMERA, True) for n in range(20)]
        for event in events:
            writers[0].write(wire.frame(wire.Notice(event)))
        async with asyncio.timeout(PATIENCE_S):
            came: list[object] = []
            while len(came) < len(events):
                came += await port.next_events()
            assert came == events


async def test_a_mute_overtakes_the_offers_that_wait_and_a_storm_of_them_breaks_nothing(
    tmp_path: Path,
) -> None:
    path, seen = tmp_path / "media.sock", []

    def work(request: wire.ToWorker) -> bytes:
        seen.append(request.command)
        opened = isinstance(request.command, sfu.OpenEndpoint)
        return wire.frame(wire.Reply(request.id, sfu.Opened("v=0", ()) if opened else sfu.Done()))

    async with worker(path, work), connected(path) as port:
        await up(port)
        names = [sfu.EndpointId(f"p{n}") for n in range(300)]
        opening = [port.request(sfu.OpenEndpoint(sfu.RoomId("r"), name, "v=0", {})) for name in names]
        mute = sfu.SetGates(names[0], {sfu.Source.MICROPHONE: sfu.GateReason.HOST})
        assert await port.request(mute) == sfu.Done()
        assert seen.index(mute) <= MAX_OFFERS_AT_WORKER
        async with asyncio.timeout(PATIENCE_S):
            for one in opening:
                assert isinstance(await one, sfu.Opened)


async def test_ten_thousand_events_that_nobody_takes_break_nothing(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    async with worker(path) as writers, connected(path) as port:
        await up(port)
        await port.request(sfu.Ping())
        newest = sfu.LineReport(sfu.EndpointId("p1"), 10_000, 0, 0, 0, 0)
        for n in range(10_001):
            writers[0].write(wire.frame(wire.Notice(sfu.LineReport(sfu.EndpointId("p1"), n, 0, 0, 0, 0))))
        assert await port.request(sfu.Ping()) == sfu.Pong(0, 0)
        assert port.up
        assert list(await port.next_events()) == [newest]


async def test_an_offer_is_answered_after_the_events_before_the_answer(tmp_path: Path) -> None:
    """One of them may be about the endpoint that the offer replaces."""
    path = tmp_path / "media.sock"
    closed = sfu.EndpointChanged(sfu.EndpointId("p1"), sfu.EndpointState.CLOSED)

    def work(request: wire.ToWorker) -> bytes:
        answer = wire.frame(wire.Reply(request.id, sfu.Opened("v=0", ())))
        return wire.frame(wire.Notice(closed)) + answer

    async with worker(path, work), connected(path) as port:
        await up(port)
        request = port.request(sfu.OpenEndpoint(sfu.RoomId("r"), closed.endpoint, "v=0", {}))
        opened = asyncio.ensure_future(request)
        assert list(await port.next_events()) == [closed]
        assert not opened.done(), "what came before it is being looked at"
        assert await opened == sfu.Opened("v=0", ())
