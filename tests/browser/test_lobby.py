"""A person lets everyone in, or refuses them with a reason."""

import pytest

from tests.support.browser.devices import SILENT_DB, loudness, pictures
from tests.support.gathering import PHONE, Gathering

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


async def test_a_line_is_measured_before_admission_and_nothing_reaches_the_meeting(
    gathering: Gathering,
) -> None:
    operator = await gathering.operator()
    someone = await gathering.person("firefox", viewport=PHONE)
    await someone.come_to_the_lobby()
    await operator.lobby_card(someone)
    await someone.page.wait_for("probe.sent('video').then((packets) => packets > 20)", 20)
    assert await operator.page.evaluate("probe.framesDecoded()", int) == 0
    assert not any(picture.is_like(someone.devices.colour) for picture in await pictures(operator.page))
    assert await loudness(operator.page, someone.devices.tone_hz) < SILENT_DB
    await operator.admit(someone)
    await someone.keeps_sending("video", 30)
    assert someone.page.errors == operator.page.errors == []


async def test_a_refused_person_reads_the_reason_and_may_knock_again(gathering: Gathering) -> None:
    operator = await gathering.operator()
    someone = await gathering.person("chromium", viewport=PHONE)
    await someone.come_to_the_lobby()
    await operator.refuse(someone, "Sai điểm cầu, mời vào cuộc họp lúc 9 giờ")
    await someone.reads("Sai điểm cầu, mời vào cuộc họp lúc 9 giờ")
    await someone.knock_again()
    await operator.admit(someone)


async def test_a_person_in_the_lobby_still_waits_after_a_reload(gathering: Gathering) -> None:
    operator = await gathering.operator()
    someone = await gathering.person("chromium")
    await someone.come_to_the_lobby()
    await someone.open_door()
    await someone.is_waiting()
    await operator.admit(someone)
