"""Two independent WebRTC peers (aiortc) meet over real sockets: UDP on v4, UDP on v6."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame, VideoFrame

from deploy.run.addresses import local_addresses
from deploy.simulate.media import Media
from deploy.simulate.picture import read_counter
from sfu import (
    AUDIO_SLOTS,
    Done,
    EndpointId,
    GateReason,
    Opened,
    OpenEndpoint,
    RestartEndpoint,
    RoomId,
    SetGates,
    Show,
    Source,
    TileWish,
)
from sfu.plane.plane import Plane
from sfu.worker import WorkerConfig, open_plane, tick_until

pytestmark = pytest.mark.loopback

ROOM = RoomId("room")
OPEN = dict.fromkeys(Source, GateReason.OPEN)
FIRST_TILE = AUDIO_SLOTS + 2
VOICE_RMS = 100.0
SILENT_S = 1.0
"""A pause of a voice still has a packet every 20 ms."""
STEP_S = 15.0
"""Deadline of each wait: encoders share two cores with the rest of the tests."""


# aiortc gathers no loopback candidate, so the peers meet at this machine's own addresses.
@pytest.fixture(params=local_addresses())
async def plane(request: pytest.FixtureRequest) -> AsyncIterator[Plane]:
    config = WorkerConfig(socket_path="", addresses=(request.param,), port=0)
    async with open_plane(config) as (plane, _door, _ports):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(tick_until(stop, plane))
            yield plane
            stop.set()


async def join(plane: Plane, name: str, media: Media) -> None:
    offer = await media.offer()
    opened = plane.apply(
        OpenEndpoint(room=ROOM, endpoint=EndpointId(name), offer=offer, gates=OPEN, local=True)
    )
    assert isinstance(opened, Opened), opened
    await media.accept(opened.answer)


async def counters(track: MediaStreamTrack, wanted: int) -> list[int]:
    """This many legible counters from the pictures of a track."""
    found: list[int] = []
    async with asyncio.timeout(STEP_S):
        while len(found) < wanted:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            counter = read_counter(frame.to_ndarray(format="rgb24").astype(np.uint8))
            if counter is not None:
                found.append(counter)
    return found


async def next_sound(track: MediaStreamTrack, within_s: float) -> float | None:
    """Root mean square of a voice's next frame; None when none comes."""
    try:
        async with asyncio.timeout(within_s):
            frame = await track.recv()
    except TimeoutError:
        return None
    assert isinstance(frame, AudioFrame)
    return float(np.sqrt(np.mean(frame.to_ndarray().astype(np.float64) ** 2)))


async def hears(tracks: Sequence[MediaStreamTrack]) -> None:
    """Until somebody speaks on one of the tracks; simulated points pause for seconds."""

    async def listen(track: MediaStreamTrack) -> None:
        while (await next_sound(track, STEP_S) or 0.0) < VOICE_RMS:
            pass

    async with asyncio.timeout(2 * STEP_S):
        _, waiting = await asyncio.wait(
            [asyncio.ensure_future(listen(track)) for track in tracks], return_when=asyncio.FIRST_COMPLETED
        )
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def falls_silent(track: MediaStreamTrack) -> None:
    """Packets in flight still come, and then nothing: not even the packets of a pause."""
    async with asyncio.timeout(STEP_S):
        while await next_sound(track, SILENT_S) is not None:
            pass


async def test_two_peers_see_each_others_counters_hear_each_other_and_obey_the_gate(plane: Plane) -> None:
    lan, cha = Media(0, decode=True), Media(1)
    try:
        await join(plane, "lan", lan)
        await join(plane, "cha", cha)
        assert (
            plane.apply(
                Show(endpoint=EndpointId("lan"), tiles=(TileWish(endpoint=EndpointId("cha"), height=180),))
            )
            == Done()
        )
        cha.switch(Source.CAMERA, on=True)
        cha.switch(Source.MICROPHONE, on=True)
        seen = await counters(lan.tracks[FIRST_TILE], wanted=20)
        assert seen == sorted(seen)
        assert len(set(seen)) >= 3, "the picture moves"
        voices = lan.tracks[:AUDIO_SLOTS]
        await hears(voices)
        # Shut by the host: cha goes on sending, lan hears none of it.
        shut = SetGates(endpoint=EndpointId("cha"), gates={Source.MICROPHONE: GateReason.HOST})
        assert plane.apply(shut) == Done()
        for track in voices:
            await falls_silent(track)
        assert plane.apply(SetGates(endpoint=EndpointId("cha"), gates=OPEN)) == Done()
        await hears(voices)
    finally:
        await lan.close()
        await cha.close()


async def test_an_offer_that_changes_the_lines_is_not_a_restart(plane: Plane) -> None:
    lan, other = Media(0), Media(1)
    try:
        await join(plane, "lan", lan)
        refused = plane.apply(RestartEndpoint(endpoint=EndpointId("lan"), offer=await other.offer()))
        assert not isinstance(refused, Opened)
    finally:
        await lan.close()
        await other.close()
