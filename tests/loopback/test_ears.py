"""The ears in their thread, over real sockets: a peer's speech is found by its sound."""

import asyncio
from collections.abc import Callable

import pytest

from deploy.run.addresses import local_addresses
from deploy.simulate.media import Media
from sfu import EndpointId, GateReason, Opened, OpenEndpoint, RoomId, SetGates, Source, VoicesChanged
from sfu.plane.plane import Plane
from sfu.worker import WorkerConfig, open_plane, tick_until

pytestmark = pytest.mark.loopback

CHA = EndpointId("cha")
LOOK_S = 0.02
WAIT_S = 20.0
"""A simulated point's loop has pauses of eight seconds."""


def voices(plane: Plane) -> VoicesChanged:
    return next(event for event in plane.snapshot() if isinstance(event, VoicesChanged))


async def until(plane: Plane, met: Callable[[VoicesChanged], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met(voices(plane)):  # noqa: ASYNC110 - told to a control plane, which is not here
            await asyncio.sleep(LOOK_S)


async def test_a_peers_speech_pauses_and_mute_are_heard() -> None:
    config = WorkerConfig(socket_path="", addresses=(local_addresses()[0],), port=0)
    stop = asyncio.Event()
    media = Media(1)
    async with open_plane(config) as (plane, _door, _ports), asyncio.TaskGroup() as group:
        group.create_task(tick_until(stop, plane))
        offer = await media.offer()
        gates = dict.fromkeys(Source, GateReason.OPEN)
        opened = plane.apply(
            OpenEndpoint(room=RoomId("room"), endpoint=CHA, offer=offer, gates=gates, local=True)
        )
        assert isinstance(opened, Opened), opened
        await media.accept(opened.answer)
        media.switch(Source.MICROPHONE, on=True)
        await until(plane, lambda heard: heard.speaking == (CHA,))
        await until(plane, lambda heard: heard.speaking == ())
        await until(plane, lambda heard: heard.speaking == (CHA,))
        plane.apply(SetGates(endpoint=CHA, gates={Source.MICROPHONE: GateReason.HOST}))
        await until(plane, lambda heard: heard.speaking == () and heard.shut == (CHA,))
        await media.close()
        stop.set()
