"""Connections drop, processes die, people change machines, and keep their seats. And leaving a meeting."""

import pytest

from tests.support.appliance import Part
from tests.support.gathering import RETURN_S, Gathering, Person, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def two(gathering: Gathering) -> tuple[Person, Person]:
    """An operator in Chromium and a delegate in Firefox who see each other."""
    operator = await gathering.operator()
    delegate = await gathering.person("firefox")
    await delegate.come_to_the_lobby()
    await operator.admit(delegate)
    for who in (operator, delegate):
        await who.switch("camera", True)
        await who.switch("microphone", True)
    await operator.sees(delegate)
    await delegate.sees(operator)
    return operator, delegate


@pytest.mark.parametrize("part", ["media-0", "control"])
async def test_every_page_recovers_by_itself_when_a_process_dies(gathering: Gathering, part: Part) -> None:
    operator, delegate = await two(gathering)
    connections = [await who.page.evaluate("probe.connections()", int) for who in (operator, delegate)]
    await gathering.appliance.kill(part)
    for who in (operator, delegate):
        await who.page.wait_for("probe.line() === WebSocket.OPEN", RETURN_S)
    for who, other in ((operator, delegate), (delegate, operator)):
        await who.is_inside(RETURN_S)
        await who.sees(other, RETURN_S)
        await who.hears(other, RETURN_S)
        await who.page.wait_for("!document.querySelector('.veil') || document.querySelector('.veil').hidden")
    assert not await operator.page.exists(tid("lobby-card"))
    if part == "control":  # the media went on: nobody needed a new transport
        for who, before in zip((operator, delegate), connections, strict=True):
            assert await who.page.evaluate("probe.connections()", int) == before


async def test_the_seat_moves_to_the_second_device_of_the_same_account(gathering: Gathering) -> None:
    operator, delegate = await two(gathering)
    phone = await gathering.person("chromium", name=delegate.name, login=delegate.login)
    await phone.open_door()
    await phone.sign_in()
    await phone.is_inside()
    await delegate.is_sent_away("taken-over")
    await phone.switch("camera", True)
    await operator.sees(phone)
    assert not await operator.page.exists(tid("lobby-card"))


async def test_a_person_who_leaves_is_gone_and_must_knock_again(gathering: Gathering) -> None:
    operator, delegate = await two(gathering)
    await delegate.leave()
    await operator.sees_no_more(delegate)
    assert await delegate.page.evaluate("probe.state()", str) in ("none", "closed")
    await delegate.page.click(tid("ended-again"))
    await delegate.knock()
    await operator.admit(delegate)


async def test_a_removed_person_reads_why_and_everybody_is_told_the_end(gathering: Gathering) -> None:
    operator, delegate = await two(gathering)
    other = await gathering.person("chromium")
    await other.come_to_the_lobby()
    await operator.admit(other)
    await operator.act_on(delegate, "kick")
    await operator.confirm("Hết phần của đơn vị")
    await delegate.is_sent_away("kicked")
    await delegate.reads("Hết phần của đơn vị")
    await operator.page.click(tid("end-meeting"))
    await operator.confirm()
    for who in (operator, other):
        await who.is_sent_away("ended")
