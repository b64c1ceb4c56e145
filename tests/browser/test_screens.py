"""Every screen fits, on a phone, a laptop and a projector, with narrow, wide and large letters. Pictures are
in build/screens/."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from recorder import Recipient, shelf
from signaling.model.words import Role
from tests.support.appliance import ROOT, Appliance
from tests.support.browser import Page
from tests.support.browser.looks import fits
from tests.support.browser.pictures import take
from tests.support.gathering import LAPTOP, PHONE, Gathering, Person, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SCREENS = ROOT / "build" / "screens"
SIZES = {"laptop": LAPTOP, "phone": PHONE}
WIDTHS = (360, 390, 600, 768, 1024, 1366, 1920)
POINTS = 5
ACTS = ("record-start", "record-mark", "record-pause", "record-stop", "menu-recordings")
KEYS = (
    "age10wv4juhq90dsa8py5zsjmhkf9yj7s96qgy8z55nprgzqtx03zdpsh8yj5z",
    "age10tyjymjl4ynt7dw2sf4f8nunv6fs5up5rzw8jpj5cg5xq35nddvsm3l6e5",
)
"""Public halves; nobody opens what these tests record."""


async def shoot(page: Page, name: str) -> None:
    """The page fits, whoever looks at it; pictures of it on a laptop and a phone."""
    await fits(page, name)
    for size, (width, height) in SIZES.items():
        await page.set_viewport(width, height)
        await page.wait_for(f"innerWidth === {width}", 5)
        await page.wait_for("!document.querySelector('.is-coming')", 5)  # no picture is changing
        await page.screenshot(SCREENS / f"{name}-{size}.png")
    await page.set_viewport(*LAPTOP)


async def test_screens_of_the_way_in(gathering: Gathering) -> None:
    someone = await gathering.person("chromium", name="ĐD. Giàng Thị Dợ", unit="test-nhi")
    await someone.open_door()
    await someone.page.wait_shown(tid("door-submit"))
    await shoot(someone.page, "door")
    await someone.sign_in("sai")
    await someone.page.wait_shown(tid("door-error"))
    await shoot(someone.page, "door-wrong-password")
    await someone.sign_in()
    await someone.page.wait_shown(tid("green-enter"))
    await someone.page.wait_for(f"document.querySelector('{tid('green-video')}')?.videoWidth > 0")
    await shoot(someone.page, "green-room")
    await someone.knock()
    await shoot(someone.page, "waiting")
    operator = await gathering.operator()
    await shoot(operator.page, "operator-lobby")
    await operator.page.click(tid("lobby-ban"))
    await operator.page.wait_shown(tid("ban-days"))
    await shoot(operator.page, "ban")
    await operator.close_sheet()
    await press_in_menu(operator, "menu-server", "audit-head")
    await shoot(operator.page, "server")
    await operator.close_sheet()
    await operator.refuse(someone, "Đơn vị chưa có trong thành phần cuộc họp")
    await someone.reads("Đơn vị chưa có trong thành phần cuộc họp")
    await shoot(someone.page, "refused")


async def test_a_meeting_of_six_bridge_points(gathering: Gathering) -> None:
    chair = await gathering.person(
        "chromium", Role.CHAIR, name="BS. Lý A Sử", unit="test-bgd", colour="#24505a"
    )
    await chair.walk_in()
    await chair.switch("camera", True)
    async with gathering.appliance.simulated(POINTS, gathering.meeting):
        await chair.page.wait_for(f"document.querySelectorAll('{tid('lobby-card')}').length === {POINTS}", 60)
        await shoot(chair.page, "chair-lobby")
        await chair.page.click(tid("lobby-admit-all"))
        rows = f"document.querySelectorAll('{tid('roster-row')}').length"
        await chair.page.wait_for(f"{rows} === {POINTS + 1}", 30)
        playing = (
            "[...document.querySelectorAll('gb-tile video, gb-stage video')].filter((v) => v.videoWidth > 0)"
        )
        await chair.page.wait_for(f"{playing}.length >= 5", 60)
        await shoot(chair.page, "meeting")
        await chair.set_order("ordered", turn_s=180)
        await chair.go_round()
        waiting = f"document.querySelectorAll('{tid('queue-item')}').length"
        await chair.page.wait_for(f"{waiting} === {POINTS}")
        await chair.page.click(f"{tid('queue-item')}[data-place='2'] {tid('invite')}")
        await chair.page.wait_shown(tid("turn"))
        await chair.page.wait_for(f"{waiting} === {POINTS - 1}")
        await chair.page.click(f"{tid('queue-item')}[data-place='1'] {tid('invite-menu')}")
        await chair.page.click(tid("act-dialogue"))
        await chair.page.wait_for(f"document.querySelectorAll('{tid('turn')}').length === 2")
        await shoot(chair.page, "floor")
        await chair.page.click(tid("turn-extend"))
        await chair.page.wait_for(f"document.querySelector('{tid('turn')}').textContent.includes('/ 05:00')")
        for _ in range(2):
            turns = await chair.page.evaluate(f"document.querySelectorAll('{tid('turn')}').length", int)
            await chair.page.click(tid("turn-end"))
            await chair.page.wait_for(f"document.querySelectorAll('{tid('turn')}').length === {turns - 1}")
        assert chair.page.errors == []


async def test_the_floor_of_a_briefing(gathering: Gathering) -> None:
    chair = await gathering.person(
        "chromium", Role.CHAIR, name="BS. Lý A Sử", unit="test-bgd", colour="#24505a"
    )
    await chair.walk_in()
    ward = await gathering.person("chromium", name="ĐD. Giàng Thị Dợ", unit="test-noi", colour="#5a2446")
    await ward.come_to_the_lobby()
    await chair.admit(ward)
    async with gathering.appliance.simulated(POINTS, gathering.meeting):
        await chair.page.wait_for(f"document.querySelectorAll('{tid('lobby-card')}').length === {POINTS}", 60)
        await chair.page.click(tid("lobby-admit-all"))
        await chair.page.wait_for(f"probe.told('roster').participants.length === {POINTS + 2}", 30)
        await chair.set_order("ordered", turn_s=300)
        await ward.raise_hand()
        await chair.go_round()
        await shoot_floor(chair, "floor-chair-nobody-speaks", "bar-next")
        await chair.page.click(tid("bar-next"))
        await chair.page.wait_shown(tid("turn-end"))
        await shoot_floor(chair, "floor-chair", "bar-next")
        await shoot_floor(ward, "floor-delegate-waits", "bar-hand")
        await chair.page.do(f"probe.say({{type: 'invite', participant: '{await ward.own_id()}'}})")
        await shoot_floor(ward, "floor-delegate-invited", "granted-speak")
        await ward.page.click(tid("granted-speak"))
        await chair.microphone_of(ward, "open")
        await shoot_floor(ward, "floor-delegate-speaks", "granted-end")
        await chair.page.click(tid("turn-end"))
        await chair.microphone_of(ward, "shut")
        await chair.page.click(tid("bar-more"))
        await chair.page.click(tid("bar-rules"))
        await chair.page.wait_shown(tid("rules-save"))
        await shoot(chair.page, "floor-rules")
    assert [chair.page.errors, ward.page.errors] == [[], []]


@pytest_asyncio.fixture(loop_scope="session")
async def two_locks(appliance: Appliance) -> AsyncIterator[None]:
    """Recording is possible, and two people are needed to open one; everything is removed afterwards."""
    keys = [Recipient("Ban giám đốc", KEYS[0]), Recipient("Văn thư trung tâm", KEYS[1], second=True)]
    directory = appliance.state / "recordings"
    before = {kept.id for kept in shelf.recordings(directory)}
    for key in keys:
        await appliance.store.recipients.add(key, 1)
    yield
    for key in keys:
        await appliance.store.recipients.remove(key.key, 2)
    for kept in shelf.recordings(directory):
        if kept.id not in before:
            shelf.delete(directory, kept.id)


@pytest.mark.record
async def test_screens_of_a_recorded_meeting(gathering: Gathering, two_locks: None) -> None:
    chair = await gathering.person(
        "chromium", Role.CHAIR, name="BS. Lý A Sử", unit="test-bgd", colour="#24505a"
    )
    await chair.walk_in()
    ward = await gathering.person("chromium", name="ĐD. Giàng Thị Dợ", unit="test-nhi", colour="#5a2446")
    await ward.come_to_the_lobby()
    assert not await ward.page.exists(tid("recording-light"))
    await chair.page.wait_for("probe.told('recording')?.keys.some((key) => key.second)")
    await press_in_menu(chair, "record-start", "dialog-confirm")
    await chair.reads("Văn thư trung tâm")
    await shoot(chair.page, "recording-begin")
    await take(chair.page, "screens/recording-begin")
    await chair.confirm()
    for who in (chair, ward):
        await light_is(who, "on")
    await chair.page.wait_shown(tid("recording-toast"))
    await shoot(chair.page, "recording-chair")
    await shoot(ward.page, "recording-waiting")
    await chair.admit(ward)
    await light_is(ward, "on")
    await shoot(ward.page, "recording-delegate")
    await ward.page.click(tid("recording-light"))
    await ward.page.wait_shown(tid("recording-keys"))
    await shoot(ward.page, "recording-whose-keys")
    await take(ward.page, "screens/recording-whose-keys")
    await ward.close_sheet()
    await ward.page.click(tid("bar-more"))
    await ward.page.wait_shown(tid("menu-help"))
    assert not [one for one in ACTS if await ward.page.exists(tid(one))]
    await ward.close_sheet()
    await press_in_menu(chair, "record-mark", "record-mark-text")
    await chair.page.fill(tid("record-mark-text"), "Kết luận của chủ trì")
    await shoot(chair.page, "recording-mark")
    await chair.confirm()
    await press_in_menu(chair, "record-pause")
    for who in (chair, ward):
        await light_is(who, "paused")
    await shoot(ward.page, "recording-paused")
    await press_in_menu(chair, "menu-recordings")
    newest = f"{tid('recordings')} [data-recording]:first-child"
    await chair.page.wait_shown(newest)
    assert not await chair.page.exists(f"{newest} {tid('recording-download')}")  # still recording
    await shoot(chair.page, "recordings-one-goes-on")
    await chair.close_sheet()
    await chair.page.click(tid("bar-more"))
    await chair.page.wait_shown(tid("record-stop"))
    await shoot(chair.page, "recording-menu")
    await chair.close_sheet()
    await press_in_menu(chair, "record-stop", "dialog-confirm")
    await chair.confirm()
    for who in (chair, ward):
        await who.page.wait_for("probe.told('recording').state === 'off'")
        await who.page.wait_for(f"!document.querySelector('{tid('recording-light')}').checkVisibility()")
    await press_in_menu(chair, "menu-recordings", "recording-download")
    await shoot(chair.page, "recordings")
    file = f"fetch(document.querySelector('{tid('recording-download')}').href)"
    await chair.page.wait_for(
        f"{file}.then((one) => one.headers.get('content-type') === 'application/x-tar')"
    )
    assert [chair.page.errors, ward.page.errors] == [[], []]


async def press_in_menu(chair: Person, button: str, then: str = "") -> None:
    """Waits until what it opens is shown (`then`)."""
    await chair.page.click(tid("bar-more"))
    await chair.page.click(tid(button))
    if then:
        await chair.page.wait_shown(tid(then))


async def light_is(who: Person, state: str) -> None:
    """The light is in the header of their screen, whole, and as large as a finger."""
    light = tid("recording-light")
    await who.page.wait_for(f"document.querySelector('{light}')?.dataset.state === '{state}'", 30)
    for width in WIDTHS:
        await who.page.set_viewport(width, 768)
        await who.page.wait_for(f"innerWidth === {width} && ({WHOLE})('{light}', 28)", 5)
        await who.page.wait_for(f"document.documentElement.scrollWidth <= {width}", 5)
    await who.page.set_viewport(*LAPTOP)


async def shoot_floor(who: Person, name: str, button: str) -> None:
    """The page at every size. The main button is whole, and no word of the bar is cut off."""
    await who.page.wait_shown(tid(button))
    for width, height in SIZES.values():
        await who.page.set_viewport(width, height)
        await who.page.wait_for(f"innerWidth === {width} && ({WHOLE})('{tid(button)}')", 5)
        await who.page.wait_for(f"({CUT})().length === 0", 5)
    await shoot(who.page, name)


WHOLE = """(which, least = 44) => {
    const box = document.querySelector(which).getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    return inside && box.height >= least;
}"""
CUT = """() => [...document.querySelectorAll('gb-bar button')]
    .filter((one) => one.getClientRects().length > 0 && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.dataset.testid)"""
