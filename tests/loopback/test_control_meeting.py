"""People meet over real WebSockets: lobby, admission, mutes, drops, takeovers, the end."""

import asyncio
from pathlib import Path

import pytest

import sfu
from signaling.model.words import Presence, Role, SeatState, Why
from signaling.protocol import (
    PROTOCOL,
    Admit,
    AdmitAll,
    Answer,
    Bye,
    EndMeeting,
    Hello,
    Kick,
    Leave,
    Lobby,
    MediaLost,
    Mute,
    Offer,
    Ping,
    Pong,
    Refusal,
    Refuse,
    Roster,
    SeatChanged,
    SetSource,
    Slots,
    Speakers,
    Welcome,
)
from tests.support.control import OFFER, Browser, Control, FakeMedia, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"


async def admitted(control: Control, operator: Browser, login: str) -> tuple[Browser, str]:
    """A delegate inside the room, with media."""
    cookie = await control.account(login, unit=STATION)
    browser = await control.enter(cookie)
    await browser.knock()
    await operator.say(Admit(browser.participant))
    assert (await browser.hear(SeatChanged)).seat is SeatState.ADMITTED
    await browser.say(Offer(OFFER))
    await browser.hear(Answer)
    return browser, cookie


async def until_roster(browser: Browser, size: int) -> Roster:
    while len((roster := await browser.hear(Roster)).participants) != size:
        pass
    return roster


async def test_a_delegate_waits_until_the_operator_admits(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await control.enter(await control.account("tram", unit=STATION))
        assert delegate.welcome is not None
        assert delegate.welcome.seat is SeatState.OUTSIDE
        assert (await delegate.knock()).seat is SeatState.WAITING
        lobby = await operator.hear(Lobby)
        while not lobby.knocks:
            lobby = await operator.hear(Lobby)
        (knock,) = lobby.knocks
        assert (knock.name, knock.unit, knock.expected, knock.online) == ("YS. G.A.P.", STATION, True, True)
        await operator.say(Admit(knock.id))
        assert (await delegate.hear(SeatChanged)).seat is SeatState.ADMITTED
        roster = await until_roster(delegate, 2)
        assert [p.role for p in roster.participants] == [Role.OPERATOR, Role.DELEGATE]


async def test_nobody_has_media_before_admission(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        delegate = await control.enter(await control.account("tram", unit=STATION))
        await delegate.knock()
        await delegate.say(Offer(OFFER))
        assert await delegate.hear(Refusal) == Refusal("offer", Why.NOT_ADMITTED)
        assert control.media.endpoints == {}


async def test_a_refused_participant_still_sees_the_reason_after_coming_back(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        cookie = await control.account("la", unit=STATION)
        stranger = await control.enter(cookie)
        await stranger.knock()
        await operator.say(Refuse(stranger.participant, "Không thuộc thành phần."))
        seat = await stranger.hear(SeatChanged)
        assert (seat.seat, seat.reason) == (SeatState.REFUSED, "Không thuộc thành phần.")
        await stranger.close()
        again = await control.enter(cookie)
        assert again.welcome is not None
        assert (again.welcome.seat, again.welcome.reason) == (SeatState.REFUSED, "Không thuộc thành phần.")


async def test_a_dropped_participant_comes_back_without_a_second_admission(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, cookie = await admitted(control, operator, "tram")
        await delegate.close()
        while (await until_roster(operator, 2)).participants[1].presence is Presence.HERE:
            pass
        again = await control.enter(cookie, resume=delegate.session)
        assert again.welcome is not None
        assert again.welcome.seat is SeatState.ADMITTED
        assert again.participant == delegate.participant
        await again.hear(Slots)  # its media went on in the meantime
        assert delegate.participant in control.media.endpoints


async def test_the_same_account_on_another_device_takes_over_the_seat(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        computer, cookie = await admitted(control, operator, "tram")
        await computer.say(SetSource(sfu.Source.MICROPHONE, True))
        await computer.hear(Roster)
        telephone = await control.enter(cookie)
        assert await computer.ended() == Bye(Why.TAKEN_OVER)
        assert telephone.welcome is not None
        assert telephone.welcome.seat is SeatState.ADMITTED
        assert telephone.participant == computer.participant
        assert computer.participant not in control.media.endpoints
        await telephone.say(Offer(OFFER))
        await telephone.hear(Answer)
        gates = control.media.endpoints[telephone.participant]
        assert gates[sfu.Source.MICROPHONE] is sfu.GateReason.SELF


async def test_a_host_mute_shuts_the_gate_and_its_owner_cannot_open_it(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, cookie = await admitted(control, operator, "tram")
        await delegate.say(SetSource(sfu.Source.MICROPHONE, True))
        await operator.say(Mute(delegate.participant))
        roster = await delegate.hear(Roster)
        while "host" not in roster.participants[1].microphone.gate:
            roster = await delegate.hear(Roster)
        gate = control.media.endpoints[delegate.participant][sfu.Source.MICROPHONE]
        assert sfu.GateReason.HOST in gate
        await delegate.say(SetSource(sfu.Source.MICROPHONE, True, 5))
        assert await delegate.hear(Refusal) == Refusal("set-source", Why.MUTED_BY_HOST, 5)
        again = await control.enter(cookie)  # another device does not help either
        await again.say(Offer(OFFER))
        await again.hear(Answer)
        assert sfu.GateReason.HOST in control.media.endpoints[again.participant][sfu.Source.MICROPHONE]


async def test_a_kicked_participant_gets_the_reason_and_waits_like_a_stranger(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, cookie = await admitted(control, operator, "tram")
        await operator.say(Kick(delegate.participant, "Gây ồn"))
        assert await delegate.ended() == Bye(Why.KICKED, "Gây ồn")
        assert control.media.endpoints == {}
        again = await control.enter(cookie)
        assert again.welcome is not None
        assert (again.welcome.seat, again.welcome.reason) == (SeatState.REFUSED, "Gây ồn")
        assert (await again.knock()).seat is SeatState.WAITING


async def test_a_participant_who_leaves_gives_up_the_seat(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, cookie = await admitted(control, operator, "tram")
        await delegate.say(Leave())
        assert await delegate.ended() == Bye(Why.LEFT)
        assert control.media.endpoints == {}
        again = await control.enter(cookie)
        assert again.welcome is not None
        assert again.welcome.seat is SeatState.OUTSIDE


async def test_ending_the_meeting_ends_it_for_all_and_staff_may_open_it_again(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, cookie = await admitted(control, operator, "tram")
        waiting = await control.enter(await control.account("sau", unit=STATION))
        await waiting.knock()
        await operator.say(EndMeeting())
        for browser in (operator, delegate, waiting):
            assert await browser.ended() == Bye(Why.ENDED)
        late = await control.connect(cookie)
        await late.say(Hello(PROTOCOL, "giao-ban"))
        assert await late.ended() == Bye(Why.MEETING_ENDED)
        await control.operator()
        again = await control.enter(cookie)
        assert again.welcome is not None
        assert again.welcome.seat is SeatState.OUTSIDE


async def test_after_a_media_worker_restart_pages_offer_again_without_a_second_admission(
    tmp_path: Path,
) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, _ = await admitted(control, operator, "tram")
        await operator.say(Mute(delegate.participant))
        await until_roster(delegate, 2)
        control.media.crash()
        await delegate.say(Offer(OFFER))
        assert await delegate.hear(Refusal) == Refusal("offer", Why.MEDIA_UNAVAILABLE)
        control.media.come_back()
        await delegate.hear(MediaLost)
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        assert sfu.GateReason.HOST in control.media.endpoints[delegate.participant][sfu.Source.MICROPHONE]


async def test_speakers_and_slots_are_forwarded_as_participants(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate, _ = await admitted(control, operator, "tram")
        me = sfu.EndpointId(delegate.participant)
        await delegate.hear(Speakers)  # the one that comes with the answer
        control.media.report(sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (me,), me))
        assert await delegate.hear(Speakers) == Speakers((me,), me)
        view = sfu.SlotView("6", sfu.SlotKind.STAGE, me, sfu.Source.CAMERA)
        control.media.report(sfu.SlotsChanged(me, (view,)))
        slots = await delegate.hear(Slots)
        assert (slots.slots[0].mid, slots.slots[0].participant) == ("6", me)


async def test_a_restart_of_the_control_plane_keeps_lobby_order_and_seats(tmp_path: Path) -> None:
    media = FakeMedia()
    cookies: dict[str, str] = {}
    async with running_control(tmp_path, media) as control:
        operator = await control.operator()
        inside, cookies["inside"] = await admitted(control, operator, "inside")
        await operator.say(Mute(inside.participant))
        await until_roster(inside, 2)
        for login in ("zeta", "alpha", "mu"):
            cookies[login] = await control.account(login, unit=STATION)
            await (await control.enter(cookies[login])).knock(login)
    async with running_control(tmp_path, media) as control:
        media.come_back()
        operator = await control.enter(await control.cookie_of("thu-ky"))
        assert operator.welcome is not None
        assert operator.welcome.seat is SeatState.ADMITTED
        lobby = await operator.hear(Lobby)
        assert [knock.name for knock in lobby.knocks] == ["zeta", "alpha", "mu"]
        assert not any(knock.online for knock in lobby.knocks)
        again = await control.enter(cookies["inside"], resume=inside.session)
        assert again.welcome is not None
        assert again.welcome.seat is SeatState.ADMITTED
        roster = await again.hear(Roster)
        mine = next(p for p in roster.participants if p.id == inside.participant)
        assert mine.microphone.gate == ("self", "host")
        await operator.say(AdmitAll())
        assert len((await until_roster(operator, 5)).participants) == 5


async def test_a_ping_is_answered_with_its_number(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(Ping(1234))
        assert await operator.hear(Pong) == Pong(1234)


async def test_everyone_is_told_when_the_control_plane_stops(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        goodbye = asyncio.create_task(operator.ended())
        await asyncio.sleep(0)
    assert await goodbye == Bye(Why.SHUTTING_DOWN)


async def test_the_welcome_names_centre_meeting_and_units(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        browser = await control.enter(await control.cookie_of("chu-tri"))
        welcome = browser.welcome
        assert isinstance(welcome, Welcome)
        assert welcome.meeting.centre == "Trung tâm Y tế huyện Nậm Sơn"
        assert welcome.role is Role.CHAIR
        kinds = [unit.kind for unit in welcome.units]
        assert kinds == sorted(kinds, key=["board", "office", "department", "station"].index)
