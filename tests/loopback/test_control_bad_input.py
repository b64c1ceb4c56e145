"""Every mistake gets a clear answer, changes nothing, and ends at most the session that sent it."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import Connection

from signaling.model.limits import DEFAULT
from signaling.model.words import Role, SeatState, Why
from signaling.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    Admit,
    Bye,
    ClientMessage,
    Hello,
    Kick,
    Knock,
    Leave,
    Lobby,
    Mute,
    MuteAll,
    Offer,
    Ping,
    Pong,
    Refusal,
    Refuse,
    SeatChanged,
    Show,
    Withdraw,
)
from tests.support.control import Control, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"


async def test_without_a_sign_in_the_socket_says_so_and_closes(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        for cookie in (None, "made-up", "x" * 4000):
            assert await (await control.connect(cookie)).ended() == Bye(Why.NOT_SIGNED_IN)


async def test_a_page_of_another_origin_gets_no_socket(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        cookie = await control.account("tram", unit=STATION)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await control.connect(cookie, origin="https://elsewhere.example")
        assert refused.value.status == 403


async def test_an_unknown_meeting_is_reported_as_unknown(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.connect(await control.account("tram", unit=STATION))
        await browser.say(Hello(PROTOCOL, "khong-co"))
        assert await browser.ended() == Bye(Why.UNKNOWN_MEETING)


async def test_a_sysadmin_has_no_way_into_a_meeting(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.connect(await control.account("root", Role.SYSADMIN))
        await browser.say(Hello(PROTOCOL, "giao-ban"))
        assert await browser.ended() == Bye(Why.NOT_ALLOWED)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (Hello(99, "giao-ban"), Why.PROTOCOL_VERSION),
        (Knock(None, "A"), Why.OUT_OF_ORDER),
        (Ping(1), Why.OUT_OF_ORDER),
    ],
)
async def test_anything_but_a_hello_first_ends_the_session(
    tmp_path: Path, first: ClientMessage, code: Why
) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.connect(await control.account("tram", unit=STATION))
        await browser.say(first)
        assert await browser.ended() == Bye(code)


async def test_a_silent_client_is_disconnected(tmp_path: Path) -> None:
    async with running_control(tmp_path, limits=replace(DEFAULT, hello_s=0.05)) as control:
        browser = await control.connect(await control.account("tram", unit=STATION))
        assert await browser.ended() == Bye(Why.OUT_OF_ORDER)


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        "{}",
        '{"type": "unmute-everyone"}',
        '{"type": "mute-all", "actor": "somebody"}',
        '{"type": "knock", "unit": null}',
        "[" * 100_000,
        b"\x00binary",
        " " * (MAX_MESSAGE_BYTES + 1),
    ],
    ids=["text", "no-type", "unknown", "actor", "incomplete", "deep", "binary", "too-large"],
)
async def test_what_is_not_a_message_is_refused_and_the_session_goes_on(
    tmp_path: Path, frame: str | bytes
) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.enter(await control.account("tram", unit=STATION))
        await browser.say(frame)
        assert await browser.hear(Refusal) == Refusal("", Why.BAD_MESSAGE)
        await browser.say(Ping(7))
        assert await browser.hear(Pong) == Pong(7)


async def test_a_frame_of_megabytes_ends_only_that_session(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        browser = await control.enter(await control.account("tram", unit=STATION))
        with suppress(ConnectionError):  # it may be reset before all of it is sent
            await browser.say(" " * (4 << 20))
        with pytest.raises((ConnectionError, AssertionError)):
            await browser.hear(Pong)
        await operator.say(Ping(8))
        assert await operator.hear(Pong) == Pong(8)


@pytest.mark.parametrize(
    ("knock", "code"),
    [
        (Knock(None, "YS. G.A.P."), Why.UNIT_MISSING),
        (Knock("khong-co", "YS. G.A.P."), Why.UNIT_MISSING),
        (Knock(STATION, "   "), Why.NAME_MISSING),
        (Knock(STATION, "\u202e12"), Why.NAME_MISSING),
        (Knock(STATION, "YS. G.A.P.", 9, 8), Why.BAD_HEADCOUNT),
    ],
)
async def test_a_knock_without_unit_or_name_is_refused_with_the_reason(
    tmp_path: Path, knock: Knock, code: Why
) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.enter(await control.account("khach"))
        await browser.say(knock)
        assert await browser.hear(Refusal) == Refusal("knock", code)
        assert (await browser.knock(unit=STATION)).seat is SeatState.WAITING


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Hello(PROTOCOL, "giao-ban"), Why.OUT_OF_ORDER),
        (Withdraw(), Why.OUT_OF_ORDER),
        (Offer("v=0"), Why.NOT_ADMITTED),
        (Show((), 0, 0), Why.NOT_ADMITTED),
        (Leave(), Why.NOT_ADMITTED),
        (Admit("p-someone"), Why.NOT_ALLOWED),
        (MuteAll(), Why.NOT_ALLOWED),
        (Kick("p-someone", "vì thế"), Why.NOT_ALLOWED),
    ],
    ids=lambda value: getattr(value, "value", type(value).__name__),
)
async def test_a_delegate_outside_is_refused_what_only_others_may_do(
    tmp_path: Path, message: ClientMessage, code: Why
) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.enter(await control.account("tram", unit=STATION))
        await browser.say(message)
        assert (await browser.hear(Refusal)).code is code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Admit("p-nobody"), Why.UNKNOWN_KNOCK),
        (Refuse("p-nobody", "vì thế"), Why.UNKNOWN_KNOCK),
        (Mute("p-nobody"), Why.UNKNOWN_PARTICIPANT),
        (Kick("p-nobody", "vì thế"), Why.UNKNOWN_PARTICIPANT),
        (Offer("nonsense"), Why.BAD_OFFER),
        (Knock(None, "Thư ký"), Why.OUT_OF_ORDER),
    ],
    ids=lambda value: getattr(value, "value", type(value).__name__),
)
async def test_messages_that_make_no_sense_inside_are_refused(
    tmp_path: Path, message: ClientMessage, code: Why
) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(message)
        assert (await operator.hear(Refusal)).code is code
        await operator.say(Ping(9))
        assert await operator.hear(Pong) == Pong(9)


async def test_a_refusal_needs_a_reason(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        browser = await control.enter(await control.account("tram", unit=STATION))
        await browser.knock()
        await operator.say(Refuse(browser.participant, " \n"))
        assert await operator.hear(Refusal) == Refusal("refuse", Why.REASON_MISSING)


async def test_a_flood_is_slowed_and_then_ended_while_others_go_on(tmp_path: Path) -> None:
    limits = replace(DEFAULT, messages_burst=5, messages_per_s=1.0, excess=20)
    async with running_control(tmp_path, limits=limits) as control:
        operator = await control.operator()
        flooder = await control.enter(await control.account("tram", unit=STATION))
        for number in range(40):
            await flooder.say(Ping(number))
        assert await flooder.hear(Refusal) == Refusal("", Why.TOO_FAST)
        assert await flooder.ended() == Bye(Why.TOO_FAST)
        await operator.say(Ping(10))
        assert await operator.hear(Pong) == Pong(10)


async def test_a_full_lobby_and_a_full_room_say_so(tmp_path: Path) -> None:
    limits = replace(DEFAULT, room=1, staff_extra=1, lobby=1)
    async with running_control(tmp_path, limits=limits) as control:
        operator = await control.operator()  # takes the only place
        first = await control.enter(await control.account("mot", unit=STATION))
        await first.knock()
        await operator.say(Admit(first.participant))
        assert await operator.hear(Refusal) == Refusal("admit", Why.ROOM_FULL)
        second = await control.enter(await control.account("hai", unit=STATION))
        await second.say(Knock(None, "Hai"))
        assert await second.hear(Refusal) == Refusal("knock", Why.LOBBY_FULL)
        chair = await control.enter(await control.cookie_of("chu-tri"))
        assert (await chair.knock("Chủ trì")).seat is SeatState.ADMITTED


async def fill_disk(control: Control, full: bool) -> None:
    """The control plane's database cannot grow any more. Another connection cannot arrange that, so the
    table is made unwritable: to the program both are a write that fails."""
    action = "CREATE TRIGGER full_disk BEFORE {} ON seat BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
    lift = ("DROP TRIGGER full_disk_i", "DROP TRIGGER full_disk_u")
    make = (
        action.format("INSERT").replace("full_disk", "full_disk_i", 1),
        action.format("UPDATE").replace("full_disk", "full_disk_u", 1),
    )

    def work(db: Connection) -> None:
        for statement in make if full else lift:
            db.exec_driver_sql(statement)

    await control.store.database.write(work)


async def test_when_nothing_can_be_stored_nobody_is_let_in_and_the_meeting_goes_on(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        first = await control.enter(await control.account("mot", unit=STATION))
        await first.knock()
        lobby = await operator.hear(Lobby)
        while not lobby.knocks:
            lobby = await operator.hear(Lobby)
        await fill_disk(control, full=True)
        await operator.say(Admit(first.participant))
        assert await operator.hear(Refusal) == Refusal("admit", Why.STORAGE_UNAVAILABLE)
        second = await control.enter(await control.account("hai", unit=STATION))
        await second.say(Knock(None, "Hai"))
        assert await second.hear(Refusal) == Refusal("knock", Why.STORAGE_UNAVAILABLE)
        await operator.say(Mute(operator.participant))  # but a microphone can still be shut
        await operator.say(Ping(11))
        assert await operator.hear(Pong) == Pong(11)
        await fill_disk(control, full=False)
        await operator.say(Admit(first.participant))
        assert (await first.hear(SeatChanged)).seat is SeatState.ADMITTED
