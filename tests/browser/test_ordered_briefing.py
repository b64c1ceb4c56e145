"""A whole ordered briefing, as a centre holds it every morning: chair, operator, a technician and four points
of three kinds, one of them no part of the meeting; everything by the real screens of seven browsers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from signaling.model.words import Role
from tests.support.appliance import Appliance
from tests.support.bad_link import Quality
from tests.support.bad_link_relay import BadLink, bad_link
from tests.support.browser import Browser
from tests.support.browser.pictures import FOR_DOCUMENTS, take
from tests.support.gathering import Gathering, Kind, Person, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

CLOSED_S = 60.0
"""A closed page counts as gone after 30 s, and two cores have other work."""
LOST_S = 60.0


@dataclass
class Briefing:
    chair: Person
    operator: Person
    office: Person
    department: Person
    """In Firefox; the browser keeps sending whatever the page decides."""
    station: Person
    guest: Person
    """From another place; behind a link that can be cut."""
    technician: Person
    link: BadLink
    gathering: Gathering

    @property
    def points(self) -> tuple[Person, ...]:
        return self.office, self.department, self.station, self.guest

    @property
    def all(self) -> tuple[Person, ...]:
        return self.chair, self.operator, *self.points


@pytest_asyncio.fixture(loop_scope="session")
async def link(appliance: Appliance) -> AsyncIterator[BadLink]:
    async with bad_link(appliance.address, appliance.media_port, appliance.https_port) as link:
        link.become(Quality(delay_s=0.005), Quality(delay_s=0.005))
        yield link


@pytest_asyncio.fixture(loop_scope="session")
async def briefing(
    appliance: Appliance, chromium: Browser, firefox: Browser, link: BadLink
) -> AsyncIterator[Briefing]:
    gathered = await Gathering.call(appliance, {"chromium": chromium, "firefox": firefox})

    async def person(
        kind: Kind,
        name: str,
        colour: str,
        tone_hz: int,
        unit: str | None,
        role: Role = Role.DELEGATE,
        behind: BadLink | None = None,
    ) -> Person:
        return await gathered.person(
            kind,
            role,
            name=name,
            unit=unit,
            colour=colour,
            tone_hz=tone_hz,
            width=640 if FOR_DOCUMENTS else 320,
            height=360 if FOR_DOCUMENTS else 180,
            fps=8,
            portrait=True,
            stubborn=kind == "firefox",
            link=behind,
        )

    yield Briefing(
        chair=await person("chromium", "BS. Lý A Sử", "#24505a", 500, "test-bgd", Role.CHAIR),
        operator=await person("chromium", "Lò Thị Pâng", "#5a4a24", 730, "test-tchc", Role.OPERATOR),
        office=await person("chromium", "CN. Đỗ Thu Hương", "#3a5a24", 1110, "test-khnv"),
        department=await person("firefox", "BS. Vàng A Páo", "#24385a", 1650, "test-noi"),
        station=await person("chromium", "YS. Giàng Thị Dợ", "#5a2446", 730, "test-ta-phin"),
        guest=await person("chromium", "BS. Nguyễn Văn Hòa", "#4a245a", 1110, None, behind=link),
        technician=await person("chromium", "KTV. Sùng A Chua", "#245a44", 1650, "test-nhi", Role.TECHNICIAN),
        link=link,
        gathering=gathered,
    )
    await gathered.part()


async def together(acts: Iterable[Awaitable[object]]) -> None:
    await asyncio.gather(*acts)


async def test_a_whole_ordered_briefing(briefing: Briefing) -> None:
    for part in (
        they_come_in,
        hands_are_ranked_and_invited_in_order,
        a_mute_is_stronger_than_the_browser,
        the_technician_listens_for_a_while,
        they_leave_in_three_ways,
        the_log_tells_it,
    ):
        begun = time.monotonic()
        await part(briefing)
        print(f"{time.monotonic() - begun:5.1f} s  {part.__name__}")
    assert [who.page.errors for who in briefing.all[:4]] == [[], [], [], []]


async def they_come_in(here: Briefing) -> None:
    """Staff walk in. The operator admits members of the meeting, the chair admits the guest."""
    await together(who.walk_in() for who in (here.chair, here.operator))
    await here.guest.open_door()
    await here.guest.sign_in()
    await here.guest.page.wait_shown(tid("green-unit"))
    await here.guest.choose_unit("test-ma-quai")
    await here.guest.knock()
    await together(who.come_to_the_lobby() for who in (*here.points[:3], here.technician))
    knock = await here.operator.knock_of(here.guest)
    card = f"{tid('lobby-card')}[data-knock='{knock}']"
    assert await here.operator.page.is_true(f"document.querySelector(\"{card}\").dataset.outsider === 'true'")
    await take(here.operator.page, "screens/operator-lobby")
    await here.operator.page.do(f"probe.say({{type: 'admit', knock: '{knock}'}})")
    await here.operator.page.wait_for("probe.told('refusal')?.code === 'needs-chair'")
    await here.operator.page.click(tid("lobby-admit-all"))
    await together(who.is_inside() for who in here.points[:3])
    await here.guest.is_waiting()
    await here.chair.admit(here.guest)
    await together(who.switch("camera", True) for who in (here.chair, here.operator, *here.points))


async def hands_are_ranked_and_invited_in_order(here: Briefing) -> None:
    chair = here.chair
    await chair.set_order("ordered", turn_s=8)
    await together(who.microphone_waits() for who in here.points)
    for who in (here.station, here.department, here.office):  # in the reverse order
        await who.raise_hand()
    ranked = (here.office, here.department, here.station)
    await together(who.reads_queue(ranked) for who in here.all)
    await chair.go_round()
    await together(who.reads_queue((*ranked, here.guest)) for who in here.all)
    await take(chair.page, "screens/chair-ordered")

    await chair.invite_next()
    await here.office.page.wait_shown(tid("granted-speak"))
    await take(here.office.page, "screens/delegate-invited")
    await here.office.speak_when_invited()
    await together(who.hears(here.office) for who in here.all if who is not here.office)
    await together(who.sees_time_over(here.office) for who in (chair, here.office))
    await take(here.station.page, "screens/delegate-queue")

    await chair.invite_next()
    await here.department.speak_when_invited()
    await together(who.hears(here.department) for who in here.all if who is not here.department)
    await together(who.hears_no_more(here.office) for who in (chair, here.station))


async def a_mute_is_stronger_than_the_browser(here: Briefing) -> None:
    holder = here.department
    others = [who for who in here.all if who is not holder]
    await here.chair.act_on(holder, "mute")
    await together(who.hears_no_more(holder) for who in others)
    await holder.page.do("probe.say({type: 'set-source', source: 'microphone', on: true})")
    await holder.page.wait_for("probe.told('refusal')?.code === 'muted-by-host'")
    await holder.keeps_sending("audio")
    await together(who.hears_no_more(holder) for who in others)
    await here.chair.invite_next()
    await here.station.speak_when_invited()
    await together(who.hears(here.station) for who in here.all if who is not here.station)


async def the_technician_listens_for_a_while(here: Briefing) -> None:
    """Meanwhile one link is cut and one page is closed: both take a while to be noticed."""
    here.link.cut()
    await here.station.page.close()
    here.gathering.people.remove(here.station)
    technician, chair = here.technician, here.chair
    await chair.switch("microphone", True)
    await technician.page.wait_shown(tid("technician"))
    assert await technician.page.evaluate("probe.state()", str) in ("none", "closed")
    await take(technician.page, "screens/technician")
    await technician.ask("technician-ask", "Kiểm tra tiếng ở trạm")
    await chair.decide(technician, "listen", granted=True)
    await technician.is_inside()
    await technician.hears(chair)
    await here.office.page.wait_shown(tid("listening"))
    await chair.act_on(technician, "stop-listen")
    await technician.page.wait_shown(tid("technician"))
    await technician.page.wait_for("['none', 'closed'].includes(probe.state())")


async def they_leave_in_three_ways(here: Briefing) -> None:
    """One leaves with permission, one without; one drops out because of the link and comes back."""
    operator = here.operator
    await here.office.ask("bar-leave", "Đi cấp cứu ở bản")
    await operator.decide(here.office, "leave", granted=True)
    await here.office.page.wait_for(f"document.querySelector('{tid('bar-leave')}').dataset.phase === 'free'")
    await here.office.leave()
    await operator.presence_of(here.guest, "lost", LOST_S)
    await take(operator.page, "screens/operator-line-lost")
    here.link.cut(False)
    await operator.presence_of(here.guest, "here", LOST_S)
    await here.guest.is_inside(LOST_S)
    kinds = {await who.own_id(): kind for who, kind in ((here.office, "permitted"),)}
    await operator.page.wait_for(
        "probe.told('departures')?.departures.some((one) => one.kind === 'unpermitted')", CLOSED_S
    )
    told = await operator.page.evaluate(
        "Object.fromEntries(probe.told('departures').departures.map((one) => [one.participant, one.kind]))",
        dict[str, str],
    )
    assert len(told) == 2  # the guest's cut link is not a departure
    assert kinds.items() <= told.items()
    await operator.page.click(tid("departures"))
    await take(operator.page, "screens/operator-departures")
    await operator.close_sheet()


async def the_log_tells_it(here: Briefing) -> None:
    await here.chair.page.click(tid("end-meeting"))
    await here.chair.confirm()
    await here.guest.is_sent_away("ended")
    code, said = await here.gathering.appliance.command("audit", "verify")
    assert code == 0, said
    code, told = await here.gathering.appliance.command(
        "audit", "export", "--meeting", here.gathering.meeting
    )
    assert code == 0, told
    for event in (
        *("knocked", "admitted", "rules-set", "hand-raised", "go-round", "invited", "muted", "asked"),
        *("decided", "left", "departed", "meeting-ended"),
    ):
        assert f'"{event}"' in told, event
