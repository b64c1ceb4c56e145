"""Signing in, and what people are told when it fails."""

import pytest

from tests.support.gathering import LAPTOP, PHONE, Gathering, tid

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


async def test_a_wrong_password_is_reported_and_the_right_one_opens(gathering: Gathering) -> None:
    someone = await gathering.person("chromium", viewport=PHONE)
    await someone.open_door()
    await someone.sign_in("không phải")
    await someone.page.wait_shown(tid("door-error"))
    assert "mật khẩu" in await someone.page.text(tid("door-error"))
    await someone.page.fill(tid("door-password"), "")
    await someone.sign_in()
    await someone.page.wait_shown(tid("green-enter"))


async def test_an_unknown_meeting_is_reported_and_can_be_corrected(gathering: Gathering) -> None:
    someone = await gathering.person("firefox")
    await someone.open_door("khong-co-hop-nay")
    await someone.sign_in()
    await someone.page.wait_shown(tid("door-error"))
    assert "mã này" in await someone.page.text(tid("door-error"))
    await someone.page.fill(tid("door-meeting"), gathering.meeting)
    await someone.sign_in()
    await someone.page.wait_shown(tid("green-enter"))


async def test_nobody_knocks_without_unit_and_name(gathering: Gathering) -> None:
    operator = await gathering.operator()
    someone = await gathering.person("chromium", name="", unit=None, viewport=PHONE)
    await someone.open_door()
    await someone.sign_in()
    await someone.page.click(tid("green-enter"))
    await someone.page.wait_for(
        f"document.querySelector('{tid('green-error')}')?.innerText.includes('đơn vị')"
    )
    await someone.choose_unit("test-nhi")
    await someone.page.click(tid("green-enter"))
    await someone.page.wait_for(f"document.querySelector('{tid('green-error')}')?.innerText.includes('tên')")
    assert not await operator.page.exists(tid("lobby-card"))
    someone.name = "Lò Thị Pâng"
    await someone.page.fill(tid("green-name"), someone.name)
    await someone.knock()
    assert "Khoa Nhi" in await operator.lobby_card(someone)


async def test_the_language_changes_with_one_click_and_stays(gathering: Gathering) -> None:
    someone = await gathering.person("chromium", viewport=LAPTOP)
    await someone.open_door()
    await someone.page.wait_for("document.documentElement.lang === 'vi'")
    await someone.page.click(tid("language-toggle"))
    await someone.page.wait_for("document.documentElement.lang === 'en'")
    assert "Password" in await someone.page.text("body")
    await someone.open_door()
    await someone.page.wait_for("document.documentElement.lang === 'en'")


async def test_a_person_without_camera_and_microphone_can_enter(gathering: Gathering) -> None:
    operator = await gathering.operator()
    someone = await gathering.person("firefox", camera="denied", microphone="missing")
    await someone.come_to_the_lobby()
    await operator.admit(someone)
    assert not someone.page.errors
