"""Many come in at once, over real WebSockets: nobody is held up, and all read what was compressed once."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

import sfu
from sfu import GateReason, Source
from signaling.model.words import Role, SeatState
from signaling.protocol import (
    PROTOCOL,
    AdmitAll,
    Answer,
    Hello,
    Knock,
    Lobby,
    Offer,
    Roster,
    SeatChanged,
    SetSource,
    Welcome,
    decode_server,
    encode,
)
from signaling.protocol.line_views import Quality
from tests.support.control import OFFER, Browser, Control, running_control

pytestmark = pytest.mark.loopback

UNIT = "tyt-ta-phin"
MANY = 8


async def waiting(control: Control, login: str) -> Browser:
    browser = await control.enter(await control.account(login, Role.DELEGATE, UNIT))
    assert (await browser.knock(login)).seat is SeatState.WAITING
    return browser


async def test_a_microphone_is_shut_while_the_own_offer_is_with_the_worker(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(Offer(OFFER, id=1))
        await operator.hear(Answer)
        await operator.say(SetSource(Source.MICROPHONE, True))
        while (await operator.hear(Roster)).participants[0].microphone.gate != ():
            pass
        control.media.answering.clear()
        control.media.asked.clear()
        await operator.say(Offer(OFFER, id=2))
        async with asyncio.timeout(5):
            await control.media.asked.wait()
        await operator.say(SetSource(Source.MICROPHONE, False))
        while (await operator.hear(Roster)).participants[0].microphone.gate == ():
            pass
        assert control.media.endpoints[operator.participant][Source.MICROPHONE] is GateReason.SELF
        control.media.answering.set()
        assert (await operator.hear(Answer)).to == 2


async def test_all_who_wait_are_let_in_by_one_press_and_have_media_at_once(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        people = [await waiting(control, f"tram-{n}") for n in range(MANY)]
        while len((await operator.hear(Lobby)).knocks) < MANY:
            pass
        await operator.say(AdmitAll())
        for browser in people:
            assert (await browser.hear(SeatChanged)).seat is SeatState.ADMITTED
            await browser.say(Offer(OFFER))
        for browser in people:
            await browser.hear(Answer)
        while len((await operator.hear(Roster)).participants) < MANY + 1:
            pass
        assert len(control.media.endpoints) == MANY


async def test_the_lines_of_all_are_reported_as_one(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        people = await all_let_in(control, operator, 5)
        for browser in people:
            await browser.say(Offer(OFFER))
            await browser.hear(Answer)
        before = (await everybody_is(control, people, operator, rtt_ms=20)).version
        after = await everybody_is(control, people, operator, rtt_ms=2000)
        assert after.version - before == 1


async def all_let_in(control: Control, operator: Browser, count: int) -> list[Browser]:
    people = [await waiting(control, f"tram-{n}") for n in range(count)]
    await operator.say(AdmitAll())
    for browser in people:
        await browser.hear(SeatChanged)
    return people


async def everybody_is(control: Control, people: list[Browser], operator: Browser, rtt_ms: int) -> Roster:
    """The roster after two reports in a row about each line: one means nothing yet."""
    wanted = Quality.POOR if rtt_ms > 1000 else Quality.GOOD
    while True:
        for browser in people:
            report = sfu.LineReport(sfu.EndpointId(browser.participant), rtt_ms, 0, 0, 0, 0)
            control.media.report(report)
        newest = await _newest(operator)
        if newest is not None and [row.quality for row in newest.participants].count(wanted) == len(people):
            return newest


async def _newest(operator: Browser) -> Roster | None:
    try:
        async with asyncio.timeout(1):
            return await operator.hear(Roster)
    except TimeoutError:
        return None


async def test_a_page_that_asked_for_compression_reads_large_and_small_messages(tmp_path: Path) -> None:
    """Chromium and Firefox ask for it. aiohttp's client inflates with a window that goes on over messages."""
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await all_let_in(control, operator, 12)
        headers = {"Origin": control.url, "Cookie": f"giaoban={await control.cookie_of('chu-tri')}"}
        line = await control.http.ws_connect(f"{control.url}/ws", headers=headers, compress=15)
        assert line.compress == 15
        await line.send_str(encode(Hello(PROTOCOL, "giao-ban")))
        seen: list[type] = []
        await line.send_str(encode(Knock(None, "Chủ trì")))
        async with asyncio.timeout(5):
            while Roster not in seen or seen.count(Roster) < 3:
                frame = await line.receive()
                assert frame.type is aiohttp.WSMsgType.TEXT
                message = decode_server(frame.data)
                seen.append(type(message))
                if isinstance(message, Roster):
                    assert len(message.participants) == 14
                    await operator.say(SetSource(Source.MICROPHONE, seen.count(Roster) % 2 == 1))
        assert Welcome in seen
        await line.close()
