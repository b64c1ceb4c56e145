"""A page whose line broke comes back: what it missed is sent again on the new line, once and in order."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

import sfu
from signaling.model.limits import DEFAULT
from signaling.model.words import Presence, SeatState, Why
from signaling.protocol import (
    Admit,
    Answer,
    Lobby,
    MediaLost,
    Offer,
    Ping,
    Pong,
    Refusal,
    Roster,
    SeatChanged,
    SendPlan,
    SetSource,
    Slots,
    Welcome,
)
from tests.support.control import OFFER, PATIENCE_S, Browser, Control, running_control

pytestmark = pytest.mark.loopback


async def inside(control: Control) -> tuple[Browser, Browser, str]:
    """The operator, a delegate who was just let in, and the delegate's cookie."""
    operator = await control.operator()
    cookie = await control.account("tram", unit="tyt-ta-phin")
    delegate = await control.enter(cookie)
    await delegate.knock()
    await operator.say(Admit(delegate.participant))
    assert (await delegate.hear(SeatChanged)).seat is SeatState.ADMITTED
    await delegate.hear(Roster)
    return operator, delegate, cookie


async def until_away(operator: Browser, participant: str) -> None:
    """The server has noticed that the line is broken."""
    while all(
        other.presence is Presence.HERE or other.id != participant
        for other in (await operator.hear(Roster)).participants
    ):
        pass


async def offered_unanswered(control: Control, delegate: Browser) -> None:
    """The media worker has received the offer and holds its answer back."""
    control.media.answering.clear()
    control.media.asked.clear()
    await delegate.say(Offer(OFFER, id=7))
    async with asyncio.timeout(PATIENCE_S):
        await control.media.asked.wait()


async def all_told(browser: Browser) -> list[type]:
    """The types of everything it was sent so far."""
    await browser.say(Ping(1))
    await browser.hear(Pong)
    return [type(message) for message in browser.heard]


@pytest.mark.parametrize("moment", ["before the cut", "while away", "after the return"])
async def test_the_answer_to_an_offer_arrives_although_the_line_was_cut(tmp_path: Path, moment: str) -> None:
    async with running_control(tmp_path) as control:
        operator, delegate, cookie = await inside(control)
        seen = len(delegate.heard)
        await offered_unanswered(control, delegate)
        if moment == "before the cut":
            control.media.answering.set()
            await delegate.hear(Answer)  # so it has left the server; by its count the page never received it
        delegate.cut()
        if moment == "while away":
            control.media.answering.set()
            await until_away(operator, delegate.participant)
        back = await control.enter(cookie, resume=delegate.session, seen=seen)
        control.media.answering.set()
        assert (await back.hear(Answer)).to == 7
        await back.hear(Slots)
        told = await all_told(back)
        assert told.index(Welcome) < told.index(Answer)
        assert told.count(Answer) == 1
        assert MediaLost not in told
        assert sum(isinstance(command, sfu.OpenEndpoint) for command in control.media.commands) == 1


async def test_a_refusal_that_was_on_its_way_arrives_too(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        _, delegate, cookie = await inside(control)
        seen = len(delegate.heard)
        await delegate.say(Offer("nonsense", id=8))
        await delegate.hear(Refusal)
        delegate.cut()
        back = await control.enter(cookie, resume=delegate.session, seen=seen)
        assert await back.hear(Refusal) == Refusal("offer", Why.BAD_OFFER, 8)


async def test_messages_already_seen_are_not_sent_again_and_snapshots_are_current(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator, delegate, cookie = await inside(control)
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        for rids in (("q",), ("q", "h")):
            me = sfu.EndpointId(delegate.participant)
            control.media.report(sfu.SendPlan(me, rids, (), red=False))
            await delegate.hear(SendPlan)
        seen = len(delegate.heard)
        delegate.cut()
        await until_away(operator, delegate.participant)
        back = await control.enter(cookie, resume=delegate.session, seen=seen)
        assert await back.hear(SendPlan) == SendPlan(("q", "h"), (), False)
        told = await all_told(back)
        assert [told.count(kind) for kind in (Answer, SendPlan, Slots, Welcome)] == [0, 1, 1, 1]


async def test_a_page_that_never_heard_the_second_welcome_still_gets_what_the_first_line_lost(
    tmp_path: Path,
) -> None:
    async with running_control(tmp_path) as control:
        _, delegate, cookie = await inside(control)
        seen = len(delegate.heard)
        await delegate.say(Offer(OFFER, id=7))
        await delegate.hear(Answer)
        delegate.cut()
        unheard = await control.enter(cookie, resume=delegate.session, seen=seen)
        unheard.cut()
        back = await control.enter(cookie, resume=delegate.session, seen=seen)
        assert (await back.hear(Answer)).to == 7
        assert (await all_told(back)).count(Answer) == 1


@pytest.mark.parametrize("claimed", [10_000, 2**53])
async def test_a_claim_to_have_seen_more_than_was_sent_gets_nothing(tmp_path: Path, claimed: int) -> None:
    async with running_control(tmp_path) as control:
        _, delegate, cookie = await inside(control)
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        delegate.cut()
        back = await control.enter(cookie, resume=delegate.session, seen=claimed)
        assert Answer not in await all_told(back)


async def test_nobody_gets_what_another_was_sent(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        _, delegate, _ = await inside(control)
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        delegate.cut()
        stranger = await control.enter(await control.account("khac"), resume=delegate.session, seen=0)
        assert Answer not in await all_told(stranger)


async def test_a_page_that_does_not_count_restarts_its_media(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        _, delegate, cookie = await inside(control)
        await offered_unanswered(control, delegate)
        delegate.cut()
        back = await control.enter(cookie, resume=delegate.session)
        await back.hear(MediaLost)
        control.media.answering.set()
        await back.say(SetSource(sfu.Source.CAMERA, on=True))
        await back.hear(Roster)


async def test_only_a_bounded_number_of_broken_lines_is_remembered(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, departed=1)) as control:
        operator, delegate, cookie = await inside(control)
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        delegate.cut()
        await until_away(operator, delegate.participant)
        other = await control.enter(await control.account("khac", unit="tyt-ta-phin"))
        await other.knock()
        while not (await operator.hear(Lobby)).knocks:
            pass
        other.cut()
        while any(knock.online for knock in (await operator.hear(Lobby)).knocks):
            pass
        back = await control.enter(cookie, resume=delegate.session, seen=0)
        assert Answer not in await all_told(back)
