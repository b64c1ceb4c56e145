"""Order over real WebSockets: talk in the lobby, bans, the way back, leaving, and the technician."""

from pathlib import Path

import pytest

import sfu
from signaling.clocks import clock
from signaling.model.limits import DEFAULT
from signaling.model.words import DepartureKind, Permission, Presence, Role, SeatState, Why
from signaling.protocol import (
    PROTOCOL,
    Admit,
    Answer,
    Ask,
    Ban,
    Bye,
    CorrectDeparture,
    Decide,
    Decision,
    Departures,
    DepartureView,
    EndMeeting,
    Hello,
    Knock,
    Leave,
    Lift,
    Lines,
    Lobby,
    LobbyTalk,
    Lock,
    MediaLost,
    Offer,
    ParticipantView,
    Refusal,
    Requests,
    Roster,
    SeatChanged,
    SendBack,
    SetSource,
    Talk,
)
from tests.support.control import OFFER, PASSWORD, Browser, Control, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"


async def admitted(control: Control, staff: Browser, login: str, role: Role = Role.DELEGATE) -> Browser:
    """Somebody inside; with media if they may have it."""
    browser = await control.enter(await control.account(login, role, STATION))
    await browser.knock(login)
    await staff.say(Admit(browser.participant))
    assert (await browser.hear(SeatChanged)).seat is SeatState.ADMITTED
    if role is not Role.TECHNICIAN:
        await browser.say(Offer(OFFER))
        await browser.hear(Answer)
    return browser


async def chair(control: Control) -> Browser:
    browser = await control.enter(await control.cookie_of("chu-tri"))
    assert (await browser.knock("Chủ trì")).seat is SeatState.ADMITTED
    return browser


async def shown(staff: Browser, participant: str, presence: Presence) -> ParticipantView:
    """Waits until the roster says so."""
    while True:
        for view in (await staff.hear(Roster)).participants:
            if view.id == participant and view.presence is presence:
                return view


async def departed(staff: Browser) -> DepartureView:
    """The newest departure, as soon as there is one since the staff came in."""
    while not (departures := (await staff.hear(Departures)).departures):
        pass
    return departures[-1]


# --- coming in ---


async def test_a_waiting_participant_talks_with_the_operator_and_finds_the_talk_again(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        cookie = await control.account("tram", unit=STATION)
        waiting = await control.enter(cookie)
        await waiting.knock()
        await waiting.say(Talk("Tôi trực thay BS. Lan"))
        heard = await operator.hear(LobbyTalk)
        assert (heard.knock, heard.lines[0].text) == (waiting.participant, "Tôi trực thay BS. Lan")
        await operator.say(Talk("Chị chờ một phút", waiting.participant))
        await waiting.hear(LobbyTalk)
        told = await waiting.hear(LobbyTalk)
        assert [(line.staff, line.text) for line in told.lines] == [
            (False, "Tôi trực thay BS. Lan"),
            (True, "Chị chờ một phút"),
        ]
        await waiting.close()
    async with running_control(tmp_path) as control:  # after a restart too
        again = await control.enter(cookie)
        assert (await again.hear(LobbyTalk)).lines == told.lines


async def test_a_ban_holds_against_new_cookies_and_a_second_sign_in(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        banned = await admitted(control, operator, "tram")
        await operator.say(Ban(banned.participant, "Phát tán hình ảnh"))
        assert await banned.ended() == Bye(Why.BANNED, "Phát tán hình ảnh")
        assert banned.participant not in control.media.endpoints
        signed_in = await control.sign_in("tram", PASSWORD)
        cookies = (await control.cookie_of("tram"), signed_in.cookies["giaoban"].value)
        for cookie in cookies:
            again = await control.enter(cookie)
            assert again.welcome is not None
            assert (again.welcome.seat, again.welcome.reason) == (SeatState.REFUSED, "Phát tán hình ảnh")
            await again.say(Knock(None, "Người khác"))
            assert await again.hear(Refusal) == Refusal("knock", Why.BANNED)
            await again.say(Offer(OFFER))
            assert (await again.hear(Refusal)).code is Why.NOT_ADMITTED
            await again.close()
        lobby = await operator.hear(Lobby)
        while not lobby.banned:
            lobby = await operator.hear(Lobby)
        assert lobby.knocks == ()


async def test_a_ban_holds_in_the_next_run_until_it_is_lifted(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        banned = await admitted(control, operator, "tram")
        await operator.say(Ban(banned.participant, "Phát tán hình ảnh", 30))
        await banned.ended()
        await operator.say(EndMeeting())
        await operator.ended()
        operator = await control.operator()
        (one,) = next(each for each in operator.heard if isinstance(each, Lobby)).banned
        assert (one.reason, one.participant) == ("Phát tán hình ảnh", banned.participant)
        assert one.until > clock().unix_ms
        again = await control.enter(await control.cookie_of("tram"))
        await again.say(Knock(None, "Trạm"))
        assert await again.hear(Refusal) == Refusal("knock", Why.BANNED)
        await operator.say(Lift(one.participant))
        while (await operator.hear(Lobby)).banned:
            pass
        assert (await again.knock("Trạm")).seat is SeatState.WAITING


async def test_a_participant_sent_back_waits_in_the_same_session_and_is_let_in_again(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        await delegate.say(SetSource(sfu.Source.MICROPHONE, True))
        await operator.say(SendBack(delegate.participant, "Chờ đến mục của trạm"))
        seat = await delegate.hear(SeatChanged)
        assert (seat.seat, seat.reason) == (SeatState.WAITING, "Chờ đến mục của trạm")
        assert delegate.participant not in control.media.endpoints
        await delegate.say(Offer(OFFER))
        assert (await delegate.hear(Refusal)).code is Why.NOT_ADMITTED
        assert (await departed(operator)).kind is DepartureKind.SENT_BACK
        await operator.say(Admit(delegate.participant))
        assert (await delegate.hear(SeatChanged)).seat is SeatState.ADMITTED
        await delegate.say(Offer(OFFER))
        await delegate.hear(Answer)
        gate = control.media.endpoints[delegate.participant][sfu.Source.MICROPHONE]
        assert gate is sfu.GateReason.SELF


async def test_a_locked_meeting_says_so(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        await operator.say(Lock(True))
        late = await control.enter(await control.account("tram", unit=STATION))
        await late.say(Knock(None, "Muộn"))
        assert await late.hear(Refusal) == Refusal("knock", Why.MEETING_LOCKED)
        await chair(control)


async def test_only_the_chair_lets_an_outsider_in(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator, presiding = await control.operator(), await chair(control)
        guest = await control.enter(await control.account("khach"))
        await guest.knock("Khách", STATION)
        await operator.say(Admit(guest.participant))
        assert await operator.hear(Refusal) == Refusal("admit", Why.NEEDS_CHAIR)
        await presiding.say(Admit(guest.participant))
        assert (await guest.hear(SeatChanged)).seat is SeatState.ADMITTED


# --- leaving ---


async def test_leaving_with_permission_is_logged_as_such(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        await delegate.say(Ask(Permission.LEAVE, "Cấp cứu"))
        requests = await operator.hear(Requests)
        while not requests.requests:
            requests = await operator.hear(Requests)
        assert requests.requests[0].reason == "Cấp cứu"
        await operator.say(Decide(delegate.participant, Permission.LEAVE, True))
        assert await delegate.hear(Decision) == Decision(Permission.LEAVE, True)
        await delegate.say(Leave())
        assert await delegate.ended() == Bye(Why.LEFT)
        departure = await departed(operator)
        assert (departure.kind, departure.reason) == (DepartureKind.PERMITTED, "Cấp cứu")


async def test_a_page_that_is_closed_without_leave_is_logged_and_corrected(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        await delegate.close()
        await shown(operator, delegate.participant, Presence.CLOSED)
        control.ahead_s += DEFAULT.closed_s
        departure = await departed(operator)
        assert departure.kind is DepartureKind.UNPERMITTED
        assert delegate.participant not in control.media.endpoints
        reason = "Đã xin phép qua điện thoại"
        await operator.say(CorrectDeparture(departure.id, DepartureKind.PERMITTED, reason))
        better = await departed(operator)
        assert (better.kind, better.was) == (DepartureKind.PERMITTED, DepartureKind.UNPERMITTED)
        assert better.reason == reason


async def test_signing_out_elsewhere_is_not_a_lost_line(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        cookie = await control.account("tram", unit=STATION)
        delegate = await control.enter(cookie)
        await delegate.knock()
        await operator.say(Admit(delegate.participant))
        await delegate.hear(SeatChanged)
        headers = {"Cookie": f"giaoban={cookie}", "Origin": control.url}
        async with control.http.delete(f"{control.url}/api/session", headers=headers) as answer:
            assert answer.ok
        assert await delegate.ended() == Bye(Why.NOT_SIGNED_IN)
        await shown(operator, delegate.participant, Presence.CLOSED)


async def test_a_cut_line_is_never_held_against_anybody(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        delegate.cut()
        await shown(operator, delegate.participant, Presence.LOST)
        control.ahead_s += DEFAULT.seat_grace_s
        assert (await departed(operator)).kind is DepartureKind.LOST


async def test_a_page_that_closes_after_its_line_died_has_lost_it(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        me = sfu.EndpointId(delegate.participant)
        control.media.report(sfu.FlowChanged(me, sfu.Source.CAMERA, True))
        await delegate.hear(Roster)
        control.media.report(sfu.EndpointChanged(me, sfu.EndpointState.LOST))
        roster = await operator.hear(Roster)
        while roster.participants[-1].quality != "poor":
            roster = await operator.hear(Roster)
        await delegate.close()
        if roster.participants[-1].presence is not Presence.LOST:  # it may be shown before the socket ends
            await shown(operator, delegate.participant, Presence.LOST)


# --- the technician ---


async def test_a_technician_has_media_only_with_the_chairs_permission_and_while_it_lasts(
    tmp_path: Path,
) -> None:
    async with running_control(tmp_path) as control:
        operator, presiding = await control.operator(), await chair(control)
        technician = await admitted(control, operator, "ky-thuat", Role.TECHNICIAN)
        await technician.hear(Lines)
        await technician.say(Offer(OFFER, id=1))
        assert await technician.hear(Refusal) == Refusal("offer", Why.NEEDS_PERMISSION, 1)
        assert technician.participant not in control.media.endpoints

        await technician.say(Ask(Permission.LISTEN, "Tiếng vọng ở trạm"))
        await operator.say(Decide(technician.participant, Permission.LISTEN, True))
        assert await operator.hear(Refusal) == Refusal("decide", Why.NEEDS_CHAIR)
        await presiding.say(Decide(technician.participant, Permission.LISTEN, True, minutes=10))
        decision = await technician.hear(Decision)
        assert decision.granted
        await technician.say(Offer(OFFER))
        await technician.hear(Answer)
        assert technician.participant in control.media.endpoints
        roster = await operator.hear(Roster)
        while not any(view.listens == decision.until for view in roster.participants):
            roster = await operator.hear(Roster)

        control.ahead_s += 600
        assert (await technician.hear(MediaLost)).why is Why.NEEDS_PERMISSION
        assert technician.participant not in control.media.endpoints
        await technician.say(Offer(OFFER))
        assert (await technician.hear(Refusal)).code is Why.NEEDS_PERMISSION


async def test_a_hello_of_the_first_protocol_is_told_to_reload_the_page(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        old = await control.connect(await control.cookie_of("thu-ky"))
        await old.say(Hello(PROTOCOL - 1, "giao-ban"))
        assert await old.ended() == Bye(Why.PROTOCOL_VERSION)
