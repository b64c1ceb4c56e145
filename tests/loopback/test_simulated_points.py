"""Simulated bridge points in a whole appliance: the lobby, picture and voice, crashes, leaving."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from av import AudioFrame, VideoFrame

from deploy.config import Config
from deploy.simulate.command import trusted
from deploy.simulate.page import Shown
from deploy.simulate.picture import colour_of, read_counter
from deploy.simulate.point import BridgePoint
from deploy.simulate.signin import sign_in_at
from deploy.simulate.view import Identity, View
from sfu import SlotKind
from signaling.http.context import COOKIE
from signaling.model.meeting import MEETING_CODE
from signaling.model.words import SeatState, Why
from signaling.protocol import AdmitAll, Mute, Refuse, Show, TileWish, Unmute
from tests.support.appliance import Appliance, running

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
WAIT_S = 30.0


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with running(tmp_path) as one:
        yield one


async def operator_of(appliance: Appliance) -> BridgePoint:
    """The first account, as a point that decodes pictures and sound."""
    found = await appliance.store.people.find("thu-ky")
    assert found is not None
    cookie = {COOKIE: await appliance.token("thu-ky")}
    who = Identity(11, cookie, found.account.unit or "", "Thư ký")
    return point_of(appliance, who, decode=True)


def point_of(appliance: Appliance, who: Identity, *, decode: bool = False) -> BridgePoint:
    config = Config(state=str(appliance.state))
    return BridgePoint(appliance.url, MEETING_CODE, who, trusted(config, local=True), decode=decode)


@asynccontextmanager
async def taking_part(*points: BridgePoint) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(point.run()) for point in points]
        yield
        for run in runs:
            run.cancel()


def waiting(count: int) -> Callable[[View], bool]:
    return lambda view: view.lobby is not None and len(view.lobby.knocks) == count


def slot_number(view: View, kind: SlotKind, participant: str | None = None) -> int | None:
    """Which receiving line carries it; None while none does."""
    for number, slot in enumerate(view.slots):
        if slot.kind is kind and slot.participant is not None and participant in (None, slot.participant):
            return number
    return None


async def test_points_are_admitted_seen_heard_muted_and_leave(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    first, second = [point_of(appliance, who) for who in await sign_in_at(appliance.store, 2)]
    async with taking_part(operator, first, second):
        await operator.wait_for(waiting(2), WAIT_S)
        assert first.view.seat is SeatState.WAITING
        assert first.media is None
        await operator.send(AdmitAll())
        for point in (operator, first, second):
            await point.wait_for(lambda view: view.sending, WAIT_S)
        assert first.view.welcome is not None
        participant = first.view.welcome.participant
        await operator.send(Show((TileWish(participant, 180),), 720, 720))
        await operator.wait_for(
            lambda view: slot_number(view, SlotKind.TILE, participant) is not None, WAIT_S
        )
        await sees_the_counter_move(operator, participant, index=0)
        await operator.wait_for(
            lambda view: slot_number(view, SlotKind.AUDIO, participant) is not None, WAIT_S
        )
        await hears_something(operator, participant)
        await operator.send(Mute(participant))
        await operator.wait_for(lambda view: "host" in gate_of(view, participant), WAIT_S)
        await operator.wait_for(lambda view: slot_number(view, SlotKind.AUDIO, participant) is None, WAIT_S)
        await operator.send(Unmute(participant))
        await operator.wait_for(lambda view: gate_of(view, participant) == (), WAIT_S)
        await first.leave()
        view = await first.wait_for(lambda view: view.bye is not None, WAIT_S)
        assert view.bye is not None
        assert view.bye.code is Why.LEFT


async def test_points_come_back_by_themselves_after_the_media_worker_died(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    (point,) = [point_of(appliance, who) for who in await sign_in_at(appliance.store, 1)]
    async with taking_part(operator, point):
        await operator.wait_for(waiting(1), WAIT_S)
        await operator.send(AdmitAll())
        await point.wait_for(lambda view: view.sending, WAIT_S)
        assert point.view.welcome is not None
        participant = point.view.welcome.participant
        media = point.media
        await appliance.kill("media-0")
        await point.wait_for(lambda view: view.sending and point.media is not media, WAIT_S)
        await operator.wait_for(lambda view: view.sending, WAIT_S)
        await operator.wait_for(lambda view: flowing(view, participant), WAIT_S)
        assert point.view.welcome.participant == participant


async def test_seats_are_kept_while_the_control_process_restarts(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    (point,) = [point_of(appliance, who) for who in await sign_in_at(appliance.store, 1)]
    async with taking_part(operator, point):
        await operator.wait_for(waiting(1), WAIT_S)
        await operator.send(AdmitAll())
        await point.wait_for(lambda view: view.sending, WAIT_S)
        before = point.view.welcome
        assert before is not None
        await appliance.kill("control")
        after = await point.wait_for(lambda view: view.welcome not in (None, before), WAIT_S)
        assert after.welcome is not None
        assert after.welcome.seat is SeatState.ADMITTED
        assert after.welcome.participant == before.participant
        await operator.wait_for(lambda view: flowing(view, before.participant), WAIT_S)


async def test_a_refused_point_does_not_ask_again(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    (point,) = [point_of(appliance, who) for who in await sign_in_at(appliance.store, 1)]
    async with taking_part(operator):
        run = asyncio.ensure_future(point.run())
        view = await operator.wait_for(waiting(1), WAIT_S)
        assert view.lobby is not None
        await operator.send(Refuse(view.lobby.knocks[0].id, "không đúng thành phần"))
        async with asyncio.timeout(WAIT_S):
            await run
        await operator.wait_for(waiting(0), WAIT_S)
        assert point.media is None


async def test_the_command_brings_points_and_takes_them_away(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    async with taking_part(operator):
        await operator.wait_for(lambda view: view.welcome is not None, WAIT_S)
        async with appliance.simulated(3, MEETING_CODE):
            view = await operator.wait_for(waiting(3), WAIT_S)
            assert view.lobby is not None
            assert len({knock.unit for knock in view.lobby.knocks}) == 3
            assert all(knock.expected for knock in view.lobby.knocks)
            await operator.send(AdmitAll())
            await operator.wait_for(
                lambda view: view.roster is not None and len(view.roster.participants) == 4, WAIT_S
            )
        await operator.wait_for(
            lambda view: view.roster is not None and len(view.roster.participants) == 1, WAIT_S
        )


def gate_of(view: View, participant: str) -> tuple[str, ...]:
    assert view.roster is not None
    return next((p.microphone.gate for p in view.roster.participants if p.id == participant), ("gone",))


def flowing(view: View, participant: str) -> bool:
    if view.roster is None:
        return False
    return any(p.camera.flowing for p in view.roster.participants if p.id == participant)


async def test_a_point_shows_the_others_as_tiles(appliance: Appliance) -> None:
    operator = await operator_of(appliance)
    first, second = [point_of(appliance, who) for who in await sign_in_at(appliance.store, 2)]
    first.shows = second.shows = Shown.PAGE
    async with taking_part(operator, first, second):
        await operator.wait_for(waiting(2), WAIT_S)
        await operator.send(AdmitAll())
        for point, other in ((first, second), (second, first)):
            await other.wait_for(lambda view: view.sending, WAIT_S)
            assert other.view.welcome is not None
            await point.wait_for(shows_as_tile(other.view.welcome.participant), WAIT_S)


def shows_as_tile(participant: str) -> Callable[[View], bool]:
    return lambda view: slot_number(view, SlotKind.TILE, participant) is not None


async def sees_the_counter_move(operator: BridgePoint, participant: str, index: int) -> None:
    """Pictures on the tile have the point's colour and at least three different counters."""
    number = slot_number(operator.view, SlotKind.TILE, participant)
    assert number is not None
    assert operator.media is not None
    counters: set[int] = set()
    async with asyncio.timeout(WAIT_S):
        while len(counters) < 3:
            frame = await operator.media.tracks[number].recv()
            assert isinstance(frame, VideoFrame)
            image = frame.to_ndarray(format="rgb24").astype(np.uint8)
            counter = read_counter(image)
            if counter is not None:
                counters.add(counter)
            corner = image[:8, -40:].reshape(-1, 3).mean(axis=0)
            assert np.abs(corner - colour_of(index)).max() < 20


async def hears_something(operator: BridgePoint, participant: str) -> None:
    """Sound on the point's audio slot is louder than silence, within one loop of its voice."""
    assert operator.media is not None
    async with asyncio.timeout(WAIT_S):
        while True:
            number = slot_number(operator.view, SlotKind.AUDIO, participant)
            if number is None:
                await operator.wait_for(
                    lambda view: slot_number(view, SlotKind.AUDIO, participant) is not None
                )
                continue
            frame = await operator.media.tracks[number].recv()
            assert isinstance(frame, AudioFrame)
            if int(np.abs(frame.to_ndarray().astype(np.int32)).max()) > 1000:
                return
