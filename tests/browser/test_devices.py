"""Devices that go away: unplugged, held back by the system, forbidden, never permitted. In both browsers.

Most devices here are those of `tests/support/browser/devices.js`, at the browser's edge, because nothing
unplugs a real browser's fake ones. What a browser can be made to do itself, it does: Chromium revokes a
permission, Firefox asks a question that nobody answers.
"""

from collections.abc import AsyncIterator
from typing import Literal, Unpack

import pytest
import pytest_asyncio

from tests.support import browser as browsers
from tests.support.browser import Browser
from tests.support.browser.chromium import ChromiumPage
from tests.support.gathering import LAPTOP, DeviceOptions, Gathering, Kind, Person, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

KINDS: tuple[Kind, ...] = ("chromium", "firefox")
Source = Literal["microphone", "camera"]
SOURCES: dict[Source, str] = {"microphone": "audioinput", "camera": "videoinput"}
NARROW = (360, 740)
NEWS = tid("device-news")


async def says(who: Person, words: str) -> None:
    await who.page.wait_for(f"document.querySelector('{NEWS}')?.innerText.includes('{words}')")


async def uses(who: Person, menu: str, name: str) -> None:
    """The menu shows it."""
    chosen = f"document.querySelector('{tid(menu)}')?.selectedOptions[0]?.textContent"
    await who.page.wait_for(f"{chosen} === 'Test {name}'")


async def plug(who: Person, source: Source, *names: str) -> None:
    for name in names:
        await who.page.do(f"testDevices.plug('{SOURCES[source]}', '{name}')")


async def unplug(who: Person, source: Source, name: str) -> None:
    await who.page.do(f"testDevices.unplug('{SOURCES[source]}', '{name}')")


async def lit(who: Person, source: Source) -> list[str]:
    return await who.page.evaluate(f"testDevices.lit('{SOURCES[source]}')", list[str])


async def bar(who: Person, source: Source, hindered: str) -> None:
    button = f"document.querySelector('{tid(f'bar-{source}')}')"
    await who.page.wait_for(f"{button}?.dataset.hindered === '{hindered}'")


async def in_the_green_room(gathering: Gathering, kind: Kind, **options: Unpack[DeviceOptions]) -> Person:
    who = await gathering.person(kind, **options)
    await who.open_door()
    await who.sign_in()
    await who.page.wait_shown(tid("green-enter"))
    return who


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", SOURCES)
async def test_the_chosen_device_is_unplugged_in_the_green_room(
    gathering: Gathering, kind: Kind, source: Source
) -> None:
    who = await in_the_green_room(gathering, kind)
    menu = f"green-{source}-choice"
    await uses(who, menu, source)
    await plug(who, source, "spare", "headset")
    await says(who, "Test headset")
    await who.page.click(tid("device-use"))
    await uses(who, menu, "headset")
    assert await lit(who, source) == ["headset"]
    await unplug(who, source, "headset")
    await says(who, f"Test {source}")
    await uses(who, menu, source)
    assert await lit(who, source) == [source]
    for name in (source, "spare"):
        await unplug(who, source, name)
    await who.page.wait_shown(tid(f"green-{source}-retry"))
    await plug(who, source, "another")  # opened by itself: only the person sees it
    await uses(who, menu, "another")
    assert await lit(who, source) == ["another"]
    assert who.page.errors == []


@pytest.mark.parametrize("kind", KINDS)
async def test_an_open_device_that_is_unplugged_in_the_meeting_is_replaced_and_others_go_on(
    gathering: Gathering, kind: Kind
) -> None:
    operator = await gathering.operator()
    who = await gathering.person(kind)
    await who.come_to_the_lobby()
    await operator.admit(who)
    for source in SOURCES:
        await plug(who, source, "spare")
        await says(who, "Test spare")
    await who.switch("microphone", True)
    await who.switch("camera", True)
    await operator.hears(who)
    for source in SOURCES:
        await unplug(who, source, source)
        await says(who, "Test spare")
        assert await lit(who, source) == ["spare"]
    await operator.microphone_of(who, "open")
    await operator.hears(who)
    await operator.sees(who)
    await who.page.click(tid("bar-more"))
    for source in SOURCES:
        await uses(who, f"menu-{source}", "spare")
    await unplug(who, "microphone", "spare")  # the menu follows while it is open
    await who.page.wait_for(f"document.querySelector('{tid('menu-microphone')}').options.length === 0")
    await who.close_sheet()
    await operator.microphone_of(who, "shut")  # nobody may believe that it is open
    assert await who.microphone() == "self"
    assert [operator.page.errors, who.page.errors] == [[], []]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_microphone_that_is_shut_is_not_opened_by_being_unplugged(
    gathering: Gathering, kind: Kind
) -> None:
    operator = await gathering.operator()
    who = await gathering.person(kind)
    await who.come_to_the_lobby()
    await operator.admit(who)
    await who.switch("microphone", True)
    await who.switch("microphone", False)
    await plug(who, "microphone", "spare")
    await unplug(who, "microphone", "microphone")
    await says(who, "Test spare")
    assert await lit(who, "microphone") == []
    await operator.microphone_of(who, "shut")
    await who.page.click(tid("bar-more"))
    await uses(who, "menu-microphone", "spare")
    await who.close_sheet()
    await who.switch("microphone", True)
    await operator.hears(who)
    assert await lit(who, "microphone") == ["spare"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_that_the_system_holds_back_is_not_said_to_be_heard_or_seen(
    gathering: Gathering, kind: Kind
) -> None:
    who = await in_the_green_room(gathering, kind)
    for source in SOURCES:
        status = f"document.querySelector('{tid(f'green-{source}-status')}').textContent"
        await who.page.do(f"testDevices.hold('{SOURCES[source]}', true)")
        await who.page.wait_for(f"{status} === 'Bị ngắt'")
        await who.page.do(f"testDevices.hold('{SOURCES[source]}', false)")
        await who.page.wait_for(f"{status} !== 'Bị ngắt'")
    operator = await gathering.operator()
    await who.knock()
    await operator.admit(who)
    await who.switch("microphone", True)
    await who.switch("camera", True)
    for source in SOURCES:
        await who.page.do(f"testDevices.hold('{SOURCES[source]}', true)")
        await bar(who, source, "held")
        await says(who, "Máy đang ngắt")
    assert "Mọi người đang nghe" not in await who.page.text("gb-bar")
    await who.page.set_viewport(*NARROW)
    await who.page.wait_for(
        f"innerWidth === {NARROW[0]} && document.documentElement.scrollWidth <= innerWidth"
    )
    await who.page.set_viewport(*LAPTOP)
    for source in SOURCES:
        await who.page.do(f"testDevices.hold('{SOURCES[source]}', false)")
        await bar(who, source, "")
        await says(who, "chạy lại")
    assert "Mọi người đang nghe" in await who.page.text("gb-bar")
    assert who.page.errors == []


@pytest.mark.parametrize("kind", KINDS)
async def test_the_browsers_question_is_never_answered(gathering: Gathering, kind: Kind) -> None:
    who = await in_the_green_room(gathering, kind, camera="asking", microphone="asking")
    for source in SOURCES:
        await who.page.wait_shown(tid(f"green-{source}-retry"), 20)
    await who.reads("Trả lời câu hỏi của trình duyệt")
    asked = await who.page.evaluate("testDevices.questions()", int)
    await who.page.click(tid("green-camera-retry"))
    await who.page.wait_for(f"testDevices.questions() === {asked + 1}")
    operator = await gathering.operator()
    await who.knock()
    await operator.admit(who)
    await who.page.click(tid("bar-microphone"))
    await who.page.wait_for(
        f"document.querySelector('{tid('toast')}')?.innerText.includes('trả lời câu hỏi của trình duyệt')", 20
    )
    await who.page.do("testDevices.answer()")
    await says(who, "Mời bấm nút")
    assert [await lit(who, source) for source in SOURCES] == [[], []]
    assert await who.microphone() == "self"
    await who.switch("microphone", True)
    await operator.hears(who)
    assert who.page.errors == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real_chromium() -> AsyncIterator[Browser]:
    """With Chromium's own fake devices, three of each kind, and its own permissions."""
    if why := browsers.missing("chromium"):
        pytest.skip(why)
    running = await browsers.launch_with_devices("chromium")
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asking_firefox() -> AsyncIterator[Browser]:
    """With Firefox's own fake devices, and its question, which nobody answers."""
    if why := browsers.missing("firefox"):
        pytest.skip(why)
    running = await browsers.launch_with_devices("firefox")
    yield running
    await running.close()


async def test_chromium_revokes_a_permission_during_the_meeting(
    gathering: Gathering, real_chromium: Browser
) -> None:
    operator = await gathering.operator()
    who = await gathering.bare_person(real_chromium)
    page, origin = who.page, who.appliance.url
    assert isinstance(page, ChromiumPage)
    for source in SOURCES:
        await page.permit(origin, source, "granted")
    await who.come_to_the_lobby()
    await operator.admit(who)
    for source in SOURCES:
        await who.switch(source, True)
    await page.permit(origin, "camera", "denied")
    await page.wait_for(f"document.querySelector('{tid('bar-camera')}').dataset.state === 'self'")
    # Chromium ends both tracks; the microphone, which is still permitted, goes on.
    await bar(who, "microphone", "")
    await operator.microphone_of(who, "open")
    await who.keeps_sending("audio")
    await page.permit(origin, "microphone", "denied")
    await says(who, "rút quyền dùng micro")
    await operator.microphone_of(who, "shut")
    await page.permit(origin, "microphone", "granted")
    await says(who, "Đã được phép dùng micro")
    await who.switch("microphone", True)
    await operator.microphone_of(who, "open")


async def test_chromium_changes_devices_and_the_menu_shows_the_one_in_use(
    gathering: Gathering, real_chromium: Browser
) -> None:
    operator = await gathering.operator()
    who = await gathering.bare_person(real_chromium)
    assert isinstance(who.page, ChromiumPage)
    for source in SOURCES:
        await who.page.permit(who.appliance.url, source, "granted")
    await who.come_to_the_lobby()
    await operator.admit(who)
    await who.switch("camera", True)
    await who.page.click(tid("bar-more"))
    choice = f"document.querySelector('{tid('menu-camera')}')"
    await who.page.wait_for(f"{choice}.options.length === 3")
    last = await who.page.evaluate(f"{choice}.options[2].value", str)
    await who.page.do(f"({choice}.value = '{last}', {choice}.dispatchEvent(new Event('change')))")
    await who.page.wait_for(f"{choice}.value === '{last}' && {choice}.selectedIndex === 2")
    await who.close_sheet()
    await who.keeps_sending("video")
    assert who.page.errors == []


async def test_firefox_asks_and_nobody_answers(gathering: Gathering, asking_firefox: Browser) -> None:
    who = await gathering.bare_person(asking_firefox)
    await who.open_door()
    await who.sign_in()
    for source in SOURCES:
        await who.page.wait_shown(tid(f"green-{source}-retry"), 20)
    await who.reads("Trả lời câu hỏi của trình duyệt")
    await who.knock()  # nobody is kept outside by it
    operator = await gathering.operator()
    await operator.admit(who)
    await who.page.click(tid("bar-microphone"))
    await who.page.wait_for(
        f"document.querySelector('{tid('toast')}')?.innerText.includes('trả lời câu hỏi của trình duyệt')", 20
    )
    assert await who.microphone() == "self"
