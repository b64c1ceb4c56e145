"""Three people in one meeting, in two browsers: they see and hear each other, and mute means silence."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.support.appliance import Appliance
from tests.support.browser import Browser
from tests.support.gathering import Gathering, Person, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


class Three(NamedTuple):
    operator: Person
    nurse: Person
    doctor: Person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def three(appliance: Appliance, chromium: Browser, firefox: Browser) -> AsyncIterator[Three]:
    """An operator and a stubborn nurse in Chromium, a doctor in Firefox; all in the meeting and speaking."""
    gathered = await Gathering.call(appliance, {"chromium": chromium, "firefox": firefox})
    operator = await gathered.operator()
    nurse = await gathered.person("chromium", name="Y tá Sùng Thị Mỷ", unit="test-nhi", stubborn=True)
    doctor = await gathered.person("firefox", name="BS. Vàng A Páo")
    for delegate in (nurse, doctor):
        await delegate.come_to_the_lobby()
        await operator.admit(delegate)
    for who in (operator, nurse, doctor):
        await who.switch("microphone", True)
        await who.switch("camera", True)
    yield Three(operator, nurse, doctor)
    assert [who.page.errors for who in gathered.people] == [[], [], []]
    await gathered.part()


def pairs(people: Three) -> list[tuple[Person, Person]]:
    return [(who, other) for who in people for other in people if who is not other]


async def test_everyone_sees_everyone(three: Three) -> None:
    for who, other in pairs(three):
        await who.sees(other)
    for who in three:
        before = await who.page.evaluate("probe.framesDecoded()", int)
        await who.page.wait_for(f"probe.framesDecoded().then((now) => now > {before + 20})")


async def test_everyone_hears_everyone(three: Three) -> None:
    for who, other in pairs(three):
        await who.hears(other)
    for who in three:
        assert await who.page.is_true("probe.playing()"), who.name


async def test_the_stage_gets_a_larger_picture_than_the_tiles(three: Three) -> None:
    """For this the publishers' bandwidth estimates must grow, so our feedback to them must be right."""
    await three.operator.page.wait_for(
        "Math.max(...probe.pictures().map((picture) => picture.width)) >= 320", 40
    )


async def test_nobody_hears_a_person_muted_by_the_operator_even_if_the_browser_keeps_sending(
    three: Three,
) -> None:
    operator, nurse, doctor = three
    await operator.act_on(nurse, "mute")
    await nurse.microphone_of(nurse, "host")
    for who in (operator, doctor):
        await who.hears_no_more(nurse)
    await nurse.keeps_sending("audio")
    await doctor.hears(operator)

    await nurse.page.do("probe.say({type: 'set-source', source: 'microphone', on: true})")
    await nurse.page.do(f"probe.say({{type: 'unmute', participant: '{await nurse.own_id()}'}})")
    await nurse.keeps_sending("audio")
    for who in (operator, doctor):
        await who.hears_no_more(nurse)
    await operator.microphone_of(nurse, "host")

    await operator.act_on(nurse, "unmute")
    if await nurse.microphone() != "open":
        await nurse.switch("microphone", True)
    for who in (operator, doctor):
        await who.hears(nurse)


async def test_people_who_mute_themselves_are_not_heard_and_can_unmute_themselves(three: Three) -> None:
    operator, nurse, doctor = three
    await doctor.switch("microphone", False)
    await operator.microphone_of(doctor, "shut")
    await operator.hears_no_more(doctor)
    await doctor.switch("microphone", True)
    await nurse.hears(doctor)


async def test_a_camera_that_is_shut_is_not_shown(three: Three) -> None:
    operator, nurse, doctor = three
    await nurse.switch("camera", False)
    await operator.sees_no_more(nurse)
    await nurse.switch("camera", True)
    await doctor.sees(nurse)


async def test_a_shared_screen_needs_permission_and_takes_the_stage_for_everyone(three: Three) -> None:
    operator, nurse, doctor = three
    await doctor.ask("bar-screen", "Bảng số liệu")
    await operator.decide(doctor, "screen", granted=True)
    await doctor.page.wait_for(f"document.querySelector('{tid('bar-screen')}').dataset.state === 'self'")
    await doctor.switch("screen", True)
    for who in (operator, nurse):
        await who.sees_colour(doctor.devices.screen_colour)
    await doctor.page.click(tid("bar-screen"))
    await operator.sees(doctor)
    await doctor.page.wait_for(f"document.querySelector('{tid('bar-screen')}').dataset.state === 'ask'")
