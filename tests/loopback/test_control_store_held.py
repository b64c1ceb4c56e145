"""Another process holds the database: what only shuts acts at once, and what lets in is refused."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

import sfu
from signaling.accounts.accounts import token_hash
from signaling.clocks import clock
from signaling.model.words import SeatState, Why
from signaling.protocol import (
    Admit,
    Answer,
    Knock,
    Lobby,
    Mute,
    Offer,
    Refusal,
    Roster,
    SeatChanged,
    SetSource,
)
from tests.support.control import OFFER, PATIENCE_S, Browser, Control, FakeMedia, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"


@contextmanager
def held(control: Control) -> Iterator[None]:
    """As by a backup, or a terminal that somebody left open: nobody else can write."""
    with closing(sqlite3.connect(control.folder / "giaoban.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def inside(control: Control, operator: Browser, login: str) -> Browser:
    browser = await control.enter(await control.account(login, unit=STATION))
    await browser.knock()
    await operator.say(Admit(browser.participant))
    assert (await browser.hear(SeatChanged)).seat is SeatState.ADMITTED
    await browser.say(Offer(OFFER))
    await browser.hear(Answer)
    return browser


async def refusal(browser: Browser) -> Why:
    """The store has five seconds, and only then a refusal comes."""
    with suppress(TimeoutError):
        return (await browser.hear(Refusal)).code
    return (await browser.hear(Refusal)).code


async def muted(control: Control, who: Browser) -> None:
    """Until the gate on the packet path is shut."""
    async with asyncio.timeout(PATIENCE_S):
        while sfu.GateReason.HOST not in control.media.endpoints[who.participant][sfu.Source.MICROPHONE]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def well(control: Control) -> bool:
    async with control.http.get(f"{control.url}/healthz") as answer:
        said = await answer.json()
        assert said["database"] == ("ok" if answer.status == 200 else "down")
        return answer.status == 200


async def test_six_knock_and_a_mute_is_carried_out_while_they_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_control(tmp_path, FakeMedia()) as control:
        operator = await control.operator()
        delegate = await inside(control, operator, "tram")
        knocking = [await control.enter(await control.account(f"k{n}", unit=STATION)) for n in range(6)]
        with held(control):
            for one in knocking:
                await one.say(Knock(None, "BS. Hoa"))
            await operator.say(Mute(delegate.participant, sfu.Source.MICROPHONE))
            await muted(control, delegate)
            assert "not-kept" not in caplog.text, "it came first only because the six were refused"
            await delegate.say(SetSource(sfu.Source.CAMERA, False))
            for one in knocking:
                assert await refusal(one) is Why.STORAGE_UNAVAILABLE
        refused = [message for one in knocking for message in one.heard if isinstance(message, SeatChanged)]
        assert not refused
        assert not [one for one in operator.heard if isinstance(one, Lobby) and one.knocks]


async def test_signing_out_ends_at_once_what_is_open_and_is_stored_later(tmp_path: Path) -> None:
    async with running_control(tmp_path, FakeMedia()) as control:
        await control.operator()
        cookie = await control.account("tram", unit=STATION)
        delegate = await control.enter(cookie)
        with held(control):
            async with control.http.delete(f"{control.url}/api/session", headers=signed_in(cookie)) as answer:
                assert answer.status == 204
            assert (await delegate.ended()).code is Why.NOT_SIGNED_IN
            async with control.http.get(f"{control.url}/api/session", headers=signed_in(cookie)) as answer:
                assert answer.status == 204, "nobody is signed in with it"
        async with asyncio.timeout(2 * PATIENCE_S):
            while await control.store.people.signed_in(token_hash(cookie), clock().unix_ms) is not None:
                pass


def signed_in(cookie: str) -> dict[str, str]:
    return {"Cookie": f"giaoban={cookie}"}


async def test_a_chair_who_admits_is_not_kept_from_muting(tmp_path: Path) -> None:
    async with running_control(tmp_path, FakeMedia()) as control:
        operator = await control.operator()
        delegate = await inside(control, operator, "tram")
        waiting = await control.enter(await control.account("cho", unit=STATION))
        assert (await waiting.knock()).seat is SeatState.WAITING
        with held(control):
            await operator.say(Admit(waiting.participant))
            await operator.say(Mute(delegate.participant, sfu.Source.MICROPHONE))
            await muted(control, delegate)
            assert not [one for one in operator.heard if isinstance(one, Refusal)]
            assert await refusal(operator) is Why.STORAGE_UNAVAILABLE


async def test_once_the_database_is_free_people_come_in_and_the_mute_was_stored(tmp_path: Path) -> None:
    async with running_control(tmp_path, FakeMedia()) as control:
        operator = await control.operator()
        delegate = await inside(control, operator, "tram")
        late = await control.enter(await control.account("muon", unit=STATION))
        with held(control):
            await late.say(Knock(None, "BS. Hoa"))
            assert await refusal(late) is Why.STORAGE_UNAVAILABLE
            await operator.say(Mute(delegate.participant, sfu.Source.MICROPHONE))
            await muted(control, delegate)
            assert not await well(control)
        async with asyncio.timeout(2 * PATIENCE_S):
            while not await well(control):
                pass
        assert (await late.knock()).seat is SeatState.WAITING
    async with running_control(tmp_path, FakeMedia()) as control:
        operator = await control.enter(await control.cookie_of("thu-ky"))
        seats = (await operator.hear(Roster)).participants
        assert "host" in next(who.microphone.gate for who in seats if who.id == delegate.participant)
