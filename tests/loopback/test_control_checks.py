"""Line checks over real WebSockets: before admission, bounded, and nowhere near a meeting."""

from dataclasses import replace
from pathlib import Path

import pytest

import sfu
from signaling.model.limits import DEFAULT
from signaling.model.relay import Relay
from signaling.model.words import SeatState, Why
from signaling.protocol import (
    Admit,
    Answer,
    CheckLine,
    CheckOver,
    EndCheck,
    Knock,
    Offer,
    OwnLine,
    Ping,
    Pong,
    Refusal,
    SeatChanged,
    Show,
    TileWish,
)
from tests.support.control import MEETING, OFFER, Browser, Control, running_control

pytestmark = pytest.mark.loopback


async def checked(control: Control, login: str) -> Browser:
    browser = await control.enter(await control.account(login, unit="tyt-ta-phin"))
    await browser.say(CheckLine(OFFER, id=5))
    assert (await browser.hear(Answer)).to == 5
    return browser


async def test_a_line_is_measured_before_admission_and_never_in_the_meetings_room(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await checked(control, "tram")
        name = sfu.EndpointId(f"check-{delegate.session}")
        assert control.media.rooms == {name: sfu.RoomId(name)}
        assert set(control.media.endpoints[name].values()) == {sfu.GateReason.LOBBY}
        control.media.report(sfu.LineReport(name, 80, 0, 0, 640_000, 1_000_000, 1_200_000, path="udp"))
        assert (await delegate.hear(OwnLine)).line.up_kbps == 640
        await delegate.knock()
        await operator.say(Admit(delegate.participant))
        assert (await delegate.hear(CheckOver)).why is Why.CHECK_ENDED
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        assert set(control.media.endpoints) == {delegate.participant}
        assert control.media.rooms[delegate.participant] == MEETING


async def test_a_participant_who_hangs_up_leaves_no_check_behind(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await checked(control, "tram")
        await delegate.knock()
        delegate.cut()
        while control.media.endpoints:
            await operator.say(Ping(1))
            await operator.hear(Pong)


async def test_a_check_that_goes_on_too_long_is_ended(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, check_s=0.1)) as control:
        delegate = await checked(control, "tram")
        assert (await delegate.hear(CheckOver)).why is Why.CHECK_ENDED
        assert control.media.endpoints == {}


async def test_a_nonsense_offer_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        delegate = await control.enter(await control.account("tram"))
        await delegate.say(CheckLine("nonsense", id=3))
        assert await delegate.hear(Refusal) == Refusal("check-line", Why.BAD_OFFER, 3)
        assert control.media.endpoints == {}
        await delegate.say(EndCheck())
        await delegate.say(Knock("tyt-ta-phin", "YS. G.A.P."))
        assert (await delegate.hear(SeatChanged)).seat is SeatState.WAITING


async def test_a_flood_of_checks_opens_one(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        delegate = await checked(control, "tram")
        for number in range(20):
            await delegate.say(CheckLine(OFFER, id=100 + number))
            assert await delegate.hear(Refusal) == Refusal("check-line", Why.TOO_FAST, 100 + number)
        opened = [command for command in control.media.commands if isinstance(command, sfu.OpenEndpoint)]
        assert len(opened) == 1


async def test_the_server_runs_a_bounded_number_of_checks_at_once(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, checks=2)) as control:
        for login in ("mot", "hai"):
            await checked(control, login)
        third = await control.enter(await control.account("ba"))
        await third.say(CheckLine(OFFER, id=1))
        assert await third.hear(Refusal) == Refusal("check-line", Why.CHECKS_FULL, 1)


async def test_a_check_from_before_a_restart_is_closed_at_its_first_event(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        stray = sfu.EndpointId("check-s0123456789abcdef")
        control.media.endpoints[stray] = {}
        control.media.report(sfu.LineReport(stray, 80, 0, 0, 0, 0))
        operator = await control.operator()
        while stray in control.media.endpoints:
            await operator.say(Ping(1))
            await operator.hear(Pong)


async def test_the_welcome_has_the_relay_with_a_credential_and_no_secret(tmp_path: Path) -> None:
    relay = Relay(("turn:192.0.2.7:443?transport=tcp",), "bí mật")
    async with running_control(tmp_path, relay=relay) as control:
        delegate = await control.enter(await control.account("tram"))
        assert delegate.welcome is not None
        (server,) = delegate.welcome.ice_servers
        assert server.urls == relay.urls
        assert server.credential
        assert relay.secret not in f"{server}"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"show","tiles":[],"stage":100000,"screen":0}',
        '{"type":"show","tiles":[],"stage":-1,"screen":0}',
        '{"type":"show","tiles":[],"stage":1e3000,"screen":0}',
        '{"type":"show","tiles":[],"stage":99999999999999999999999,"screen":0}',
        '{"type":"show","tiles":['
        + ",".join(['{"participant":"p","height":1}'] * 13)
        + '],"stage":0,"screen":0}',
        '{"type":"check-line","sdp":"' + "a" * 200_001 + '"}',
    ],
    ids=["high", "negative", "infinite", "beyond integers", "thirteen tiles", "endless sdp"],
)
async def test_absurd_wishes_are_rejected_and_the_session_goes_on(tmp_path: Path, frame: str) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(frame)
        assert (await operator.hear(Refusal)).code is Why.BAD_MESSAGE
        await operator.say(Show((TileWish("p-nobody", 4320),), 4320, 0))
        await operator.say(Offer(OFFER))
        await operator.hear(Answer)
        shows = [command for command in control.media.commands if isinstance(command, sfu.Show)]
        assert shows == [sfu.Show(sfu.EndpointId(operator.participant), (), 4320, 0)]
