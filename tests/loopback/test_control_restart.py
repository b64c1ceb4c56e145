"""A restart of the control plane in the middle of a briefing: everything decided so far still holds."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from signaling.accounts.bootstrap import FirstAccounts, NewAccount, bootstrap, create_account
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.clocks import clock
from signaling.live.backlog import Backlog
from signaling.live.rooms import Rooms
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.meeting import Account
from signaling.model.words import FloorMode, Permission, Presence, Role, SeatState, Why
from signaling.protocol import (
    Admit,
    Ask,
    Ban,
    Bye,
    Floor,
    Frame,
    InviteNext,
    Kick,
    Knock,
    Lobby,
    LobbyTalk,
    RaiseHand,
    RegisterSpeech,
    Requests,
    Roster,
    SeatChanged,
    ServerMessage,
    SetRules,
    Talk,
)
from signaling.room.state.effects import Refused
from signaling.store import Store
from tests.support.control import Browser, Control, FakeMedia, running_control

pytestmark = pytest.mark.loopback

OFFICE, DEPARTMENT, STATION = "phong-dan-so", "khoa-nhi-co-so-1", "tyt-ta-phin"


async def chair(control: Control) -> Browser:
    """The chair inside the room."""
    browser = await control.enter(await control.cookie_of("chu-tri"))
    await browser.say(Knock(None, "Giám đốc"))
    assert (await browser.hear(SeatChanged)).seat is SeatState.ADMITTED
    return browser


async def admitted(control: Control, by: Browser, login: str, unit: str) -> tuple[Browser, str]:
    """A delegate inside, and their cookie."""
    cookie = await control.account(login, unit=unit)
    delegate = await control.enter(cookie)
    await delegate.knock(login)
    await by.say(Admit(delegate.participant))
    assert (await delegate.hear(SeatChanged)).seat is SeatState.ADMITTED
    return delegate, cookie


async def floor_with(browser: Browser, waiting: int) -> Floor:
    """The floor, as soon as so many wait for it."""
    while True:
        floor = await browser.hear(Floor)
        if len(floor.queue) == waiting and floor.mode is FloorMode.ORDERED:
            return floor


async def test_queue_turn_rules_and_requests_are_as_they_were(tmp_path: Path) -> None:
    media = FakeMedia()
    async with running_control(tmp_path, media) as control:
        presiding = await chair(control)
        station, cookie = await admitted(control, presiding, "tram", STATION)
        department, _ = await admitted(control, presiding, "khoa", DEPARTMENT)
        office, _ = await admitted(control, presiding, "phong", OFFICE)
        await presiding.say(SetRules(mode=FloorMode.ORDERED, turn_s=180, hard_mute=False))
        await station.say(RaiseHand("Dịch sởi"))
        await floor_with(presiding, 1)
        await department.say(RegisterSpeech("Thuốc"))
        await floor_with(presiding, 2)
        await office.say(RaiseHand())
        await floor_with(presiding, 3)
        await presiding.say(InviteNext())
        before = await floor_with(presiding, 2)
        await station.say(Ask(Permission.LEAVE, "Có ca cấp cứu"))
        asked = await presiding.hear(Requests)
        await station.close()
    async with running_control(tmp_path, media) as control:
        media.come_back()
        presiding = await control.enter(await control.cookie_of("chu-tri"))
        after = await presiding.hear(Floor)
        assert after.queue == before.queue
        assert [wish.participant for wish in after.queue] == [department.participant, station.participant]
        assert [turn.participant for turn in after.turns] == [office.participant]
        assert after.turns[0].until == before.turns[0].until
        assert (after.turn_s, after.hard_mute, after.order) == (180, False, before.order)
        assert (await presiding.hear(Requests)).requests == asked.requests
        back = await control.enter(cookie)
        assert back.participant == station.participant
        await presiding.say(InviteNext())
        turns = (await floor_with(presiding, 1)).turns  # anyone who is not back yet is passed over
        assert turns[-1].participant == station.participant


async def test_after_a_restart_everybody_is_away_and_the_lobby_keeps_its_order_and_its_talk(
    tmp_path: Path,
) -> None:
    media = FakeMedia()
    async with running_control(tmp_path, media) as control:
        operator = await control.operator()
        inside, _ = await admitted(control, operator, "tram", STATION)
        waiting = [await control.enter(await control.account(login, unit=STATION)) for login in "zak"]
        for number, browser in enumerate(waiting):
            await browser.knock(f"Khách {number}")
        await operator.say(Talk("Xin chờ một chút", waiting[1].participant))
        await waiting[1].hear(LobbyTalk)
    async with running_control(tmp_path, media) as control:
        operator = await control.enter(await control.cookie_of("thu-ky"))
        people = {who.id: who.presence for who in (await operator.hear(Roster)).participants}
        assert people[inside.participant] is Presence.LOST
        lobby = await operator.hear(Lobby)
        assert [knock.name for knock in lobby.knocks] == ["Khách 0", "Khách 1", "Khách 2"]
        back = await control.enter(await control.cookie_of("a"))
        assert [line.text for line in (await back.hear(LobbyTalk)).lines] == ["Xin chờ một chút"]


async def test_a_damaged_record_keeps_nobody_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_control(tmp_path) as control:
        presiding = await chair(control)
        _, cookie = await admitted(control, presiding, "tram", STATION)
        await presiding.say(SetRules(mode=FloorMode.ORDERED))
        await floor_with(presiding, 0)
    async with running_control(tmp_path) as control:  # nobody comes in: the record stays as it was
        await control.store.database.write(lambda db: db.execute(text("UPDATE run_record SET document='{'")))
    with caplog.at_level(logging.ERROR, "giaoban.rooms"):
        async with running_control(tmp_path) as control:
            back = await control.enter(cookie)
            assert back.welcome is not None
            assert back.welcome.seat is SeatState.ADMITTED
            assert (await back.hear(Floor)).mode is FloorMode.OPEN
    assert "run-record-unreadable meeting=giao-ban" in caplog.text


async def test_a_removed_participant_stays_removed(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        removed, cookie = await admitted(control, operator, "tram", STATION)
        await operator.say(Kick(removed.participant, "nhầm điểm cầu"))
        await removed.ended()
    async with running_control(tmp_path) as control:
        back = await control.enter(cookie)
        assert back.welcome is not None
        assert back.welcome.seat is not SeatState.ADMITTED
        assert (await back.knock("Lại là tôi")).seat is SeatState.WAITING


class Page:
    """A session that only the rooms know."""

    def __init__(self, account: Account) -> None:
        self.id = SessionId("s1")
        self.account = account
        self.token_hash = ""
        self.local = False
        self.address = "10.0.0.7"
        self.backlog = Backlog()

    def post(self, message: ServerMessage, frame: Frame) -> None:
        self.backlog.post(message, frame)

    def dismiss(self, bye: Bye) -> None:
        raise AssertionError(bye)

    def missed(self, seen: int) -> Sequence[tuple[ServerMessage, Frame]]:
        return ()


async def test_a_ban_that_is_lifted_at_the_terminal_is_lifted_in_a_live_meeting(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    await bootstrap(store, FirstAccounts("x", "y"), clock())
    person = await create_account(store, NewAccount("la", "Người lạ", Role.DELEGATE, STATION), clock())
    meeting, operator = await store.meetings.find("giao-ban"), await store.people.find("thu-ky")
    assert meeting is not None
    assert operator is not None
    rooms = Rooms(store, [FakeMedia()], DEFAULT, clock, AuditLog(AuditTable(store.database), clock, None))
    staff, page = Page(operator.account), Page(person)
    staff.id, page.id = SessionId("staff"), SessionId("page")
    for one in (staff, page):
        assert await rooms.enter(one, "giao-ban", None) is None
        assert await rooms.say(one.id, Knock(None, "Tên")) is None
    (waiting,) = [kept for kept in await store.meetings.seats(meeting) if kept.account == person]
    assert await rooms.say(staff.id, Ban(waiting.id, "vì thế")) is None
    await rooms.reread()
    await rooms.reread()  # it is not stored yet, which is no reason to lift it
    assert await rooms.say(page.id, Knock(None, "Tên")) == Refused(Why.BANNED)
    await rooms.keep()
    assert await store.meetings.lift_ban(meeting, person.id)
    assert not await store.meetings.lift_ban(meeting, person.id)
    await rooms.reread()
    await rooms.reread()
    assert await rooms.say(page.id, Knock(None, "Tên")) is None
    await store.close()


async def test_schedule_and_composition_set_at_the_terminal_apply_to_a_live_meeting(
    tmp_path: Path,
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    await bootstrap(store, FirstAccounts("x", "y"), clock())
    early = await create_account(store, NewAccount("som", "Trạm đến sớm", Role.DELEGATE, STATION), clock())
    meeting = await store.meetings.find("giao-ban")
    assert meeting is not None
    rooms = Rooms(store, [FakeMedia()], DEFAULT, clock, AuditLog(AuditTable(store.database), clock, None))
    page = Page(early)
    assert await rooms.enter(page, "giao-ban", None) is None
    await store.meetings.schedule(meeting.id, clock().unix_ms + 3_600_000, 600)
    await rooms.reread()
    assert await rooms.say(page.id, Knock(None, "Trạm")) == Refused(Why.LOBBY_CLOSED)
    await store.meetings.schedule(meeting.id, clock().unix_ms + 3_600_000, 7200)
    await rooms.reread()
    assert await rooms.say(page.id, Knock(None, "Trạm")) is None
    await store.close()
